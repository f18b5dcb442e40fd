#include "verbs.hpp"

#include <charconv>

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
