// The objects: what a change is planned to be, what is told of it, and what is left of it in the fold.

#include "brokerd/objects.hpp"

#include <gtest/gtest.h>

#include <linux/rtnetlink.h>

#include "brokerd/checkpoint.hpp"
#include "brokerd/ledger.hpp"
#include "brokerd/links.hpp"

namespace {

using namespace brokerd;
using alert::Code;

/// Objects in the words of the control interface.
struct World {
  Ledger ledger;

  World() { take(plan_beginnings(ledger.objects(), "host", 0)); }

  /// What is told of the changes, as "NAME_OF_EVENT object @sequence", after they are applied.
  std::vector<std::string> take(const Changes& changes) {
    std::vector<std::string> told;
    for (const Change& change : changes) {
      for (const ObjectEvent& event : events_of(ledger.objects(), change))
        told.push_back(std::string(alert::name(event.change)) + " " + event.name + " @" +
                       std::to_string(event.sequence));
      const auto back = change_from_json(to_json(change));
      EXPECT_TRUE(back) << to_json(change);
      ledger.apply(*back);
    }
    return told;
  }
  template <class Call>
  std::vector<std::string> take(const Outcome<Changes>& changes, const Call&) {
    if (changes) return take(*changes);
    return {"!" + std::to_string(static_cast<int>(changes.error().code))};
  }
  std::vector<std::string> operator()(const alert::ObjectAdd& call) {
    return take(plan(ledger.objects(), call, 7), call);
  }
  std::vector<std::string> operator()(const alert::ObjectChange& call) {
    return take(plan(ledger.objects(), call), call);
  }
  std::vector<std::string> operator()(const alert::ObjectDelete& call) {
    return take(plan(ledger.objects(), call), call);
  }
  const ObjectState* find(ObjectKind kind, const char* name) { return ledger.objects().find(kind, name); }
  std::uint32_t sequence(ObjectKind kind, const char* name) { return ledger.objects().sequence(kind, name); }
  /// Every change that would make this state, as text.
  std::string fold() const {
    std::string all;
    for (const Change& change : ledger.checkpoint()) all += to_json(change).dump() + "\n";
    return all;
  }
};

using Told = std::vector<std::string>;
using Properties = std::vector<alert::ObjectProperty>;

TEST(Objects, BeginWithTheClusterAndTheNodeOfThisHostAndTheRootKey) {
  World world;
  EXPECT_EQ(world.ledger.objects().cluster(), "host");
  EXPECT_EQ(world.find(ObjectKind::node, "host")->state, 0u);
  EXPECT_TRUE(world.find(ObjectKind::key, ""));
  EXPECT_TRUE(plan_beginnings(world.ledger.objects(), "other", 0).empty());
}

TEST(Objects, AStateChangeCountsOnceAndASameStateNotAtAll) {
  World world;
  EXPECT_EQ(world(alert::ObjectAdd{"group", "g", 0}), Told{"GROUP_ADDED g @1"});
  EXPECT_EQ(world(alert::ObjectChange{"group", "g", 1}), Told{"GROUP_STATE g @2"});
  EXPECT_EQ(world(alert::ObjectChange{"group", "g", 1}), Told{});
  EXPECT_EQ(world(alert::ObjectChange{"group", "g", 0}), Told{"GROUP_STATE g @3"});
  EXPECT_EQ(world.sequence(ObjectKind::group, "g"), 3u);
}

TEST(Objects, ASequenceWrapsBehindItsLargestNumber) {
  World world;
  world.ledger.apply(ObjectState{"group", "g", 0, 0, 0xFFFFFFFF, {}});
  EXPECT_EQ(world(alert::ObjectChange{"group", "g", 1}), Told{"GROUP_STATE g @0"});
}

TEST(Objects, NoTwoLivesOfANameShareASequence) {
  World world;
  world(alert::ObjectAdd{"group", "g", 0});
  world(alert::ObjectChange{"group", "g", 1});
  EXPECT_EQ(world(alert::ObjectDelete{"group", "g"}), Told{"GROUP_DELETED g @2"});
  EXPECT_EQ(world.sequence(ObjectKind::group, "g"), 3u);
  EXPECT_EQ(world(alert::ObjectAdd{"group", "g"}), Told{"GROUP_ADDED g @3"});
}

TEST(Objects, PropertiesAreSetAndRemovedWithoutCaseAndToldOnce) {
  World world;
  world(alert::ObjectAdd{"node", "n", 0, Properties{{"a", "1"}, {"b", "2"}}});
  const auto sequence = world.sequence(ObjectKind::node, "n");
  EXPECT_EQ(world(alert::ObjectChange{"node", "N", {}, Properties{{"A", "3"}, {"c", "4"}}, {{"B"}}}),
            Told{"NODE_PROPERTY n @" + std::to_string(sequence)});
  EXPECT_EQ(world.find(ObjectKind::node, "n")->properties, (Properties{{"a", "3"}, {"c", "4"}}));
  EXPECT_EQ(world(alert::ObjectChange{"node", "n", {}, Properties{{"c", "4"}}, {{"b"}}}), Told{});
}

TEST(Objects, StateAndPropertyTogetherAreTwoEvents) {
  World world;
  world(alert::ObjectAdd{"network", "lan", 3});
  EXPECT_EQ(world(alert::ObjectChange{"network", "lan", 1, Properties{{"a", "1"}}}),
            (Told{"NETWORK_STATE lan @2", "NETWORK_PROPERTY lan @2"}));
}

TEST(Objects, AResourceThatMovesIsAnEventOfBothGroups) {
  World world;
  world(alert::ObjectAdd{"group", "a"}), world(alert::ObjectAdd{"group", "b"});
  EXPECT_EQ(world(alert::ObjectAdd{"resource", "r", 2, Properties{{"group", "a"}}}),
            (Told{"RESOURCE_ADDED r @1", "GROUP_PROPERTY a @1"}));
  EXPECT_EQ(world(alert::ObjectChange{"resource", "r", {}, Properties{{"group", "B"}}}),
            (Told{"RESOURCE_PROPERTY r @1", "GROUP_PROPERTY a @1", "GROUP_PROPERTY b @1"}));
  EXPECT_EQ(world(alert::ObjectDelete{"resource", "r"}), (Told{"RESOURCE_DELETED r @1", "GROUP_PROPERTY b @1"}));
}

TEST(Objects, AKeyComesWithTheKeysAboveItAndGoesBeforeThem) {
  World world;
  EXPECT_EQ(world(alert::ObjectAdd{"key", "a\\b\\c"}),
            (Told{"REGISTRY_NAME a @0", "REGISTRY_NAME a\\b @0", "REGISTRY_NAME a\\b\\c @0"}));
  EXPECT_EQ(world(alert::ObjectDelete{"key", "A"}), Told{"!145"});
  EXPECT_EQ(world(alert::ObjectDelete{"key", "a\\B\\c"}), Told{"REGISTRY_NAME a\\b\\c @0"});
  world(alert::ObjectAdd{"key", "ab\\c"});
  world(alert::ObjectDelete{"key", "a\\b"});
  EXPECT_EQ(world(alert::ObjectDelete{"key", "a"}), Told{"REGISTRY_NAME a @0"});
  EXPECT_EQ(world(alert::ObjectDelete{"key", ""}), Told{"!5"});
}

TEST(Objects, EachValueOfAKeyIsAnEventAndItsDescriptorAnother) {
  World world;
  EXPECT_EQ(world(alert::ObjectChange{"key", "", {}, Properties{{"a", "1"}, {"b", "2"}}, {}, "D:P"}),
            (Told{"REGISTRY_VALUE  @0", "REGISTRY_VALUE  @0", "REGISTRY_ATTRIBUTES  @0"}));
}

TEST(Objects, TheClusterIsRenamedAndNeverMadeOrDeleted) {
  World world;
  EXPECT_EQ(world(alert::ObjectChange{"cluster", "HOST", {}, {}, {}, {}, "house"}),
            Told{"CLUSTER_PROPERTY house @0"});
  EXPECT_EQ(world.ledger.objects().cluster(), "house");
  EXPECT_EQ(world(alert::ObjectAdd{"cluster", "other"}), Told{"!183"});
  EXPECT_EQ(world(alert::ObjectDelete{"cluster", "house"}), Told{"!5"});
}

TEST(Objects, WhatIsNotThereHasTheNumberOfItsKind) {
  World world;
  const std::pair<const char*, const char*> expected[] = {
      {"node", "!5042"}, {"group", "!5013"},   {"resource", "!5007"},     {"resourcetype", "!5078"},
      {"key", "!2"},     {"network", "!5045"}, {"netinterface", "!5047"}, {"printer", "!87"}};
  for (const auto& [kind, code] : expected) {
    EXPECT_EQ(world(alert::ObjectDelete{kind, "x"}), Told{code});
    EXPECT_EQ(world(alert::ObjectChange{kind, "x"}), Told{code});
  }
}

TEST(Objects, RefuseWhatDoesNotFitTheirKind) {
  World world;
  world(alert::ObjectAdd{"node", "n"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "N"}), Told{"!183"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 4}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectAdd{"key", "k", 0}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 0, {}, "D:P"}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", ""}), Told{"!123"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "a\\b"}), Told{"!123"});
  EXPECT_EQ(world(alert::ObjectAdd{"key", "a\\\\b"}), Told{"!123"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", std::string(256, 'n')}), Told{"!123"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", std::string(255, 'n')}).size(), 1u);
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 0, Properties{{"a", "\x1B[2J"}}}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 0, Properties{{"a", "1"}, {"A", "2"}}}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectChange{"node", "n", {}, {}, {}, {}, "m"}), Told{"!87"});
}

