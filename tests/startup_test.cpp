// How a broker starts or says why it does not, and how it ends.

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

namespace fs = std::filesystem;

constexpr int kSystem = 5;

/// Runs brokerd, which is expected to end by itself; one that listens instead is killed.
test::Finished run(std::vector<std::string> options, const test::Process::Environment& environment = {}) {
  options.insert(options.begin(), test::program("brokerd"));
  test::Process process(options, environment);
  std::string said;
  for (std::string line = process.err_line(); !line.empty(); line = process.err_line()) {
    said += line + "\n";
    if (line.find("listening at") != std::string::npos) process.signal(SIGKILL);
  }
  test::Finished finished = process.finish();
  finished.err = said;
  return finished;
}

/// Every file below a folder with its mode, owner, number and a hash of its content.
std::vector<std::string> state_of(const fs::path& folder) {
  std::vector<std::string> state;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status {};
    ::lstat(entry.path().c_str(), &status);
    std::string content;
    if (entry.is_regular_file())
      content.assign(std::istreambuf_iterator<char>(std::ifstream(entry.path(), std::ios::binary).rdbuf()), {});
    state.push_back(entry.path().string() + " " + std::to_string(status.st_mode) + " " +
                    std::to_string(status.st_uid) + " " + std::to_string(status.st_ino) + " " +
                    std::to_string(std::hash<std::string>()(content)));
  }
  std::sort(state.begin(), state.end());
  return state;
}

alert::Descriptor bound_socket(const std::string& path, int type) {
  alert::Descriptor fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << path;
  return fd;
}

class Startup : public testing::Test {
 protected:
  test::Finished run_here() { return run({"--socket", socket, "--journal", journal}); }
  /// Exit status 5, a sentence that names `what`, and nothing below the folder changed.
  void expect_refused(const std::string& what) {
    const auto before = state_of(folder.path());
    const test::Finished finished = run_here();
    EXPECT_EQ(finished.status, kSystem);
    EXPECT_TRUE(finished.err.starts_with("brokerd: ")) << finished.err;
    EXPECT_NE(finished.err.find(what), std::string::npos) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(state_of(folder.path()), before);
  }

