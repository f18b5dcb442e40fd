// pcapng blocks and journal segments: what is written is read, what is damaged is named.

#include "alert/journal/journal.hpp"

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

using namespace alert;

/// A segment under construction, and what a reader makes of it.
struct Segment {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> starts;  // of the blocks with alerts
  std::optional<std::uint64_t> mark;

  explicit Segment(std::optional<std::uint64_t> with_mark = {}) : mark(with_mark) {
    pcapng::BlockBuilder blocks(bytes);
    blocks.section_header("test");
    blocks.interface("alerts");
    blocks.interface("table");
  }
  Segment& alert(std::uint64_t sequence, std::string_view body, std::string_view annex = {}) {
    RecordHeader header;
    const std::size_t start = bytes.size();
    header.kind = 1;
    header.profile = 1;
    header.sequence = sequence;
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    static constexpr std::byte kZeros[8]{};
    const std::size_t padding = annex.empty() ? 0 : padded(header.size) - header.size;
    pcapng::BlockBuilder(bytes).packet(kAlertsInterface, 1'700'000'000'000'000'000,
                                       {Bytes{reinterpret_cast<const std::byte*>(&header), sizeof header},
                                        as_bytes(body), Bytes{kZeros, padding}, as_bytes(annex)},
                                       mark ? std::optional(*mark + start) : std::nullopt);
    starts.push_back(start);
    return *this;
  }
  Segment& flip(std::size_t at) {
    bytes[at] ^= std::byte{0xFF};
    return *this;
  }

  struct Read {
    std::vector<std::string> bodies;
    std::vector<std::string> annexes;
    std::optional<Error> error;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> damaged;  // ranges, where those are passed
  };
  enum class At { end, damage };
  [[nodiscard]] Read read(At stop = At::damage, const std::string& name = "segment") const {
    const test::TemporaryFolder folder;
    const auto path = folder.file(name, as_text(bytes));
    auto reader = SegmentReader::open(path);
    Read result;
    for (;;) {
      const auto next = reader->next();
      if (!next) result.error = next.error();
      if (!next && stop == At::end) {
        const DamagedRange range = reader->pass_damage();
        result.damaged.emplace_back(range.from, range.to);
        continue;
      }
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

using Bodies = std::vector<std::string>;
constexpr std::uint64_t kMark = 0x1234567890ABCDEF;
using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(DamagedSegment, LosesTheBlockWithAnotherByteAndNoOther) {
  const Segment whole = Segment(kMark).alert(1, "one").alert(2, "two", "{}").alert(3, "three").alert(4, "four");
  for (std::size_t at = whole.starts[1]; at < whole.starts[2]; ++at) {
    const auto read = Segment(whole).flip(at).read(Segment::At::end);
    if (read.error) {
      EXPECT_EQ(read.bodies, (Bodies{"one", "three", "four"})) << at;
      EXPECT_EQ(read.damaged, (Ranges{{whole.starts[1], whole.starts[2]}})) << at;
    } else {
      EXPECT_EQ(read.bodies, (Bodies{"one", "two", "three", "four"})) << at;
    }
  }
}

TEST(DamagedSegment, IsReadBackFromItsEndToWhatNeitherWayReaches) {
  Segment segment = Segment(kMark).alert(1, "one").alert(2, "two").alert(3, "three").alert(4, "four");
  std::fill(segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[1]) + 7,
            segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[2]) + 7, std::byte{0});
  const auto read = segment.read(Segment::At::end);
  EXPECT_EQ(read.bodies, (Bodies{"one", "four"}));
  EXPECT_EQ(read.damaged, (Ranges{{segment.starts[1], segment.starts[3]}}));
}

TEST(DamagedSegment, IsReadBackWhereItsFrontIsGone) {
  Segment segment = Segment(kMark).alert(1, "one").alert(2, "two");
  const auto read = segment.flip(4).read(Segment::At::end);
  EXPECT_EQ(read.bodies, (Bodies{"one", "two"}));
  EXPECT_EQ(read.damaged, (Ranges{{0, segment.starts[0]}}));
}

TEST(DamagedSegment, WithoutMarksIsReadForwardOnly) {
  Segment segment = Segment().alert(1, "one").alert(2, "two").alert(3, "three");
  const auto read = segment.flip(segment.starts[1] + 4).read(Segment::At::end);
  EXPECT_EQ(read.bodies, (Bodies{"one"}));
  EXPECT_EQ(read.damaged, (Ranges{{segment.starts[1], segment.bytes.size()}}));
}

TEST(DamagedSegment, BelievesNoBlockOfAnotherSegment) {
  const Segment foreign = Segment(4711).alert(1, "one").alert(2, "two").alert(3, "three");
  Segment segment = Segment(kMark).alert(1, "one").alert(2, "two").alert(3, "three");
  std::copy(foreign.bytes.begin() + static_cast<std::ptrdiff_t>(foreign.starts[2]), foreign.bytes.end(),
            segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[2]));
  const auto read = segment.read(Segment::At::end);
  EXPECT_EQ(read.error->code, Errc::bad_magic);
  EXPECT_EQ(read.damaged, (Ranges{{segment.starts[2], segment.bytes.size()}}));
}

TEST(DamagedSegment, UnderTheNameOfAnotherIsDamagedWhole) {
  const Segment segment = Segment(kMark).alert(4, "a checkpoint's place").alert(5, "five");
  EXPECT_EQ(segment.read(Segment::At::end, segment_name(5)).bodies.size(), 2u);
  const auto read = segment.read(Segment::At::end, segment_name(6));
  EXPECT_EQ(read.error->code, Errc::wrong_segment);
  EXPECT_EQ(read.damaged, (Ranges{{0, segment.bytes.size()}}));
  EXPECT_TRUE(read.bodies.empty());
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
