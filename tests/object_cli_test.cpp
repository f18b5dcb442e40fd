// alertctl object: what it changes, prints, and how it exits; and the host's links behind it.

#include <nlohmann/json.hpp>

#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "alert/wire/cluster_change.hpp"
#include "configured.hpp"

namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

struct ObjectVerb : testing::Test {
  int status(Words words) {
    words.insert(words.begin(), "object");
    return broker.ctl(std::move(words)).status;
  }
  /// The object's row as JSON, or null.
  json row(const std::string& kind, const std::string& name) {
    for (const std::string& line : test::lines(broker.ctl({"object", "list", kind, "--json"}).out))
      if (json row = json::parse(line); row["name"] == name) return row;
    return {};
  }
  test::Broker broker;
};

TEST_F(ObjectVerb, AddsChangesListsAndDeletes) {
  EXPECT_EQ(status({"add", "group", "print", "--state", "online", "--set", "owner=jdoe"}), 0);
  EXPECT_EQ(status({"change", "group", "PRINT", "--state", "failed", "--remove", "owner", "--set", "a=b=c"}), 0);
  EXPECT_EQ(row("group", "print"), (json{{"kind", "group"},
                                         {"name", "print"},
                                         {"state", 2},
                                         {"state_sequence", 2},
                                         {"link", false},
                                         {"properties", {{{"name", "a"}, {"value", "b=c"}}}}}));
  const std::string table = broker.ctl({"object", "list", "group"}).out;
  EXPECT_NE(table.find("print                     failed         2         a=b=c\n"), std::string::npos) << table;
  EXPECT_EQ(status({"delete", "group", "print"}), 0);
  EXPECT_EQ(row("group", "print"), json());
}

TEST_F(ObjectVerb, ListsTheClusterAndTheNodeUnderTheNameOfThisHost) {
  char host[256] = {};
  ASSERT_EQ(::gethostname(host, sizeof host - 1), 0);
  EXPECT_EQ(row("cluster", host)["kind"], "cluster");
  EXPECT_EQ(row("node", host)["state"], 0);
}

TEST_F(ObjectVerb, KeepsWhatItChangedOverACrash) {
  status({"add", "key", "a\\b", "--set", "v=1", "--security", "D:P"});
  status({"add", "group", "g", "--state", "online"});
  status({"change", "group", "g", "--state", "offline"});
  const json cluster = json::parse(test::lines(broker.ctl({"object", "list", "cluster", "--json"}).out)[0]);
  EXPECT_EQ(status({"change", "cluster", cluster["name"], "--rename", "house"}), 0);
  const std::string before = broker.ctl({"object", "list", "--json"}).out;
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(broker.ctl({"object", "list", "--json"}).out, before);
  EXPECT_NE(before.find("\"house\""), std::string::npos);
}

TEST_F(ObjectVerb, ListsPageByPageWhatDoesNotFitIntoOne) {
  alert::Client client = broker.connect();
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(client.call(alert::ObjectAdd{"node", "n" + std::to_string(i), 0,
                                             std::vector<alert::ObjectProperty>{{"p", std::string(600, '"')}}}));
  EXPECT_EQ(test::lines(broker.ctl({"object", "list", "node", "--json"}).out).size(), 301u);
  EXPECT_TRUE(client.call(alert::ListObjects{"node", {}})->next);
}

TEST_F(ObjectVerb, ExitsAsTheAnswerIs) {
  EXPECT_EQ(status({"delete", "group", "none"}), 1);
  status({"add", "group", "g"});
  EXPECT_EQ(status({"add", "group", "G"}), 1);
  for (const Words& words :
       {Words{"add", "printer", "p"}, Words{"add", "group", "x", "--state", "sideways"},
        Words{"add", "group", "x", "--set", "novalue"}, Words{"add", "group"}, Words{},
        Words{"change", "group", "g", "--rename", "h"}, Words{"add", "key", "k", "--state", "0"}})
    EXPECT_EQ(status(words), 2);
}

TEST_F(ObjectVerb, TakesAnEmptyWordForAValueAndNotForNone) {
  status({"add", "key", "k", "--security", "D:P"});
  EXPECT_EQ(status({"change", "key", "k", "--security", ""}), 0);
  EXPECT_FALSE(row("key", "k").contains("security"));
  const json cluster = json::parse(test::lines(broker.ctl({"object", "list", "cluster", "--json"}).out)[0]);
  EXPECT_EQ(status({"change", "cluster", cluster["name"], "--rename", ""}), 2);
  status({"add", "group", "g"});
  EXPECT_EQ(status({"change", "group", "g", "--state", ""}), 2);
}

