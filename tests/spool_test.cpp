// The spool: what is left there without a broker is raised once there is one, and nothing else in it counts.

#include <map>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <nlohmann/json.hpp>

#include "alert/control/mailslot.hpp"
#include "brokerd/spool.hpp"
#include "process.hpp"

namespace {

using brokerd::Spool;
using nlohmann::json;
using test::Finished;
using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A raise id that begins with `first` and sorts by `number`.
std::string id(int number, char first = '0') {
  std::string text = std::to_string(number);
  return first + std::string(31 - text.size(), '0') + text;
}

alert::Raise call_of(const std::string& id) {
  alert::Raise call{"ADMIN", "lm20", std::string(76, '0'), {}};
  call.id = id;
  return call;
}

/// A spool folder, looked at directly.
class Folder : public testing::Test {
 protected:
  void leave(const std::string& name, int seconds = 1) const {
    folder.file("spool/" + name, to_json(call_of(name)).dump());
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (path() + "/" + name).c_str(), times, 0), 0);
  }
  /// The names of what comes out until a look finds nothing; each is removed.
  Words names() {
    Words names;
    do {
      spool.look(1);
      while (const auto entry = spool.next()) {
        names.push_back(entry->name);
        spool.remove(*entry);
      }
    } while (spool.timeout_ms() == 0);
    return names;
  }
  [[nodiscard]] std::string path() const { return folder / "spool"; }
  [[nodiscard]] mode_t mode() const {
    struct stat status {};
    EXPECT_EQ(::stat(path().c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  test::TemporaryFolder folder;
  Spool spool = std::move(*Spool::open(path(), Spool::Access::user));
};

TEST_F(Folder, GivesFilesInTheOrderOfTheirTimesThenNames) {
  leave(id(1), 30), leave(id(2), 10), leave(id(4), 20), leave(id(3), 20);
  EXPECT_EQ(names(), (Words{id(2), id(3), id(4), id(1)}));
  EXPECT_EQ(names(), Words());
}

TEST_F(Folder, KeepsTheOrderOfMoreFilesThanItRemembers) {
  const int count = static_cast<int>(Spool::kWaitingPerUid) + 10;
  for (int i = 0; i < count; ++i) leave(id(i), count - i);
  const auto got = names();
  ASSERT_EQ(got.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], id(count - 1 - i));
}

TEST_F(Folder, HoldsBackAUidThatIsPostponed) {
  leave(id(1)), leave(id(2));
  spool.look(1);
  ASSERT_TRUE(spool.next());
  spool.postpone(::geteuid(), 1);
  spool.look(2);
  EXPECT_FALSE(spool.next());
  EXPECT_EQ(spool.timeout_ms(), 1'000);
  spool.look(1'000'000'001);
  EXPECT_EQ(spool.next()->name, id(1));
}

TEST_F(Folder, HasOneBrokerAtATime) {
  const auto second = Spool::open(path(), Spool::Access::user);
  ASSERT_FALSE(second);
  EXPECT_TRUE(has(second.error(), "another broker")) << second.error();
}

TEST_F(Folder, OfAUserIsPrivate) { EXPECT_EQ(mode(), 0700u); }

TEST_F(Folder, OfTheHostTakesFromEverybodyAndShowsNobody) {
  spool = std::move(*Spool::open(folder / "host", Spool::Access::everybody));
  struct stat status {};
  ASSERT_EQ(::stat((folder / "host").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 01733u);
}

TEST_F(Folder, KeepsTheLastBadFilesOnly) {
  for (int i = 0; i < 100; ++i) folder.file("spool/bad" + std::to_string(i), "x");
  EXPECT_EQ(names(), Words());
  EXPECT_EQ(spool.bad(), 100u);
  std::size_t kept = 0;
  for (const auto& file : std::filesystem::directory_iterator(path() + "/bad")) kept += file.is_regular_file();
  EXPECT_EQ(kept, Spool::kBadKept);
}

TEST_F(Folder, ThatBelongsToSomebodyElseIsNotDrained) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  ASSERT_EQ(::mkdir((folder / "foreign").c_str(), 0700), 0);
  ASSERT_EQ(::chown((folder / "foreign").c_str(), 65534, 65534), 0);
  EXPECT_FALSE(Spool::open(folder / "foreign", Spool::Access::user));
}

/// Everything that is not a spooled raise, by the name it has in the spool.
class Hostile : public Folder {
 protected:
  [[nodiscard]] std::string at(int number) const { return path() + "/" + id(number); }
  void content(int number, const std::string& text) const { folder.file("spool/" + id(number), text); }
};

TEST_F(Hostile, FilesAreMovedAsideAndCounted) {
  std::map<int, std::string> bad;
  const std::string elsewhere = folder.file("elsewhere", to_json(call_of(id(1))).dump());
  ASSERT_EQ(::symlink(elsewhere.c_str(), at(1).c_str()), 0);
  ASSERT_EQ(::mkfifo(at(2).c_str(), 0600), 0);
  ASSERT_EQ(::link(elsewhere.c_str(), at(3).c_str()), 0);
  ASSERT_EQ(::mkdir(at(4).c_str(), 0700), 0);
  content(5, std::string(alert::kLargestMessage + 1, ' '));
  content(6, "not JSON");
  content(7, std::string(100'000, '['));
  content(8, "[]");
  content(9, "{}");
  content(10, "");
  content(11, to_json(call_of(id(12))).dump());
  alert::Raise dry = call_of(id(13));
  dry.dry_run = true;
  content(13, to_json(dry).dump());
  folder.file("spool/not-an-id", to_json(call_of(id(14))).dump());
  folder.file("spool/" + std::string(32, 'A'), to_json(call_of(id(15))).dump());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, at(16).c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  leave(id(99, 'f'));
  EXPECT_EQ(names(), Words{id(99, 'f')});
  EXPECT_EQ(spool.bad(), 15u);
  EXPECT_EQ(names(), Words());
  EXPECT_EQ(spool.bad(), 15u);
  EXPECT_TRUE(std::filesystem::exists(elsewhere));
}

TEST_F(Hostile, DevicesAreNotOpened) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a device";
  ASSERT_EQ(::mknod(at(1).c_str(), S_IFCHR | 0600, 0), 0);
  EXPECT_EQ(names(), Words());
  EXPECT_EQ(spool.bad(), 1u);
}

TEST_F(Hostile, ChangeBetweenTheLookAndTheReadIsNoticed) {
  leave(id(1));
  spool.look(1);
  ASSERT_EQ(::unlink(at(1).c_str()), 0);
  ASSERT_EQ(::mkfifo(at(1).c_str(), 0600), 0);
  EXPECT_FALSE(spool.next());
  EXPECT_EQ(spool.bad(), 1u);
}

TEST_F(Hostile, UnfinishedFilesAreLeftAlone) {
  folder.file("spool/." + id(1) + ".7", "{");
  EXPECT_EQ(names(), Words());
  EXPECT_EQ(spool.bad(), 0u);
  EXPECT_TRUE(std::filesystem::exists(path() + "/." + id(1) + ".7"));
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
  for (int i = 0; i < 40; ++i)
    lines += json{{"class", "admin"},
                  {"fields", {{"alrt_servicename", "S"}, {"alrtad_errcode", i}, {"mergestrings", json::array()}}}}
                 .dump() +
             "\n";
  const Finished left =
      broker.ctl({"raise", "--stdin", "--json", "--timeout", "20", "--spool-dir", spool()}, lines);
  ASSERT_EQ(test::lines(left.out).size(), 40u) << left.err;
  ASSERT_TRUE(broker.start());
  await_spooled(40);
  const auto alerts = pending();
  ASSERT_EQ(alerts.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(alerts[static_cast<std::size_t>(i)].at("fields").at("alrtad_errcode"), i);
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
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_nobody = ::setgid(65534) == 0 && ::setuid(65534) == 0;
    ::_exit(is_nobody && !alert::leave_in_spool(spool(), call_of(id(1))) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  await_spooled(1);
  EXPECT_EQ(pending().at(0).at("uid"), 65534);
}

/// A socket whose backlog is full and stays full.
class FullBacklog {
 public:
  FullBacklog() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(listener_.get(), to, sizeof address) || ::listen(listener_.get(), 0)) std::abort();
    do clients_.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    while (::connect(clients_.back().get(), to, sizeof address) == 0);
  }
  [[nodiscard]] std::string path() const { return folder_ / "socket"; }

 private:
  test::TemporaryFolder folder_;
  alert::Descriptor listener_;
  std::vector<alert::Descriptor> clients_;
};

TEST(RaiseTimeout, HoldsWhenTheBacklogIsFull) {
  const FullBacklog full;
  const Finished late = test::alertctl({"--socket", full.path(), "raise", "admin", "1", "--timeout", "20"});
  EXPECT_EQ(late.status, 5);
  EXPECT_TRUE(has(late.err, full.path() + ": Connection timed out")) << late.err;
}

TEST(RaiseTimeout, HoldsWhenTheBrokerIsStopped) {
  test::Broker broker;
  broker.process().signal(SIGSTOP);
  const Finished late = broker.ctl({"raise", "admin", "1", "--timeout", "20"});
  EXPECT_EQ(late.status, 5);
  EXPECT_TRUE(has(late.err, "did not answer")) << late.err;
}

TEST(RaiseRequire, CountsTheMailslotsThatWereWritten) {
  test::Broker broker;
  for (const std::string box : {"one", "two"}) {
    broker.ctl({"make", box});
    broker.ctl({"start", "ADMIN", box});
  }
  broker.ctl({"start", "ADMIN", "\\mailslot\\none"});
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "2"}).status, 0);
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "3"}).status, 1);
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "2", "--dry-run"}).status, 0);
}

}  // namespace
