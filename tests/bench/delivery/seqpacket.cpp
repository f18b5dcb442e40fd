// A relay as one writes it in an afternoon: SOCK_SEQPACKET, one process in the middle, recvmmsg and sendmmsg
// where messages have queued up.

#include <array>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "roles.hpp"

namespace {

using namespace bench;

constexpr std::size_t kLargest = 2048;
constexpr char kRaiser = 'S', kReader = 'R';

sockaddr_un address(const Options& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", options.in_run("socket").c_str());
  return address;
}

int dial(const Options& options, char role) {
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  const sockaddr_un to = address(options);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
  if (::send(socket, &role, 1, 0) != 1) fail("send");
  char registered = 0;
  if (role == kReader && ::recv(socket, &registered, 1, 0) != 1) fail("recv");
  return socket;
}

class Relay {
 public:
  explicit Relay(const Options& options)
      : listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const sockaddr_un at = address(options);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listener_, 1024) != 0)
      fail("listen");
    watch(listener_);
  }

  void run() {
    for (;;) {
      epoll_event events[64];
      const int count = ::epoll_wait(epoll_, events, 64, -1);
      for (int i = 0; i < count; ++i) events[i].data.fd == listener_ ? accept() : relay(events[i].data.fd);
    }
  }

 private:
  static constexpr std::size_t kBatch = 16;

  void watch(int socket) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    char role = 0;
    if (socket < 0 || ::recv(socket, &role, 1, 0) != 1) return;
    if (role != kReader) return watch(socket);
    readers_.push_back(socket);
    if (::send(socket, "k", 1, 0) != 1) fail("send");
  }

  void relay(int from) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {buffers_[i].data(), kLargest};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(from, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0 || messages_[0].msg_len == 0) {
      ::close(from);
      return;
    }
    const auto received = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < received; ++i) parts_[i].iov_len = messages_[i].msg_len;
    for (const int reader : readers_) {
      if (received == 1) {
        ::send(reader, parts_[0].iov_base, parts_[0].iov_len, MSG_NOSIGNAL);
        continue;
      }
      for (std::size_t sent = 0; sent < received;) {
        const int more =
            ::sendmmsg(reader, messages_.data() + sent, static_cast<unsigned>(received - sent), MSG_NOSIGNAL);
        if (more < 0) break;
        sent += static_cast<std::size_t>(more);
      }
    }
  }

  const int listener_;
  const int epoll_;
  std::vector<int> readers_;
  std::array<std::array<std::byte, kLargest>, kBatch> buffers_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

struct Seqpacket {
  static int broker(const Options& options) {
    Relay relay(options);
    std::puts("READY");
    std::fflush(stdout);
    relay.run();
    return 0;
  }

  class Raiser {
   public:
    explicit Raiser(const Options& options) : socket_(dial(options, kRaiser)) {}
    void send(alert::Bytes message) const {
      if (::send(socket_, message.data(), message.size(), 0) < 0) fail("send");
    }
    void flush() {}
    void idle() {}

   private:
    const int socket_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options)
        : socket_(dial(options, kReader)), flags_(options.number("spin", 0) != 0 ? MSG_DONTWAIT : 0) {}
    template <class Take>
    void run(Take&& take) {
      std::array<std::byte, kLargest> buffer;
      for (;;) {
        const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), flags_);
        if (size == 0 || (size > 0 && !take(alert::Bytes(buffer.data(), static_cast<std::size_t>(size))))) return;
      }
    }

   private:
    const int socket_;
    const int flags_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<Seqpacket>(count, words); }
