// Notification ports: what GetNotify takes, names in indications, and what did not fit.

#include "alert/wire/hex.hpp"
#include "alert/wire/indication.hpp"
#include "port_broker.hpp"

namespace {

using namespace brokerd;
using namespace alert;
using test::kMe, test::kMs, test::kOther, test::policy, test::Told;
using PortQueue = test::PortBroker;

TEST_F(PortQueue, NP_8_1_GetNotifyTakesTheHeadOrWaitsForOne) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1);
  EXPECT_EQ(get(port, {}), "7 GROUP_STATE g @2");
  EXPECT_EQ(get(port, {}), "wait 2");
  set("group", "g", 2);
  EXPECT_EQ(answers(), Told{"2: 7 GROUP_STATE g @3"});
}

TEST_F(PortQueue, NP_8_2_SuccessWritesAllFourAndTheRecordSaysTheSame) {
  make("group", "gr\xC3\xBCn", 0);
  const std::string port = create();
  watch(port, "group", "gr\xC3\xBCn", kGroupState, 5);
  set("group", "gr\xC3\xBCn", 1);
  const auto reply = ask(port)->reply;
  const auto record = decode_indication(*from_hex(reply.record));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->body.key, 5u);
  EXPECT_EQ(record->body.filter, kGroupState);
  EXPECT_EQ(record->body.state_sequence, 2u);
  EXPECT_EQ(record->name, "gr\xC3\xBCn");
  EXPECT_EQ(record->header.ordinal, 1u);
  EXPECT_EQ(record->header.uid, kMe);
  EXPECT_EQ(record->header.pid, 42u);
  EXPECT_EQ(record->header.accepted_ns, 3u);
}

TEST_F(PortQueue, NP_8_3_TheTimeoutIsOfEachCallAndTakesNothing) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  get(port, 10, 1, kMe, 0), get(port, 20, 1, kMe, 0);
  EXPECT_EQ(broker->next_deadline(), 10 * kMs);
  EXPECT_EQ(answers(10 * kMs - 1), Told{});
  EXPECT_EQ(answers(10 * kMs), Told{"1: !258"});
  set("group", "g", 1);
  EXPECT_EQ(answers(11 * kMs), Told{"2: 7 GROUP_STATE g @2"});
  EXPECT_EQ(broker->next_deadline(), std::nullopt) << "the timer goes with its call";
  EXPECT_EQ(answers(30 * kMs), Told{});
}

TEST_F(PortQueue, NP_8_4_ZeroPollsAndAllOnesWaitForEver) {
  const std::string port = create();
  EXPECT_EQ(get(port, 0), "!258");
  EXPECT_EQ(get(port, 0xFFFFFFFF), "wait 2");
  EXPECT_EQ(broker->next_deadline(), std::nullopt);
}

TEST_F(PortQueue, NP_8_5_OnlyRegisteredBitsAreReturned) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  property("group", "g", "1"), set("group", "g", 1), remove("group", "g");
  EXPECT_EQ(all(port), Told{"7 GROUP_STATE g @2"});
}

TEST_F(PortQueue, NP_8_6_TheResultsAreThoseOfTheList) {
  const std::string port = create();
  EXPECT_EQ(get(std::string(40, '0')), "!6");
  EXPECT_EQ(get(port), "!258");
  get(port, {});
  unblock(port);
  EXPECT_EQ(answers(), Told{"2: !1"});
  EXPECT_EQ(get(port), "!259");
}

TEST_F(PortQueue, NP_8_8_SeveralCallsMayWaitAndTheFirstComesFirst) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  for (const std::uint64_t session : {1u, 2u, 3u}) get(port, {}, session);
  set("group", "g", 1), set("group", "g", 2);
  EXPECT_EQ(answers(), (Told{"1: 7 GROUP_STATE g @2", "2: 7 GROUP_STATE g @3"}));
  set("group", "g", 3);
  EXPECT_EQ(answers(), Told{"3: 7 GROUP_STATE g @4"});
}

TEST_F(PortQueue, NP_8_10_AWaitThatNobodyWaitsForTakesNothing) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  get(port, {}, 2);
  broker->end_session(caller(2), 4);
  set("group", "g", 1);
  EXPECT_EQ(answers(), Told{});
  EXPECT_EQ(all(port), Told{"7 GROUP_STATE g @2"});
}

