// Notification ports: what filters accept, and which events match them.

#include "port_broker.hpp"

namespace {

using namespace brokerd;
using namespace alert;
using test::kMe, test::kOther, test::policy, test::Told;
using PortFilter = test::PortBroker;

TEST_F(PortFilter, NP_2_3_HasNoReAddForTheClusterAndKeysAndNoRemovalOfAFilter) {
  const std::string port = create();
  for (const char* kind : {"cluster", "key", "resourcetype"})
    EXPECT_EQ(add_again(port, kind, open("cluster", ""), 0x40, 0, 0), 87) << kind;
  std::string calls;
  for_each_call([&](auto call) { calls += std::string(decltype(call)::kMethod) + " "; });
  EXPECT_EQ(calls.find("RemoveNotify"), std::string::npos);
}

TEST_F(PortFilter, NP_2_4_TheMethodsAreNamedAsThoseOfTheirNumbers) {
  std::vector<std::string> calls;
  for_each_call([&](auto call) { calls.emplace_back(decltype(call)::kMethod); });
  for (const char* name :
       {"CreateNotify", "AddNotify", "ReAddNotify", "GetNotify", "UnblockGetNotify", "CloseNotify"})
    EXPECT_EQ(std::count(calls.begin(), calls.end(), name), 1) << name;
}

TEST_F(PortFilter, NP_3_1_AnIndicationCarriesOneBit) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  set("group", "g", 1), property("group", "g", "1"), remove("group", "g"), make("group", "g", 0);
  for (const std::uint32_t bit : {kGroupState, kGroupProperty, kGroupDeleted, kGroupAdded})
    EXPECT_EQ(ask(port)->reply.filter, bit);
}

TEST_F(PortFilter, NP_3_2_AddAndDeleteAreTheAddedAndDeletedValues) {
  const std::string port = create();
  watch(port, "cluster", "", 0x06224000 | 0x00010000 | 0x00600000);
  make("group", "g", 0), make("resourcetype", "t"), make("network", "n", 3);
  remove("resourcetype", "t"), remove("network", "n");
  for (const std::uint32_t bit : {0x4000u, 0x20000u, 0x400000u, 0x10000u, 0x200000u})
    EXPECT_EQ(ask(port)->reply.filter, bit);
}

TEST_F(PortFilter, NP_3_3_BitsOfTheClientAreNeverReturned) {
  const std::string port = create();
  watch(port, "cluster", "", 0x4FF7FFFF);
  for (const char* kind : {"group", "resource", "network", "netinterface", "node", "resourcetype", "key"}) {
    make(kind, "x");
    property(kind, "x", "1");
    remove(kind, "x");
  }
  const Told told = all(port);
  EXPECT_EQ(told.size(), 21u);
  for (const std::string& one : told)
    for (const char* never : {"SUBTREE", "CLUSTER_STATE", "CLUSTER_RECONNECT", "HANDLE_CLOSE", "QUORUM"})
      EXPECT_EQ(one.find(never), std::string::npos) << one;
}

TEST_F(PortFilter, NP_4_1_AFilterHasOneBitAtLeastAndNoneBesideTheMaskOfItsMethod) {
  make("group", "x"), make("resource", "x"), make("network", "x"), make("netinterface", "x"), make("key", "x");
  make("node", "x");
  const std::string port = create();
  const std::pair<const char*, std::uint32_t> masks[] = {
      {"node", 0x0000000F},    {"key", 0x00000070},          {"resource", 0x00000F00}, {"group", 0x0000F000},
      {"network", 0x00F00000}, {"netinterface", 0x0F000000}, {"cluster", 0x4FF7FFFF},
  };
  for (const auto& [kind, mask] : masks) {
    const std::string handle = open(kind, std::string(kind) == "cluster" ? "" : "x");
    EXPECT_EQ(add(port, kind, handle, 0), 87) << kind;
    EXPECT_EQ(add(port, kind, handle, mask), 0) << kind;
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1)
      EXPECT_EQ(add(port, kind, handle, bit), mask & bit ? 0 : 87) << kind << " " << bit;
  }
}

