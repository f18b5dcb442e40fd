// The spool folder: what is given out of it, in which order, and that nothing else in it counts.

#include <map>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "brokerd/spool.hpp"
#include "process.hpp"
#include "spooled.hpp"

namespace {

using brokerd::Spool;
using test::call_of;
using test::id;
using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

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

TEST_F(Folder, RestsWhileAUidWithMoreFilesThanItRemembersIsPostponed) {
  const int count = static_cast<int>(Spool::kWaitingPerUid) + 10;
  for (int i = 0; i < count; ++i) leave(id(i));
  do spool.look(1);
  while (!spool.next());
  spool.postpone(::geteuid(), 1);
  for (int turn = 0; turn < 20; ++turn) {
    spool.look(2);
    EXPECT_FALSE(spool.next());
  }
  EXPECT_EQ(spool.timeout_ms(), 1'000);
  std::size_t later = 0;
  for (int turn = 0; turn < 20; ++turn) {
    spool.look(1'000'000'001);
    while (const auto entry = spool.next()) ++later, spool.remove(*entry);
  }
  EXPECT_EQ(later, static_cast<std::size_t>(count));
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

}  // namespace
