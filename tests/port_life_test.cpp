// Notification ports from Create to Close: waits, handles, the state of the server.

#include "port_broker.hpp"

namespace {

using namespace brokerd;
using namespace alert;
using test::code, test::kMe, test::kOther, test::policy, test::Told;
using PortLife = test::PortBroker;

TEST_F(PortLife, NP_1_1_IsAQueueInOrderThatNoRestartSurvives) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  set("group", "g", 1), property("group", "g", "1"), set("group", "g", 2);
  EXPECT_EQ(all(port), (Told{"7 GROUP_STATE g @2", "7 GROUP_PROPERTY g @2", "7 GROUP_STATE g @3"}));
  start(policy());
  EXPECT_EQ(get(port), "!6");
  EXPECT_EQ(broker->ports().size(), 0u);
}

TEST_F(PortLife, NP_1_2_CreateGivesAHandleOrAStatusNeverBoth) {
  EXPECT_EQ(create().size(), 40u);
  EXPECT_NE(create(), create());
  broker->set_server_state(ServerState::none);
  EXPECT_EQ(code(broker->create(caller(), 2).error()), 70);
}

TEST_F(PortLife, NP_1_3_HasNothingFromBeforeItsFirstFilter) {
  make("group", "g", 0);
  const std::string port = create();
  set("group", "g", 1);
  watch(port, "group", "g", 0xF000);
  EXPECT_EQ(get(port), "!258");
}

TEST_F(PortLife, NP_1_4_WithoutFiltersAGetNotifyJustWaits) {
  const std::string port = create();
  EXPECT_EQ(get(port, {}), "wait 1");
  EXPECT_EQ(answers(), Told{});
}

TEST_F(PortLife, NP_1_5_TakesAFilterWhileAGetNotifyWaits) {
  make("group", "g", 0);
  const std::string port = create();
  get(port, {});
  watch(port, "group", "g", 0xF000);
  set("group", "g", 1);
  EXPECT_EQ(answers(), Told{"1: 7 GROUP_STATE g @2"});
}

TEST_F(PortLife, NP_1_6_IsIndependentOfOtherPortsOfItsClient) {
  make("group", "g", 0);
  const std::string one = create(), other = create();
  watch(one, "group", "g", kGroupState, 1), watch(other, "group", "g", kGroupProperty, 2);
  get(one, {}), get(other, {});
  unblock(one);
  property("group", "g", "1");
  EXPECT_EQ(answers(), (Told{"1: !1", "2: 2 GROUP_PROPERTY g @1"}));
}

TEST_F(PortLife, NP_1_7_UnblockCompletesEveryWaitAndKeepsTheHandle) {
  const std::string port = create();
  for (int i = 0; i < 3; ++i) get(port, {});
  EXPECT_EQ(unblock(port), 0);
  EXPECT_EQ(answers(), (Told{"1: !1", "2: !1", "3: !1"}));
  EXPECT_EQ(close(port), 0);
}

TEST_F(PortLife, NP_1_8_CloseEndsWaitsDropsWhatIsQueuedAndFreesItsFilters) {
  make("group", "g", 0);
  const std::string port = create(), waiting = create();
  watch(port, "group", "g", 0xF000);
  set("group", "g", 1);
  get(waiting, {});
  EXPECT_EQ(close(port), 0);
  EXPECT_EQ(close(waiting), 0);
  EXPECT_EQ(answers(), Told{"1: !1"});
  EXPECT_EQ(broker->ports().filters_of(kMe), 0u);
  EXPECT_EQ(broker->ports().bytes_of(kMe), 0u);
  EXPECT_EQ(broker->ports().size(), 0u);
}

TEST_F(PortLife, NP_1_9_OrderlyShutdownIsUnblockThenClose) {
  const std::string port = create();
  get(port, {});
  EXPECT_EQ(unblock(port, 2), 0);
  EXPECT_EQ(answers(), Told{"1: !1"});
  EXPECT_EQ(close(port, 2), 0);
}

TEST_F(PortLife, NP_1_10_ALostConnectionLeavesNothingBehind) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  get(port, {});
  broker->end_session(caller(), 4);
  EXPECT_EQ(answers(), Told{});
  EXPECT_EQ(broker->ports().size(), 0u);
  EXPECT_EQ(broker->ports().filters_of(kMe), 0u);
  set("group", "g", 1);
  EXPECT_EQ(get(port, 0, 2), "!6");
}

