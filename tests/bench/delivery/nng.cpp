// nng: a device between raw sub and pub sockets, over Unix sockets, with the deepest buffers it has.

#include <array>

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>

#include "roles.hpp"

namespace {

using namespace bench;

constexpr int kDepth = 8192;

void check(int error, const char* what) {
  if (error != 0) fail(std::string(what) + ": " + ::nng_strerror(error));
}

std::string address(const Options& options, const char* end) { return "ipc://" + options.in_run(end); }

struct Nng {
  static int broker(const Options& options) {
    nng_socket in, out;
    check(::nng_sub0_open_raw(&in), "sub");
    check(::nng_pub0_open_raw(&out), "pub");
    ::nng_socket_set_int(in, NNG_OPT_RECVBUF, kDepth);
    ::nng_socket_set_int(out, NNG_OPT_SENDBUF, kDepth);
    check(::nng_listen(in, address(options, "in").c_str(), nullptr, 0), "listen");
    check(::nng_listen(out, address(options, "out").c_str(), nullptr, 0), "listen");
    std::puts("READY");
    std::fflush(stdout);
    check(::nng_device(in, out), "device");
    return 0;
  }

  class Raiser {
   public:
    explicit Raiser(const Options& options) {
      check(::nng_pub0_open(&socket_), "pub");
      ::nng_socket_set_int(socket_, NNG_OPT_SENDBUF, kDepth);
      check(::nng_dial(socket_, address(options, "in").c_str(), nullptr, 0), "dial");
    }
    void send(alert::Bytes message) {
      check(::nng_send(socket_, const_cast<std::byte*>(message.data()), message.size(), 0), "send");
    }
    void flush() {}
    void idle() {}

   private:
    nng_socket socket_{};
  };

  class Reader {
   public:
    explicit Reader(const Options& options) {
      check(::nng_sub0_open(&socket_), "sub");
      ::nng_socket_set(socket_, NNG_OPT_SUB_SUBSCRIBE, "", 0);
      ::nng_socket_set_int(socket_, NNG_OPT_RECVBUF, kDepth);
      check(::nng_dial(socket_, address(options, "out").c_str(), nullptr, 0), "dial");
    }
    template <class Take>
    void run(Take&& take) {
      std::array<std::byte, 1024> buffer;
      for (;;) {
        std::size_t size = buffer.size();
        if (::nng_recv(socket_, buffer.data(), &size, 0) == 0 && !take(alert::Bytes(buffer.data(), size))) return;
      }
    }

   private:
    nng_socket socket_{};
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<Nng>(count, words); }
