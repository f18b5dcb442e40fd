// The client library's port: its queue, its own events, and what it does when the broker restarts.

#include <csignal>
#include <future>

#include "watching.hpp"

namespace {

using namespace alert;
using namespace std::chrono_literals;
using test::told;

using Told = std::vector<std::string>;

struct PortClient : test::Watched {
  /// Ends the broker, does `meanwhile` to the objects without the port's knowing, and has it start again.
  void restart(const std::function<void()>& meanwhile = {}) {
    broker.kill();
    if (meanwhile) {
      const std::string socket = broker.socket(), hidden = socket + ".hidden";
      test::Process other({test::program("brokerd"), "--socket", hidden, "--journal", broker.journal()},
                          {{"XDG_CONFIG_HOME", broker.folder().path().string()}});
      for (std::string line = other.err_line(); line.find("listening") == std::string::npos;
           line = other.err_line())
        ASSERT_NE(line, "");
      hidden_ = hidden;
      meanwhile();
      other.signal(SIGTERM);
      other.finish();
    }
    ASSERT_TRUE(broker.start());
  }
  void set_hidden(const char* kind, const std::string& name, std::uint32_t state) {
    EXPECT_TRUE(Client::connect({hidden_})->call(ObjectChange{kind, name, state}));
  }
  std::string hidden_;
};

TEST_F(PortClient, NP_2_2_RepliesAreThoseOfVersionTwoWithoutAnRpcStatus) {
  for_each_call([](auto call) {
    EXPECT_EQ(varlink_type<typename decltype(call)::Reply>().find("rpc_status"), std::string::npos);
  });
}

TEST_F(PortClient, NP_3_4_AllIsMaskedToWhatFitsTheObject) {
  make("group", "g", 0), make("node", "n", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kAllChanges);
  set("node", "n", 1), set("group", "g", 1);
  EXPECT_EQ(told(*port), "7 GROUP_STATE g");
}

TEST_F(PortClient, NP_8_9_AWaitingCallHoldsUpNoOtherOfItsClient) {
  make("group", "g", 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Client client = broker.connect();
  const std::string port = client.call(CreateNotify{})->port;
  auto waiting = std::async(std::launch::async, [&] {
    Client other = broker.connect();
    return other.call(GetNotify{port, {}}).error().code;
  });
  const auto handle = client.call(ObjectOpen{"group", "g"})->handle;  // answered whatever waits
  EXPECT_TRUE(client.call(AddNotify{port, "group", handle, kGroupProperty, 1}));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, broker.socket().c_str());
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto call = [&](const std::string& method, const std::string& parameters) {
    return R"({"method":"io.alertbroker.)" + method + R"(","parameters":{)" + parameters + "}}" +
           std::string(1, '\0');
  };
  const std::string own = client.call(CreateNotify{})->port;
  const std::string quoted = "\"port\":\"" + own + "\"";
  const std::string all = call("GetNotify", quoted) + call("UnblockGetNotify", quoted) + call("GetNotify", quoted);
  ASSERT_EQ(::send(fd, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  std::string replies;
  while (std::count(replies.begin(), replies.end(), '\0') < 3) {
    char bytes[4096];
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    ASSERT_GT(n, 0);
    replies.append(bytes, static_cast<std::size_t>(n));
  }
  ::close(fd);
  EXPECT_LT(replies.find("\"code\":1,"), replies.find("\"code\":259,")) << replies;
  EXPECT_TRUE(client.call(UnblockGetNotify{port}));
  const Code woken = waiting.get();
  EXPECT_TRUE(woken == Code::invalid_function || woken == Code::no_more_items);
}

TEST_F(PortClient, NP_11_3_HandleCloseIsTheLibrarysOwn) {
  make("group", "g", 0);
  auto port = open();
  const auto group = watch(*port, ObjectKind::group, "g", kGroupState | kHandleClose);
  EXPECT_EQ(broker.connect().call(ListObjects{})->rows.empty(), false);
  EXPECT_TRUE(port->close_object(group));
  EXPECT_EQ(told(*port), "7 HANDLE_CLOSE g");
  EXPECT_EQ(port->close_object(group).error().code, Code::invalid_handle);
}

TEST_F(PortClient, NP_11_4_HandleCloseNamesTheObjectAndForKeysNothing) {
  make("key", "k");
  auto port = open();
  const auto key = watch(*port, ObjectKind::key, "k", kRegistryValue | kHandleClose);
  EXPECT_TRUE(port->close_object(key));
  EXPECT_EQ(told(*port), "7 HANDLE_CLOSE ");
}

TEST_F(PortClient, NP_11_6_ThePortMayBeClosedAfterTheLastHandle) {
  make("group", "g", 0);
  auto port = open();
  EXPECT_TRUE(port->close_object(watch(*port, ObjectKind::group, "g", kGroupState | kHandleClose)));
  EXPECT_EQ(told(*port), "7 HANDLE_CLOSE g");
  port->close();
  EXPECT_EQ(told(*port), "!6");
}

TEST_F(PortClient, NP_13_1_TheQueueHoldsWhatTheBrokerToldAndTheLibrarysEvents) {
  make("group", "g", 0);
  auto port = open();
  const auto group = watch(*port, ObjectKind::group, "g", kAllChanges);
  set("group", "g", 1);
  EXPECT_EQ(told(*port), "7 GROUP_STATE g");
  EXPECT_TRUE(port->close_object(group));
  EXPECT_EQ(told(*port), "7 HANDLE_CLOSE g");
}

TEST_F(PortClient, NP_13_2_AThreadOfItsOwnReadsTheBroker) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState);
  for (std::uint32_t i = 1; i <= 20; ++i) set("group", "g", i % 2);
  const auto stranger = broker.connect().call(CreateNotify{});
  EXPECT_TRUE(stranger);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(told(*port), "7 GROUP_STATE g");
  EXPECT_EQ(told(*port, 0ms), "!258");
}

TEST_F(PortClient, NP_13_3_ApplicationKeysMayBeWiderThanTheBrokers) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState, 0x123456789ABCDEF0);
  set("group", "g", 1);
  EXPECT_EQ(told(*port), std::to_string(0x123456789ABCDEF0) + " GROUP_STATE g");
}

