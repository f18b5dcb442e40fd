#pragma once
// A whole write, or the system's reason.

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <unistd.h>

#include "alert/wire/bytes.hpp"

namespace brokerd {

[[nodiscard]] inline std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

/// All of `bytes` at `offset`, or an error with some of them written.
[[nodiscard]] inline std::error_code write_all(int fd, alert::Bytes bytes, std::uint64_t offset) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? last_error() : std::error_code(ENOSPC, std::generic_category());
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace brokerd
