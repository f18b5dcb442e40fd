// A file system of its own for the journal, that fills up, and a folder that becomes unwritable: refused, never
// lost.

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "alert/journal/journal.hpp"
#include "nobody.hpp"
#include "process.hpp"

namespace {

using alert::Mailslot;
using test::Process;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr int kWriteFault = 29;

/// A small file system, for root where it may mount.
class SmallDisk {
 public:
  SmallDisk() { is_mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=256k,mode=0755") == 0; }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_mounted() const noexcept { return is_mounted_; }
  [[nodiscard]] std::string path() const { return folder_.path(); }

  /// Takes what room there is, and gives it back.
  void fill() const {
    const alert::Descriptor file(::open(filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string page(4'096, 'x');
    while (::write(file.get(), page.data(), page.size()) > 0) continue;
  }
  void free() const { std::filesystem::remove(filler()); }

 private:
  [[nodiscard]] std::string filler() const { return path() + "/filler"; }

  test::TemporaryFolder folder_;
  bool is_mounted_ = false;
};

/// A broker with its journal at some place, alone or as somebody else, and a mailslot.
struct Broker {
  explicit Broker(std::string journal, std::vector<std::string> before = {}) : journal_(std::move(journal)) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms{0777});
    command_ = std::move(before);
    const std::string config = folder_.file("toml", "[journal]\nsegment_bytes = 4096\n");
    command_.insert(command_.end(), {test::program("brokerd"), "--socket", folder_ / "socket", "--journal",
                                     journal_, "--config", config});
    EXPECT_TRUE(start());
  }
  bool start() {
    process_.reset();
    process_.emplace(command_);
    for (std::string line = process_->err_line(); !line.empty(); line = process_->err_line())
      if (line.find("listening at") != std::string::npos) return true;
    return false;
  }
  void kill() { end(SIGKILL); }
  void stop() { end(SIGTERM); }
  [[nodiscard]] alert::Client connect() const { return std::move(*alert::Client::connect({folder_ / "socket"})); }

  void make() {
    alert::Client client = connect();
    ASSERT_TRUE(client.call(alert::MakeMailslot{kSlot, {}, {}, {}}));
    ASSERT_TRUE(client.call(alert::Start{"TEST", kSlot, {}, {}}));
  }
  /// The number of the refusal, 0 for none. The accepted are counted.
  int raise() {
    const auto receipt = connect().call(alert::Raise{"TEST", "lm20", std::string(2 * 500, '0'), {}, {}});
    if (!receipt) return static_cast<int>(receipt.error().code);
    EXPECT_EQ(*receipt->sequence, ++accepted_) << "no number is passed over";
    return 0;
  }
  /// Every accepted alert can be read, in order, once.
  void expect_all_there() {
    auto slot = Mailslot::open(connect(), kSlot, Mailslot::Mode::observe);
    ASSERT_TRUE(slot) << slot.error().message;
    slot->rewind();
    for (std::uint64_t n = 1; n <= accepted_; ++n) {
      const auto record = slot->read(0ms);
      ASSERT_TRUE(record) << record.error().message;
      EXPECT_EQ(record->header.sequence, n);
      EXPECT_EQ(record->kind(), alert::RecordKind::alert);
    }
    EXPECT_FALSE(slot->read(0ms));
  }
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }

 private:
  void end(int signal) {
    process_->signal(signal);
    process_->wait();
  }

  test::TemporaryFolder folder_;
  std::string journal_;
  std::vector<std::string> command_;
  std::optional<Process> process_;
  std::uint64_t accepted_ = 0;
};

class FullFileSystem : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.is_mounted()) GTEST_SKIP() << "a file system can not be mounted here";
    broker_.emplace(disk_.path() + "/journal");
    broker_->make();
  }
  /// Until it is refused.
  void raise_until_refused() {
    int code = 0;
    while (code == 0) code = broker_->raise();
    EXPECT_EQ(code, kWriteFault);
  }

  SmallDisk disk_;
  std::optional<Broker> broker_;
};

}  // namespace

