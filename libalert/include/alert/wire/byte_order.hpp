#pragma once
// Numbers of formats that say, or whose sender chose, which end comes first.

#include <concepts>
#include <cstdint>

#include "alert/wire/bytes.hpp"

namespace alert {

enum class ByteOrder : std::uint8_t { little, big };

/// A number that was read little endian, as `order` means it.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T in_order(T number, ByteOrder order) noexcept {
  if (order == ByteOrder::little || sizeof(T) == 1) return number;
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(number);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(number);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(number);
  return number;
}

/// The next number of a reader, in this order; zero when it has failed.
template <std::unsigned_integral T>
[[nodiscard]] T take(Reader& in, ByteOrder order) noexcept {
  return in_order(in.number<T>(), order);
}

}  // namespace alert
