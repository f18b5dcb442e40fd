#pragma once
// Characters that steer a terminal instead of appearing on it: controls of both halves, and what turns
// the direction of text.

#include <cstdint>

[[nodiscard]] constexpr bool steers_terminal(std::uint32_t c) noexcept {
  const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  return is_control || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}