TEST_F(PortFilter, NP_4_2_AForbiddenBitRegistersNothing) {
  make("group", "g", 0);
  const std::string port = create();
  EXPECT_EQ(watch(port, "group", "g", 0xF000 | kNodeState), 87);
  set("group", "g", 1);
  EXPECT_EQ(get(port), "!258");
  EXPECT_EQ(broker->ports().filters_of(kMe), 0u);
}

TEST_F(PortFilter, NP_4_3_RegistryBitsOfTheClusterMeanTheRootKeyAndWithSubtreeAllBelow) {
  make("key", "a");
  const std::string root = create(), tree = create();
  watch(root, "cluster", "", kRegistryValue), watch(tree, "cluster", "", kRegistryValue | kRegistrySubtree);
  property("key", "", "1"), property("key", "a", "1");
  EXPECT_EQ(all(root), Told{"7 REGISTRY_VALUE  @0"});
  EXPECT_EQ(all(tree), (Told{"7 REGISTRY_VALUE  @0", "7 REGISTRY_VALUE a @0"}));
}

TEST_F(PortFilter, NP_4_4_SubtreeAloneIsAcceptedAndSelectsNothing) {
  const std::string port = create();
  EXPECT_EQ(watch(port, "cluster", "", kRegistrySubtree), 0);
  make("key", "a"), property("key", "", "1");
  EXPECT_EQ(get(port), "!258");
}

TEST_F(PortFilter, NP_4_5_WatchSubTreeExtendsAKeysFilterToAllKeysBelow) {
  make("key", "a\\b\\c"), make("key", "ab");
  const std::string one = create(), tree = create();
  watch(one, "key", "a", kRegistryValue), watch(tree, "key", "a", kRegistryValue, 8, true);
  for (const char* key : {"a", "a\\b", "a\\b\\c", "ab", ""}) property("key", key, "1");
  EXPECT_EQ(all(one), Told{"7 REGISTRY_VALUE  @0"});
  EXPECT_EQ(all(tree), (Told{"8 REGISTRY_VALUE  @0", "8 REGISTRY_VALUE b @0", "8 REGISTRY_VALUE b\\c @0"}));
}

TEST_F(PortFilter, NP_5_1_AFilterIsActiveFromItsReplyOn) {
  make("group", "g", 0);
  const std::string port = create();
  EXPECT_EQ(watch(port, "group", "g", kGroupState), 0);
  set("group", "g", 1);
  EXPECT_EQ(all(port), Told{"7 GROUP_STATE g @2"});
}

TEST_F(PortFilter, NP_5_2_AHandleThatIsUnknownClosedOfAnotherKindOrSomebodyElsesIsRefused) {
  make("group", "g", 0), make("node", "n", 0);
  const std::string port = create(), group = open("group", "g"), node = open("node", "n");
  for (const std::string& bad : {std::string(), std::string(40, '0'), std::string(40, 'f'), group.substr(2), group})
    EXPECT_EQ(add(bad, "group", group, kGroupState), 6) << bad;
  for (const std::string& bad : {std::string(), std::string(40, '0'), node, port})
    EXPECT_EQ(add(port, "group", bad, kGroupState), 6) << bad;
  const std::string closed = open("group", "g");
  EXPECT_TRUE(broker->close(caller(), ObjectClose{closed}));
  EXPECT_EQ(add(port, "group", closed, kGroupState), 6);
  EXPECT_EQ(add(port, "group", open("group", "g", 2, kOther), kGroupState), 6);
  EXPECT_EQ(add(port, "group", group, kGroupState, 7, false, 2, kOther), 6);
  EXPECT_EQ(broker->ports().filters_of(kMe), 0u);
}

TEST_F(PortFilter, NP_5_3_AnyKeyIsLegalAndMayBeShared) {
  make("group", "g", 0);
  const std::string port = create();
  for (const std::uint32_t key : {0u, 0xFFFFFFFFu, 0u}) watch(port, "group", "g", kGroupState, key);
  set("group", "g", 1);
  EXPECT_EQ(all(port), (Told{"0 GROUP_STATE g @2", "4294967295 GROUP_STATE g @2", "0 GROUP_STATE g @2"}));
}