TEST_F(PortQueue, NP_9_1_TheNameIsThatOfWhatTheEventIsAbout) {
  const std::string port = create();
  watch(port, "cluster", "", kGroupAdded | kGroupDeleted | kClusterProperty);
  make("group", "new", 0), remove("group", "new");
  EXPECT_TRUE(broker->change(caller(), ObjectChange{"cluster", "host", {}, {}, {}, {}, "house"}, 3));
  EXPECT_EQ(all(port), (Told{"7 GROUP_ADDED new @1", "7 GROUP_DELETED new @1", "7 CLUSTER_PROPERTY house @0"}));
}

TEST_F(PortQueue, NP_9_2_AKeysNameIsRelativeToTheWatchedKey) {
  make("key", "A\\b");
  const std::string port = create();
  watch(port, "key", "a", 0x70, 1, true), watch(port, "cluster", "", 0xF0, 2);
  make("key", "A\\B\\C"), property("key", "a", "1");
  EXPECT_EQ(all(port), (Told{"1 REGISTRY_NAME B\\C @0", "2 REGISTRY_NAME A\\B\\C @0", "1 REGISTRY_VALUE  @0",
                             "2 REGISTRY_VALUE A @0"}));
}

TEST_F(PortQueue, NP_9_3_NoNameIsTheEmptyString) {
  const std::string port = create();
  watch(port, "key", "", kRegistryValue);
  property("key", "", "1");
  const auto reply = ask(port)->reply;
  EXPECT_EQ(reply.name, "");
  EXPECT_EQ(decode_indication(*from_hex(reply.record))->name, "");
}

TEST_F(PortQueue, NP_14_1_LosesNothingUpToAGenerousBound) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  for (std::uint32_t i = 1; i <= 2000; ++i) set("group", "g", i % 2);
  EXPECT_EQ(all(port).size(), 2000u);
  EXPECT_EQ(broker->ports().lost(), 0u);
}

TEST_F(PortQueue, NP_14_2_WhatDoesNotFitIsCountedByOneMarkBehindWhatDoes) {
  Policy small = policy();
  small.limits[Quota::port_bytes] = 2 * (sizeof(Indication) + 1);
  broker->set_policy(small);
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  for (const std::uint32_t state : {1u, 2u, 3u, 4u, 0u}) set("group", "g", state);
  EXPECT_EQ(all(port), (Told{"7 GROUP_STATE g @2", "7 GROUP_STATE g @3", "0 CLUSTER_RECONNECT host @0 lost 3"}));
  set("group", "g", 1);
  const auto next = decode_indication(*from_hex(ask(port)->reply.record));
  EXPECT_EQ(next->header.ordinal, 6u) << "the mark fills the hole of 3 to 5";
}

TEST_F(PortQueue, LossesOfOneUidsPortsAreNobodyElses) {
  Policy small = policy();
  small.limits[Quota::indication_bytes] = 2 * (sizeof(Indication) + 1);
  broker->set_policy(small);
  make("group", "g", 0);
  const std::string mine = create(), others = create(2, kOther);
  watch(mine, "group", "g", kGroupState), watch(mine, "group", "g", kGroupState);
  add(others, "group", open("group", "g", 2, kOther), kGroupState, 1, false, 2, kOther);
  set("group", "g", 1), set("group", "g", 2);
  EXPECT_EQ(all(mine).size(), 3u);
  EXPECT_EQ(get(others, 0, 2, kOther), "1 GROUP_STATE g @2");
  EXPECT_EQ(get(others, 0, 2, kOther), "1 GROUP_STATE g @3");
}

TEST_F(PortQueue, TenThousandPortsEachGetTheirIndicationOfOneEvent) {
  constexpr std::size_t kPorts = 10'000;
  make("group", "g", 0);
  const std::string group = open("group", "g");
  std::vector<std::string> ports;
  for (std::size_t i = 0; i < kPorts; ++i) {
    ports.push_back(create());
    ASSERT_EQ(add(ports.back(), "group", group, kGroupState, static_cast<std::uint32_t>(i)), 0);
  }
  set("group", "g", 1);
  EXPECT_EQ(broker->ports().bytes_of(kMe), kPorts * (sizeof(Indication) + 1));
  for (std::size_t i = 0; i < kPorts; ++i) ASSERT_EQ(get(ports[i]), std::to_string(i) + " GROUP_STATE g @2");
  broker->end_session(caller(), 4);
  EXPECT_EQ(broker->ports().size(), 0u);
  EXPECT_EQ(broker->ports().filters_of(kMe), 0u);
}

}  // namespace
