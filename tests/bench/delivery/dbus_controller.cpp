// dbus_controller FOLDER: runs dbus-broker without systemd, listening at FOLDER/bus, everything allowed; says
// "READY PID". It plays the controller of version 33 (org.bus1.DBus.Broker.AddListener).

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "roles.hpp"

namespace {

using bench::fail;

void check(int result, const char* what) {
  if (result < 0) fail(std::string("dbus-broker: ") + what + ": " + std::strerror(-result));
}

int listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket, 1024) != 0)
    fail("listen");
  return socket;
}

[[noreturn]] void become_broker(int control) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(120);
  const std::string controller = std::to_string(::dup(control));  // without close-on-exec
  ::execlp("dbus-broker", "dbus-broker", "--controller", controller.c_str(), "--machine-id",
           "0123456789abcdef0123456789abcdef", "--max-bytes", "1000000000", "--max-fds", "100000", "--max-matches",
           "100000", static_cast<char*>(nullptr));
  fail("dbus-broker is not there");
}

/// One policy for every uid: connect, own, send and receive anything.
void add_listener(sd_bus* bus, int socket) {
  const std::string batch = "bta(btbs)a(btssssuutt)a(btssssuutt)";
  const std::string policies = "a(u(" + batch + "))", of_groups = "a(buu(" + batch + "))";
  const std::string fields = policies + of_groups + "a(ss)bs", policy = "(" + fields + ")";
  sd_bus_message* call = nullptr;
  check(::sd_bus_message_new_method_call(bus, &call, nullptr, "/org/bus1/DBus/Broker", "org.bus1.DBus.Broker",
                                         "AddListener"),
        "call");
  check(::sd_bus_message_append(call, "oh", "/org/bus1/DBus/Listener/0", socket), "listener");
  check(::sd_bus_message_open_container(call, 'v', policy.c_str()), "variant");
  check(::sd_bus_message_open_container(call, 'r', fields.c_str()), "policy");
  const std::uint64_t first = 1, none = 0, any = UINT64_MAX;
  check(::sd_bus_message_append(call, policies.c_str(), 1, UINT32_MAX, 1, first, 1, 1, first, 1, "", 1, 1, first,
                                "", "", "", "", 0, 0, none, any, 1, 1, first, "", "", "", "", 0, 0, none, any),
        "of users");
  check(::sd_bus_message_append(call, of_groups.c_str(), 0), "of groups");
  check(::sd_bus_message_append(call, "a(ss)bs", 0, 0, ""), "labels");
  check(::sd_bus_message_close_container(call), "policy");
  check(::sd_bus_message_close_container(call), "variant");
  check(::sd_bus_call(bus, call, 5'000'000, nullptr, nullptr), "AddListener");
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  bench::end_in_time();
  const int socket = listen_at(std::string(words[1]) + "/bus");
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) fail("socketpair");
  const pid_t broker = ::fork();
  if (broker == 0) become_broker(pair[1]);
  ::close(pair[1]);
  sd_bus* bus = nullptr;
  check(::sd_bus_new(&bus), "new");
  check(::sd_bus_set_fd(bus, pair[0], pair[0]), "fd");
  check(::sd_bus_start(bus), "start");
  add_listener(bus, socket);
  std::printf("READY %d\n", static_cast<int>(broker));
  std::fflush(stdout);
  for (int result = 0; result >= 0;) {
    result = ::sd_bus_process(bus, nullptr);
    if (result == 0) ::sd_bus_wait(bus, UINT64_MAX);
  }
  return 0;
}
