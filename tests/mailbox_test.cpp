// The mailbox, one thread at a time: what a reader is given, and when it is told that it was lapped.

#include "alert/memory/mailbox.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace alert {

std::ostream& operator<<(std::ostream& out, MailboxReader::Seen seen) {
  constexpr const char* kNames[] = {"(record)", "(empty)", "(lapped)", "(closed)"};
  return out << kNames[static_cast<int>(seen)];
}

}  // namespace alert

namespace {

using alert::MailboxHeader;
using alert::MailboxReader;
using alert::MailboxWriter;
using alert::RecordHeader;
using alert::SharedMemory;
using Seen = MailboxReader::Seen;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// A header with something in every field but the ordinal, which the writer gives.
RecordHeader header_of(std::string_view body, std::uint64_t sequence = 9) {
  RecordHeader header;
  header.size = static_cast<std::uint32_t>(sizeof header + body.size());
  header.kind = 1;
  header.profile = 2;
  header.flags = alert::kRelayed;
  header.sequence = sequence;
  header.accepted_ns = 1'700'000'000'000'000'000;
  header.uid = 1000;
  header.pid = 4321;
  header.origin = {'t', 'h', 'e', ' ', 'j', 'o', 'u', 'r', 'n', 'a', 'l', ' ', 'h', 'e', 'r', 'e'};
  header.origin_sequence = 77;
  return header;
}

/// A mailbox and one reader, which starts at its front. What is read is a body or what look() said.
struct Box {
  explicit Box(std::uint64_t capacity = 4096, std::uint32_t max_message = 1024, std::uint64_t base = 0)
      : writer(MailboxWriter::create(capacity, max_message, 7, base).value()), reader(another_reader()) {}

  [[nodiscard]] MailboxReader another_reader() const {
    return MailboxReader::map(copy(writer.descriptor())).value();
  }
  std::uint64_t write_unpublished(std::string_view body) {
    return writer.write(header_of(body), alert::as_bytes(body));
  }
  std::uint64_t write(std::string_view body) {
    const std::uint64_t ordinal = write_unpublished(body);
    writer.publish();
    return ordinal;
  }
  [[nodiscard]] std::string look() {
    const Seen seen = reader.look();
    if (seen != Seen::record) return testing::PrintToString(seen);
    return std::string(alert::as_text(reader.record().body));
  }
  std::string read() {
    const std::string seen = look();
    if (seen.empty() || seen.front() != '(') reader.advance();
    return seen;
  }
  /// Writes and reads until the next record starts at this place of the ring.
  void go_to(std::uint64_t place) {
    std::uint64_t way = (place - writer.tail()) & (writer.capacity() - 1);
    if (way < sizeof(RecordHeader)) way += writer.capacity();
    for (std::uint64_t step; way > 0; way -= step) {
      step = std::min<std::uint64_t>(way, 512);
      if (way > step && way - step < sizeof(RecordHeader)) step -= sizeof(RecordHeader);
      write(std::string(step - sizeof(RecordHeader), 'f'));
      EXPECT_NE(read(), "(lapped)");
    }
  }

