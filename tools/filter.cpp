#include "filter.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "alert/wire/alert.hpp"

using namespace alert;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "Z", "+01:00" or "+0100" as seconds east of UTC.
std::optional<long> zone(std::string_view text) {
  if (text == "Z" || text == " UTC") return 0;
  if (text.starts_with(' ')) return zone(text.substr(1));
  if (text.size() == 6 && text[3] == ':') return zone(std::string(text.substr(0, 3)) + std::string(text.substr(4)));
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto hours = number(text.substr(1, 2)), minutes = number(text.substr(3));
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  const long seconds = static_cast<long>(*hours * 3600 + *minutes * 60);
  return text[0] == '-' ? -seconds : seconds;
}

/// Takes ".5" to ".123456789" off the front of what follows the seconds: the nanoseconds of its start
/// or, as an end, of its last instant. Without one, the second's.
std::optional<std::uint64_t> take_fraction(std::string& text, Bound bound) {
  std::uint64_t unit = kSecond, start = 0;
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end < 2 || end > 10) return std::nullopt;
    for (const char digit : text.substr(1, end - 1)) {
      unit /= 10;
      start += static_cast<std::uint64_t>(digit - '0') * unit;
    }
    text.erase(0, end);
  }
  return start + (bound == Bound::end ? unit - 1 : 0);
}

std::optional<std::uint64_t> time_of(const Provenance& from) {
  if (from.record) return from.record->accepted_ns;
  return from.packet ? from.packet->ns : std::nullopt;
}

}  // namespace

bool Filter::wants(const Provenance& from) const {
  if (first && (!from.record || from.record->sequence < *first)) return false;
  if (last && (!from.record || from.record->sequence > *last)) return false;
  const auto time = time_of(from);
  if (since_ns && time && *time < *since_ns) return false;
  return !(until_ns && time && *time > *until_ns);
}

bool Filter::wants(const Captured& captured, Profile profile, Codecs& codecs) const {
  if (!wants(captured.from)) return false;
  const bool needs_time = (since_ns || until_ns) && !time_of(captured.from);
  if (event.empty() && service.empty() && !needs_time) return true;
  const auto header = decode_leniently(profile, captured.wire).alert.header;
  const auto is = [&](std::string_view wire, const std::string& wanted) {
    return wanted.empty() || equal_ignoring_case(codecs.of(profile).to_utf8(wire).utf8, wanted);
  };
  if (!is(header.alrt_eventname, event) && !equal_ignoring_case(captured.from.event, event)) return false;
  if (!is(header.alrt_servicename, service)) return false;
  const std::uint64_t time = header.alrt_timestamp * kSecond;
  return !needs_time || ((!since_ns || time >= *since_ns) && (!until_ns || time <= *until_ns));
}

bool parse_range(const std::string& text, Filter& filter) {
  const std::size_t dots = text.find("..");
  const auto bound = [](const std::string& digits, std::optional<std::uint64_t>& to) {
    to = number(digits);
    return digits.empty() || to.has_value();
  };
  const std::string first = text.substr(0, dots);
  const std::string last = dots == std::string::npos ? first : text.substr(dots + 2);
  return !(first.empty() && last.empty()) && bound(first, filter.first) && bound(last, filter.last);
}

std::optional<std::uint64_t> parse_time(const std::string& text, Bound bound) {
  const std::size_t point = std::min(text.find('.'), text.size());
  if (const auto seconds = number(text.substr(0, point)); seconds && *seconds <= 0xFFFFFFFF) {
    std::string rest = text.substr(point);
    const auto ns = take_fraction(rest, bound);
    return ns && rest.empty() ? std::optional(*seconds * kSecond + *ns) : std::nullopt;
  }
  struct Form {
    const char* format;
    int std::tm::*unit;
  };
  for (const Form form : {Form{"%Y-%m-%dT%H:%M:%S", &std::tm::tm_sec},
                          {"%Y-%m-%d %H:%M:%S", &std::tm::tm_sec},
                          {"%Y-%m-%dT%H:%M", &std::tm::tm_min},
                          {"%Y-%m-%d %H:%M", &std::tm::tm_min},
                          {"%Y-%m-%d", &std::tm::tm_mday}}) {
    std::tm given{};
    const char* const end = ::strptime(text.c_str(), form.format, &given);
    if (!end) continue;
    std::string rest(end);
    const bool has_seconds = form.unit == &std::tm::tm_sec;
    const auto ns = has_seconds ? take_fraction(rest, bound) : 0;
    const auto east = zone(rest);
    if (!ns || (!rest.empty() && !east)) continue;
    const auto seconds = [&](std::tm& tm) {
      tm.tm_isdst = -1;
      return east ? ::timegm(&tm) - *east : ::mktime(&tm);
    };
    std::tm tm = given;
    const std::time_t start = seconds(tm);
    if (start < 0 || tm.tm_mday != given.tm_mday) return std::nullopt;  // no such day
    if (has_seconds || bound == Bound::start) return static_cast<std::uint64_t>(start) * kSecond + *ns;
    tm = given;
    tm.*form.unit += 1;  // a local day may have 25 hours
    return static_cast<std::uint64_t>(seconds(tm)) * kSecond - 1;
  }
  return std::nullopt;
}
