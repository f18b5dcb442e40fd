#include "verbs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "alert/control/socket_path.hpp"
#include "exit_status.hpp"
#include "print.hpp"

alert::CallResult<alert::Client> Context::connect_patiently() const {
  auto client = alert::Client::connect(alert::client_sockets(socket));
  if (client && timeout_ms >= 0) client->set_timeout(std::chrono::milliseconds(std::max(timeout_ms, 1000)));
  return client;
}

alert::CallResult<alert::Client> Context::connect() const {
  auto client = alert::Client::connect(alert::client_sockets(socket));
  if (client && timeout_ms >= 0) client->set_timeout(std::chrono::milliseconds(timeout_ms));
  return client;
}

std::string mailslot_path(const std::string& name) {
  return name.starts_with('\\') ? name : std::string(alert::kMailslotPrefix) + name;
}

bool put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
  complain(std::string("cannot write to standard output: ") + std::strerror(errno));
  return false;
}

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = std::string_view(text).substr(is_hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, is_hex ? 16 : 10);
    if (error != std::errc() || end != digits.end() || value < least || value > most)
      return "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    text = std::to_string(value);
    return {};
  };
  return CLI::Validator(check, "");
}

void add_profile_option(CLI::App& app, std::string& profile) {
  app.add_option("--profile", profile, "lm20 or nt")->check(CLI::IsMember({"lm20", "nt"}));
}

alert::Profile profile_of(const std::string& name) {
  return name == "nt" ? alert::Profile::nt : alert::Profile::lm20;
}

tl::expected<Codecs, int> Context::open_codecs() const {
  using alert::Profile;
  auto lm20 = alert::TextCodec::open(Profile::lm20, codepage);
  if (lm20) return Codecs{std::move(*lm20), std::move(*alert::TextCodec::open(Profile::nt, codepage))};
  complain("unknown code page " + codepage);
  return tl::unexpected<int>(kUsage);
}