  MailboxWriter writer;
  MailboxReader reader;
};

TEST(Mailbox, GivesRecordsBackInOrder) {
  Box box;
  box.write("a");
  box.write("b");
  EXPECT_EQ(box.read(), "a");
  EXPECT_EQ(box.read(), "b");
  EXPECT_EQ(box.read(), "(empty)");
}

TEST(Mailbox, NumbersRecordsFromOneWithoutHoles) {
  Box box;
  for (std::uint64_t ordinal = 1; ordinal <= 100; ++ordinal) {
    EXPECT_EQ(box.write("x"), ordinal);
    EXPECT_EQ(box.read(), "x");
    EXPECT_EQ(box.reader.record().header.ordinal, ordinal);
  }
}

TEST(Mailbox, NumbersRecordsFromItsBase) {
  Box box(4096, 1024, 41);
  EXPECT_EQ(box.reader.ordinal(), 41U);
  EXPECT_EQ(box.write("x"), 42U);
  EXPECT_EQ(box.read(), "x");
}

TEST(Mailbox, KeepsEveryFieldOfTheHeader) {
  Box box;
  RecordHeader expected = header_of("x");
  expected.ordinal = box.write("x");
  EXPECT_EQ(box.read(), "x");
  const RecordHeader header = box.reader.record().header;
  EXPECT_EQ(std::memcmp(&header, &expected, sizeof header), 0);
}

TEST(Mailbox, CountsBodiesOfNoBytes) {
  Box box;
  box.write("");
  box.write("");
  EXPECT_EQ(box.read(), "");
  EXPECT_EQ(box.read(), "");
  EXPECT_EQ(box.read(), "(empty)");
  EXPECT_EQ(box.reader.ordinal(), 2U);
}

TEST(Mailbox, ShowsNothingBeforeItIsPublished) {
  Box box;
  box.write_unpublished("a");
  EXPECT_EQ(box.read(), "(empty)");
  EXPECT_EQ(box.reader.ordinal(), 0U);
  box.writer.publish();
  EXPECT_EQ(box.read(), "a");
  EXPECT_EQ(box.reader.ordinal(), 1U);
}

TEST(Mailbox, PublishesItselfWhenAQuarterOfTheRingHasGathered) {
  Box box(4096);
  const std::string sixteenth(256 - sizeof(RecordHeader), 'x');
  for (int i = 0; i < 3; ++i) box.write_unpublished(sixteenth);
  EXPECT_EQ(box.look(), "(empty)");
  box.write_unpublished(sixteenth);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(box.read(), sixteenth);
}

TEST(Mailbox, KeepsEveryLengthAcrossTheEndOfTheRing) {
  Box box;
  for (std::size_t length = 0; length <= 200; ++length)
    for (std::uint64_t before = 8; before <= alert::padded(sizeof(RecordHeader) + length); before += 8) {
      std::string body(length, '\0');
      for (std::size_t i = 0; i < length; ++i) body[i] = static_cast<char>('A' + (length + i) % 50);
      box.go_to(box.writer.capacity() - before);
      box.write(body);
      ASSERT_EQ(box.read(), body) << "with " << before << " bytes left before the end";
    }
}

TEST(Mailbox, OfDefaultSizeHoldsTheLargestMessage) {
  Box box(alert::mailbox_capacity(0, alert::kLargestAlert), alert::kLargestAlert);
  for (char c = 'a'; c <= 'z'; ++c) {
    box.write(std::string(alert::kLargestAlert, c));
    ASSERT_EQ(box.read(), std::string(alert::kLargestAlert, c));
  }
}

TEST(Mailbox, OfDefaultSizeHoldsThreeOfTheLargestMessages) {
  Box box(alert::mailbox_capacity(0, alert::kLargestAlert), alert::kLargestAlert);
  for (const char c : {'a', 'b', 'c'}) box.write(std::string(alert::kLargestAlert, c));
  for (const char c : {'a', 'b', 'c'}) EXPECT_EQ(box.read(), std::string(alert::kLargestAlert, c));
}

TEST(Mailbox, CapacityIsAPowerOfTwoWithinItsLimits) {
  EXPECT_EQ(alert::mailbox_capacity(1, 100), alert::kMinMailboxCapacity);
  EXPECT_EQ(alert::mailbox_capacity(5000, 100), 8192U);
  EXPECT_EQ(alert::mailbox_capacity(1, 65475), alert::kDefaultMailboxCapacity);
  EXPECT_EQ(alert::mailbox_capacity(alert::kMaxMailboxCapacity, 100), alert::kMaxMailboxCapacity);
  EXPECT_EQ(alert::mailbox_capacity(alert::kMaxMailboxCapacity + 1, 100), 0U);
}

TEST(Mailbox, ServesEachReaderAtItsOwnPace) {
  Box box;
  MailboxReader other = box.another_reader();
  box.write("a");
  EXPECT_EQ(box.read(), "a");
  EXPECT_EQ(box.read(), "(empty)");
  EXPECT_EQ(other.look(), Seen::record);
}

TEST(MailboxReader, LooksWithoutMovingAndAdvancesByOne) {
  Box box;
  box.write("a");
  box.write("b");
  EXPECT_EQ(box.look(), "a");
  EXPECT_EQ(box.look(), "a");
  EXPECT_EQ(box.reader.position(), 0U);
  box.reader.advance();
  EXPECT_EQ(box.look(), "b");
}

TEST(MailboxReader, StartsBehindWhatIsPending) {
  Box box;
  box.write("before");
  MailboxReader late = box.another_reader();
  EXPECT_EQ(late.position(), box.writer.tail());
  EXPECT_EQ(late.look(), Seen::empty);
  box.write("after");
  ASSERT_EQ(late.look(), Seen::record);
  EXPECT_EQ(alert::as_text(late.record().body), "after");
}

TEST(MailboxReader, IsToldWhenItWasLappedAndNotBefore) {
  for (const std::size_t length : {0U, 1U, 40U, 200U})
    for (std::size_t lag = 1; lag <= 140; ++lag) {
      Box box;
      box.go_to(lag * 8);
      const std::string body(length, 'b');
      for (std::size_t i = 0; i < lag; ++i) box.write(body);
      const bool is_overwritten = lag * alert::padded(sizeof(RecordHeader) + length) > box.writer.capacity();
      ASSERT_EQ(box.look(), is_overwritten ? "(lapped)" : body) << lag << " records of " << length << " bytes";
    }
}

TEST(MailboxReader, IsLappedByWhatIsNotPublishedYet) {
  Box box;
  for (int i = 0; i < 64; ++i) box.write("");
  EXPECT_EQ(box.look(), "");
  box.write_unpublished("");
  EXPECT_EQ(box.look(), "(lapped)");
}

TEST(MailboxReader, GoesOnWhereItIsSentAfterALap) {
  Box box;
  for (int i = 0; i < 100; ++i) box.write("lost");
  const std::uint64_t position = box.writer.tail();
  box.write("next");
  EXPECT_EQ(box.read(), "(lapped)");
  box.reader.seek(position, 100);
  EXPECT_EQ(box.read(), "next");
}

TEST(MailboxReader, FindsNoRecordWhereNoneStarts) {
  Box box;
  std::vector<std::uint64_t> starts;
  for (const char* body : {"", "alpha", "a body of several words", "omega"}) {
    starts.push_back(box.writer.tail());
    box.write(body);
  }
  for (std::uint64_t position = 0; position < box.writer.tail() + 2 * box.writer.capacity(); position += 8)
    for (std::uint64_t ordinal = 0; ordinal < starts.size(); ++ordinal) {
      box.reader.seek(position, ordinal);
      const Seen expected = position == starts[ordinal] ? Seen::record : Seen::lapped;
      ASSERT_EQ(box.reader.look(), expected) << "ordinal " << ordinal + 1 << " at " << position;
    }
}

TEST(MailboxReader, FindsNoRecordBetweenTwoWords) {
  Box box;
  box.write("a");
  box.write("b");
  for (const std::uint64_t position : {1U, 4U, 7U}) {
    box.reader.seek(position, 0);
    EXPECT_EQ(box.look(), "(lapped)") << position;
  }
}

TEST(MailboxReader, FindsNoRecordAtTheEndOfAllNumbers) {
  Box box;
  box.write("a");
  for (std::uint64_t position = 0; position < 200; position += 8) {
    box.reader.seek(~std::uint64_t{7} - position, 0);
    EXPECT_EQ(box.look(), "(lapped)");
  }
}

TEST(MailboxReader, IsToldOfAnOrdinalThatItNeverReached) {
  Box box;
  box.write("a");
  box.reader.seek(box.writer.tail(), 99);
  box.write("b");
  EXPECT_EQ(box.look(), "(lapped)");
}

TEST(MailboxReader, TellsEmptyFromClosed) {
  Box box;
  EXPECT_EQ(box.read(), "(empty)");
  box.writer.close();
  EXPECT_EQ(box.read(), "(closed)");
}

TEST(MailboxReader, TakesWhatIsThereBeforeItIsToldOfTheEnd) {
  Box box;
  box.write("last");
  box.writer.close();
  EXPECT_EQ(box.read(), "last");
  EXPECT_EQ(box.read(), "(closed)");
}

TEST(MailboxReader, DoesNotSleepThroughABellThatRangBeforeItSlept) {
  Box box;
  const std::uint32_t bell = box.reader.bell();
  box.writer.ring_bell();
  EXPECT_NE(box.reader.bell(), bell);
  box.reader.wait(bell, std::chrono::hours(1));
}

/// The memory of a mailbox whose writer is gone, as that left it or worse.
SharedMemory wreck_of(const Box& box, std::size_t bytes = 0) {
  const auto whole = SharedMemory::map_read_only(copy(box.writer.descriptor())).value();
  auto wreck = SharedMemory::create("wreck", bytes ? bytes : whole.size(), SharedMemory::Seal::read_only).value();
  std::memcpy(wreck.data(), whole.data(), std::min(whole.size(), wreck.size()));
  return wreck;
}
MailboxHeader& header(const SharedMemory& memory) { return *reinterpret_cast<MailboxHeader*>(memory.data()); }

TEST(MailboxReader, OfAWriterKilledBetweenTailAndOrdinalIsNotLapped) {
  Box box;
  box.write("a");
  box.write("b");
  const SharedMemory wreck = wreck_of(box);
  header(wreck).ordinal = 1;
  box.reader = MailboxReader::map(copy(wreck.descriptor())).value();
  box.reader.seek(0, 0);
  EXPECT_EQ(box.read(), "a");
  EXPECT_EQ(box.read(), "b");
  EXPECT_EQ(box.read(), "(empty)");
}

/// What map() says to a good mailbox after this damage to its header.
std::error_code refusal_after(void (*damage)(MailboxHeader&), std::size_t bytes = 0) {
  const SharedMemory wreck = wreck_of(Box(), bytes);
  damage(header(wreck));
  const auto reader = MailboxReader::map(copy(wreck.descriptor()));
  return reader ? std::error_code() : reader.error();
}

TEST(MailboxReader, AcceptsTheHeaderThatTheOthersDamage) {
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}), std::error_code());
}