TEST(Objects, AreChangedByTheBrokersUserAndRootAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  test::Configured host("", {"--system"});
  const alert::ObjectAdd add{"group", "g"};
  EXPECT_EQ(host.ask_as_nobody(add), 5);
  EXPECT_EQ(host.ask(add), 0);
  EXPECT_EQ(host.ask_as_nobody(alert::ObjectChange{"group", "g", 1}), 5);
  EXPECT_EQ(host.ask_as_nobody(alert::ObjectDelete{"group", "g"}), 5);
  EXPECT_EQ(host.ask_as_nobody(alert::ListObjects{}), 0);
}

TEST(Objects, AreChangedByWhomARuleLets) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  test::Configured host("[[rule]]\nallow = true\nverb = \"change\"\nuser = 65534\n", {"--system"});
  EXPECT_EQ(host.ask_as_nobody(alert::ObjectAdd{"group", "g"}), 0);
}

TEST(Objects, AreBoundedPerUid) {
  test::Configured small("[limits]\nobjects = 4\n");  // the cluster, the node, the root key, and links
  alert::Client client = small.broker->connect();
  int refusal = 0;
  for (int i = 0; i < 4 && refusal == 0; ++i)
    refusal = test::code_of(client.call(alert::ObjectAdd{"group", "g" + std::to_string(i)}));
  EXPECT_EQ(refusal, 1816);
}

/// A broker and a socket in a network namespace of their own.
struct HostLinks : testing::Test {
  void SetUp() override {
    before = alert::Descriptor(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
    socket = alert::Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    broker.emplace();
    client.emplace(broker->connect());
  }
  ~HostLinks() override {
    if (before) (void)::setns(before.get(), CLONE_NEWNET);
  }
  void set(bool up, const char* name = "lo") {
    ifreq request{};
    std::strcpy(request.ifr_name, name);
    request.ifr_flags = up ? IFF_UP : 0;
    ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
  }
  alert::ListObjects::Row lo() {
    const auto page = client->call(alert::ListObjects{"netinterface", {}});
    return page && page->rows.size() == 1 ? page->rows[0] : alert::ListObjects::Row{};
  }
  void await_state(std::uint32_t state) {
    while (lo().state != state) std::this_thread::yield();
  }

  alert::Descriptor before, socket;
  std::optional<test::Broker> broker;
  std::optional<alert::Client> client;
};

TEST_F(HostLinks, AreNetInterfacesThatFollowTheirLink) {
  await_state(alert::kUnavailable);
  EXPECT_EQ(lo().name, "lo");
  EXPECT_TRUE(lo().link);
  const std::uint32_t sequence = lo().state_sequence;
  set(true);
  await_state(alert::kUp);
  EXPECT_EQ(lo().state_sequence, sequence + 1);
  set(false);
  await_state(alert::kUnavailable);
  EXPECT_EQ(lo().state_sequence, sequence + 2);
}

TEST_F(HostLinks, AreLookedAtAgainAfterARestart) {
  await_state(alert::kUnavailable);
  const std::uint32_t sequence = lo().state_sequence;
  broker->kill();
  set(true);
  ASSERT_TRUE(broker->start());
  client.emplace(broker->connect());
  await_state(alert::kUp);
  EXPECT_EQ(lo().state_sequence, sequence + 1);
}

TEST_F(HostLinks, AreThoseThatAreThereAlsoWhereTooMuchCameAtOnce) {
  await_state(alert::kUnavailable);
  if (::ioctl(socket.get(), SIOCBRADDBR, "bridge") != 0) GTEST_SKIP() << "no bridges: " << std::strerror(errno);
  const auto count = [this] { return client->call(alert::ListObjects{"netinterface", {}})->rows.size(); };
  while (count() != 2) std::this_thread::yield();
  broker->process().signal(SIGSTOP);
  for (int i = 0; i < 500; ++i) set(i % 2 == 0, "bridge");  // more than the kernel keeps for the broker
  EXPECT_EQ(::ioctl(socket.get(), SIOCBRDELBR, "bridge"), 0);
  broker->process().signal(SIGCONT);
  while (count() != 1) std::this_thread::yield();
  EXPECT_EQ(lo().name, "lo");
}

}  // namespace