TEST(Objects, AreNeverLargerThanARecord) {
  World world;
  const std::size_t most = 16 * 1024 - 33;
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 0, Properties{{"a", std::string(most + 1, '"')}}}), Told{"!87"});
  EXPECT_EQ(world(alert::ObjectAdd{"node", "m", 0, Properties{{"a", std::string(most, '"')}}}).size(), 1u);
  EXPECT_EQ(world(alert::ObjectChange{"node", "m", 0, Properties{{"b", ""}}}), Told{"!87"});
  EXPECT_FALSE(checkpoint(world.ledger)([](std::string_view part) {
    EXPECT_LT(part.size(), alert::kLargestAlert);
    return std::error_code();
  }));
}

TEST(Objects, ComeOutOfACheckpointAsTheyWere) {
  World world;
  world(alert::ObjectAdd{"resource", "r", 2, Properties{{"group", "a"}}});
  world(alert::ObjectAdd{"key", "a\\b", {}, Properties{{"v", "1"}}, "D:P"});
  world(alert::ObjectAdd{"group", "gone"});
  world(alert::ObjectChange{"group", "gone", 1});
  world(alert::ObjectDelete{"group", "gone"});
  World again;
  for (const Change& change : world.ledger.checkpoint()) again.ledger.apply(change);
  EXPECT_EQ(again.fold(), world.fold());
}

