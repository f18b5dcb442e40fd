#pragma once
// The racy part of every ring, alone: words that one process writes while others read.

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
  std::uint64_t store(std::uint64_t position, Bytes bytes) const noexcept {
    const std::byte* from = bytes.data();
    std::uint64_t at = position / 8;
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, from += 8) put(at++, load<std::uint64_t>(from));
    if (left > 0) {
      std::uint64_t last = 0;
      std::memcpy(&last, from, left);
      put(at++, last);
    }
    return at * 8;
  }

  /// Copies whole words into `out`, whose size is a multiple of 8.
  void load_into(std::uint64_t position, MutableBytes out) const noexcept {
    std::uint64_t at = position / 8;
    for (std::size_t i = 0; i < out.size(); i += 8) {
      const std::uint64_t word =
          std::atomic_ref<std::uint64_t>(words_[at++ & mask_]).load(std::memory_order_acquire);
      std::memcpy(out.data() + i, &word, 8);
    }
  }

 private:
  void put(std::uint64_t at, std::uint64_t word) const noexcept {
    std::atomic_ref<std::uint64_t>(words_[at & mask_]).store(word, std::memory_order_release);
  }

  std::uint64_t* words_;
  std::uint64_t mask_;
};

}  // namespace alert::detail
