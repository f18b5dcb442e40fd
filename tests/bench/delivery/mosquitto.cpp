// mosquitto over its Unix socket; --qos 0 or 1.

#include <functional>

#include <mosquitto.h>

#include "roles.hpp"

namespace {

using namespace bench;

constexpr const char* kTopic = "bench/alert";

void check(int error, const char* what) {
  if (error != MOSQ_ERR_SUCCESS) fail(std::string("mosquitto ") + what + ": " + ::mosquitto_strerror(error));
}

class Connection {
 public:
  Connection(const Options& options, const std::string& id) {
    ::mosquitto_lib_init();
    client_ = ::mosquitto_new(id.c_str(), true, this);
    ::mosquitto_int_option(client_, MOSQ_OPT_SEND_MAXIMUM, 65'535);
    ::mosquitto_max_inflight_messages_set(client_, 0);
    ::mosquitto_connect_callback_set(client_, [](mosquitto*, void* self, int) { of(self).connected_ = true; });
    ::mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { of(self).subscribed_ = true; });
    ::mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
      const auto size = static_cast<std::size_t>(message->payloadlen);
      if (of(self).take) of(self).take({static_cast<const std::byte*>(message->payload), size});
    });
    check(::mosquitto_connect(client_, options.in_run("mosquitto.sock").c_str(), 0, 120), "connect");
    while (!connected_) check(::mosquitto_loop(client_, 100, 1), "loop");
  }

  void subscribe(int qos) {
    check(::mosquitto_subscribe(client_, nullptr, kTopic, qos), "subscribe");
    while (!subscribed_) check(::mosquitto_loop(client_, 100, 1), "loop");
  }
  [[nodiscard]] mosquitto* get() const noexcept { return client_; }

  std::function<void(alert::Bytes)> take;

 private:
  static Connection& of(void* self) { return *static_cast<Connection*>(self); }

  mosquitto* client_ = nullptr;
  bool connected_ = false;
  bool subscribed_ = false;
};

struct Mosquitto {
  class Raiser {
   public:
    explicit Raiser(const Options& options)
        : connection_(options, "raiser"), qos_(static_cast<int>(options.number("qos", 0))) {}
    void send(alert::Bytes message) {
      const auto size = static_cast<int>(message.size());
      check(::mosquitto_publish(connection_.get(), nullptr, kTopic, size, message.data(), qos_, false), "publish");
    }
    void flush() {
      if (qos_ > 0 || ::mosquitto_want_write(connection_.get())) idle();
    }
    void idle() {
      for (int i = 0; i < 64; ++i) {
        check(::mosquitto_loop(connection_.get(), 0, 1), "loop");
        if (!::mosquitto_want_write(connection_.get())) return;
      }
    }

   private:
    Connection connection_;
    const int qos_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options) : connection_(options, "reader" + options.text("id")) {
      connection_.subscribe(static_cast<int>(options.number("qos", 0)));
    }
    template <class Take>
    void run(Take&& take) {
      bool goes_on = true;
      connection_.take = [&](alert::Bytes message) {
        if (goes_on) goes_on = take(message);
      };
      while (goes_on && ::mosquitto_loop(connection_.get(), 1000, 1) == MOSQ_ERR_SUCCESS) continue;
    }

   private:
    Connection connection_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<Mosquitto>(count, words); }