TEST(Objects, AreCountedByWhoMadeThem) {
  World world;
  world(alert::ObjectAdd{"key", "a\\b"});
  EXPECT_EQ(world.ledger.objects().made_by(7), 2u);
  world(alert::ObjectDelete{"key", "a\\b"});
  EXPECT_EQ(world.ledger.objects().made_by(7), 1u);
}

Changes link(World& world, const char* name, std::uint32_t state, const char* mtu = "1500") {
  return plan(world.ledger.objects(), Link{name, state, {{"mtu", mtu}}}, 0);
}

TEST(Objects, ALinkThatIsToldAgainIsAChangeOnlyWhereItDiffers) {
  World world;
  EXPECT_EQ(world.take(link(world, "eth0", alert::kUp)), Told{"NETINTERFACE_ADDED eth0 @1"});
  EXPECT_EQ(world.take(link(world, "eth0", alert::kUp)), Told{});
  EXPECT_EQ(world.take(link(world, "eth0", alert::kUnavailable)), Told{"NETINTERFACE_STATE eth0 @2"});
  EXPECT_EQ(world.take(link(world, "eth0", alert::kUnavailable, "9000")), Told{"NETINTERFACE_PROPERTY eth0 @2"});
  EXPECT_EQ(world.take(plan(world.ledger.objects(), LinkGone{"eth0"}, 0)), Told{"NETINTERFACE_DELETED eth0 @2"});
  EXPECT_EQ(world.take(plan(world.ledger.objects(), LinkGone{"eth0"}, 0)), Told{});
}