TEST_F(PortLife, NP_1_11_UnblockIsAlwaysThere) {
  bool described = false;
  for_each_call([&](auto call) { described |= decltype(call)::kMethod == "UnblockGetNotify"; });
  EXPECT_TRUE(described);
  EXPECT_EQ(unblock(create()), 0);
}

TEST_F(PortLife, NP_1_12_GoesFromOpenOverUnblockedOrDirectlyToClosed) {
  const std::string one = create(), other = create();
  EXPECT_EQ(get(one), "!258");
  EXPECT_EQ(unblock(one), 0);
  EXPECT_EQ(get(one), "!259");
  EXPECT_EQ(close(one), 0);
  EXPECT_EQ(get(one), "!6");
  EXPECT_EQ(close(other), 0);
  EXPECT_EQ(get(other), "!6");
}

TEST_F(PortLife, NP_10_1_UnblockWakesAllOfItsPortAndNoOther) {
  const std::string port = create(), other = create();
  get(port, {}), get(port, {}), get(other, {});
  EXPECT_EQ(unblock(port), 0);
  EXPECT_EQ(answers(), (Told{"1: !1", "2: !1"}));
}

TEST_F(PortLife, NP_10_2_WhoeverIsWokenByUnblockOrCloseGetsOne) {
  const std::string port = create(), closed = create();
  get(port, {}), get(closed, {});
  unblock(port), close(closed);
  EXPECT_EQ(answers(), (Told{"1: !1", "2: !1"}));
}

TEST_F(PortLife, NP_10_3_AnUnblockedPortStaysUnblockedAndDeliversNothing) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1);
  unblock(port);
  set("group", "g", 2);
  EXPECT_EQ(get(port, {}), "!259");
  EXPECT_EQ(get(port, 0), "!259");
  EXPECT_EQ(broker->ports().bytes_of(kMe), 0u);
}

TEST_F(PortLife, NP_10_4_ASecondUnblockAndAddsOnAnUnblockedPortSucceed) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  EXPECT_EQ(unblock(port), 0);
  EXPECT_EQ(unblock(port), 0);
  EXPECT_EQ(add(port, "group", group, kGroupState), 0);
  EXPECT_EQ(add_again(port, "group", group, kGroupState, 1, 99), 0);
}

TEST_F(PortLife, NP_10_5_AfterCloseTheHandleIsInvalid) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  EXPECT_EQ(close(port), 0);
  EXPECT_EQ(get(port), "!6");
  EXPECT_EQ(add(port, "group", group, kGroupState), 6);
  EXPECT_EQ(add_again(port, "group", group, kGroupState, 1, 1), 6);
  EXPECT_EQ(unblock(port), 6);
  EXPECT_EQ(close(port), 6);
}

TEST_F(PortLife, NP_10_6_UnblockOfAnInvalidHandleIsSix) {
  make("group", "g", 0);
  EXPECT_EQ(unblock(""), 6);
  EXPECT_EQ(unblock(open("group", "g")), 6);
}

TEST_F(PortLife, NP_10_7_WhoeverWasGivenAnIndicationReturnsItWhateverFollows) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  get(port, {}), get(port, {});
  set("group", "g", 1);
  unblock(port), close(port);
  EXPECT_EQ(answers(), (Told{"1: 7 GROUP_STATE g @2", "2: !1"}));
}

TEST_F(PortLife, NP_11_1_AHandleIsItsOwnersAndNoOthers) {
  const std::string port = create();
  EXPECT_EQ(get(port, 0, 2, kOther), "!6");
  EXPECT_EQ(unblock(port, 2, kOther), 6);
  EXPECT_EQ(get(port, 0, 2, 0), "!6") << "not even root's";
}

TEST_F(PortLife, NP_11_2_TheOwnersConnectionsShareAHandleUntilTheLastOfThemEnds) {
  make("group", "g", 0);
  const std::string port = create(1);
  get(port, {}, 2);
  EXPECT_EQ(unblock(port, 1), 0);
  EXPECT_EQ(answers(), Told{"1: !1"});
  broker->end_session(caller(1), 4);
  EXPECT_EQ(get(port, 0, 2), "!259");
  broker->end_session(caller(2), 4);
  EXPECT_EQ(get(port, 0, 3), "!6");
}

