// NATS over loopback (it has no Unix socket): each message at once where latency counts, its own batches in a
// flood.

#include <nats/nats.h>

#include "roles.hpp"

namespace {

using namespace bench;

constexpr const char* kSubject = "bench.alert";

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) fail(std::string("nats ") + what + ": " + ::natsStatus_GetText(status));
}

natsConnection* dial(const Options& options, bool at_once) {
  natsOptions* made = nullptr;
  natsConnection* connection = nullptr;
  check(::natsOptions_Create(&made), "options");
  check(::natsOptions_SetURL(made, ("nats://127.0.0.1:" + options.text("port")).c_str()), "url");
  ::natsOptions_SetSendAsap(made, at_once);
  check(::natsConnection_Connect(&connection, made), "connect");
  return connection;
}

struct Nats {
  class Raiser {
   public:
    explicit Raiser(const Options& options)
        : connection_(dial(options, options.text("mode", "flood") != "flood")) {}
    void send(alert::Bytes message) {
      check(::natsConnection_Publish(connection_, kSubject, message.data(), static_cast<int>(message.size())),
            "publish");
    }
    void flush() {}
    void idle() {}

   private:
    natsConnection* const connection_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options) {
      natsConnection* const connection = dial(options, false);
      check(::natsConnection_SubscribeSync(&subscription_, connection, kSubject), "subscribe");
      ::natsSubscription_SetPendingLimits(subscription_, -1, -1);
      check(::natsConnection_Flush(connection), "flush");
    }
    template <class Take>
    void run(Take&& take) {
      natsMsg* message = nullptr;
      for (bool goes_on = true;
           goes_on && ::natsSubscription_NextMsg(&message, subscription_, 60'000) == NATS_OK;) {
        const auto size = static_cast<std::size_t>(::natsMsg_GetDataLength(message));
        goes_on = take(alert::as_bytes({::natsMsg_GetData(message), size}));
        ::natsMsg_Destroy(message);
      }
    }

   private:
    natsSubscription* subscription_ = nullptr;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<Nats>(count, words); }
