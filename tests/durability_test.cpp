// What an accepted alert survives, and what a turn that cannot be synced leaves behind: nothing.

#include <filesystem>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"
#include "brokerd/recovery.hpp"
#include "mailbox_box.hpp"
#include "process.hpp"

namespace {

using brokerd::Durability;

alert::Raise raise() { return {"TEST", "lm20", std::string(76, '0'), {}, {}}; }

/// A broker without sockets over a journal of its own.
struct Life {
  explicit Life(const std::string& path, Durability durability) : folder(path) {
    auto recovered = brokerd::recover(std::move(*brokerd::JournalFolder::open(folder)), 1);
    recovered->writer.set_durability(durability);
    broker.emplace(std::move(recovered->ledger), std::move(recovered->writer),
                   brokerd::Policy::standard(false, 0, std::nullopt));
  }
  /// The sequence, or the number of the refusal below zero.
  long accept() {
    (void)broker->raise({}, raise(), 1);
    broker->settle();
    std::vector<brokerd::Outcome<brokerd::Settled>> all;
    broker->take_settled(all);
    const auto& settled = all.at(0);
    return settled ? static_cast<long>(settled->sequence) : -static_cast<long>(settled.error().code);
  }
  /// Puts a file that takes every write and cannot be synced or cut in the place of the open segment.
  void make_the_disk_fail() const {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code none;
      const std::string target = std::filesystem::read_symlink(entry, none);
      if (target.find(alert::kSegmentSuffix) == std::string::npos) continue;
      const alert::Descriptor sink(::open("/dev/null", O_RDWR | O_CLOEXEC));
      ASSERT_GE(::dup3(sink.get(), std::stoi(entry.path().filename()), O_CLOEXEC), 0);
      return;
    }
    FAIL() << "no segment is open";
  }
  [[nodiscard]] std::vector<std::uint64_t> journaled() const {
    std::vector<std::uint64_t> found;
    const auto segments = alert::journal_segments(folder);
    for (const std::uint64_t first : segments.value()) {
      auto reader = alert::SegmentReader::open(folder + "/" + alert::segment_name(first));
      for (auto next = reader->next(); next && *next; next = reader->next())
        if ((*next)->record.kind() == alert::RecordKind::alert) found.push_back((*next)->record.header.sequence);
    }
    return found;
  }

  std::string folder;
  std::optional<brokerd::Broker> broker;
};

using Numbers = std::vector<std::uint64_t>;

/// Calls that look whether a broken journal can be written again do not come between a turn and its journaling.
class BrokenJournal : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(life.broker->make(kReader, {"\\mailslot\\tests", {}, {}, {}}, 1));
    ASSERT_TRUE(life.broker->start(kReader, {"TEST", "\\mailslot\\tests", {}, {}}, 1));
    auto opened = life.broker->open(kReader, alert::OpenMailslot{"\\mailslot\\tests", true, {}}, 1);
    ASSERT_TRUE(opened);
    ring.emplace(alert::MailboxReader::map(std::move(opened->ring)).value());
    life.make_the_disk_fail();
    ASSERT_EQ(life.accept(), -29);
  }
  std::vector<brokerd::Outcome<brokerd::Settled>> settle() {
    life.broker->settle();
    std::vector<brokerd::Outcome<brokerd::Settled>> settled;
    life.broker->take_settled(settled);
    return settled;
  }

  const brokerd::Caller kReader{0, 1, {1, -1}, {}};
  const test::TemporaryFolder folder;
  Life life{folder / "journal", Durability::disk};
  std::optional<alert::MailboxReader> ring;
};

TEST_F(BrokenJournal, ThatStaysSoRefusesATurnWhoeverAsksForAPortMeanwhile) {
  std::filesystem::remove_all(life.folder);
  ASSERT_TRUE(life.broker->raise({}, raise(), 1));
  EXPECT_FALSE(life.broker->create({}, 1));
  const auto settled = settle();
  ASSERT_EQ(settled.size(), 1u);
  ASSERT_FALSE(settled[0]);
  EXPECT_EQ(settled[0].error().code, alert::Code::write_fault);
  EXPECT_EQ(ring->look(), alert::MailboxReader::Seen::empty);
}

TEST_F(BrokenJournal, ThatIsWholeAgainTakesATurnWhoeverAsksForAPortMeanwhile) {
  alert::Raise other{"OTHER", "lm20", std::string(2 * 500, '0'), {}, {}};
  ASSERT_TRUE(life.broker->raise({}, raise(), 1));
  EXPECT_TRUE(life.broker->create({}, 1));
  ASSERT_TRUE(life.broker->raise({}, other, 1));
  const auto settled = settle();
  ASSERT_EQ(settled.size(), 2u);
  ASSERT_TRUE(settled[0] && settled[1]);
  EXPECT_EQ(life.journaled(), (std::vector<std::uint64_t>{settled[0]->sequence, settled[1]->sequence}));
  ASSERT_EQ(ring->look(), alert::MailboxReader::Seen::record);
  EXPECT_EQ(ring->record().header.sequence, settled[0]->sequence);
  EXPECT_EQ(ring->record().body.size(), raise().wire.size() / 2);
  ring->advance();
  EXPECT_EQ(ring->look(), alert::MailboxReader::Seen::empty);
}

}  // namespace

