// Room behind the last block of a segment whose turns are synced: there while it is written to, the end to every
// reader, and no excuse for damage.

#include <csignal>

#include <sys/mman.h>
#include <sys/resource.h>

#include "alert/capture/capture_reader.hpp"
#include "brokerd/refold.hpp"
#include "configured.hpp"
#include "damage.hpp"

namespace {

using namespace damage;
using alert::pcapng::kMostRoom;

/// Three alerts in one segment, by a broker that was killed.
struct Written {
  explicit Written(Durability durability = Durability::disk) {
    journal.life().writer.set_durability(durability);
    journal.make(kAll);
    journal.start("E", kAll);
    for (const char* wire : {"first", "second", "the last one"}) journal.raise(wire, "", {"E", ""});
    files = journal.files();
  }
  [[nodiscard]] std::string& segment() { return files.at(alert::segment_name(1)); }
  [[nodiscard]] const std::vector<Given>& given() { return journal.given(); }
  [[nodiscard]] const Given& last() { return given().back(); }
  [[nodiscard]] std::uint64_t end() { return last().to; }

  Journal journal;
  std::map<std::string, File> files;
};

alert::Descriptor file_of(const std::string& bytes) {
  alert::Descriptor file(::memfd_create("segment", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

/// What a reader gets out of a segment.
struct Alerts {
  explicit Alerts(const std::string& bytes) {
    alert::SegmentReader reader(file_of(bytes));
    size = reader.size();
    for (auto walk = reader.from_end(); walk.previous();)
      backward += walk.record() && walk.record()->record.kind() == alert::RecordKind::alert;
    for (;;) {
      const auto next = reader.next();
      if (!next) error = next.error();
      if (!next || !*next) break;
      forward += (*next)->record.kind() == alert::RecordKind::alert;
    }
  }
  std::uint64_t size = 0;
  std::size_t backward = 0;
  std::size_t forward = 0;
  std::optional<alert::Error> error;
};

bool is_zero(const std::string& bytes, std::uint64_t from, std::uint64_t to) {
  return from >= to || bytes.find_first_not_of('\0', from) >= to;
}

std::uint64_t size_of(const std::filesystem::path& folder, std::uint64_t segment) {
  return std::filesystem::file_size(folder / alert::segment_name(segment));
}

}  // namespace

TEST(SegmentRoom, IsBehindTurnsThatAreSyncedAndOnlyThere) {
  Written synced;
  EXPECT_GT(synced.segment().size(), synced.end());
  EXPECT_LE(synced.segment().size(), synced.end() + kMostRoom);
  Written unsynced(Durability::process);
  EXPECT_EQ(unsynced.segment().size(), unsynced.end());
}

TEST(SegmentRoom, IsUsedUpBeforeThereIsMore) {
  Journal journal;
  journal.life().writer.set_durability(Durability::disk);
  const std::string large(60'000, 'x');
  std::set<std::uint64_t> sizes;
  for (int i = 0; i < 20; ++i) {
    journal.raise(large, "", {"E", ""});
    const auto& writer = journal.life().writer;
    sizes.insert(size_of(writer.folder().path(), 1));
    EXPECT_GE(*sizes.rbegin(), writer.size());
    EXPECT_LE(*sizes.rbegin(), writer.size() + kMostRoom);
  }
  EXPECT_EQ(sizes.size(), 4U) << "five alerts fit into what the first of them brings with it";
}

TEST(SegmentRoom, IsCutOffWithTheNextSegmentAndAtAProperEnd) {
  Journal journal;
  auto& writer = journal.life().writer;
  const auto folder = writer.folder().path();
  writer.set_durability(Durability::disk);
  const auto last = journal.raise("one", "", {"E", ""});
  const std::uint64_t end = writer.size();
  journal.rotate();
  EXPECT_EQ(size_of(folder, 1), end);
  journal.raise("two", "", {"E", ""});
  EXPECT_GT(size_of(folder, last + 1), writer.size());
  EXPECT_FALSE(writer.close(last + 1));
  EXPECT_EQ(size_of(folder, last + 1), writer.size());
}

TEST(SegmentRoom, IsTheEndToEveryReader) {
  Written written;
  const Alerts alerts(written.segment());
  EXPECT_EQ(alerts.forward, 3U);
  EXPECT_EQ(alerts.backward, 3U);
  EXPECT_EQ(alerts.size, written.end());
  EXPECT_FALSE(alerts.error);
  alert::CaptureReader capture{alert::FileWindow(file_of(written.segment()))};
  for (std::size_t packets = 0;; ++packets) {
    const auto next = capture.next();
    ASSERT_TRUE(next) << packets;
    if (*next) continue;
    EXPECT_EQ(packets, 6U) << "the checkpoint, two changes, three alerts";
    break;
  }
}

TEST(SegmentRoom, OfMoreThanAWriterLeavesIsDamage) {
  Written written;
  for (const bool is_too_much : {false, true}) {
    written.segment().resize(written.end() + kMostRoom + is_too_much);
    const Alerts alerts(written.segment());
    EXPECT_EQ(alerts.forward, 3U);
    EXPECT_EQ(alerts.error.has_value(), is_too_much);
    EXPECT_EQ(alerts.size, is_too_much ? written.segment().size() : written.end());
  }
}

TEST(SegmentRoom, IsCutOffByTheNextStartWhichGoesOnBehindTheLastAlert) {
  Written written;
  const Reading read(written.files);
  EXPECT_TRUE(read.notes.empty());
  EXPECT_EQ(read.alerts.size(), 3U);
  EXPECT_EQ(read.next, 4U);
}

TEST(SegmentRoom, IsDamageWhereTheJournalHadNone) {
  Written written(Durability::process);
  written.segment().resize(written.end() + 4096);
  const Reading read(written.files);
  EXPECT_FALSE(read.notes.empty());
  EXPECT_TRUE(read.has_gap_over(4)) << "who knows what was there";
}

TEST(SegmentRoom, BehindATurnThatWasBeingWrittenIsCutOffWithIt) {
  Written written;
  for (std::uint64_t cut = written.last().from; cut <= written.end() - 4; ++cut) {
    auto files = written.files;
    auto& bytes = files.at(alert::segment_name(1));
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(cut),
              bytes.begin() + static_cast<std::ptrdiff_t>(written.end()), '\0');
    const Reading read(files);
    EXPECT_EQ(read.alerts.size(), 2U) << cut;
    // With its id it was whole once; without, it was being written and has been given to nobody.
    const bool was_whole = is_zero(written.segment(), cut, written.end() - 8);
    EXPECT_EQ(read.next > 4, was_whole) << cut;
    EXPECT_EQ(read.has_gap_over(3), was_whole) << cut;
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(SegmentRoom, BehindATurnThatWasBeingWrittenDoesNotKeepTheJournalFromAddingUp) {
  Written written;
  const test::TemporaryFolder folder;
  std::string bytes = written.segment();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(written.end() - 60), bytes.end(), '\0');
  folder.file(alert::segment_name(1), bytes);
  Refold refold(folder.path(), 1);
  while (refold.step()) continue;
  EXPECT_TRUE(refold.differences().empty()) << refold.differences()[0].sentence;
  EXPECT_EQ(refold.counts().alerts, 2U);
}

TEST(SegmentRoom, HidesNoChangedByteOfAnAlert) {
  Written written;
  for (std::uint64_t at = written.given().front().from; at < written.end(); at += stride(5)) {
    for (const char with : {'\x01', '\x80', '\xFF', written.segment()[at]}) {  // the last one: to zero
      auto files = written.files;
      char& byte = files.at(alert::segment_name(1))[at];
      if (with == '\0') continue;
      byte = static_cast<char>(byte ^ with);
      const Reading read(files);
      expect_accounted(
          read, written.given(), [&](const Given& g) { return g.has(alert::segment_name(1), at); },
          "byte " + std::to_string(at) + " ^ " + std::to_string(with));
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(SegmentRoom, WithAByteThatIsNotZeroTakesNoAlertWithIt) {
  Written written;
  for (const std::uint64_t at :
       {written.end(), written.end() + 1, written.end() + 4'000, written.end() + kMostRoom / 2,
        static_cast<std::uint64_t>(written.segment().size()) - 1}) {
    auto files = written.files;
    files.at(alert::segment_name(1))[at] = 'x';
    const Reading read(files);
    EXPECT_FALSE(read.notes.empty()) << at;
    expect_accounted(
        read, written.given(), [](const Given&) { return false; }, "byte " + std::to_string(at));
  }
}

TEST(SegmentRoom, IsDoneWithoutWhereTheDiskHasNone) {
  Journal journal;
  auto& writer = journal.life().writer;
  writer.set_durability(Durability::disk);
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  const rlimit limit{writer.size() + 1'000, RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  journal.raise("fits", "", {"E", ""});
  EXPECT_EQ(size_of(writer.folder().path(), 1), writer.size()) << "nothing is left of the attempt";
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  journal.raise("fits, too", "", {"E", ""});
  const Alerts alerts(journal.files().at(alert::segment_name(1)));
  EXPECT_EQ(alerts.forward, 2U);
  EXPECT_FALSE(alerts.error);
}

TEST(SegmentRoom, OfARealBrokerIsNoNewsToWhoeverReadsTheJournalMeanwhileAndAfterAKill) {
  test::Configured here("[journal]\ndurability = \"disk\"\n");
  test::Broker& broker = *here.broker;
  EXPECT_EQ(broker.ctl({"make", "box"}).status, 0);
  EXPECT_EQ(broker.ctl({"start", "ADMIN", "box"}).status, 0);
  for (const char* sequence : {"1", "2"})
    EXPECT_EQ(broker.ctl({"raise", "admin", "1"}).out,
              std::string("alert ") + sequence + ": matched 1, written 1\n");
  const auto dumped = broker.ctl({"dump", "--json", broker.journal()});
  EXPECT_EQ(test::lines(dumped.out).size(), 2U) << dumped.out;
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(broker.ctl({"audit"}).status, 0);
  broker.kill();
  EXPECT_GT(size_of(broker.journal(), 1), 100'000U);
  ASSERT_TRUE(broker.start()) << broker.notes();
  EXPECT_EQ(broker.notes().find("cannot be read"), std::string::npos) << broker.notes();
  EXPECT_EQ(broker.ctl({"raise", "admin", "1"}).out, "alert 3: matched 1, written 1\n");
  EXPECT_EQ(test::lines(broker.ctl({"read", "box", "--json"}).out).size(), 3U);
}
