#pragma once
// The socket that clients connect to, and the right to it.

#include <filesystem>
#include <string>

#include "alert/system/descriptor.hpp"

namespace brokerd {

/// Listens at a path for as long as it lives. A lock file beside the socket decides who may: a socket
/// left behind by a killed broker is replaced, one in use or anything that is not a socket is not.
class Listener {
 public:
  enum class Access { user, everybody };  // mode 0600 or 0666

  /// The error is a sentence for whoever started the broker.
  [[nodiscard]] static tl::expected<Listener, std::string> open(const std::filesystem::path& path, Access access);

  Listener(Listener&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)), socket_(std::move(other.socket_)) {}
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  [[nodiscard]] int get() const noexcept { return socket_.get(); }

 private:
  Listener() = default;

  std::filesystem::path path_;
  alert::Descriptor lock_;
  alert::Descriptor socket_;
};

}  // namespace brokerd