TEST_F(PortClient, NP_13_4_RemembersMaskKeyObjectAndSequenceOfEachFilter) {
  make("group", "g", 0), make("node", "n", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect, 1);
  watch(*port, ObjectKind::node, "n", kNodeProperty, 2);
  restart([&] { set_hidden("group", "g", 1), set_hidden("node", "n", 1); });
  EXPECT_EQ(told(*port), "1 CLUSTER_RECONNECT " + cluster());
  EXPECT_EQ(told(*port), "1 GROUP_STATE g");
  must(ObjectChange{"node", "n", {}, std::vector<ObjectProperty>{{"p", "1"}}});
  EXPECT_EQ(told(*port), "2 NODE_PROPERTY n");
}

TEST_F(PortClient, NP_13_5_AnIndicationIsNewsForEveryFilterOnItsObject) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect, 1);
  watch(*port, ObjectKind::group, "G", kGroupState, 2);
  set("group", "g", 1);
  EXPECT_EQ(told(*port), "1 GROUP_STATE g");
  EXPECT_EQ(told(*port), "2 GROUP_STATE g");
  restart();
  EXPECT_EQ(told(*port), "1 CLUSTER_RECONNECT " + cluster());
  set("group", "g", 2);
  EXPECT_EQ(told(*port), "1 GROUP_STATE g") << "of now, not a catch-up";
  EXPECT_EQ(told(*port), "2 GROUP_STATE g");
  EXPECT_EQ(told(*port, 0ms), "!258");
}

TEST_F(PortClient, NP_13_6_WaitingTimesOutAndAClosedPortIsAnInvalidHandle) {
  auto port = open();
  EXPECT_EQ(told(*port, 0ms), "!258");
  EXPECT_EQ(told(*port, 10ms), "!258");
  auto waiting = std::async(std::launch::async, [&] { return told(*port, NotificationPort::Milliseconds::max()); });
  port->close();
  EXPECT_EQ(waiting.get(), "!6");
}

TEST_F(PortClient, NP_13_7_TheLibrarysEventsAreToldWhereTheyWereAskedFor) {
  make("group", "g", 0);
  auto quiet = open(), curious = open();
  const auto group = watch(*quiet, ObjectKind::group, "g", kGroupState);
  watch(*curious, ObjectKind::group, "g", kGroupState | kClusterReconnect);
  restart();
  EXPECT_EQ(told(*curious), "7 CLUSTER_RECONNECT " + cluster());
  while (!quiet->close_object(group)) continue;
  EXPECT_EQ(told(*quiet, 0ms), "!258");
}

TEST_F(PortClient, NP_13_10_TheCodesOfVersionTwoCallForAReconnect) {
  for (const int code : {6, 1115, 1255, 1702, 1717, 1722, 1723, 1726, 1727, 1747, 1753, 1775, 5072, 5073})
    EXPECT_TRUE(calls_for_reconnect({static_cast<Code>(code), {}, ""})) << code;
  for (const int code : {1, 5, 8, 70, 87, 234, 258, 259, 1745, 1825, 5050})
    EXPECT_FALSE(calls_for_reconnect({static_cast<Code>(code), {}, ""})) << code;
  EXPECT_TRUE(calls_for_reconnect({Code::success, std::make_error_code(std::errc::connection_reset), ""}));
}

