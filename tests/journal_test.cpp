// pcapng blocks and journal segments: what is written is read, what is damaged is named.

#include "alert/journal/journal.hpp"

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

using namespace alert;

/// A segment under construction, and what a reader makes of it.
struct Segment {
  std::vector<std::byte> bytes;

  Segment() {
    pcapng::BlockBuilder blocks(bytes);
    blocks.section_header("test");
    blocks.interface("alerts");
    blocks.interface("table");
  }
  Segment& alert(std::uint64_t sequence, std::string_view body, std::string_view annex = {}) {
    RecordHeader header;
    header.kind = 1;
    header.profile = 1;
    header.sequence = sequence;
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    static constexpr std::byte kZeros[8]{};
    const std::size_t padding = annex.empty() ? 0 : padded(header.size) - header.size;
    pcapng::BlockBuilder(bytes).packet(kAlertsInterface, 1'700'000'000'000'000'000,
                                       {Bytes{reinterpret_cast<const std::byte*>(&header), sizeof header},
                                        as_bytes(body), Bytes{kZeros, padding}, as_bytes(annex)});
    return *this;
  }

  struct Read {
    std::vector<std::string> bodies;
    std::vector<std::string> annexes;
    std::optional<Error> error;
  };
  [[nodiscard]] Read read() const {
    const test::TemporaryFolder folder;
    const auto path = folder.file("segment", as_text(bytes));
    auto reader = SegmentReader::open(path);
    Read result;
    for (;;) {
      const auto next = reader->next();
      if (!next) result.error = next.error();
      if (!next || !*next) return result;
      result.bodies.emplace_back(as_text((*next)->record.body));
      result.annexes.emplace_back(as_text((*next)->annex));
    }
  }
};

TEST(Journal, GivesBackItsRecordsInOrder) {
  const auto read = Segment().alert(1, "one").alert(2, "").alert(3, "three").read();
  EXPECT_EQ(read.bodies, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_FALSE(read.error);
}

TEST(Journal, KeepsTheAnnexApartFromTheAlert) {
  const auto read = Segment().alert(1, "body", R"({"event":"X"})").read();
  EXPECT_EQ(read.bodies.at(0), "body");
  EXPECT_EQ(read.annexes.at(0), R"({"event":"X"})");
}

TEST(Journal, CarriesTheLargestAlert) {
  const std::string largest(kLargestAlert, 'x');
  EXPECT_EQ(Segment().alert(1, largest).alert(2, "next").read().bodies,
            (std::vector<std::string>{largest, "next"}));
}

TEST(Journal, NamesTheDamageOfEveryFlippedByteAfterTheHeader) {
  Segment whole;
  const std::size_t start = whole.bytes.size();
  whole.alert(1, "first alert", "{}").alert(2, "second");
  const std::string second = "second";
  for (std::size_t at = start; at < whole.bytes.size(); ++at) {
    Segment damaged = whole;
    damaged.bytes[at] ^= std::byte{0x41};
    const auto read = damaged.read();
    // Either a block does not add up, or only its time, original length or option codes changed.
    if (!read.error) {
      EXPECT_EQ(read.bodies, (std::vector<std::string>{"first alert", second})) << "byte " << at;
    }
    for (const std::string& body : read.bodies)
      EXPECT_TRUE(body == "first alert" || body == second) << "byte " << at;
  }
}

TEST(Journal, StopsWithAnErrorWhereItIsCutInsideABlock) {
  Segment whole;
  const std::size_t start = whole.bytes.size();
  whole.alert(1, "one");
  for (std::size_t size = start + 1; size < whole.bytes.size(); ++size) {
    Segment cut = whole;
    cut.bytes.resize(size);
    const auto read = cut.read();
    ASSERT_TRUE(read.error) << size;
    EXPECT_GE(read.error->offset, start);
    EXPECT_TRUE(read.bodies.empty());
  }
}

TEST(Journal, IsNotFooledByPayloadThatImitatesABlock) {
  Segment inner;
  inner.alert(7, "imitation");
  const std::string imitation(as_text(inner.bytes));
  EXPECT_EQ(Segment().alert(1, imitation).alert(2, "real").read().bodies,
            (std::vector<std::string>{imitation, "real"}));
}

TEST(Journal, RefusesABlockThatClaimsMoreThanAnyRecordNeeds) {
  Segment segment;
  const std::uint32_t claim[2] = {pcapng::kEnhancedPacket, 0x7FFFFFF0};
  const auto* from = reinterpret_cast<const std::byte*>(claim);
  segment.bytes.insert(segment.bytes.end(), from, from + sizeof claim);
  segment.bytes.resize(segment.bytes.size() + 64);
  EXPECT_EQ(segment.read().error->code, Errc::bad_length);
}

TEST(Segments, AreNamedAfterTheirFirstSequence) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.pcapng");
  EXPECT_EQ(segment_sequence(segment_name(18446744073709551615u)), 18446744073709551615u);
  EXPECT_EQ(segment_sequence("42.pcapng"), std::nullopt);
  EXPECT_EQ(segment_sequence("0000000000000000004x.pcapng"), std::nullopt);
}

TEST(Segments, AreListedInOrderAndOtherFilesAreNot) {
  const test::TemporaryFolder folder;
  for (const char* name : {"bound", "00000000000000000010.pcapng", "00000000000000000002.pcapng", "x.pcapng"})
    folder.file(name, "");
  EXPECT_EQ(*journal_segments(folder.path()), (std::vector<std::uint64_t>{2, 10}));
}

TEST(Journal, IsOpenedByTsharkWithOneRowPerAlert) {
  Segment segment;
  segment.alert(1, "one").alert(2, "two", "{}").alert(3, std::string(kLargestAlert, 'x'));
  const test::TemporaryFolder folder;
  const auto path = folder.file("00000000000000000001.pcapng", as_text(segment.bytes));
  const auto seen =
      test::Process({"tshark", "-r", path, "-Y", "frame.interface_id == 0", "-T", "fields", "-e", "frame.len"})
          .finish();
  if (seen.status == 127) GTEST_SKIP() << "tshark is not installed";
  EXPECT_EQ(seen.status, 0) << seen.err;
  EXPECT_EQ(test::lines(seen.out), (std::vector<std::string>{"67", "74", std::to_string(64 + kLargestAlert)}));
}

}  // namespace