TEST(MailboxReader, RefusesAnotherMagic) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.magic ^= 1; }), std::errc::protocol_error);
}

TEST(MailboxReader, RefusesAnotherVersion) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { ++it.version; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.version = 0; }), std::errc::protocol_error);
}

TEST(MailboxReader, RefusesAnotherHeaderSize) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.header_bytes = 0; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.header_bytes += 8; }), std::errc::protocol_error);
}

TEST(MailboxReader, RefusesACapacityThatIsNoPowerOfTwo) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 6144; }, 65536), std::errc::protocol_error);
}

TEST(MailboxReader, RefusesACapacityOutsideItsLimits) {
  constexpr std::size_t kRoom = 2 * alert::kMaxMailboxCapacity + alert::kMailboxHeaderBytes;
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 0; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = alert::kMinMailboxCapacity / 2; }),
            std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 2 * alert::kMaxMailboxCapacity; }, kRoom),
            std::errc::protocol_error);
}

TEST(MailboxReader, RefusesACapacityThatTheMemoryDoesNotHave) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity *= 2; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}, alert::kMailboxHeaderBytes + 4095), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}, sizeof(MailboxHeader)), std::errc::protocol_error);
}

TEST(MailboxReader, RefusesMessagesAboveTheLargestAlert) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.max_message = 65475; }), std::error_code());
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.max_message = 65476; }), std::errc::protocol_error);
}

