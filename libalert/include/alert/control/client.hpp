#pragma once
// One connection to the broker: a call goes out, its reply and descriptors come back.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "alert/control/calls.hpp"
#include "alert/control/deadline.hpp"
#include "alert/control/json_fields.hpp"
#include "alert/system/descriptor.hpp"
#include "alert/wire/names.hpp"

namespace alert {

/// Why a call brought no reply: the broker refused (`code`), or the system or connection failed
/// (`error`; timed_out when the reply did not come in time).
struct CallFailure {
  Code code = Code::success;
  std::error_code error;
  std::string message;
};

template <class T>
using CallResult = tl::expected<T, CallFailure>;

[[nodiscard]] inline tl::unexpected<CallFailure> call_failure(int error, std::string what) {
  const std::error_code code(error, std::generic_category());
  return tl::unexpected<CallFailure>(CallFailure{Code::success, code, std::move(what) + ": " + code.message()});
}

class Client {
 public:
  static constexpr std::chrono::milliseconds kDefaultTimeout{10'000};

  /// Connects to the first of `sockets` that listens, within `timeout` even where its backlog is full.
  [[nodiscard]] static CallResult<Client> connect(const std::vector<std::string>& sockets,
                                                  std::chrono::milliseconds timeout = kDefaultTimeout) {
    const Deadline deadline(timeout);
    std::string tried;
    int error = ENOENT;
    for (const std::string& path : sockets) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      if (path.size() >= sizeof address.sun_path) {
        error = ENAMETOOLONG;
      } else {
        std::memcpy(address.sun_path, path.data(), path.size());
        Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        error = fd ? connect_by(deadline, fd, address) : errno;
        if (error == 0) return Client(std::move(fd));
      }
      tried += (tried.empty() ? "" : " or ") + path;
    }
    return call_failure(error, "cannot reach a broker at " + tried);
  }

  /// How long each later call may take in all.
  void set_timeout(std::chrono::milliseconds timeout) noexcept { timeout_ = timeout; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }

  template <class Call>
  [[nodiscard]] CallResult<typename Call::Reply> call(const Call& parameters) {
    const Deadline deadline(timeout_);
    const Json request{{"method", std::string(kInterface) + "." + std::string(Call::kMethod)},
                       {"parameters", to_json(parameters)}};
    std::string wire;
    try {
      wire = request.dump();
    } catch (const Json::type_error&) {
      return tl::unexpected<CallFailure>(CallFailure{Code::invalid_parameter, {}, "a name is not UTF-8"});
    }
    auto text = send(wire, deadline).and_then([&](auto) { return receive(deadline); });
    if (text) return reply<Call>(*text);
    close();  // half a conversation: a late reply must not answer the next call
    return tl::unexpected<CallFailure>(text.error());
  }

  /// The answer to a call that was not made here but through this connection's lane.
  template <class Call>
  [[nodiscard]] CallResult<typename Call::Reply> answer(const Deadline& deadline) {
    const auto text = receive(deadline);
    if (text) return reply<Call>(*text);
    close();
    return tl::unexpected<CallFailure>(text.error());
  }

