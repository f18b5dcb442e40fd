#pragma once
// The zero unit that ends wire text: finding it, and copying text that must not contain one, a word at
// a time. The texts of an alert are short; a call of memchr or memcpy costs more than the work.

#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

#include "alert/wire/bytes.hpp"
#include "alert/wire/names.hpp"

namespace alert::detail {

/// Not 0 iff a unit of the word is; the lowest bit that is set is then in the first such unit.
/// (Subtracting one borrows the top bit of a unit that had none: of a zero, or of one above a zero.)
template <class U, class Word>
[[nodiscard]] constexpr Word zero_units(Word word) noexcept {
  constexpr Word kOnes = static_cast<Word>(std::numeric_limits<Word>::max() / std::numeric_limits<U>::max());
  constexpr Word kTops = static_cast<Word>(kOnes << (std::numeric_limits<U>::digits - 1));
  return static_cast<Word>((word - kOnes) & ~word & kTops);
}

/// A word's bytes before the zero unit that `zeros` tells of.
template <class U>
[[nodiscard]] constexpr std::size_t bytes_before(std::uint64_t zeros) noexcept {
  return static_cast<unsigned>(std::countr_zero(zeros)) / 8u / sizeof(U) * sizeof(U);
}

/// `text_length` from `at` on, for long texts.
template <class U>
[[nodiscard, gnu::noinline]] std::size_t long_text_length(Bytes bytes, std::size_t at) noexcept {
  if constexpr (sizeof(U) == 1) return as_text(bytes).find('\0', at);
  const auto zeros = [&](std::size_t offset) { return zero_units<U>(load<std::uint64_t>(bytes.data() + offset)); };
  while (bytes.size() - at >= 32 && !(zeros(at) | zeros(at + 8) | zeros(at + 16) | zeros(at + 24))) at += 32;
  for (; bytes.size() - at >= 8; at += 8)
    if (const auto found = zeros(at)) return at + bytes_before<U>(found);
  at = bytes.size() - 8;  // the last word once more, from where it is whole
  if (const auto found = zeros(at)) return at + bytes_before<U>(found);
  return std::string_view::npos;
}

/// Length in bytes of the text before the first zero unit; npos when there is none.
template <class U>
[[nodiscard]] inline std::size_t text_length(Bytes bytes) noexcept {
  bytes = bytes.first(bytes.size() / sizeof(U) * sizeof(U));
  const auto zeros = [&](std::size_t offset) { return zero_units<U>(load<std::uint64_t>(bytes.data() + offset)); };
  if (bytes.size() < 8) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(U))
      if (load<U>(bytes.data() + at) == 0) return at;
    return std::string_view::npos;
  }
  std::size_t at = 0;
  for (; bytes.size() - at >= 8; at += 8) {
    if (at == 16 * sizeof(U)) return long_text_length<U>(bytes, at);
    if (const auto found = zeros(at)) return at + bytes_before<U>(found);
  }
  at = bytes.size() - 8;  // the last word once more, from where it is whole
  if (const auto found = zeros(at)) return at + bytes_before<U>(found);
  return std::string_view::npos;
}

/// Sixteen bytes of units, of which `==` and `|=` take each on its own.
template <class U>
struct Units {
  using Type [[gnu::vector_size(16)]] = U;
};

/// `copy_text`, for texts of 32 bytes and more.
template <class U>
[[nodiscard, gnu::noinline]] bool copy_long_text(std::byte* to, Bytes text) noexcept {
  using Block = typename Units<U>::Type;
  auto zeros = Block{} != Block{};
  const auto copy_two = [&](std::size_t at) {
    const auto first = load<Block>(text.data() + at);
    const auto second = load<Block>(text.data() + at + sizeof first);
    std::memcpy(to + at, &first, sizeof first);
    std::memcpy(to + at + sizeof first, &second, sizeof second);
    zeros |= (first == Block{}) | (second == Block{});
  };
  constexpr std::size_t kTwo = 2 * sizeof(Block);
  for (std::size_t at = 0; text.size() - at > kTwo; at += kTwo) copy_two(at);
  copy_two(text.size() - kTwo);  // so that they end where the text ends
  const auto words = std::bit_cast<typename Units<std::uint64_t>::Type>(zeros);
  return (words[0] | words[1]) == 0;
}

/// Copies whole units; false if a zero was among them.
template <class U>
[[nodiscard]] inline bool copy_text(std::byte* to, Bytes text) noexcept {
  const std::size_t size = text.size();
  const auto copy = [&]<class Word>(std::size_t at, Word) {
    const Word word = load<Word>(text.data() + at);
    std::memcpy(to + at, &word, sizeof word);
    return std::uint64_t{zero_units<U>(word)};
  };
  // As two or four words, which overlap where the text is shorter than they are.
  if (size > 32) return copy_long_text<U>(to, text);
  std::uint64_t zeros = 0;
  if (size >= 8) {
    if (size > 16) zeros = copy(8, std::uint64_t{}) | copy(size - 16, std::uint64_t{});
    zeros |= copy(0, std::uint64_t{}) | copy(size - 8, std::uint64_t{});
  } else if (size >= 4) {
    zeros = copy(0, std::uint32_t{}) | copy(size - 4, std::uint32_t{});
  } else {
    for (std::size_t at = 0; at < size; at += sizeof(U)) zeros |= copy(at, U{});
  }
  return zeros == 0;
}

/// Zeros, in blocks for which compilers emit stores instead of a call or a slow `rep`.
inline void clear(std::byte* to, std::size_t size) noexcept {
  std::size_t at = 0;
  for (; size - at >= 64; at += 64) std::memset(to + at, 0, 64);
  std::memset(to + at, 0, size - at);
}

/// The same, of the profile's units.
[[nodiscard]] inline std::size_t text_length(Profile profile, Bytes bytes) noexcept {
  return profile == Profile::lm20 ? text_length<std::uint8_t>(bytes) : text_length<std::uint16_t>(bytes);
}
[[nodiscard]] inline bool copy_text(Profile profile, std::byte* to, Bytes text) noexcept {
  return profile == Profile::lm20 ? copy_text<std::uint8_t>(to, text) : copy_text<std::uint16_t>(to, text);
}

}  // namespace alert::detail