TEST_F(FullFileSystem, RefusesUntilThereIsRoomAgainAndLosesNothing) {
  EXPECT_EQ(broker_->raise(), 0);
  for (int round = 0; round < 3; ++round) {
    disk_.fill();
    raise_until_refused();
    EXPECT_EQ(broker_->raise(), kWriteFault);
    broker_->expect_all_there();
    disk_.free();
    EXPECT_EQ(broker_->raise(), 0);
    EXPECT_EQ(broker_->raise(), 0);
    broker_->expect_all_there();
  }
}

TEST_F(FullFileSystem, ThatTheJournalFilledItselfLosesNothingWhenTheBrokerIsKilled) {
  const std::string reserve = disk_.path() + "/reserve";
  std::ofstream(reserve) << std::string(32 * 1'024, 'x');
  raise_until_refused();
  EXPECT_GT(broker_->accepted(), 50u);
  broker_->kill();
  std::filesystem::remove(reserve);
  ASSERT_TRUE(broker_->start());
  broker_->expect_all_there();
  EXPECT_EQ(broker_->raise(), 0);
  broker_->expect_all_there();
}

TEST_F(FullFileSystem, LetsABrokerThatWasKilledServeItsReaders) {
  const std::string listener = "\\mailslot\\session";
  alert::Client client = broker_->connect();
  ASSERT_TRUE(client.call(alert::MakeMailslot{listener, {}, {}, true}));
  ASSERT_EQ(broker_->raise(), 0);
  disk_.fill();
  raise_until_refused();
  for (int life = 0; life < 2; ++life) {
    broker_->kill();
    ASSERT_TRUE(broker_->start());
    broker_->expect_all_there();
    EXPECT_EQ(broker_->raise(), kWriteFault);
    EXPECT_EQ(broker_->connect().call(alert::ListMailslots{})->rows.size(), 1u) << "the session has ended";
  }
  disk_.free();
  EXPECT_EQ(broker_->raise(), 0);
  broker_->kill();
  ASSERT_TRUE(broker_->start());
  broker_->expect_all_there();
  EXPECT_EQ(broker_->connect().call(alert::ListMailslots{})->rows.size(), 1u);
}

TEST_F(FullFileSystem, LetsABrokerThatWasToldToStopServeItsReaders) {
  ASSERT_EQ(broker_->raise(), 0);
  broker_->stop();
  disk_.fill();
  ASSERT_TRUE(broker_->start());
  broker_->expect_all_there();
  EXPECT_EQ(broker_->raise(), kWriteFault);
  disk_.free();
  EXPECT_EQ(broker_->raise(), 0);
  broker_->kill();
  ASSERT_TRUE(broker_->start());
  EXPECT_EQ(broker_->raise(), 0);
  broker_->expect_all_there();
}

TEST(UnwritableJournalFolder, LosesNothingAndIsWrittenToAgainWhenItCanBe) {
  const test::TemporaryFolder folder;
  std::vector<std::string> as_somebody;  // whom file modes concern
  if (::geteuid() == 0) {
    as_somebody = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    ASSERT_EQ(::chown(folder.path().c_str(), test::kNobody, test::kNobody), 0);
  }
  Broker broker(folder / "journal", as_somebody);
  broker.make();
  const auto segments = [&] { return alert::journal_segments(folder / "journal")->size(); };
  EXPECT_EQ(broker.raise(), 0);
  ASSERT_EQ(::chmod((folder / "journal").c_str(), 0500), 0);
  const auto before = segments();
  for (int i = 0; i < 40; ++i) {
    const int code = broker.raise();
    EXPECT_TRUE(code == 0 || code == kWriteFault) << code;
  }
  EXPECT_EQ(segments(), before);
  broker.expect_all_there();
  ASSERT_EQ(::chmod((folder / "journal").c_str(), 0700), 0);
  EXPECT_EQ(broker.raise(), 0);
  EXPECT_EQ(segments(), before + 1);
  broker.kill();
  ASSERT_TRUE(broker.start());
  broker.expect_all_there();
}
