#pragma once
// A file descriptor with one owner.

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <tl/expected.hpp>

namespace alert {

/// Where the system refuses rather than the bytes.
template <class T>
using SystemResult = tl::expected<T, std::error_code>;

/// The error of the system call that has just failed.
[[nodiscard]] inline tl::unexpected<std::error_code> system_failure(int error = errno) noexcept {
  return tl::unexpected<std::error_code>(std::error_code(error, std::generic_category()));
}

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Another descriptor of the same open file; empty if there is none left.
[[nodiscard]] inline Descriptor duplicate(const Descriptor& fd) noexcept {
  return Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

}  // namespace alert
