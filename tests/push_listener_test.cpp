// The listener for push datagrams, and the program that shows how it is used.

#include <netinet/in.h>
#include <sys/socket.h>

#include "alert/control/push_listener.hpp"
#include "alert/wire/cluster_change.hpp"
#include "process.hpp"

namespace {

using namespace alert;
using namespace std::chrono_literals;

struct PushListening : testing::Test {
  PushListening() { EXPECT_TRUE(client.call(ObjectAdd{"group", "g", 0})); }
  void watch() {
    port = client.call(CreateNotify{})->port;
    EXPECT_TRUE(
        client.call(AddNotify{port, "group", client.call(ObjectOpen{"group", "g"})->handle, kGroupState, 1}));
  }
  void event() { EXPECT_TRUE(broker.connect().call(ObjectChange{"group", "g", state = 1 - state})); }
  /// To the listener, from somebody else.
  static void shout(const PushListener& listener, const std::string& text) {
    sockaddr_in to{};
    socklen_t size = sizeof to;
    ::getsockname(listener.socket(), reinterpret_cast<sockaddr*>(&to), &size);
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::sendto(socket.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), size),
              static_cast<ssize_t>(text.size()));
  }
  test::Broker broker;
  Client client = broker.connect();
  std::string port;
  std::uint32_t state = 0;
};

TEST_F(PushListening, PN_7_1_OnlyItsOwnContextMeansFetch) {
  watch();
  auto listener = PushListener::open(client);
  ASSERT_TRUE(listener) << listener.error().message;
  for (const std::string& text : {std::string(), std::string("x"), std::string(8, 'x'), std::string(64, 'x')})
    shout(*listener, text);
  EXPECT_EQ(listener->wait(0ms), PushListener::Woken::timed_out);
  event();
  EXPECT_EQ(listener->wait(60s), PushListener::Woken::datagram);
  EXPECT_EQ(client.call(FetchPending{listener->session()})->indications.size(), 1u);
}

TEST_F(PushListening, PN_7_2_PollsUntilTheFirstDatagramHasCome) {
  const test::Broker quick({"--config", broker.folder().file("quick.toml", "[push]\ninterval = 1\n")});
  Client other = quick.connect();
  EXPECT_TRUE(other.call(ObjectAdd{"group", "g", 0}));
  auto listener = PushListener::open(other);
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->wait(60s), PushListener::Woken::poll);
  EXPECT_EQ(listener->wait(60s), PushListener::Woken::poll);
  const auto made = other.call(CreateNotify{})->port;
  const auto group = other.call(ObjectOpen{"group", "g"})->handle;
  EXPECT_TRUE(other.call(AddNotify{made, "group", group, kGroupState, 1}));
  EXPECT_TRUE(quick.connect().call(ObjectChange{"group", "g", 1}));
  while (listener->wait(60s) != PushListener::Woken::datagram) continue;
  while (!other.call(FetchPending{listener->session()})->indications.empty()) continue;
  while (listener->wait(0ms) == PushListener::Woken::datagram) continue;
  EXPECT_EQ(listener->wait(1500ms), PushListener::Woken::timed_out) << "now it relies on datagrams";
}

TEST_F(PushListening, PN_7_4_AnEmptyFetchAndAClosedSocketAreFine) {
  watch();
  {
    auto listener = PushListener::open(client);
    ASSERT_TRUE(listener);
    EXPECT_TRUE(client.call(FetchPending{listener->session()})->indications.empty());
  }
  event();
  EXPECT_TRUE(client.call(GetNotify{port, 0})) << "nobody hears the datagram";
  EXPECT_TRUE(PushListener::open(client)) << "registers again, with another context";
}

TEST_F(PushListening, AProgramFetchesWhenItIsTold) {
  test::Process program({std::string(ALERT_PROGRAMS_DIR) + "/push_listener", "g"},
                        {{"ALERTBROKER_SOCKET", broker.socket()}});
  ASSERT_EQ(program.out_line(), "listening");
  event();
  EXPECT_EQ(program.out_line(), "g @2");
  event();
  EXPECT_EQ(program.out_line(), "g @3");
}

}  // namespace