TEST_F(PortLife, NP_11_5_ClosingAnObjectsHandleRemovesItsFiltersAndKeepsWhatIsQueued) {
  make("group", "g", 0);
  const std::string port = create(), one = open("group", "g"), other = open("group", "g");
  add(port, "group", one, kGroupState, 1), add(port, "group", other, kGroupState, 2);
  set("group", "g", 1);
  EXPECT_TRUE(broker->close(caller(), ObjectClose{one}));
  set("group", "g", 2);
  EXPECT_EQ(all(port), (Told{"1 GROUP_STATE g @2", "2 GROUP_STATE g @2", "2 GROUP_STATE g @3"}));
}

TEST_F(PortLife, NP_11_7_DeletingAnObjectLeavesItsHandlesValid) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  remove("group", "g");
  EXPECT_EQ(add(port, "group", group, kGroupAdded), 0);
  make("group", "g", 0);
  EXPECT_EQ(all(port), Told{"7 GROUP_ADDED g @2"});
  EXPECT_TRUE(broker->close(caller(), ObjectClose{group}));
}

TEST_F(PortLife, NP_12_1_AStateThatIsTooLowIsSharingPaused) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  broker->set_server_state(ServerState::none);
  EXPECT_EQ(add(port, "group", group, kGroupState), 70);
  EXPECT_EQ(get(port), "!70");
}

TEST_F(PortLife, NP_12_2_PortsAreMadeInReadWriteAlone) {
  broker->set_server_state(ServerState::read_only);
  EXPECT_EQ(code(broker->create(caller(), 2).error()), 70);
  broker->set_server_state(ServerState::read_write);
  EXPECT_TRUE(broker->create(caller(), 2));
}

TEST_F(PortLife, NP_12_3_ReadOnlyIsEnoughForEverythingElse) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  broker->set_server_state(ServerState::read_only);
  EXPECT_EQ(add(port, "group", group, kGroupState), 0);
  EXPECT_EQ(add_again(port, "group", group, kGroupState, 1, 99), 0);
  EXPECT_EQ(get(port), "1 GROUP_STATE g @1");
  EXPECT_EQ(close(port), 0);
}

TEST_F(PortLife, NP_12_4_WithoutAStateOnlyUnblockAndCloseAreAccepted) {
  const std::string port = create();
  broker->set_server_state(ServerState::none);
  EXPECT_EQ(code(broker->create(caller(), 2).error()), 70);
  EXPECT_EQ(code(broker->open(caller(), ObjectOpen{"cluster", ""}, 2).error()), 70);
  EXPECT_EQ(unblock(port), 0);
  EXPECT_EQ(close(port), 0);
}

TEST_F(PortLife, NP_12_5_AChangeOfStateLeavesPortsQueuesAndWaitersAlone) {
  make("group", "g", 0);
  const std::string port = create(), waiting = create();
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1);
  get(waiting, {});
  for (const ServerState state : {ServerState::none, ServerState::read_only, ServerState::read_write})
    broker->set_server_state(state);
  EXPECT_EQ(answers(), Told{});
  EXPECT_EQ(all(port), Told{"7 GROUP_STATE g @2"});
}

TEST_F(PortLife, NP_12_6_WhoWaitsWhenTheBrokerLeavesIsToldSo) {
  const std::string port = create();
  get(port, {});
  broker->leave_service();
  EXPECT_EQ(answers(), Told{"1: !5073"});
}

TEST_F(PortLife, NP_12_7_WithoutAccessEveryMethodIsDenied) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  Policy strict = policy();
  strict.rules.push_back({"no watching", false, {Verb::watch}, {}, {kMe}, {}});
  broker->set_policy(strict);
  EXPECT_EQ(code(broker->create(caller(), 2).error()), 5);
  EXPECT_EQ(add(port, "group", group, kGroupState), 5);
  EXPECT_EQ(add_again(port, "group", group, kGroupState, 1, 1), 5);
  EXPECT_EQ(get(port), "!5");
  EXPECT_EQ(code(broker->open(caller(), ObjectOpen{"group", "g"}, 2).error()), 5);  // which tells the state, too
  EXPECT_EQ(code(broker->list(caller(), ListObjects{}).error()), 5);
}

}  // namespace
