#pragma once
// A notification port of the client library against a broker of one's own.

#include <memory>
#include <string>
#include <vector>

#include "alert/control/notification_port.hpp"
#include "process.hpp"

namespace test {

/// What the port tells next, as "KEY CHANGE name"; "!code" where it does not.
inline std::string told(alert::NotificationPort& port,
                        std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
  const auto event = port.next(timeout);
  if (!event) return "!" + std::to_string(static_cast<int>(event.error().code));
  return std::to_string(event->key) + " " + std::string(name(event->change)) + " " + event->name;
}

struct Watched : testing::Test {
  std::unique_ptr<alert::NotificationPort> open(std::vector<std::string> sockets = {}) {
    if (sockets.empty()) sockets = {broker.socket()};
    auto port = alert::NotificationPort::open(std::move(sockets));
    if (!port) ADD_FAILURE() << port.error().message;
    return port ? std::move(*port) : nullptr;
  }
  alert::NotificationPort::Object object(alert::NotificationPort& port, alert::ObjectKind kind,
                                         const std::string& name) {
    const auto opened = port.open_object(kind, name);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened.value_or(0);
  }
  /// A filter on the object of this name, and the object.
  alert::NotificationPort::Object watch(alert::NotificationPort& port, alert::ObjectKind kind,
                                        const std::string& name, std::uint32_t filter, std::uint64_t key = 7) {
    const auto on = object(port, kind, name);
    EXPECT_TRUE(port.add(on, filter, key));
    return on;
  }
  template <class Call>
  void must(const Call& call) {
    auto reply = broker.connect().call(call);
    EXPECT_TRUE(reply) << (reply ? "" : reply.error().message);
  }
  void make(const char* kind, const std::string& name, std::optional<std::uint32_t> state = {}) {
    must(alert::ObjectAdd{kind, name, state});
  }
  void set(const char* kind, const std::string& name, std::uint32_t state) {
    must(alert::ObjectChange{kind, name, state});
  }
  std::string cluster() { return broker.connect().call(alert::ObjectOpen{"cluster", ""})->name; }

  Broker broker;
};

}  // namespace test