TEST(Objects, LinksThatAreNotAmongAllOfThemGo) {
  World world;
  for (const char* name : {"eth0", "eth1"}) world.take(link(world, name, alert::kUp));
  world(alert::ObjectAdd{"netinterface", "mine"});
  EXPECT_EQ(world.take(plan(world.ledger.objects(), LinksTold{{"eth1"}}, 0)), Told{"NETINTERFACE_DELETED eth0 @1"});
}

TEST(Objects, NobodyButTheHostChangesALink) {
  World world;
  world.take(link(world, "eth0", alert::kUp));
  EXPECT_EQ(world(alert::ObjectChange{"netinterface", "eth0", 0}), Told{"!5"});
  EXPECT_EQ(world(alert::ObjectDelete{"netinterface", "eth0"}), Told{"!5"});
}

TEST(Objects, ALinkTakesOverWhatSomebodyMadeUnderItsName) {
  World world;
  world(alert::ObjectAdd{"netinterface", "eth0", alert::kUp});
  EXPECT_EQ(world.take(link(world, "eth0", alert::kUp)), Told{"NETINTERFACE_PROPERTY eth0 @1"});
  EXPECT_TRUE(world.find(ObjectKind::net_interface, "eth0")->link);
}

/// What the kernel says about a link, or, without a name, that its list is over.
std::vector<std::byte> said(std::uint16_t type, std::uint16_t flags, const std::string& name = "") {
  struct {
    nlmsghdr header;
    ifinfomsg link;
    rtattr attribute;
    char name[8];
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = type;
  message.header.nlmsg_flags = flags;
  message.link.ifi_index = name.empty() ? 0 : name[0];
  message.attribute = {sizeof(rtattr) + sizeof message.name, IFLA_IFNAME};
  name.copy(message.name, sizeof message.name - 1);
  const auto bytes = alert::as_bytes({reinterpret_cast<const char*>(&message), sizeof message});
  return {bytes.begin(), bytes.end()};
}
std::vector<std::byte> listed(const std::string& name) { return said(RTM_NEWLINK, NLM_F_MULTI, name); }
std::vector<std::byte> changed(const std::string& name) { return said(RTM_NEWLINK, 0, name); }
std::vector<std::byte> over() { return said(NLMSG_DONE, NLM_F_MULTI); }

TEST(HostsLinks, AreThoseOfTheListWhateverWasSaidOfOthersMeanwhile) {
  auto links = Links::open();
  ASSERT_TRUE(links) << links.error().message();
  std::vector<LinkNews> news;
  for (const auto& datagram : {changed("gone"), listed("lo"), listed("eth0"), said(RTM_DELLINK, 0, "eth0"), over()})
    links->read(datagram, news);
  ASSERT_EQ(news.size(), 5u);
  EXPECT_EQ(std::get<LinksTold>(news.back()).names, std::vector<std::string>{"lo"}) << "that it went may be lost";
}

TEST(HostsLinks, AreListedOnceMoreWhereTheyAreAskedForMeanwhile) {
  auto links = Links::open();  // asks
  ASSERT_TRUE(links) << links.error().message();
  std::vector<LinkNews> news;
  links->read(listed("lo"), news);
  links->ask();
  for (const auto& datagram : {listed("eth0"), over()}) links->read(datagram, news);
  EXPECT_EQ(news.size(), 2u) << "not half a list";
  for (const auto& datagram : {listed("lo"), listed("eth0"), over()}) links->read(datagram, news);
  ASSERT_EQ(news.size(), 5u);
  EXPECT_EQ(std::get<LinksTold>(news.back()).names, (std::vector<std::string>{"lo", "eth0"}));
}

TEST(ObjectKinds, HaveTheBitsOfTheirEventsAndNoOthers) {
  for (const alert::KindFacts& kind : alert::kKinds)
    for (const std::uint32_t event : {kind.state, kind.deleted, kind.added, kind.property})
      if (event != 0) {
        EXPECT_EQ(alert::name(alert::kind_of(static_cast<alert::ClusterChange>(event))), kind.name);
        EXPECT_NE(alert::name(static_cast<alert::ClusterChange>(event)), "");
      }
}

}  // namespace