/// A box that is the same bytes on every run.
Box three_records() {
  Box box(4096, 512, 41);
  for (const std::string_view body : {"first", "", "the third and last"})
    box.writer.write(header_of(body, 100 + body.size()), alert::as_bytes(body));
  box.writer.publish();
  box.writer.ring_bell();
  return box;
}
const std::string kGolden = ALERT_GOLDEN_DIR "/mailbox.bin";

TEST(MailboxLayout, IsTheGoldenOne) {
  const Box box = three_records();
  const auto memory = SharedMemory::map_read_only(copy(box.writer.descriptor())).value();
  const std::string_view bytes(reinterpret_cast<const char*>(memory.data()),
                               alert::kMailboxHeaderBytes + box.writer.tail());
  if (std::getenv("ALERT_WRITE_GOLDEN")) std::ofstream(kGolden, std::ios::binary) << bytes;
  std::ifstream file(kGolden, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(golden.size(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(golden[i], bytes[i]) << "at offset " << i;
}

TEST(MailboxLayout, GoldenBytesAreReadBack) {
  Box box;
  const auto memory = SharedMemory::create("golden", 8192, SharedMemory::Seal::read_only).value();
  std::ifstream(kGolden, std::ios::binary).read(reinterpret_cast<char*>(memory.data()), 8192);
  box.reader = MailboxReader::map(copy(memory.descriptor())).value();
  box.reader.seek(0, 41);
  EXPECT_EQ(box.reader.max_message(), 512U);
  for (const char* body : {"first", "", "the third and last", "(empty)"}) EXPECT_EQ(box.read(), body);
}

}  // namespace
