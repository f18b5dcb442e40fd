#pragma once
// Raising with alertctl at a broker whose mailslot `box` gets some events.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace test {

using nlohmann::json;
using Words = std::vector<std::string>;

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A broker whose mailslot `box` gets some events.
class Post {
 public:
  explicit Post(const Words& events) {
    broker_.ctl({"make", "box"});
    for (const std::string& event : events) broker_.ctl({"start", event, "box"});
  }
  [[nodiscard]] const Broker* operator->() const { return &broker_; }

  [[nodiscard]] Finished raise(const Words& words, std::string_view input = {}) const {
    return broker_.ctl(Words{"raise"} + words, input);
  }
  [[nodiscard]] json receipt(const Words& words) const { return json::parse(raise(words + Words{"--json"}).out); }
  /// What is in the box now, one object per alert.
  [[nodiscard]] std::vector<json> pending() const {
    std::vector<json> alerts;
    for (const std::string& line : lines(broker_.ctl({"read", "box", "--json", "--hex"}).out))
      alerts.push_back(json::parse(line));
    return alerts;
  }
  /// The only alert in the box after these words.
  [[nodiscard]] json raised(const Words& words) const {
    const Finished done = raise(words);
    EXPECT_EQ(done.status, 0) << done.err;
    const auto alerts = pending();
    return alerts.size() == 1 ? alerts[0] : json::parse(R"({"fields": {}})");
  }
  [[nodiscard]] std::uint64_t accepted() const {
    return json::parse(broker_.ctl({"stats", "--json"}).out).at("accepted").get<std::uint64_t>();
  }

 private:
  Broker broker_;
};

inline std::string admin_line(int code) {
  return R"({"class": "admin", "fields": {"alrt_servicename": "HOOK", "alrtad_errcode": )" + std::to_string(code) +
         R"(, "mergestrings": []}})"
         "\n";
}

}  // namespace test
