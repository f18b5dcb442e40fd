// A journal rerun: every checkpoint is what the fold says, under whichever compiler, or the place is named.

#include <sstream>

#include <gtest/gtest.h>

#include "brokerd/refold.hpp"
#include "process.hpp"
#include "rewritten.hpp"

namespace {

using alert::RecordKind;
using brokerd::Refold;

const std::filesystem::path kGolden = std::filesystem::path(ALERT_GOLDEN_DIR) / "journals";

test::Finished refold(const std::string& journal) {
  return test::Process({test::program("brokerd"), "--refold", journal}).finish();
}

/// A stored journal that a test may spoil.
struct Journal {
  explicit Journal(const std::string& name) {
    std::filesystem::copy(kGolden / name, path, std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path segment(std::size_t index) const {
    return path / alert::segment_name(alert::journal_segments(path)->at(index));
  }
  /// Everything that does not add up, a line each.
  [[nodiscard]] std::string differences(std::uint64_t bytes_per_step = 1 << 20) const {
    Refold refold(path, alert::journal_segments(path)->front());
    while (refold.step(bytes_per_step)) continue;
    std::string text;
    for (const auto& [place, sentence] : refold.differences()) text += to_text(place) + ": " + sentence + "\n";
    return text;
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "journal";
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Refold, EveryStoredJournalFoldsToTheStateItWasRecordedWith) {
  std::ifstream states(kGolden / "states");
  std::size_t count = 0;
  for (std::string line; std::getline(states, line); ++count) {
    const std::string name = line.substr(0, line.find(' '));
    const auto done = refold(kGolden / name);
    EXPECT_EQ(done.status, 0) << name << ": " << done.err;
    EXPECT_EQ(test::lines(done.out).back(), line.substr(name.size() + 1)) << name;
  }
  EXPECT_EQ(count, 6u);
}

TEST(Refold, SaysHowMuchItHasCompared) {
  EXPECT_EQ(test::lines(refold(kGolden / "table").out).front(),
            "4 segments, 3 checkpoints compared and equal, 9 alerts");
}

TEST(Refold, IsTheSameInTheSmallestSteps) {
  Journal journal("table");
  test::rewrite(journal.segment(2), test::replace(RecordKind::checkpoint, "\"accepted\":", "\"accepted\":1"));
  EXPECT_EQ(journal.differences(1), journal.differences());
  EXPECT_NE(journal.differences(1), "");
}

TEST(Refold, NamesTheCheckpointAndTheCounterThatDoNotAddUp) {
  const Journal journal("retention");
  test::rewrite(journal.segment(1), test::replace(RecordKind::checkpoint, "\"lost\":", "\"lost\":1"));
  const auto done = refold(journal.path);
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(has(done.err, journal.segment(1).filename().string() + " at 0x")) << done.err;
  EXPECT_TRUE(has(done.err, "mailslot \\mailslot\\jobs: lost is ")) << done.err;
}

TEST(Refold, BelievesACheckpointBehindADifferenceSoThatOneIsNotMany) {
  const Journal journal("table");
  test::rewrite(journal.segment(1), test::replace(RecordKind::checkpoint, "\"accepted\":1", "\"accepted\":100"));
  const auto lines = test::lines(journal.differences());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(has(lines[0], "totals: accepted is 100, the fold says 1")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with(journal.segment(2).filename().string())) << lines[1];
}

TEST(Refold, NamesTheNumberThatIsMissing) {
  const Journal journal("table");
  test::rewrite(journal.segment(0), [](alert::RecordHeader& header, std::string&) {
    return header.kind == 1 && header.sequence == 1 ? 0 : 1;
  });
  EXPECT_TRUE(has(journal.differences(), "number 1 missing, and in no gap\n")) << journal.differences();
}

TEST(Refold, NamesTheNumberThatIsThereTwice) {
  const Journal journal("table");
  test::rewrite(journal.segment(0), [](alert::RecordHeader& header, std::string&) {
    return header.kind == 1 && header.sequence == 1 ? 2 : 1;
  });
  EXPECT_TRUE(has(journal.differences(), "number 1 is there twice\n")) << journal.differences();
}

TEST(Refold, MissesAChangeOfTheTableThatIsGone) {
  const Journal journal("semaphores");
  test::rewrite(journal.segment(0), [](alert::RecordHeader& header, std::string& body) {
    return header.kind == 4 && has(body, "\"registered\"") && has(body, "stay") ? 0 : 1;
  });
  EXPECT_TRUE(has(journal.differences(), "registered ADMIN \\sem\\stay: is there, and by the fold should not be"))
      << journal.differences();
}

TEST(Refold, CountsWhatAConsumerWasToldOfAGap) {
  const Journal journal("told");
  test::rewrite(journal.segment(0), test::replace(RecordKind::table_change, "\"to\":", "\"to\":1"));
  EXPECT_TRUE(has(journal.differences(), "mailslot \\mailslot\\jobs: told is ")) << journal.differences();
}

TEST(Refold, NoticesASumWithinAState) {
  const Journal journal("retention");
  for (const std::size_t i : {0u, 1u})
    test::rewrite(journal.segment(i), test::replace(RecordKind::checkpoint, "\"matched\":", "\"matched\":1"));
  EXPECT_TRUE(has(journal.differences(), "is not written")) << journal.differences();
}

TEST(Refold, DamageThatTheJournalNamesAsAGapAddsUp) {
  const auto done = refold(kGolden / "damage");
  EXPECT_EQ(done.status, 0);
  EXPECT_TRUE(has(done.err, "does not match the bytes: what follows is not read, and is in a gap")) << done.err;
}

TEST(Refold, DamageThatNoGapNamesDoesNotAddUp) {
  const Journal journal("table");
  std::fstream file(journal.segment(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(journal.segment(1))) - 60);
  file.put('\xFF');
  file.close();
  const auto lines = test::lines(journal.differences());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with(journal.segment(1).filename().string() + " at 0x")) << lines[0];
}

TEST(Refold, ATurnThatWasBeingWrittenIsNoDifference) {
  const Journal journal("killed");
  const auto newest = journal.segment(alert::journal_segments(journal.path)->size() - 1);
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 5);
  const auto done = refold(journal.path);
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.err, "the bytes end inside")) << done.err;
}

TEST(Refold, BeginsAnewBehindASegmentThatIsTakenMeanwhile) {
  const Journal journal("table");
  Refold refold(journal.path, alert::journal_segments(journal.path)->front());
  ASSERT_TRUE(refold.step(1));
  for (int i = 0; i < 2; ++i) std::filesystem::remove(journal.segment(0));
  while (refold.step()) continue;
  EXPECT_TRUE(refold.differences().empty());
  ASSERT_EQ(refold.notes().size(), 1u);
  EXPECT_TRUE(has(refold.notes()[0].sentence, "retention took it"));
  EXPECT_EQ(refold.counts().checkpoints, 1u);
}

TEST(Refold, TellsNoMoreThanAReplyHolds) {
  Refold many(kGolden, 1), long_ones(kGolden, 1);
  for (int i = 0; i < 100; ++i) {
    many.differ({}, "x");
    long_ones.differ({}, std::string(10'000, 'x'));
  }
  EXPECT_EQ(many.differences().size(), Refold::kMostFindings);
  EXPECT_EQ(long_ones.differences().size(), Refold::kMostBytes / 10'000 + 1);
}

TEST(Refold, RefusesAFolderWithoutAJournal) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(refold(folder.path()).status, 5);
  EXPECT_EQ(refold(folder / "nothing").status, 5);
}

}  // namespace
