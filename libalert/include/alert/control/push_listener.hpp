#pragma once
// The client's side of push notification: a UDP socket that says when to fetch.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "alert/control/client.hpp"
#include "alert/control/deadline.hpp"
#include "alert/wire/callback_address.hpp"
#include "alert/wire/hex.hpp"

namespace alert {

/// Registered for the session of one connection, with a context of random bytes; datagrams that are anything
/// else are ignored. The registration ends with that connection, or when another one replaces it.
class PushListener {
 public:
  using Milliseconds = std::chrono::milliseconds;
  enum class Woken {
    datagram,  // fetch
    poll,      // no datagram has come yet, a firewall may swallow them: look all the same
    timed_out,
  };

  /// Listens on a port of the loopback interface.
  [[nodiscard]] static CallResult<PushListener> open(Client& client) {
    const auto session = client.call(OpenSession{});
    if (!session) return tl::unexpected<CallFailure>(session.error());
    PushListener listener(session->session, Milliseconds(session->poll_ms));
    listener.socket_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    auto* address = reinterpret_cast<sockaddr*>(&own);
    if (!listener.socket_ || ::bind(listener.socket_.get(), address, size) != 0 ||
        ::getsockname(listener.socket_.get(), address, &size) != 0 ||
        ::getrandom(listener.context_.data(), listener.context_.size(), 0) < 0)
      return call_failure(errno, "a socket for datagrams");
    CallbackAddress callback;
    callback.port = ntohs(own.sin_port);
    std::memcpy(callback.ip.bytes.data(), &own.sin_addr, sizeof own.sin_addr);
    const auto done = client.call(
        RegisterPush{session->session, to_hex(listener.context_), to_hex(encode_callback_address(callback))});
    if (!done) return tl::unexpected<CallFailure>(done.error());
    if (done->result != 0) return call_failure(EOPNOTSUPP, "push notification");
    return listener;
  }

  /// Sleeps until there is a reason to fetch. Duplicates are normal: a fetch may find nothing.
  [[nodiscard]] Woken wait(Milliseconds timeout) {
    const Deadline deadline(has_heard_ ? timeout : std::min(timeout, poll_));
    for (;;) {
      std::array<std::byte, kLargestContext + 1> bytes;
      const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (n == static_cast<ssize_t>(context_.size()) &&
          std::equal(context_.begin(), context_.end(), bytes.begin())) {
        has_heard_ = true;
        return Woken::datagram;
      }
      if (n >= 0) continue;
      if (deadline.has_passed()) return !has_heard_ && poll_ <= timeout ? Woken::poll : Woken::timed_out;
      pollfd poll{socket_.get(), POLLIN, 0};
      ::poll(&poll, 1, static_cast<int>(std::min<std::int64_t>(deadline.left().count(), 1 << 30)));
    }
  }

  /// For FetchPending, on the same connection.
  [[nodiscard]] const std::string& session() const noexcept { return session_; }
  /// Where datagrams go.
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }

 private:
  PushListener(std::string session, Milliseconds poll) : session_(std::move(session)), poll_(poll) {}

  Descriptor socket_;
  std::string session_;
  std::array<std::byte, 8> context_{};
  Milliseconds poll_;
  bool has_heard_ = false;
};

}  // namespace alert
