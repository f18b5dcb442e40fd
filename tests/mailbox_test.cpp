// The mailbox, one thread at a time: what a reader is given, and when it is told that it was lapped.

#include "alert/memory/mailbox.hpp"

#include <random>
#include <string>
#include <vector>

#include "mailbox_box.hpp"

namespace {

using alert::MailboxReader;
using alert::MailboxWriter;
using alert::RecordHeader;
using alert::SharedMemory;
using test::Box;
using test::copy;
using test::header;
using test::header_of;
using test::wreck_of;
using Seen = MailboxReader::Seen;

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

TEST(Mailbox, ThatStartsOverGoesOnAtItsFrontForWhoHasReadItAll) {
  Box box;
  for (const char* body : {"a", "b", "c"}) {
    box.write(body);
    EXPECT_EQ(box.read(), body);
    box.writer.start_over();
    EXPECT_EQ(box.read(), "(empty)") << "until something is there";
  }
  box.write("d");
  EXPECT_EQ(box.read(), "d");
  EXPECT_EQ(box.reader.position() % box.writer.capacity(), sizeof(RecordHeader) + 8) << "one record from the front";
  EXPECT_EQ(box.read(), "(empty)");
}

TEST(Mailbox, ThatIsAtItsFrontStartsNowhereElse) {
  Box box;
  box.writer.start_over();
  box.write("a");
  EXPECT_EQ(box.writer.tail(), sizeof(RecordHeader) + 8);
  EXPECT_EQ(box.read(), "a");
  box.go_to(0);
  const std::uint64_t front = box.writer.tail();
  box.writer.start_over();
  box.write("b");
  EXPECT_EQ(box.writer.tail(), front + sizeof(RecordHeader) + 8);
  EXPECT_EQ(box.read(), "b");
}

TEST(Mailbox, ThatStartsOverHoldsAsMuchAsBefore) {
  for (const std::uint64_t place : {64U, 2048U, 4032U}) {
    Box box;
    box.go_to(place);
    box.writer.start_over();
    for (int i = 0; i < 64; ++i) box.write("");
    MailboxReader other = box.another_reader();
    other.seek(box.reader.position(), box.reader.ordinal_at_position());
    for (int i = 0; i < 64; ++i) ASSERT_EQ(box.read(), "") << i << " from " << place;
    box.reader = std::move(other);
    box.write("");
    EXPECT_EQ(box.read(), "(lapped)");
  }
}

TEST(Mailbox, ThatStartsOverLosesNothingToWhoIsStillOnTheWayUntilItIsOverwritten) {
  Box box;
  box.go_to(1024);
  for (const char* body : {"first", "second"}) box.write(body);
  box.writer.start_over();
  for (const char* body : {"first", "second"}) EXPECT_EQ(box.read(), body);
  box.write("third");
  EXPECT_EQ(box.read(), "third");
}

TEST(MailboxReader, IsLappedWhereASecondRestartHidesTheFirst) {
  Box box;
  box.go_to(1024);
  for (int i = 0; i < 2; ++i) {
    box.writer.start_over();
    box.write("later");
  }
  EXPECT_EQ(box.read(), "(lapped)");
}

/// Whatever the writer leaves out, a reader gets the next record or is told that it is lapped.
TEST(MailboxReader, IsNeverMisledByAWriterThatStartsOverAnywhere) {
  std::mt19937 random(20261122);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  Box box;
  std::uint64_t read = 0;
  int laps = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t place = box.writer.tail();
    if (below(4) == 0) box.writer.start_over();
    for (std::size_t records = below(6); records > 0; --records)
      box.write(std::to_string(box.writer.ordinal() + 1) + std::string(below(200), ' '));
    for (std::size_t looks = below(8); looks > 0; --looks) {
      const std::string seen = box.read();
      if (seen == "(empty)") {
        ASSERT_EQ(read, box.writer.ordinal());
      } else if (seen == "(lapped)") {
        ++laps;
        read = box.writer.ordinal();
        box.reader.seek(box.writer.tail(), read);
      } else {
        ASSERT_EQ(seen.substr(0, seen.find(' ')), std::to_string(++read)) << "in a turn that began at " << place;
      }
    }
  }
  EXPECT_GT(laps, 0);
  EXPECT_GT(read, 100'000U);
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

}  // namespace
