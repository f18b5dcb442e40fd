// The replay window: what the broker puts in is what its client reads, and never more than there is.

#include "alert/memory/replay_window.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using alert::Bytes;
using alert::RecordHeader;
using alert::ReplayWindow;
using alert::SharedMemory;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// A window with its broker's and its client's end.
struct Window {
  bool append(std::string_view body) {
    RecordHeader header;
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    header.kind = 1;
    header.profile = 1;
    header.ordinal = ++ordinal;
    return broker.append(header, alert::as_bytes(body));
  }
  [[nodiscard]] Bytes published() const { return client.records(broker.used()); }
  /// The bodies that the client finds, each followed by a semicolon.
  [[nodiscard]] std::string bodies() const {
    std::string found;
    for (Bytes rest = published(); !rest.empty();) {
      const auto record = alert::read_record(rest);
      if (!record) return found + "(bad)";
      found += std::string(alert::as_text(record->body)) + ';';
      rest = rest.subspan(alert::padded(record->header.size));
    }
    return found;
  }
  void fill() {
    const std::string body(1024 - sizeof(RecordHeader), 'x');
    for (std::size_t i = 0; i < alert::kReplayBytes / 1024; ++i) EXPECT_TRUE(append(body));
  }

  ReplayWindow broker = ReplayWindow::create().value();
  ReplayWindow client = ReplayWindow::map(copy(broker.descriptor())).value();
  std::uint64_t ordinal = 0;
};

TEST(ReplayWindow, StartsEmpty) {
  const Window window;
  EXPECT_EQ(window.broker.used(), 0U);
  EXPECT_EQ(window.bodies(), "");
}

TEST(ReplayWindow, ShowsTheClientWhatWasAppended) {
  Window window;
  EXPECT_TRUE(window.append("one"));
  EXPECT_TRUE(window.append(""));
  EXPECT_TRUE(window.append("three is longer than a word"));
  EXPECT_EQ(window.bodies(), "one;;three is longer than a word;");
}

TEST(ReplayWindow, KeepsEveryFieldOfTheHeader) {
  Window window;
  RecordHeader header;
  header.size = 65;
  header.kind = 2;
  header.profile = 1;
  header.flags = alert::kRedelivered;
  header.ordinal = header.sequence = header.accepted_ns = header.origin_sequence = 1234567890123;
  header.uid = header.pid = 4321;
  header.origin.fill(42);
  ASSERT_TRUE(window.broker.append(header, alert::as_bytes("x")));
  EXPECT_EQ(std::memcmp(window.published().data(), &header, sizeof header), 0);
}

TEST(ReplayWindow, PadsEachRecordToWholeWords) {
  Window window;
  for (std::size_t length = 0; length <= 32; ++length) {
    const std::size_t before = window.broker.used();
    ASSERT_TRUE(window.append(std::string(length, 'x')));
    EXPECT_EQ(window.broker.used() - before, sizeof(RecordHeader) + (length + 7) / 8 * 8);
  }
}

TEST(ReplayWindow, StartsAnewWhenCleared) {
  Window window;
  EXPECT_TRUE(window.append("old and long enough to show"));
  window.broker.clear();
  EXPECT_TRUE(window.append("new"));
  EXPECT_EQ(window.bodies(), "new;");
}

TEST(ReplayWindow, PadsWithZerosWhateverWasThereBefore) {
  Window window;
  EXPECT_TRUE(window.append("an older secret"));
  window.broker.clear();
  EXPECT_TRUE(window.append("a"));
  EXPECT_EQ(alert::as_text(window.published().subspan(sizeof(RecordHeader))),
            std::string_view("a\0\0\0\0\0\0\0", 8));
}

TEST(ReplayWindow, TakesRecordsUpToItsLastByte) {
  Window window;
  window.fill();
  EXPECT_EQ(window.broker.used(), alert::kReplayBytes);
}

TEST(ReplayWindow, TakesTheLargestRecordThreeTimes) {
  Window window;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(window.append(std::string(alert::kLargestAlert, 'x')));
  EXPECT_FALSE(window.append(std::string(alert::kLargestAlert, 'x')));
}

TEST(ReplayWindow, RefusesWhatDoesNotFitAndStaysAsItIs) {
  Window window;
  window.fill();
  const std::string before(alert::as_text(window.published()));
  EXPECT_FALSE(window.append(""));
  EXPECT_EQ(alert::as_text(window.published()), before);
}

TEST(ReplayWindow, TakesAShorterRecordAfterARefusal) {
  Window window;
  for (std::size_t i = 0; i < alert::kReplayBytes / 1024 - 1; ++i)
    EXPECT_TRUE(window.append(std::string(1024 - sizeof(RecordHeader), 'x')));
  EXPECT_FALSE(window.append(std::string(1024 - sizeof(RecordHeader) + 1, 'x')));
  EXPECT_TRUE(window.append(std::string(1024 - sizeof(RecordHeader), 'x')));
}

TEST(ReplayWindow, GivesNoMoreRecordsThanItHolds) {
  const Window window;
  EXPECT_EQ(window.client.records(0).size(), 0U);
  EXPECT_EQ(window.client.records(alert::kReplayBytes).size(), alert::kReplayBytes);
  EXPECT_EQ(window.client.records(alert::kReplayBytes + 1).size(), alert::kReplayBytes);
  EXPECT_EQ(window.client.records(~std::size_t{0}).size(), alert::kReplayBytes);
}

TEST(ReplayWindow, CanNotBeWrittenByItsClient) {
  const Window window;
  EXPECT_EQ(SharedMemory::map_writable(copy(window.client.descriptor())).error(),
            std::errc::operation_not_permitted);
}

/// What map() says to a window of `bytes` that starts like this.
std::error_code refusal_of(std::uint64_t magic, std::uint32_t version, std::size_t bytes) {
  const auto memory = SharedMemory::create("window", bytes, SharedMemory::Seal::read_only).value();
  std::memcpy(memory.data(), &magic, sizeof magic);
  std::memcpy(memory.data() + 8, &version, sizeof version);
  const auto window = ReplayWindow::map(copy(memory.descriptor()));
  return window ? std::error_code() : window.error();
}

TEST(ReplayWindow, IsRefusedWithAnotherMagicVersionOrSize) {
  constexpr auto kMagic = alert::kReplayMagic;
  constexpr auto kVersion = alert::kReplayVersion;
  EXPECT_EQ(refusal_of(kMagic, kVersion, alert::kReplayHeaderBytes), std::error_code());
  EXPECT_EQ(refusal_of(kMagic ^ 1, kVersion, 4096), std::errc::protocol_error);
  EXPECT_EQ(refusal_of(kMagic, kVersion + 1, 4096), std::errc::protocol_error);
  EXPECT_EQ(refusal_of(kMagic, kVersion, alert::kReplayHeaderBytes - 1), std::errc::protocol_error);
}

TEST(ReplayWindow, OfFewerBytesGivesNoMoreThanThose) {
  const auto memory = SharedMemory::create("window", 4096, SharedMemory::Seal::read_only).value();
  std::memcpy(memory.data(), &alert::kReplayMagic, 8);
  std::memcpy(memory.data() + 8, &alert::kReplayVersion, 4);
  const auto window = ReplayWindow::map(copy(memory.descriptor())).value();
  EXPECT_EQ(window.records(alert::kReplayBytes).size(), 4096 - alert::kReplayHeaderBytes);
}

}  // namespace
