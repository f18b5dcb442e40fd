// Notification ports: state sequences, and how ReAdd catches up.

#include "port_broker.hpp"

namespace {

using namespace brokerd;
using namespace alert;
using test::kOther, test::Told;
using PortSequence = test::PortBroker;

TEST_F(PortSequence, NP_7_1_EveryObjectWithAStateHasASequence) {
  for (const char* kind : {"node", "group", "resource", "network", "netinterface"}) {
    make(kind, "x");
    EXPECT_EQ(broker->open(caller(), ObjectOpen{kind, "x"}, 2)->state_sequence, 1u) << kind;
  }
}

TEST_F(PortSequence, NP_7_2_TheSequenceComesWithAddAndEveryGetNotifyAndGoesBackWithReAdd) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  add(port, "group", group, kGroupState);
  EXPECT_EQ(sequence, 1u);
  set("group", "g", 1);
  const std::uint32_t told = ask(port)->reply.state_sequence;
  EXPECT_EQ(told, 2u);
  EXPECT_EQ(add_again(create(), "group", group, kGroupState, 1, told), 0);
}

TEST_F(PortSequence, NP_7_3_TheSequenceCountsStateChangesAndNothingElse) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  property("group", "g", "1"), set("group", "g", 0), set("group", "g", 1);
  EXPECT_EQ(all(port), (Told{"7 GROUP_PROPERTY g @1", "7 GROUP_STATE g @2"}));
}

TEST_F(PortSequence, NP_7_4_EveryIndicationAboutAnObjectCarriesItsSequence) {
  make("group", "g", 0);
  set("group", "g", 1);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  property("group", "g", "1"), remove("group", "g");
  EXPECT_EQ(all(port), (Told{"7 GROUP_PROPERTY g @2", "7 GROUP_DELETED g @2"}));
}

TEST_F(PortSequence, NP_7_5_TheSequenceIsThatOfTheMomentOfQueueing) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  property("group", "g", "1");
  for (const std::uint32_t state : {1u, 2u, 3u}) set("group", "g", state);
  EXPECT_EQ(get(port), "7 GROUP_PROPERTY g @1");
}

TEST_F(PortSequence, NP_7_6_ThingsWithoutAStateCarryZero) {
  const std::string port = create();
  watch(port, "cluster", "", 0x4FF7FFFF);
  make("resourcetype", "t"), make("key", "k"), property("cluster", "host", "1");
  EXPECT_EQ(all(port), (Told{"7 RESOURCE_TYPE_ADDED t @0", "7 REGISTRY_NAME k @0", "7 CLUSTER_PROPERTY host @0"}));
}

TEST_F(PortSequence, NP_7_7_ReAddCatchesUpWithOneStateIndicationAndAddNever) {
  const std::string port = create();
  const std::pair<const char*, std::uint32_t> states[] = {
      {"node", 0x1}, {"group", 0x1000}, {"resource", 0x100}, {"network", 0x100000}, {"netinterface", 0x1000000}};
  for (const auto& [kind, bit] : states) {
    make(kind, "x");
    set(kind, "x", 3);
    const std::string handle = open(kind, "x");
    EXPECT_EQ(add(port, kind, handle, bit), 0);
    EXPECT_EQ(get(port), "!258");
    EXPECT_EQ(add_again(port, kind, handle, bit, 9, 1), 0);
    const auto reply = ask(port)->reply;
    EXPECT_EQ(reply.filter, bit);
    EXPECT_EQ(reply.key, 9u);
    EXPECT_EQ(reply.name, "x");
    EXPECT_EQ(reply.state_sequence, 2u);
  }
}

TEST_F(PortSequence, NP_7_8_ReAddWithTheSameSequenceQueuesNothing) {
  make("group", "g", 0);
  const std::string port = create();
  EXPECT_EQ(add_again(port, "group", open("group", "g"), kGroupState, 1, 1), 0);
  EXPECT_EQ(get(port), "!258");
}

TEST_F(PortSequence, NP_7_9_TheCatchUpComesBeforeAnyLaterEventOfItsFilter) {
  make("group", "g", 0);
  const std::string port = create();
  add_again(port, "group", open("group", "g"), kGroupState, 1, 99);
  set("group", "g", 1);
  EXPECT_EQ(all(port), (Told{"1 GROUP_STATE g @1", "1 GROUP_STATE g @2"}));
}

TEST_F(PortSequence, NP_7_10_ReAddWithoutTheStateBitCatchesUpWithNothing) {
  make("group", "g", 0);
  const std::string port = create();
  EXPECT_EQ(add_again(port, "group", open("group", "g"), kGroupProperty, 1, 99), 0);
  EXPECT_EQ(get(port), "!258");
}

TEST_F(PortSequence, NP_7_11_ReAddNeedsNoEarlierAdd) {
  make("group", "g", 0);
  const std::string port = create(2, kOther);
  const auto added = broker->add_again(
      caller(2, kOther), ReAddNotify{port, "group", open("group", "g", 2, kOther), kGroupState, 1, 0xFFFFFFFF}, 2);
  EXPECT_TRUE(added);
  EXPECT_EQ(get(port, 0, 2, kOther), "1 GROUP_STATE g @1");
}

TEST_F(PortSequence, NP_7_12_TheCatchUpIsOneAndOfTheReAddsPortAlone) {
  make("group", "g", 0);
  const std::string port = create(), other = create();
  watch(other, "group", "g", kGroupState);
  for (const std::uint32_t state : {1u, 2u, 3u}) set("group", "g", state);
  all(other);
  add_again(port, "group", open("group", "g"), kGroupState, 1, 1);
  EXPECT_EQ(all(port), Told{"1 GROUP_STATE g @4"});
  EXPECT_EQ(all(other), Told{});
}

}  // namespace