TEST_F(PortClient, NP_13_11_EveryCandidateIsTriedTheOneThatWasLostLast) {
  test::Broker second;
  for (const auto* one : {&broker, &second}) EXPECT_TRUE(one->connect().call(ObjectAdd{"group", "g", 0}));
  EXPECT_TRUE(second.connect().call(ObjectChange{"cluster", cluster(), {}, {}, {}, {}, "second"}));
  auto port = open({broker.socket(), second.socket()});
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect);
  EXPECT_EQ(port->cluster_name(), cluster());
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(told(*port), "7 CLUSTER_RECONNECT second");
}

TEST_F(PortClient, NP_13_12_AnErrorInsideTheProcedureStartsNoOther) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect | kClusterState);
  broker.stop();
  EXPECT_EQ(told(*port), "7 CLUSTER_STATE " + port->cluster_name());
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(told(*port), "7 CLUSTER_RECONNECT " + cluster()) << "one, however many attempts failed";
  EXPECT_EQ(told(*port, 0ms), "!258");
}

TEST_F(PortClient, NP_13_13_AReconnectReAddsWhatHasAStateAndAddsTheRest) {
  make("group", "g", 0), make("key", "k"), make("network", "n", 3), make("resource", "r", 2), make("node", "m", 0);
  make("netinterface", "i", 3);
  auto port = open();
  watch(*port, ObjectKind::cluster, "", kGroupAdded | kClusterReconnect, 1);
  watch(*port, ObjectKind::key, "k", kRegistryValue, 2);
  watch(*port, ObjectKind::group, "g", kGroupState, 3), watch(*port, ObjectKind::network, "n", kNetworkState, 4);
  watch(*port, ObjectKind::resource, "r", kResourceState, 5), watch(*port, ObjectKind::node, "m", kNodeState, 6);
  watch(*port, ObjectKind::net_interface, "i", kNetInterfaceState, 7);
  restart([&] {
    for (const auto& [kind, name] : {std::pair("group", "g"), std::pair("network", "n"), std::pair("resource", "r"),
                                     std::pair("node", "m"), std::pair("netinterface", "i")})
      set_hidden(kind, name, 1);
  });
  Told all;
  for (int i = 0; i < 6; ++i) all.push_back(told(*port));
  EXPECT_EQ(all, (Told{"1 CLUSTER_RECONNECT " + cluster(), "3 GROUP_STATE g", "4 NETWORK_STATE n",
                       "5 RESOURCE_STATE r", "6 NODE_STATE m", "7 NETINTERFACE_STATE i"}));
  make("group", "h");
  must(ObjectChange{"key", "k", {}, std::vector<ObjectProperty>{{"v", "1"}}});
  EXPECT_EQ(told(*port), "1 GROUP_ADDED h");
  EXPECT_EQ(told(*port), "2 REGISTRY_VALUE ");
}

TEST_F(PortClient, NP_13_14_TheReconnectIsToldOnceAndBeforeAnythingNew) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect, 1);
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect, 2);
  restart([&] { set_hidden("group", "g", 1), set_hidden("group", "g", 0); });
  EXPECT_EQ(told(*port), "1 CLUSTER_RECONNECT " + cluster());
  EXPECT_EQ(told(*port), "1 GROUP_STATE g") << "back in its old state, and yet another sequence";
  EXPECT_EQ(told(*port), "2 GROUP_STATE g");
  EXPECT_EQ(told(*port, 0ms), "!258");
}

TEST_F(PortClient, NP_13_15_WhereNoCandidateAnswersTheClusterStateIsToldOnceAndTheErrorReturned) {
  make("group", "g", 0);
  auto port = open();
  const auto group = watch(*port, ObjectKind::group, "g", kGroupState | kClusterState);
  broker.stop();
  EXPECT_EQ(told(*port), "7 CLUSTER_STATE " + port->cluster_name());
  const auto refused = port->add(group, kGroupState, 1);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().error) << static_cast<int>(refused.error().code);
  EXPECT_EQ(told(*port, 300ms), "!258");
}

TEST_F(PortClient, NP_13_16_AfterSuccessEveryCandidateIsUntriedAgain) {
  test::Broker second;
  for (const auto* one : {&broker, &second}) EXPECT_TRUE(one->connect().call(ObjectAdd{"group", "g", 0}));
  auto port = open({broker.socket(), second.socket()});
  watch(*port, ObjectKind::group, "g", kGroupState | kClusterReconnect);
  broker.stop();
  EXPECT_EQ(told(*port).substr(0, 19), "7 CLUSTER_RECONNECT");
  ASSERT_TRUE(broker.start());
  second.stop();
  EXPECT_EQ(told(*port).substr(0, 19), "7 CLUSTER_RECONNECT");
  ASSERT_TRUE(second.start());
  broker.stop();
  EXPECT_EQ(told(*port).substr(0, 19), "7 CLUSTER_RECONNECT");
}