TEST(DurabilityProcess, DoesNotWaitForTheDiskBetweenTwoSegments) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::process);
  brokerd::JournalOptions options;
  options.segment_bytes = 1;
  life.broker->set_journal_options(options, 1);
  life.make_the_disk_fail();
  for (long sequence = 1; sequence <= 20; ++sequence) EXPECT_EQ(life.accept(), sequence);
  life.broker->rotate(1);
  EXPECT_EQ(life.accept(), 21);
  EXPECT_EQ(alert::journal_segments(life.folder)->back(), 21u);
}

TEST(DurabilityProcess, DoesNotWaitForTheDisk) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::process);
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), 1);
}

TEST(DurabilityDisk, RefusesATurnThatCannotBeSynced) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::disk);
  EXPECT_EQ(life.accept(), 1);
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), -29);
}

TEST(DurabilityDisk, GoesOnInANewSegmentAfterAFailedSync) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::disk);
  EXPECT_EQ(life.accept(), 1);
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), -29);
  EXPECT_EQ(life.accept(), 2);
  EXPECT_EQ(life.journaled(), (Numbers{1, 2}));
  EXPECT_EQ(alert::journal_segments(life.folder)->size(), 2u);
  life.broker.reset();
  Life next(folder / "journal", Durability::disk);
  EXPECT_EQ(next.accept(), 3);
}

TEST(DurabilityDisk, ReplacesABrokenSegmentThatHoldsNoAlertYet) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::disk);
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), -29);
  EXPECT_EQ(life.accept(), 1);
  EXPECT_EQ(life.journaled(), Numbers{1});
  EXPECT_EQ(alert::journal_segments(life.folder)->size(), 1u);
}

TEST(DurabilityDisk, ReplaysFromTheSegmentThatTookTheBrokenOnesPlace) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::disk);
  brokerd::Broker& broker = *life.broker;
  brokerd::Caller reader;
  reader.session.id = 1;
  ASSERT_TRUE(broker.make(reader, {"\\mailslot\\slot", {}, {}, {}}, 1));
  for (const std::string event : {"TEST", "OTHER"})
    ASSERT_TRUE(broker.start(reader, {event, "\\mailslot\\slot", {}, {}}, 1));
  ASSERT_TRUE(broker.stop(reader, {"OTHER", "\\mailslot\\slot"}, 1));
  ASSERT_TRUE(broker.open(reader, alert::OpenMailslot{"\\mailslot\\slot", false, {}}, 1));
  auto window = alert::ReplayWindow::create();
  ASSERT_TRUE(broker.replay(reader, {"\\mailslot\\slot", {}}, *window, 1)) << "looks at all of the old one";
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), -29);
  EXPECT_EQ(life.accept(), 1);
  ASSERT_TRUE(broker.replay(reader, {"\\mailslot\\slot", {}}, *window, 1));
  const auto record = alert::read_record(window->records(window->used()));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->kind(), alert::RecordKind::alert);
  EXPECT_EQ(record->header.sequence, 1u);
}

TEST(DurabilityDisk, AuditsAnewWhenTheSegmentThatItReadsIsReplaced) {
  const test::TemporaryFolder folder;
  Life life(folder / "journal", Durability::process);
  brokerd::Broker& broker = *life.broker;
  brokerd::Caller caller;
  caller.session.id = 1;
  const std::string recipient = std::string(alert::kMailslotPrefix) + std::string(200, 'x');
  const std::string segment = life.folder + "/" + alert::segment_name(1);
  while (std::filesystem::file_size(segment) <= brokerd::JournalWalk::kBytesPerTurn + alert::kLargestRecord) {
    ASSERT_TRUE(broker.start(caller, {"TEST", recipient, {}, {}}, 1));
    ASSERT_TRUE(broker.stop(caller, {"TEST", recipient}, 1));
  }
  auto outcome = broker.audit(caller, 1);
  ASSERT_TRUE(outcome && !outcome->done);
  broker.set_journal_options({Durability::disk, {}}, 1);
  life.make_the_disk_fail();
  EXPECT_EQ(life.accept(), -29);
  EXPECT_EQ(life.accept(), 1);
  while (outcome && !outcome->done) outcome = broker.audit(caller, 1);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->alerts, 1u);
  EXPECT_TRUE(outcome->differences.empty());
}

TEST(Durability, IsChosenInTheConfiguration) {
  const test::TemporaryFolder folder;
  const auto config = folder.file("toml", "[journal]\ndurability = \"disk\"\n");
  const test::Broker broker({"--config", config});
  EXPECT_EQ(broker.ctl({"raise", "message", "kept"}).status, 0);
}
