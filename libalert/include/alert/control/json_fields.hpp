#pragma once
// Passes over field lists: a structure to JSON, JSON to a structure, and its varlink description.

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "alert/control/calls.hpp"
#include "alert/wire/bytes.hpp"

namespace alert {

using Json = nlohmann::json;

/// JSON from outside: refused unread when it is longer than `limit` or nested too deep.
[[nodiscard]] inline Result<Json> parse_json(std::string_view text, std::size_t limit = kLargestMessage) {
  if (text.size() > limit) return failure(Errc::bad_json, limit);
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepestNesting) return failure(Errc::bad_json, i);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return failure(Errc::bad_json, 0);
  return json;
}

namespace detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
inline constexpr bool kIsPlain = std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;

/// How a character gets into a JSON string.
enum class JsonCharacter : std::uint8_t { as_it_is, behind_a_backslash, by_the_library };
inline constexpr auto kJsonCharacters = [] {
  std::array<JsonCharacter, 256> all{};
  for (std::size_t c = 0; c < all.size(); ++c)
    if (c < ' ' || c >= 0x7f) all[c] = JsonCharacter::by_the_library;
  all['"'] = all['\\'] = JsonCharacter::behind_a_backslash;
  return all;
}();

/// What is not printable ASCII is left to the library.
inline void append_json_string(std::string& text, const std::string& value) {
  const std::size_t start = text.size();
  std::size_t from = 0;
  text += '"';
  for (std::size_t i = 0; i < value.size(); ++i) {
    const JsonCharacter how = kJsonCharacters[static_cast<unsigned char>(value[i])];
    if (how == JsonCharacter::as_it_is) continue;
    if (how == JsonCharacter::by_the_library) {
      text.resize(start);
      text += Json(value).dump();
      return;
    }
    text.append(value, from, i - from) += '\\';
    from = i;
  }
  text.append(value, from) += '"';
}

/// `"name":`, behind a comma where another member is in front of it.
inline void append_json_name(std::string& text, std::string_view name) {
  const bool is_first = text.back() == '{';
  const std::size_t at = text.size();
  text.resize(at + name.size() + (is_first ? 3 : 4));
  char* to = text.data() + at;
  if (!is_first) *to++ = ',';
  *to++ = '"';
  to = std::copy(name.begin(), name.end(), to);
  *to++ = '"';
  *to = ':';
}

}  // namespace detail

template <class T>
[[nodiscard]] Json to_json(const T& value) {
  if constexpr (detail::kIsPlain<T>) {
    return value;
  } else if constexpr (detail::IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& item : value) array.push_back(to_json(item));
    return array;
  } else {
    Json object = Json::object();
    auto pass = [&](const char* name, const auto& field) {
      if constexpr (detail::IsOptional<std::decay_t<decltype(field)>>::value) {
        if (field) object[name] = to_json(*field);
      } else {
        object[name] = to_json(field);
      }
    };
    T::fields(value, pass);
    return object;
  }
}

template <class T>
void append_json(std::string& text, const T& value);

/// The members of a structure, behind those that the object has already; missing ones are left out.
template <class T>
void append_members(std::string& text, const T& value) {
  auto pass = [&](std::string_view name, const auto& field) {
    const auto append = [&](const auto& given) {
      detail::append_json_name(text, name);
      append_json(text, given);
    };
    if constexpr (detail::IsOptional<std::decay_t<decltype(field)>>::value) {
      if (field) append(*field);
    } else {
      append(field);
    }
  };
  T::fields(value, pass);
}

/// What to_json() says, as text in the order of the list: for what there may be a lot of.
template <class T>
void append_json(std::string& text, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    text += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    char digits[24];
    text.append(digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr);
  } else if constexpr (std::is_same_v<T, std::string>) {
    detail::append_json_string(text, value);
  } else if constexpr (detail::IsVector<T>::value) {
    text += '[';
    for (const auto& item : value) {
      if (text.back() != '[') text += ',';
      append_json(text, item);
    }
    text += ']';
  } else {
    text += '{';
    append_members(text, value);
    text += '}';
  }
}

/// A request with a member we do not know asks for something we would not do; a reply may be newer.
enum class Unknown { refuse, ignore };

/// Reads `json` into `value`; returns the dotted name of the first member that is missing, unknown,
/// of another type or out of range, or nothing when all is well.
template <class T>
[[nodiscard]] std::optional<std::string> from_json(const Json& json, T& value, Unknown unknown = Unknown::refuse) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) return "";
    value = json.get<bool>();
  } else if constexpr (std::unsigned_integral<T>) {
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() > std::numeric_limits<T>::max()) return "";
    value = json.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return "";
    value = json.get_ref<const std::string&>();
  } else if constexpr (detail::IsVector<T>::value) {
    if (!json.is_array()) return "";
    for (const Json& item : json) {
      value.emplace_back();
      if (auto bad = from_json(item, value.back(), unknown)) return bad;
    }
  } else {
    if (!json.is_object()) return "";
    std::optional<std::string> bad;
    std::size_t known = 0;
    auto pass = [&](const char* name, auto& field) {
      using Field = std::decay_t<decltype(field)>;
      if (bad) return;
      const auto member = json.find(name);
      std::optional<std::string> inner;
      if (member == json.end()) {
        if constexpr (!detail::IsOptional<Field>::value) bad = name;
        return;
      }
      ++known;
      if constexpr (detail::IsOptional<Field>::value) {
        if (!member->is_null()) inner = from_json(*member, field.emplace(), unknown);
      } else {
        inner = from_json(*member, field, unknown);
      }
      if (inner) bad = inner->empty() ? name : name + ("." + *inner);
    };
    T::fields(value, pass);
    if (bad) return bad;
    if (unknown == Unknown::refuse && known != json.size()) return "unknown member";
  }
  return std::nullopt;
}

/// The type in varlink's interface definition language.
template <class T>
[[nodiscard]] std::string varlink_type() {
  if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return "int";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "string";
  } else if constexpr (detail::IsVector<T>::value) {
    return "[]" + varlink_type<typename T::value_type>();
  } else if constexpr (detail::IsOptional<T>::value) {
    return "?" + varlink_type<typename T::value_type>();
  } else {
    std::string text;
    T value{};
    auto pass = [&](const char* name, const auto& field) {
      text += (text.empty() ? "" : ", ") + std::string(name) + ": " + varlink_type<std::decay_t<decltype(field)>>();
    };
    T::fields(value, pass);
    return "(" + text + ")";
  }
}

}  // namespace alert