TEST_F(PortFilter, NP_5_4_TheSameFilterAgainIsAnotherOne) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  add(port, "group", group, kGroupState), add(port, "group", group, kGroupState);
  set("group", "g", 1);
  EXPECT_EQ(all(port).size(), 2u);
}

TEST_F(PortFilter, NP_5_5_AddTellsTheStateSequenceOfWhatHasAState) {
  const std::string port = create();
  for (const auto& [kind, mask] :
       {std::pair("node", 0xFu), std::pair("group", 0xF000u), std::pair("resource", 0xF00u),
        std::pair("network", 0xF00000u), std::pair("netinterface", 0xF000000u)}) {
    make(kind, "x");
    set(kind, "x", 3);
    watch(port, kind, "x", mask);
    EXPECT_EQ(sequence, 2u) << kind;
  }
  make("key", "x");
  watch(port, "key", "x", 0x70);
  EXPECT_EQ(sequence, std::nullopt);
  watch(port, "cluster", "", kClusterProperty);
  EXPECT_EQ(sequence, std::nullopt);
}

TEST_F(PortFilter, NP_5_6_ARefusedAddTellsNoSequence) {
  make("group", "g", 0);
  watch(create(), "group", "g", 0);
  EXPECT_EQ(sequence, std::nullopt);
}

TEST_F(PortFilter, NP_5_7_OnlyMemoryBoundsTheFiltersOfAPort) {
  make("group", "g", 0);
  const std::string port = create(), group = open("group", "g");
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(add(port, "group", group, kGroupState), 0);
  Policy poor = policy();
  poor.limits[Quota::filters] = 5001;
  broker->set_policy(poor);
  EXPECT_EQ(add(port, "group", group, kGroupState), 0);
  EXPECT_EQ(add(port, "group", group, kGroupState), 8);
  EXPECT_EQ(close(port), 0);
  EXPECT_EQ(watch(create(), "group", "g", kGroupState), 0);
}

TEST_F(PortFilter, NP_6_1_EveryMatchingFilterOfEveryPortGetsAnIndicationOfItsOwn) {
  make("group", "g", 0);
  const std::string one = create(), other = create(2, kOther);
  watch(one, "group", "g", kGroupState, 1), watch(one, "cluster", "", kGroupState, 2);
  watch(one, "group", "g", 0xF000, 3);
  add(other, "group", open("group", "g", 2, kOther), kGroupState, 4, false, 2, kOther);
  set("group", "g", 1);
  EXPECT_EQ(all(one).size(), 3u);
  EXPECT_EQ(get(other, 0, 2, kOther), "4 GROUP_STATE g @2");
}

TEST_F(PortFilter, NP_6_2_AnIndicationCarriesTheKeyOfItsFilter) {
  make("group", "g", 0), make("group", "h", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState, 1), watch(port, "group", "h", kGroupState, 2);
  set("group", "h", 1), set("group", "g", 1);
  EXPECT_EQ(all(port), (Told{"2 GROUP_STATE h @2", "1 GROUP_STATE g @2"}));
}

TEST_F(PortFilter, NP_6_3_AFilterMatchesByItsMaskAndItsScope) {
  make("group", "g", 0), make("group", "h", 0), make("node", "n", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState, 1), watch(port, "cluster", "", kNodeState | kGroupProperty, 2);
  set("group", "h", 1), set("node", "n", 1), property("group", "g", "1"), property("group", "h", "1");
  set("group", "g", 1);
  EXPECT_EQ(all(port),
            (Told{"2 NODE_STATE n @2", "2 GROUP_PROPERTY g @1", "2 GROUP_PROPERTY h @2", "1 GROUP_STATE g @2"}));
}

TEST_F(PortFilter, NP_6_4_NamesMatchWithoutCaseAndKeepTheStoredSpelling) {
  make("group", "Print", 0);
  const std::string port = create();
  watch(port, "group", "pRINT", kGroupState);
  set("group", "PRINT", 1);
  EXPECT_EQ(all(port), Told{"7 GROUP_STATE Print @2"});
}

