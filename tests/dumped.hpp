#pragma once
// What `alertctl dump` says of captured bytes, for tests to ask about.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "alert/journal/journal.hpp"
#include "process.hpp"
#include "vectors.hpp"

namespace test {

using golden::json;
using Words = std::vector<std::string>;

[[nodiscard]] inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

[[nodiscard]] inline std::string text_of(const golden::Buffer& bytes) { return std::string(alert::as_text(bytes)); }

/// The wire bytes of a golden alert.
[[nodiscard]] inline std::string wire_of(std::string_view name) {
  return text_of(golden::vector_named(name).bytes);
}

/// The same with other fields in it.
[[nodiscard]] inline std::string wire_with(std::string_view name, const json& changes) {
  const golden::Vector& v = golden::vector_named(name);
  json fields = v.fields;
  fields.update(changes);
  auto codec = golden::codec_of(v);
  return std::string(alert::as_text(golden::encoded(golden::alert_of(v.profile, fields, codec)).value()));
}

/// `alertctl dump` with these words behind it.
[[nodiscard]] inline Finished dump(Words words, std::string_view input = {},
                                   const Process::Environment& environment = {}) {
  words.insert(words.begin(), "dump");
  return alertctl(std::move(words), input, environment);
}

[[nodiscard]] inline std::vector<json> json_lines(const Finished& dumped) {
  std::vector<json> all;
  for (const std::string& line : lines(dumped.out)) all.push_back(json::parse(line));
  return all;
}
/// The one line of `dump --json`; null where it is not one.
[[nodiscard]] inline json only_line(const Finished& dumped) {
  const auto all = json_lines(dumped);
  EXPECT_EQ(all.size(), 1u) << dumped.out << dumped.err;
  return all.size() == 1 ? all.front() : json();
}

/// A broker that was here and left its journal.
struct Journal {
  Broker broker;
  std::string segment;
  explicit Journal(const Words& texts) {
    for (const std::string& text : texts) broker.ctl({"raise", "message", text});
    EXPECT_EQ(broker.stop(), 0);
    const auto first = alert::journal_segments(broker.journal()).value().front();
    segment = broker.journal() + "/" + alert::segment_name(first);
  }
};

/// What another program makes of `input`.
inline std::string output_of(const Words& command, std::string_view input = {}) {
  const Finished finished = Process(command).finish(input);
  EXPECT_EQ(finished.status, 0) << command.front() << ": " << finished.err;
  return finished.out;
}

[[nodiscard]] inline std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace test
