#pragma once
// A C caller's UTF-16 text, and its results.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "alert/control/client.hpp"
#include "alert/wire/text.hpp"

namespace clusnotify {

/// UTF-8 of a text that ends with a zero; null is the empty one.
[[nodiscard]] inline std::string narrow(const unsigned short* text) {
  std::string bytes;
  for (; text && *text != 0; ++text) {
    bytes.push_back(static_cast<char>(*text & 0xFF));
    bytes.push_back(static_cast<char>(*text >> 8));
  }
  return alert::utf16le_to_utf8(bytes);
}

/// Units of UTF-16, without a zero.
[[nodiscard]] inline std::u16string widen(const std::string& text) {
  const std::string bytes = alert::utf8_to_utf16le(text).value_or(std::string());
  std::u16string units(bytes.size() / 2, u'\0');
  std::memcpy(units.data(), bytes.data(), bytes.size());
  return units;
}

/// The number of a failure: the broker's, or that of a remote call that did not come about.
[[nodiscard]] inline unsigned number_of(const alert::CallFailure& failure) noexcept {
  if (!failure.error) return static_cast<unsigned>(failure.code);
  constexpr unsigned kServerUnavailable = 1722, kCallFailed = 1726;
  const bool is_there = failure.error == std::errc::connection_reset || failure.error == std::errc::timed_out;
  return is_there ? kCallFailed : kServerUnavailable;
}

}  // namespace clusnotify