  /// One NUL: there is something in this connection's lane. A socket that is full will be read anyway.
  void ring() noexcept { ::send(fd_.get(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); }

  /// The descriptors that came with the last reply.
  [[nodiscard]] std::vector<Descriptor> take_descriptors() noexcept { return std::exchange(descriptors_, {}); }

  /// Hangs up; every later call fails.
  void close() noexcept { fd_ = Descriptor(); }
  /// The connection's descriptor, to be closed in a child that must not have it; -1 without one.
  [[nodiscard]] int socket() const noexcept { return fd_.get(); }
  /// Whether the broker is still at the other end. Never blocks.
  [[nodiscard]] bool is_connected() const noexcept {
    if (!fd_) return false;
    pollfd poll{fd_.get(), POLLIN | POLLRDHUP, 0};
    if (::poll(&poll, 1, 0) <= 0) return true;
    return (poll.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
  }
  /// The same for whoever asks all the time: as it was within the last tenth of a second.
  [[nodiscard]] bool seems_connected() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const std::int64_t tenth = std::int64_t{now.tv_sec} * 10 + now.tv_nsec / 100'000'000;
    if (fd_ && std::exchange(looked_, tenth) == tenth) return true;
    if (is_connected()) return true;
    looked_ = 0;
    return false;
  }

 private:
  explicit Client(Descriptor fd) noexcept : fd_(std::move(fd)) {}

  /// 0, or why not. A full backlog makes connect() wait, and on a Unix socket poll() cannot wait for
  /// it: the socket's own send time-out bounds it. (No other call waits in the kernel.)
  static int connect_by(const Deadline& deadline, const Descriptor& fd, const sockaddr_un& address) noexcept {
    do {
      const auto left = std::clamp<std::int64_t>(deadline.left().count(), 1, 1 << 30);  // 0 would be for ever
      const timeval time{left / 1000, left % 1000 * 1000};
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    } while (errno == EINTR && !deadline.has_passed());
    return errno == EAGAIN ? ETIMEDOUT : errno;
  }

  template <class Call>
  CallResult<typename Call::Reply> reply(const std::string& text) {
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return call_failure(EPROTO, "the broker's reply");
    const auto parameters = json->find("parameters");
    if (const auto error = json->find("error"); error != json->end()) {
      CallFailure refusal{Code::invalid_parameter, {}, error->is_string() ? error->get<std::string>() : "refused"};
      if (parameters != json->end() && parameters->is_object()) {
        if (parameters->contains("code") && (*parameters)["code"].is_number_unsigned())
          refusal.code = static_cast<Code>((*parameters)["code"].get<std::uint16_t>());
        if (parameters->contains("message") && (*parameters)["message"].is_string())
          refusal.message = (*parameters)["message"].get<std::string>();
        else if (parameters->contains("parameter") && (*parameters)["parameter"].is_string())
          refusal.message += ": " + (*parameters)["parameter"].get<std::string>();
      }
      return tl::unexpected<CallFailure>(std::move(refusal));
    }
    typename Call::Reply value{};
    if (parameters == json->end() || from_json(*parameters, value, Unknown::ignore))
      return call_failure(EPROTO, "the broker's reply");
    return value;
  }

  CallResult<std::monostate> send(const std::string& text, const Deadline& deadline) {
    std::size_t sent = 0;
    while (sent < text.size() + 1) {  // the NUL goes too
      const ssize_t n = ::send(fd_.get(), text.c_str() + sent, text.size() + 1 - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n >= 0) {
        sent += static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        if (!wait(POLLOUT, deadline)) return call_failure(ETIMEDOUT, "the broker did not take the call");
      } else if (errno == EPIPE) {
        return std::monostate{};  // it may have said why before it closed
      } else if (errno != EINTR) {
        return call_failure(errno, "cannot send to the broker");
      }
    }
    return std::monostate{};
  }

  CallResult<std::string> receive(const Deadline& deadline) {
    descriptors_.clear();
    for (;;) {
      if (const std::size_t end = inbox_.find('\0'); end != std::string::npos) {
        std::string text = inbox_.substr(0, end);
        inbox_.erase(0, end + 1);
        return text;
      }
      if (inbox_.size() > kLargestMessage) return call_failure(EPROTO, "the broker's reply");
      char bytes[16 * 1024];
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
      iovec part{bytes, sizeof bytes};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      const ssize_t n = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (n < 0 && errno == EAGAIN) {
        if (!wait(POLLIN, deadline))
          return call_failure(ETIMEDOUT, "the broker did not answer, the call may still take effect");
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n == 0 || (n < 0 && errno == ECONNRESET)) return call_failure(ECONNRESET, "the broker is gone");
      if (n < 0) return call_failure(errno, "cannot receive from the broker");
      keep_descriptors(message);
      inbox_.append(bytes, static_cast<std::size_t>(n));
    }
  }

  void keep_descriptors(msghdr& message) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i)
        descriptors_.emplace_back(load<int>(reinterpret_cast<const std::byte*>(CMSG_DATA(c)) + i * sizeof(int)));
    }
  }

  [[nodiscard]] bool wait(short events, const Deadline& deadline) const noexcept {
    const auto left = deadline.left().count();
    if (left <= 0) return false;
    pollfd poll{fd_.get(), events, 0};
    return ::poll(&poll, 1, static_cast<int>(std::min<std::int64_t>(left, 1 << 30))) >= 0 || errno == EINTR;
  }

  Descriptor fd_;
  std::chrono::milliseconds timeout_ = kDefaultTimeout;
  std::vector<Descriptor> descriptors_;
  std::string inbox_;        // what came behind the last reply
  std::int64_t looked_ = 0;  // in which tenth of a second seems_connected() looked last
};

}  // namespace alert
