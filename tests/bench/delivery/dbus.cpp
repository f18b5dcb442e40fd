// D-Bus signals through sd-bus, one array of bytes each; the broker is dbus-daemon or dbus-broker.

#include <functional>

#include <systemd/sd-bus.h>

#include "roles.hpp"

namespace {

using namespace bench;

void check(int result, const char* what) {
  if (result < 0) fail(std::string("sd-bus ") + what + ": " + std::strerror(-result));
}

sd_bus* dial(const Options& options) {
  sd_bus* bus = nullptr;
  const char* name = nullptr;
  check(::sd_bus_new(&bus), "new");
  check(::sd_bus_set_address(bus, ("unix:path=" + options.in_run("bus")).c_str()), "address");
  check(::sd_bus_set_bus_client(bus, 1), "client");
  check(::sd_bus_start(bus), "start");
  check(::sd_bus_get_unique_name(bus, &name), "hello");
  return bus;
}

struct DBus {
  class Raiser {
   public:
    explicit Raiser(const Options& options) : bus_(dial(options)) {}
    void send(alert::Bytes message) {
      sd_bus_message* signal = nullptr;
      check(::sd_bus_message_new_signal(bus_, &signal, "/bench", "bench.Alert", "Raised"), "signal");
      check(::sd_bus_message_append_array(signal, 'y', message.data(), message.size()), "append");
      check(::sd_bus_send(bus_, signal, nullptr), "send");
      ::sd_bus_message_unref(signal);
    }
    void flush() { check(::sd_bus_flush(bus_), "flush"); }
    void idle() {
      while (::sd_bus_process(bus_, nullptr) > 0) continue;
    }

   private:
    sd_bus* const bus_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options) : bus_(dial(options)) {
      check(::sd_bus_add_match(bus_, nullptr, "type='signal',interface='bench.Alert'", &Reader::on_signal, this),
            "match");
    }
    template <class Take>
    void run(Take&& take) {
      take_ = [&](alert::Bytes message) { return take(message); };
      while (goes_on_) {
        const int result = ::sd_bus_process(bus_, nullptr);
        if (result < 0) return;
        if (result == 0) ::sd_bus_wait(bus_, UINT64_MAX);
      }
    }

   private:
    static int on_signal(sd_bus_message* message, void* self, sd_bus_error*) {
      Reader& reader = *static_cast<Reader*>(self);
      const void* bytes = nullptr;
      std::size_t size = 0;
      if (reader.goes_on_ && reader.take_ && ::sd_bus_message_read_array(message, 'y', &bytes, &size) >= 0)
        reader.goes_on_ = reader.take_({static_cast<const std::byte*>(bytes), size});
      return 0;
    }

    sd_bus* const bus_;
    bool goes_on_ = true;
    std::function<bool(alert::Bytes)> take_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<DBus>(count, words); }
