// ZeroMQ: XSUB and XPUB with zmq_proxy between them, over Unix sockets, without high-water marks.

#include <array>

#include <zmq.h>

#include "roles.hpp"

namespace {

using namespace bench;

void* open(void* context, int type) {
  void* const socket = ::zmq_socket(context, type);
  const int unlimited = 0;
  ::zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
  ::zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
  return socket;
}

std::string address(const Options& options, const char* end) { return "ipc://" + options.in_run(end); }

struct ZeroMq {
  static int broker(const Options& options) {
    void* const context = ::zmq_ctx_new();
    ::zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2048);
    void* const in = open(context, ZMQ_XSUB);
    void* const out = open(context, ZMQ_XPUB);
    if (::zmq_bind(in, address(options, "in").c_str()) != 0 ||
        ::zmq_bind(out, address(options, "out").c_str()) != 0)
      fail("zmq_bind");
    std::puts("READY");
    std::fflush(stdout);
    return ::zmq_proxy(in, out, nullptr);
  }

  class Raiser {
   public:
    explicit Raiser(const Options& options) : socket_(open(::zmq_ctx_new(), ZMQ_PUB)) {
      if (::zmq_connect(socket_, address(options, "in").c_str()) != 0) fail("zmq_connect");
    }
    void send(alert::Bytes message) {
      if (::zmq_send(socket_, message.data(), message.size(), 0) < 0) fail("zmq_send");
    }
    void flush() {}
    void idle() {}

   private:
    void* const socket_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options)
        : socket_(open(::zmq_ctx_new(), ZMQ_SUB)), flags_(options.number("spin", 0) != 0 ? ZMQ_DONTWAIT : 0) {
      ::zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, "", 0);
      if (::zmq_connect(socket_, address(options, "out").c_str()) != 0) fail("zmq_connect");
    }
    template <class Take>
    void run(Take&& take) {
      std::array<std::byte, 1024> buffer;
      for (int size = 0; size <= 0 || take(alert::Bytes(buffer.data(), static_cast<std::size_t>(size)));)
        size = ::zmq_recv(socket_, buffer.data(), buffer.size(), flags_);
    }

   private:
    void* const socket_;
    const int flags_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<ZeroMq>(count, words); }