  /// The exit status of a broker with this standard error (-1: none) that has served a call; READY=1
  /// is how one knows that it listens.
  int life_with_stderr(int fd) {
    const alert::Descriptor notes = bound_socket(folder / "notes", SOCK_DGRAM);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("NOTIFY_SOCKET", (folder / "notes").c_str(), 1);
      fd < 0 ? ::close(2) : ::dup2(fd, 2);
      const std::string brokerd = test::program("brokerd");
      ::execl(brokerd.c_str(), "brokerd", "--socket", socket.c_str(), "--journal", journal.c_str(), nullptr);
      ::_exit(127);
    }
    const alert::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    pollfd poll[2] = {{notes.get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    ::poll(poll, 2, -1);
    if (poll[0].revents) {
      auto client = alert::Client::connect({socket});
      EXPECT_TRUE(client && client->call(alert::Stats{}));
      ::kill(child, SIGTERM);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  test::TemporaryFolder folder;
  std::string socket = folder / "socket";
  std::string journal = folder / "journal";
};

TEST(Broker, IsAloneAtItsSocket) {
  test::Broker first;
  const auto before = state_of(first.journal());
  const test::Finished second = run({"--socket", first.socket(), "--journal", first.folder() / "other"});
  EXPECT_EQ(second.status, kSystem);
  EXPECT_NE(second.err.find(first.socket()), std::string::npos) << second.err;
  EXPECT_EQ(state_of(first.journal()), before);
  EXPECT_TRUE(first.connect().call(alert::Stats{}));
}

TEST(Broker, IsAloneInItsJournal) {
  test::Broker first;
  const auto before = state_of(first.folder().path());
  const test::Finished second = run({"--socket", first.folder() / "other", "--journal", first.journal()});
  EXPECT_EQ(second.status, kSystem);
  EXPECT_NE(second.err.find(first.journal()), std::string::npos) << second.err;
  EXPECT_EQ(state_of(first.folder().path()), before);
  EXPECT_TRUE(first.connect().call(alert::Stats{}));
}

TEST(Broker, ReplacesTheSocketOfAKilledOne) {
  test::Broker broker;
  broker.kill();
  EXPECT_TRUE(fs::is_socket(broker.socket()));
  EXPECT_TRUE(broker.start());
  EXPECT_TRUE(broker.connect().call(alert::Stats{}));
}

TEST(Broker, RemovesItsSocketWhenItIsToldToStop) {
  test::Broker broker;
  EXPECT_EQ(broker.stop(), 0);
  EXPECT_FALSE(fs::exists(broker.socket()));
}

TEST(Broker, StopsWithReadersAndHalfRequestsAttached) {
  test::Broker broker;
  alert::Client reader = broker.connect(), idle = broker.connect();
  ASSERT_TRUE(reader.call(alert::MakeMailslot{"\\mailslot\\slot", {}, {}, true}));
  ASSERT_TRUE(reader.call(alert::OpenMailslot{"\\mailslot\\slot", true, true}));
  EXPECT_EQ(broker.stop(), 0);
}

TEST(Broker, KeepsItsJournalToItself) {
  test::Broker broker;
  EXPECT_EQ(broker.stop(), 0);
  fs::permissions(broker.journal(), fs::perms{0755});
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(fs::status(broker.journal()).permissions(), fs::perms{0700});
  for (const auto& file : fs::directory_iterator(broker.journal()))
    EXPECT_EQ(file.status().permissions(), fs::perms{0600}) << file.path();
}

TEST(Broker, StartsBesideADamagedSegmentWithoutAlerts) {
  test::Broker broker;
  ASSERT_TRUE(broker.connect().call(alert::MakeMailslot{"\\mailslot\\slot", {}, {}, {}}));
  EXPECT_EQ(broker.stop(), 0);
  {
    std::fstream segment(broker.journal() + "/00000000000000000001.pcapng",
                         std::ios::in | std::ios::out | std::ios::binary);
    segment.seekp(-40, std::ios::end).put('!');
  }
  EXPECT_TRUE(broker.start()) << broker.notes();
}

TEST_F(Startup, RefusesAJournalThatIsAFile) {
  folder.file("journal", "mine");
  expect_refused(journal);
}

TEST_F(Startup, RefusesAJournalBelowAFile) {
  folder.file("journal", "mine");
  journal += "/deeper/journal";
  expect_refused(journal);
}

TEST_F(Startup, RefusesAJournalOfAnotherUid) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  fs::create_directory(journal);
  ASSERT_EQ(::chown(journal.c_str(), 65534, 65534), 0);
  expect_refused(journal);
}

TEST_F(Startup, RefusesAJournalThatIsASymbolicLink) {
  fs::create_directory(folder / "target");
  fs::create_directory_symlink(folder / "target", journal);
  expect_refused(journal);
  for (const char* ending : {"/", "//", "/."}) {
    journal = (folder / "journal") + ending;
    expect_refused(folder / "journal");
  }
}

TEST_F(Startup, RefusesAJournalThatIsADanglingSymbolicLink) {
  fs::create_directory_symlink(folder / "nowhere", journal);
  expect_refused(journal);
}

TEST_F(Startup, RefusesADamagedBound) {
  ASSERT_EQ(run_here().status, 128 + SIGKILL);  // it listened
  for (const char* content : {"", "garbage", "{}", "[]", R"({"journal":1,"boot":"","bound":1,"clean":true})",
                              R"({"journal":"","boot":"","bound":-1,"clean":false})",
                              R"({"journal":"","boot":"","bound":1e99,"clean":false})"}) {
    SCOPED_TRACE(content);
    folder.file("journal/bound", content);
    fs::remove(socket);
    expect_refused(journal + "/bound");
  }
}

TEST_F(Startup, LeavesARegularFileInTheSocketsPlaceAlone) {
  ASSERT_EQ(run_here().status, 128 + SIGKILL);
  fs::remove(socket);
  folder.file("socket", "mine");
  expect_refused(socket);
}

TEST_F(Startup, LeavesASocketOfAnotherProgramAlone) {
  ASSERT_EQ(run_here().status, 128 + SIGKILL);
  fs::remove(socket);
  const alert::Descriptor another = bound_socket(socket, SOCK_STREAM);
  ASSERT_EQ(::listen(another.get(), 1), 0);
  expect_refused(socket);
}

TEST_F(Startup, SocketPathHas107BytesAndNot108) {
  socket += std::string(107 - socket.size(), 'x');
  EXPECT_EQ(run_here().status, 128 + SIGKILL);
  socket += "x";
  expect_refused(socket);
}

TEST_F(Startup, RefusesASocketInAFolderThatCanNotBeMade) {
  ASSERT_EQ(run_here().status, 128 + SIGKILL);
  socket = folder / "a/b/socket";
  expect_refused(socket);
}

TEST_F(Startup, MakesTheSocketsFolder) {
  socket = folder / "run/socket";
  EXPECT_EQ(run_here().status, 128 + SIGKILL);
  EXPECT_EQ(fs::status(folder / "run").permissions(), fs::perms{0700});
}

TEST_F(Startup, RefusesToGuessWhereToListen) {
  for (const char* runtime : {"", "relative/path"}) {
    const test::Finished finished = run({"--journal", journal}, {{"XDG_RUNTIME_DIR", runtime}});
    EXPECT_EQ(finished.status, kSystem);
    EXPECT_NE(finished.err.find("XDG_RUNTIME_DIR"), std::string::npos) << finished.err;
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(Startup, RefusesToGuessWhereToKeepTheJournal) {
  const test::Finished finished = run({"--socket", socket}, {{"XDG_STATE_HOME", ""}, {"HOME", ""}});
  EXPECT_EQ(finished.status, kSystem);
  EXPECT_NE(finished.err.find("XDG_STATE_HOME"), std::string::npos) << finished.err;
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(Startup, UsesTheUsersFolders) {
  fs::create_directory(folder / "run");
  EXPECT_EQ(run({"--journal", journal}, {{"XDG_RUNTIME_DIR", folder / "run"}}).status, 128 + SIGKILL);
  EXPECT_TRUE(fs::is_socket(folder / "run/alertbroker/socket"));
  EXPECT_EQ(run({"--socket", socket}, {{"XDG_STATE_HOME", folder / "state"}}).status, 128 + SIGKILL);
  EXPECT_TRUE(fs::is_directory(folder / "state/alertbroker/journal"));
  EXPECT_EQ(run({"--socket", socket}, {{"XDG_STATE_HOME", ""}, {"HOME", folder.path()}}).status, 128 + SIGKILL);
  EXPECT_TRUE(fs::is_directory(folder / ".local/state/alertbroker/journal"));
}

TEST_F(Startup, WrongUsageIsToldApart) {
  EXPECT_EQ(run({"--journal"}).status, 2);
  EXPECT_EQ(run({"--no-such-option"}).status, 2);
  EXPECT_EQ(run({"--numalerts", "many"}).status, 2);
}

TEST_F(Startup, TellsTheServiceManagerWhenItListensAndWhenItStops) {
  const alert::Descriptor notes = bound_socket(folder / "notes", SOCK_DGRAM);
  test::Process broker({test::program("brokerd"), "--socket", socket, "--journal", journal},
                       {{"NOTIFY_SOCKET", folder / "notes"}});
  char text[64] = {};
  EXPECT_GT(::recv(notes.get(), text, sizeof text - 1, 0), 0);
  EXPECT_STREQ(text, "READY=1");
  EXPECT_TRUE(alert::Client::connect({socket}));
  broker.signal(SIGTERM);
  EXPECT_EQ(broker.finish().status, 0);
  EXPECT_EQ(::recv(notes.get(), text, sizeof text - 1, 0), 10);
  EXPECT_STREQ(text, "STOPPING=1");
}

TEST_F(Startup, ServesWithoutAStandardError) { EXPECT_EQ(life_with_stderr(-1), 0); }

TEST_F(Startup, ServesWhenNobodyReadsItsStandardError) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const alert::Descriptor reader(ends[0]), writer(ends[1]);
  ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
  const std::string much(65'536, 'x');
  while (::write(writer.get(), much.data(), much.size()) > 0) continue;
  ::fcntl(writer.get(), F_SETFL, 0);
  EXPECT_EQ(life_with_stderr(writer.get()), 0);
}

TEST_F(Startup, ServesWhenTheReaderOfItsStandardErrorIsGone) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const alert::Descriptor writer(ends[1]);
  ::close(ends[0]);
  EXPECT_EQ(life_with_stderr(writer.get()), 0);
}

}  // namespace
