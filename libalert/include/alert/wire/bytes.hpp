#pragma once
// Bounds-checked little-endian reading and writing of bytes that this code does not own.

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "alert/wire/error.hpp"

namespace alert {

static_assert(std::endian::native == std::endian::little, "every layout here is little endian and read in place");

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// The same bytes as text units; nothing is converted or copied.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// The first `sizeof(T)` bytes as a T. Precondition: there are that many.
template <class T>
[[nodiscard]] inline T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Reads front to back, keeps its first error, and then yields zero and empty for ever,
/// so that a decoder reads like the diagram and asks once, at the end.
class Reader {
 public:
  /// Precondition: there are `at` bytes to skip.
  explicit Reader(Bytes bytes, std::size_t at = 0) noexcept : bytes_(bytes), at_(at) {}

  template <class T>
  [[nodiscard]] T number() noexcept {
    const Bytes field = take(sizeof(T));
    return field.empty() ? T{0} : load<T>(field.data());
  }

  /// The next `count` bytes; empty and failed (truncated) if there are fewer.
  [[nodiscard]] Bytes take(std::size_t count) noexcept {
    if (count > bytes_.size() - at_) {
      fail(Errc::truncated, at_);
      return {};
    }
    const Bytes field = bytes_.subspan(at_, count);
    at_ += count;
    return field;
  }

  [[nodiscard]] Bytes rest() const noexcept { return bytes_.subspan(at_); }

  /// Keeps the first error only. Nothing is left to read then, so that nobody else has to ask.
  void fail(Errc code, std::size_t offset) noexcept {
    if (!failed_) error_ = {code, offset};
    failed_ = true;
    bytes_ = bytes_.first(at_);
  }

  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] Error error() const noexcept { return error_; }

 private:
  Bytes bytes_;
  std::size_t at_;
  bool failed_ = false;
  Error error_{Errc::truncated, 0};
};

/// Writes front to back into a caller's buffer, keeps its first error and then writes nothing.
class Writer {
 public:
  /// Precondition: there are `at` bytes to skip.
  explicit Writer(MutableBytes out, std::size_t at = 0) noexcept : out_(out), at_(at) {}

  template <class T>
  void number(T value) noexcept {
    if (std::byte* to = room(sizeof value)) std::memcpy(to, &value, sizeof value);
  }
  void bytes(Bytes bytes) noexcept {
    std::byte* to = room(bytes.size());
    if (to && !bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  }
  void zeros(std::size_t count) noexcept {
    std::byte* to = room(count);
    if (to && count) std::memset(to, 0, count);
  }

  /// The next `count` bytes, to be filled; null and failed (no_room) if there are fewer.
  [[nodiscard]] std::byte* room(std::size_t count) noexcept {
    if (count > out_.size() - at_) {
      fail(Errc::no_room, at_);
      return nullptr;
    }
    std::byte* to = out_.data() + at_;
    at_ += count;
    return to;
  }

  /// Keeps the first error only. No room is left then, so that nobody else has to ask.
  void fail(Errc code, std::size_t offset) noexcept {
    if (!failed_) error_ = {code, offset};
    failed_ = true;
    out_ = out_.first(at_);
  }

  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] Error error() const noexcept { return error_; }

 private:
  MutableBytes out_;
  std::size_t at_;
  bool failed_ = false;
  Error error_{Errc::no_room, 0};
};

}  // namespace alert