TEST_F(PortFilter, NP_6_5_AGroupAndAResourceOfOneNameDoNotMix) {
  make("group", "x", 0), make("resource", "x", 2);
  const std::string port = create();
  watch(port, "group", "x", 0xF000);
  set("resource", "x", 3);
  EXPECT_EQ(get(port), "!258");
}

TEST_F(PortFilter, NP_6_6_AFilterOutlivesItsObjectAndTellsOfTheNextOneOfTheName) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", 0xF000);
  remove("group", "g"), make("group", "G", 0);
  EXPECT_EQ(all(port), (Told{"7 GROUP_DELETED g @1", "7 GROUP_ADDED G @2"}));
}

TEST_F(PortFilter, NP_6_7_DeliveryIsFirstInFirstOutOverAllFilters) {
  make("group", "g", 0), make("node", "n", 0);
  const std::string port = create();
  watch(port, "node", "n", 0xF, 1), watch(port, "group", "g", 0xF000, 2);
  set("group", "g", 1), set("node", "n", 1), set("group", "g", 2);
  EXPECT_EQ(all(port), (Told{"2 GROUP_STATE g @2", "1 NODE_STATE n @2", "2 GROUP_STATE g @3"}));
}

TEST_F(PortFilter, NP_6_8_OneEventIsQueuedInTheOrderOfRegistrationAndNotInterleaved) {
  make("key", "a\\b");
  const std::string port = create();
  watch(port, "key", "a\\b", 0x40, 1), watch(port, "cluster", "", 0xC0, 2), watch(port, "key", "a", 0x40, 3, true);
  watch(port, "key", "a\\b", 0x40, 4, true);
  property("key", "a\\b", "1"), property("key", "a\\b", "2");
  Told keys;
  for (const std::string& one : all(port)) keys.push_back(one.substr(0, 1));
  EXPECT_EQ(keys, (Told{"1", "2", "3", "4", "1", "2", "3", "4"}));
}

TEST_F(PortFilter, NP_6_9_AllPortsSeeEventsInOneOrder) {
  make("group", "g", 0), make("node", "n", 0);
  const std::string one = create(), other = create();
  watch(one, "cluster", "", 0x4FF7FFFF), watch(other, "group", "g", 0xF000), watch(other, "node", "n", 0xF);
  for (const std::uint32_t state : {1u, 2u, 1u}) set("node", "n", state), set("group", "g", state);
  EXPECT_EQ(all(one), all(other));
}

TEST_F(PortFilter, NP_6_10_TwoChangesThatUndoEachOtherAreTwoIndications) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1), set("group", "g", 0);
  EXPECT_EQ(all(port), (Told{"7 GROUP_STATE g @2", "7 GROUP_STATE g @3"}));
}

TEST_F(PortFilter, NP_6_11_TheObjectMayHaveMovedOn) {
  make("group", "g", 0);
  const std::string port = create();
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1);
  remove("group", "g");
  EXPECT_EQ(get(port), "7 GROUP_STATE g @2");
}

TEST_F(PortFilter, NP_6_12_AnEventIsComparedWithTheFiltersOnItsObjectAndKindAlone) {
  make("group", "g", 0), make("node", "n", 0);
  const std::string port = create();
  for (int i = 0; i < 1000; ++i) watch(port, "node", "n", 0xF);
  watch(port, "group", "g", kGroupState);
  set("group", "g", 1);
  EXPECT_EQ(broker->ports().compared(), 1u);
  EXPECT_EQ(all(port).size(), 1u);
}

TEST(Ports, ForgetAHandleWithAsManyFiltersAsAUidMayHaveAtOnce) {
  brokerd::Ports ports;
  ports.open(1, test::kMe, 1);
  const brokerd::Filter filter{kGroupState, 7, brokerd::Objects::Key{ObjectKind::group, "G"}, false, 9};
  const std::size_t most = brokerd::Limits::standard(true)[brokerd::Quota::filters];
  for (std::size_t i = 0; i < most; ++i) ports.add(1, filter);
  EXPECT_EQ(ports.filters_of(test::kMe), most);
  ports.forget_handle(9);  // with a search through all for each of them: minutes
  EXPECT_EQ(ports.filters_of(test::kMe), 0u);
}

}  // namespace
