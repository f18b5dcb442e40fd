// alertctl watch: what it prints of objects and of this host's links, and how it exits.

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "watching.hpp"

namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

struct Watch : test::Watched {
  /// Returns once it has its filter.
  [[nodiscard]] test::Process watcher(Words words) const {
    words.insert(words.begin(), "watch");
    test::Process process = broker.alertctl(words);
    EXPECT_EQ(process.err_line(), "watching");
    return process;
  }
};

TEST_F(Watch, PrintsTheEventsOfAnObjectAndOfNoOther) {
  make("group", "Print", 0), make("group", "other", 0);
  test::Process watcher = this->watcher({"group", "PRINT", "--count", "2"});
  set("group", "other", 1), set("group", "print", 2);
  EXPECT_EQ(watcher.out_line().substr(30), "  GROUP_STATE  Print  @2");
  must(alert::ObjectDelete{"group", "print"});
  const auto end = watcher.finish();
  EXPECT_EQ(end.out.substr(30), "  GROUP_DELETED  Print  @2\n");
  EXPECT_EQ(end.status, 0);
}

TEST_F(Watch, PrintsOneJsonObjectPerEvent) {
  make("group", "g", 0);
  test::Process watcher = this->watcher({"group", "g", "--json"});
  set("group", "g", 1);
  json line = json::parse(watcher.out_line());
  EXPECT_TRUE(line["accepted"].is_string());
  line.erase("accepted"), line.erase("pid");
  EXPECT_EQ(line, (json{{"change", "GROUP_STATE"},
                        {"kind", "group"},
                        {"name", "g"},
                        {"filter", 0x1000},
                        {"state_sequence", 2},
                        {"uid", ::geteuid()}}));
}

TEST_F(Watch, OfTheClusterPrintsEverything) {
  test::Process watcher = this->watcher({"cluster", "--json"});
  make("node", "n"), make("key", "a\\b"), make("resourcetype", "t");
  for (const char* change : {"NODE_ADDED", "REGISTRY_NAME", "REGISTRY_NAME", "RESOURCE_TYPE_ADDED"})
    EXPECT_EQ(json::parse(watcher.out_line())["change"], change);
}

TEST_F(Watch, OfAKeyPrintsWhatIsBelowWithSubtree) {
  make("key", "a\\b");
  test::Process watcher = this->watcher({"key", "a", "--subtree", "--json"});
  must(alert::ObjectChange{"key", "a\\b", {}, std::vector<alert::ObjectProperty>{{"v", "1"}}});
  EXPECT_EQ(json::parse(watcher.out_line())["name"], "b");
}

TEST_F(Watch, GoesOnOverARestart) {
  make("group", "g", 0);
  test::Process watcher = this->watcher({"group", "g", "--json"});
  broker.kill();
  ASSERT_TRUE(broker.start());
  json line = json::parse(watcher.out_line());
  if (line["change"] == "CLUSTER_STATE") line = json::parse(watcher.out_line());
  EXPECT_EQ(line["change"], "CLUSTER_RECONNECT");
  set("group", "g", 1);
  EXPECT_EQ(json::parse(watcher.out_line())["change"], "GROUP_STATE");
}

TEST_F(Watch, EscapesWhatWouldSteerATerminal) {
  make("group",
       "a\xC2\x9B"
       "2J",
       0);
  test::Process watcher = this->watcher({"group",
                                         "a\xC2\x9B"
                                         "2J",
                                         "--count", "1"});
  set("group",
      "a\xC2\x9B"
      "2J",
      1);
  EXPECT_EQ(watcher.finish().out.find('\x9B'), std::string::npos);
}

TEST_F(Watch, ExitsAsTheAnswerIs) {
  make("group", "g", 0);
  EXPECT_EQ(broker.ctl({"watch", "group", "g", "--timeout", "0"}).status, 1);
  EXPECT_EQ(broker.ctl({"watch", "group", "none"}).status, 1);
  EXPECT_EQ(broker.ctl({"watch", "printer", "p"}).status, 2);
  EXPECT_EQ(broker.ctl({"watch"}).status, 2);
  make("resourcetype", "t");
  EXPECT_EQ(broker.ctl({"watch", "resourcetype", "t"}).status, 2);  // the cluster's filters alone tell of it
  broker.stop();
  EXPECT_EQ(broker.ctl({"watch", "group", "g"}).status, 5);
}

TEST(WatchLinks, PrintsWhatALinkOfThisHostDoes) {
  const alert::Descriptor before(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
  {
    test::Broker broker;
    while (test::lines(broker.ctl({"object", "list", "netinterface", "--json"}).out).empty()) continue;
    test::Process watcher = broker.alertctl({"watch", "netinterface", "lo", "--json"});
    EXPECT_EQ(watcher.err_line(), "watching");
    const alert::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    EXPECT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
    const json line = json::parse(watcher.out_line());
    EXPECT_EQ(line["change"], "NETINTERFACE_STATE");
    EXPECT_EQ(line["name"], "lo");
  }
  (void)::setns(before.get(), CLONE_NEWNET);
}

}  // namespace
