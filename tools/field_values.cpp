#include "field_values.hpp"

#include <ctime>

#include "alert/wire/print_status.hpp"
#include "json_lines.hpp"

namespace {

std::string formatted(const char* format, const std::tm& tm) {
  char text[48];
  return {text, std::strftime(text, sizeof text, format, &tm)};
}

std::string errcode_text(alert::Profile profile, std::uint32_t errcode) {
  if (errcode == 0xFFFF || (profile == alert::Profile::nt && errcode == 0xFFFFFFFF))
    return "no message number: the strings are the message";
  if (errcode == 0 || errcode > 0xFFFF) return {};
  const std::string_view name = alert::name(static_cast<alert::Code>(errcode));
  return name == alert::kUnknownCode ? std::string() : std::string(name);
}

std::string meaning(alert::Profile profile, std::string_view field, std::uint32_t value) {
  if (field == "alrt_timestamp" || field == "alrtpr_submitted") return time_text(value);
  if (field == "alrtpr_status") return alert::print_status_names(profile, value);
  if (field.ends_with("_errcode")) return errcode_text(profile, value);
  return {};
}

}  // namespace

std::string number_text(alert::Profile profile, std::string_view field, std::uint32_t value) {
  const std::string words = meaning(profile, field, value);
  return std::to_string(value) + (words.empty() ? "" : "  " + words);
}

std::string time_text(std::uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{}, local{};
  ::gmtime_r(&time, &utc);
  ::localtime_r(&time, &local);
  const std::string in_utc = formatted("%Y-%m-%d %H:%M:%S UTC", utc);
  return local.tm_gmtoff == 0 ? in_utc : formatted("%Y-%m-%d %H:%M:%S %z, ", local) + in_utc;
}

std::string instant_text(std::uint64_t ns) {
  constexpr std::size_t kSeconds = 19, kFraction = 10;  // characters of "2026-11-21T02:00:00" and ".000000000"
  const auto time = static_cast<std::time_t>(ns / 1'000'000'000);
  std::tm local{};
  ::localtime_r(&time, &local);
  const std::string in_utc = utc_ns(ns);
  if (local.tm_gmtoff == 0) return in_utc;
  return formatted("%Y-%m-%dT%H:%M:%S", local) + in_utc.substr(kSeconds, kFraction) + formatted("%z", local) +
         ", " + in_utc;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}
