#pragma once
// A window that slides over a file or a pipe, front to back, in memory that does not grow with it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "alert/system/descriptor.hpp"

namespace alert {

class FileWindow {
 public:
  /// `offset` is where the window starts in a file that can be read anywhere. What can only be read
  /// forward (a pipe, a terminal) is taken from where it is, and counts from 0.
  explicit FileWindow(Descriptor fd, std::uint64_t offset = 0)
      : fd_(std::move(fd)), is_file_(::lseek(fd_.get(), 0, SEEK_CUR) >= 0), at_(is_file_ ? offset : 0) {}

  /// The bytes from offset() on that are at hand: at least `count`, but where the file ends (or
  /// cannot be read: error()) before that. Valid until the next call. The file may grow meanwhile.
  [[nodiscard]] std::span<const std::byte> at_least(std::size_t count) {
    if (used_ - taken_ < count) fill(count);
    return std::span(buffer_).subspan(taken_, used_ - taken_);
  }

  /// Whether at_least(count) would answer without reading.
  [[nodiscard]] bool has(std::size_t count) const noexcept { return used_ - taken_ >= count; }

  /// Whether nothing but zeros follows up to the end, one at least and at most `most` of them. Where that may be, a
  /// file is read anew: what is at hand may be older than what has been written behind it.
  [[nodiscard]] bool ends_in_zeros(std::size_t most) {
    const auto are_zero = [](std::span<const std::byte> bytes) {
      return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{}; });
    };
    const auto next = at_least(kFewZeros);
    if (next.empty() || !are_zero(next.first(std::min(kFewZeros, next.size())))) return false;
    if (is_file_) taken_ = used_ = 0;
    const auto rest = at_least(most + 1);
    return rest.size() <= most && !error_ && are_zero(rest);
  }

  /// Moves on, also beyond what is at hand; stops at the end of what can only be read forward.
  void skip(std::uint64_t count) {
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(count, used_ - taken_));
    taken_ += here;
    at_ += here;
    count -= here;
    if (is_file_) {
      at_ += count;
    } else if (count > 0 && !at_least(1).empty()) {
      skip(count);
    }
  }

  /// Where the window starts.
  [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }
  /// Of the last read that failed.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  // Each read is twice the one before: who wants one record of a file should not pay for many.
  static constexpr std::size_t kFirstRead = 4 * 1024;
  static constexpr std::size_t kLargestRead = 256 * 1024;
  static constexpr std::size_t kFewZeros = 8;  // then there may be nothing else

  void fill(std::size_t count) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(taken_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(used_), buffer_.begin());
    used_ -= taken_;
    taken_ = 0;
    const std::size_t room_for = std::clamp(2 * buffer_.size(), kFirstRead, kLargestRead);
    if (buffer_.size() < std::max(count, room_for))
      buffer_.resize(count > kLargestRead ? count + kFirstRead : std::max(count, room_for));
    while (used_ < count) {
      std::byte* const to = buffer_.data() + used_;
      const std::size_t room = buffer_.size() - used_;
      const ssize_t n =
          is_file_ ? ::pread(fd_.get(), to, room, static_cast<off_t>(at_ + used_)) : ::read(fd_.get(), to, room);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) error_ = std::error_code(errno, std::generic_category());
      if (n <= 0) break;
      used_ += static_cast<std::size_t>(n);
    }
  }

  Descriptor fd_;
  bool is_file_;
  std::uint64_t at_;  // of the byte at taken_
  std::vector<std::byte> buffer_;
  std::size_t taken_ = 0;
  std::size_t used_ = 0;
  std::error_code error_;
};

}  // namespace alert
