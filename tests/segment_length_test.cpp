// When a segment of the journal is long enough to be followed by another one.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokerd/journal_writer.hpp"
#include "process.hpp"

namespace {

using brokerd::JournalFolder;
using brokerd::JournalWriter;

class SegmentLength : public ::testing::Test {
 protected:
  /// Of whatever is journaled behind a checkpoint of this length, until the next one is wanted.
  std::uint64_t journaled_behind(std::size_t checkpoint_bytes, std::uint64_t segment_bytes) {
    JournalWriter writer(JournalFolder::open(folder / "journal").value(), {});
    constexpr std::size_t kPart = 48 * 1024;
    const std::string part(std::min(checkpoint_bytes, kPart), 'x');
    const auto parts = [&](const brokerd::TakePart& take) {
      std::error_code error;
      for (std::size_t at = 0; at <= checkpoint_bytes && !error; at += kPart) error = take(part);
      return error;
    };
    EXPECT_FALSE(writer.begin_segment(1, parts, {}));
    writer.set_segment_bytes(segment_bytes);
    checkpoint = writer.size();
    const std::vector<std::byte> wire(16 * 1024);
    alert::RecordHeader header;
    header.size = static_cast<std::uint32_t>(sizeof header + wire.size());
    while (!writer.wants_new_segment()) {
      writer.add(header, wire);
      EXPECT_FALSE(writer.commit());
    }
    return writer.size() - checkpoint;
  }

  const test::TemporaryFolder folder;
  std::uint64_t checkpoint = 0;
  static constexpr std::uint64_t kAlert = 17 * 1024;  // of which the last one may go beyond
};

TEST_F(SegmentLength, IsWhatWasAskedFor) {
  const std::uint64_t length = journaled_behind(1000, 1 << 20);
  EXPECT_GE(length, 1U << 20);
  EXPECT_LT(length, (1U << 20) + kAlert);
}

TEST_F(SegmentLength, IsThatOfItsCheckpointAtLeast) {
  const std::uint64_t length = journaled_behind(500'000, 4096);
  EXPECT_GE(length, checkpoint);
  EXPECT_LT(length, checkpoint + kAlert);
}

TEST_F(SegmentLength, IsTwelveTimesThatOfALargeCheckpoint) {
  const std::uint64_t length = journaled_behind(2'000'000, 1 << 20);
  EXPECT_GE(length, 12 * checkpoint);
  EXPECT_LT(length, 12 * checkpoint + kAlert);
}

}  // namespace
