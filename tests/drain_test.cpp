// What is left in the spool without a broker is raised once there is one.

#include <sys/resource.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "nobody.hpp"
#include "process.hpp"
#include "spooled.hpp"

namespace {

using nlohmann::json;
using test::call_of;
using test::Finished;
using test::id;
using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string line(int code) {
  const json fields{{"alrt_servicename", "S"}, {"alrtad_errcode", code}, {"mergestrings", json::array()}};
  return json{{"class", "admin"}, {"fields", fields}}.dump() + "\n";
}

/// A broker with a spool, and a mailslot for ADMIN.
class Spooling : public testing::Test {
 protected:
  explicit Spooling(const Words& options = {}) : broker(with_spool(options)) {
    broker.ctl({"make", "box"});
    broker.ctl({"start", "ADMIN", "box"});
  }
  Words with_spool(Words options) const {
    options.insert(options.end(), {"--spool", spool()});
    return options;
  }
  [[nodiscard]] Finished raise(const Words& more = {}) const {
    Words words{"raise", "admin", "1", "--timeout", "20", "--spool-dir", spool()};
    words.insert(words.end(), more.begin(), more.end());
    return broker.ctl(words);
  }
  [[nodiscard]] alert::Stats::Reply stats() const { return *broker.connect().call(alert::Stats{}); }
  void await_spooled(std::uint64_t count) const {
    while (stats().spooled < count) continue;
  }
  /// What the box holds, as `read --json` prints it.
  std::vector<json> pending() const {
    std::vector<json> alerts;
    for (const std::string& line : test::lines(broker.ctl({"read", "box", "--peek", "--json"}).out))
      alerts.push_back(json::parse(line));
    return alerts;
  }
  [[nodiscard]] std::string spool() const { return folder / "spool"; }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(spool())) count += !file.is_directory();
    return count;
  }

  test::TemporaryFolder folder;
  test::Broker broker;
};

TEST_F(Spooling, WithoutABrokerTheAlertIsRaisedOnceThereIsOne) {
  broker.kill();
  const Finished left = raise({"--id", std::string(32, 'A')});
  EXPECT_EQ(left.status, 0);
  EXPECT_EQ(left.out, "left in the spool: " + std::string(32, 'a') + "\n");
  EXPECT_TRUE(has(left.err, "cannot reach a broker")) << left.err;
  EXPECT_EQ(files(), 1u);
  ASSERT_TRUE(broker.start());
  await_spooled(1);
  ASSERT_EQ(pending().size(), 1u);
  EXPECT_EQ(pending()[0].at("uid"), ::getuid());
  EXPECT_EQ(files(), 0u);
}

TEST_F(Spooling, WithABrokerTheSpoolIsNotUsed) {
  EXPECT_EQ(raise().out, "alert 1: matched 1, written 1\n");
  EXPECT_EQ(stats().spooled, 0u);
}

TEST_F(Spooling, WhatIsRefusedIsNotLeft) {
  EXPECT_EQ(broker.ctl({"raise", "custom", "a/b", "--spool-dir", spool()}).status, 2);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Spooling, AlertsThatAreLeftWhileItServesAreTakenAtOnce) {
  ASSERT_FALSE(alert::leave_in_spool(spool(), call_of(id(1))));
  await_spooled(1);
  EXPECT_EQ(pending().size(), 1u);
}