TEST_F(PortClient, NP_13_17_WhatWasReadBeforeTheBreakStaysAndPropertiesMeanwhileAreNotMadeUpFor) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kAllChanges);
  set("group", "g", 1);
  (void)port->next_if(60s, [](const ClusterEvent&) { return false; });  // it is here
  restart([&] {
    EXPECT_TRUE(
        Client::connect({hidden_})->call(ObjectChange{"group", "g", {}, std::vector<ObjectProperty>{{"p", "1"}}}));
  });
  EXPECT_EQ(told(*port), "7 GROUP_STATE g");
  std::string next = told(*port);
  if (next == "7 CLUSTER_STATE " + cluster()) next = told(*port);
  EXPECT_EQ(next, "7 CLUSTER_RECONNECT " + cluster());
  EXPECT_EQ(told(*port, 0ms), "!258");
}

TEST_F(PortClient, NP_15_1_CodesThatAMethodDoesNotListAreAllJustFailures) {
  auto port = open();
  EXPECT_EQ(port->open_object(ObjectKind::group, "none").error().code, Code::group_not_found);
  EXPECT_EQ(port->open_object(ObjectKind::group, "a\\b").error().code, Code::invalid_name);
  EXPECT_EQ(told(*port, 0ms), "!258") << "the port goes on";
}

TEST_F(PortClient, AFilterOutlivesItsObjectOverARestart) {
  make("group", "g", 0);
  auto port = open();
  watch(*port, ObjectKind::group, "g", kGroupAdded | kGroupState | kClusterReconnect);
  restart([&] { EXPECT_TRUE(Client::connect({hidden_})->call(ObjectDelete{"group", "g"})); });
  EXPECT_EQ(told(*port), "7 CLUSTER_RECONNECT " + cluster());
  EXPECT_EQ(told(*port), "7 GROUP_STATE g") << "it is not what it was";
  make("group", "g", 0);
  EXPECT_EQ(told(*port), "7 GROUP_ADDED g");
}

TEST_F(PortClient, TellsALossWhetherOrNotItWasAskedFor) {
  test::Broker small({"--config", broker.folder().file("small.toml", "[limits]\nport_bytes = 200\n")});
  Client client = small.connect();
  ASSERT_TRUE(client.call(ObjectAdd{"group", "g", 0}));
  auto port = NotificationPort::open({small.socket()});
  ASSERT_TRUE(port);
  const auto group = (*port)->open_object(ObjectKind::group, "g");
  ASSERT_TRUE((*port)->add(*group, kGroupState, 7));
  const std::string raw = client.call(CreateNotify{})->port;
  ASSERT_TRUE(client.call(AddNotify{raw, "group", client.call(ObjectOpen{"group", "g"})->handle, kGroupState, 1}));
  for (std::uint32_t i = 1; i <= 10; ++i) ASSERT_TRUE(client.call(ObjectChange{"group", "g", i % 2}));
  std::uint64_t seen = 0, lost = 0;
  for (auto got = client.call(GetNotify{raw, 0}); got; got = client.call(GetNotify{raw, 0}))
    got->lost > 0 ? lost += got->lost : ++seen;
  EXPECT_EQ(seen + lost, 10u);
  EXPECT_GT(lost, 0u);
  std::uint64_t library = 0;
  while (library < 10) {
    const auto event = (*port)->next(60s);
    ASSERT_TRUE(event);
    library += event->lost > 0 ? event->lost : 1;
  }
  EXPECT_EQ(library, 10u) << "read or counted as lost";
}

TEST_F(PortClient, AnOwnerThatIsKilledLeavesNothingBehind) {
  make("group", "g", 0);
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Client client = broker.connect();
    const auto handle = client.call(ObjectOpen{"group", "g"});
    std::string last;
    for (int i = 0; i < 200; ++i) {
      const auto port = client.call(CreateNotify{});
      if (!port || !client.call(AddNotify{port->port, "group", handle->handle, kGroupState, 1})) ::_exit(1);
      last = port->port;
    }
    if (::write(ready[1], "r", 1) == 1) (void)client.call(GetNotify{last, {}});
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  Client client = broker.connect();
  const auto before = client.call(Stats{});
  EXPECT_EQ(before->ports, 200u);
  EXPECT_EQ(before->filters, 200u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (client.call(Stats{})->connections > 1) continue;
  const auto after = client.call(Stats{});
  EXPECT_EQ(after->ports, 0u);
  EXPECT_EQ(after->filters, 0u);
  EXPECT_EQ(after->indications, 0u);
}

}  // namespace
