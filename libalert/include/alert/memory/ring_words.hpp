#pragma once
// The racy part of every ring, alone: words that one process writes while others read.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "alert/wire/bytes.hpp"

namespace alert::detail {

/// Release stores and acquire loads of whole words, no fences: whoever sees any word of a new record also sees what
/// was stored before it.
class RingWords {
 public:
  RingWords(std::byte* ring, std::uint64_t capacity) noexcept
      : words_(reinterpret_cast<std::uint64_t*>(ring)), mask_(capacity / 8 - 1) {}

  /// Copies `bytes`, padded with zeros to a multiple of 8, to `position`. Returns the position behind.
  /// Precondition: there are no more of them than the ring has.
  std::uint64_t store(std::uint64_t position, Bytes bytes) const noexcept {
    const std::size_t whole = bytes.size() / 8;
    const std::uint64_t first = position / 8 & mask_;
    const std::size_t before_wrap = mask_ + 1 - first;
    if (whole <= before_wrap) [[likely]] {
      put(words_ + first, bytes.data(), whole);
    } else {
      put(words_ + first, bytes.data(), before_wrap);
      put(words_, bytes.data() + before_wrap * 8, whole - before_wrap);
    }
    const std::size_t rest = bytes.size() % 8;
    if (rest == 0) return position + whole * 8;
    std::uint64_t last = 0;
    std::memcpy(&last, bytes.data() + whole * 8, rest);
    put(words_ + ((first + whole) & mask_), reinterpret_cast<const std::byte*>(&last), 1);
    return position + whole * 8 + 8;
  }

  void set(std::uint64_t position, std::uint64_t value) const noexcept {
    std::atomic_ref<std::uint64_t>(words_[position / 8 & mask_]).store(value, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t word(std::uint64_t position) const noexcept {
    return std::atomic_ref<std::uint64_t>(words_[position / 8 & mask_]).load(std::memory_order_acquire);
  }
  /// Copies whole words into `out`, whose size is a multiple of 8.
  /// Precondition: it is no larger than the ring.
  void load_into(std::uint64_t position, MutableBytes out) const noexcept {
    const std::size_t count = out.size() / 8;
    const std::uint64_t first = position / 8 & mask_;
    const std::size_t before_wrap = mask_ + 1 - first;
    if (count <= before_wrap) [[likely]]
      return take(words_ + first, out.data(), count);
    take(words_ + first, out.data(), before_wrap);
    take(words_, out.data() + before_wrap * 8, count - before_wrap);
  }

 private:
  // Eight at a time: a loop around each word would take as long as the word.
  static void put(std::uint64_t* to, const std::byte* from, std::size_t count) noexcept {
    for (; count >= 8; count -= 8, to += 8, from += 64)
      put_one(to, from), put_one(to + 1, from + 8), put_one(to + 2, from + 16), put_one(to + 3, from + 24),
          put_one(to + 4, from + 32), put_one(to + 5, from + 40), put_one(to + 6, from + 48),
          put_one(to + 7, from + 56);
    for (; count > 0; --count, ++to, from += 8) put_one(to, from);
  }
  static void take(std::uint64_t* from, std::byte* to, std::size_t count) noexcept {
    for (; count >= 8; count -= 8, from += 8, to += 64)
      take_one(from, to), take_one(from + 1, to + 8), take_one(from + 2, to + 16), take_one(from + 3, to + 24),
          take_one(from + 4, to + 32), take_one(from + 5, to + 40), take_one(from + 6, to + 48),
          take_one(from + 7, to + 56);
    for (; count > 0; --count, ++from, to += 8) take_one(from, to);
  }
  static void put_one(std::uint64_t* to, const std::byte* from) noexcept {
    std::atomic_ref<std::uint64_t>(*to).store(load<std::uint64_t>(from), std::memory_order_release);
  }
  static void take_one(std::uint64_t* from, std::byte* to) noexcept {
    const std::uint64_t word = std::atomic_ref<std::uint64_t>(*from).load(std::memory_order_acquire);
    std::memcpy(to, &word, sizeof word);
  }

  std::uint64_t* words_;
  std::uint64_t mask_;
};

}  // namespace alert::detail