TEST_F(Spooling, ManyStayInOrder) {
  broker.kill();
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += line(i);
  const Finished left =
      broker.ctl({"raise", "--stdin", "--json", "--timeout", "20", "--spool-dir", spool()}, lines);
  ASSERT_EQ(test::lines(left.out).size(), 40u) << left.err;
  ASSERT_TRUE(broker.start());
  await_spooled(40);
  const auto alerts = pending();
  ASSERT_EQ(alerts.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(alerts[static_cast<std::size_t>(i)].at("fields").at("alrtad_errcode"), i);
}

TEST_F(Spooling, ManyWhoseBrokerDiesInTheirMidstCountOnceAndStayInOrder) {
  test::Process raising = broker.alertctl({"raise", "--stdin", "--spool-dir", spool()});
  std::string out;
  for (int i = 0; i < 3; ++i) {
    raising.feed(line(i));
    out += raising.out_line() + "\n";
  }
  broker.process().signal(SIGSTOP);
  std::string more;
  for (int i = 3; i < 300; ++i) more += line(i);
  raising.feed(more);
  broker.process().signal(SIGCONT);  // some have their receipts by now, of some nobody knows
  broker.kill();
  const Finished left = raising.finish(line(300));
  EXPECT_EQ(left.status, 0) << left.err;
  EXPECT_EQ(test::lines(out + left.out).size(), 301u);
  ASSERT_TRUE(broker.start());
  while (files() > 0) continue;
  const auto alerts = pending();
  ASSERT_EQ(alerts.size(), 301u);
  for (int i = 0; i <= 300; ++i)
    EXPECT_EQ(alerts[static_cast<std::size_t>(i)].at("fields").at("alrtad_errcode"), i);
}

TEST_F(Spooling, AFileStaysUntilItsAlertIsJournaled) {
  const auto limit = [&](rlim_t bytes) {
    const rlimit wanted{bytes, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(broker.process().pid(), RLIMIT_FSIZE, &wanted, nullptr), 0);
  };
  limit(std::filesystem::file_size(broker.journal() + "/00000000000000000001.pcapng"));
  ASSERT_FALSE(alert::leave_in_spool(spool(), call_of(id(1))));
  while (stats().refused_raises < 1) continue;
  EXPECT_EQ(files(), 1u);
  limit(RLIM_INFINITY);
  await_spooled(1);
  EXPECT_EQ(pending().size(), 1u);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Spooling, WhatIsNoAlertIsMovedAsideAndCounted) {
  alert::Raise call = call_of(id(1));
  call.wire = "00";
  ASSERT_FALSE(alert::leave_in_spool(spool(), call));
  folder.file("spool/" + id(2), "nonsense");
  while (stats().spool_bad < 2) continue;
  EXPECT_EQ(stats().spooled, 0u);
  EXPECT_EQ(stats().refused_raises, 1u);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Spooling, AFileOfAUidThatTheBrokerDoesNotServeIsMovedAside) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  broker.kill();
  ASSERT_FALSE(alert::leave_in_spool(spool(), call_of(id(1))));
  ASSERT_EQ(::chown((spool() + "/" + id(1)).c_str(), 65534, 65534), 0);
  ASSERT_TRUE(broker.start());
  while (stats().spool_bad < 1) continue;
  EXPECT_EQ(stats().accepted, 0u);
}

TEST_F(Spooling, WithoutAKnownSpoolSaysSo) {
  broker.kill();
  const Finished lost = broker.ctl({"raise", "admin", "1", "--spool"});
  EXPECT_EQ(lost.status, 5);
  EXPECT_TRUE(has(lost.err, "--spool-dir")) << lost.err;
}

TEST_F(Spooling, DeliveryThatIsDemandedIsNotKnownYet) {
  broker.kill();
  EXPECT_EQ(raise({"--must-deliver"}).status, 1);
  EXPECT_EQ(raise({"--require", "1"}).status, 1);
  EXPECT_EQ(files(), 2u);
}

TEST_F(Spooling, AnAlertThatAStoppedBrokerHadTakenTooCountsOnce) {
  broker.process().signal(SIGSTOP);
  EXPECT_EQ(raise().status, 0);
  broker.process().signal(SIGCONT);
  await_spooled(1);
  EXPECT_EQ(stats().accepted, 1u);
  EXPECT_EQ(pending().size(), 1u);
}

TEST_F(Spooling, AFileThatACrashKeptFromBeingRemovedIsNotRaisedAgain) {
  const auto leave = [&] { return alert::leave_in_spool(spool(), call_of(id(1))); };
  ASSERT_FALSE(leave());
  await_spooled(1);
  broker.kill();
  ASSERT_FALSE(leave());
  ASSERT_TRUE(broker.start());
  await_spooled(1);
  EXPECT_EQ(stats().accepted, 1u);
  EXPECT_EQ(files(), 0u);
}

class HostSpool : public Spooling {
 protected:
  HostSpool() : Spooling({"--system"}) {}
};

TEST_F(HostSpool, TakesFromEverybodyForTheOwnerOfTheFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  ASSERT_EQ(::chmod(folder.path().c_str(), 0711), 0);
  ASSERT_EQ(test::as_nobody([&] { return alert::leave_in_spool(spool(), call_of(id(1))) ? 1 : 0; }), 0);
  await_spooled(1);
  EXPECT_EQ(pending().at(0).at("uid"), 65534);
}

}  // namespace
