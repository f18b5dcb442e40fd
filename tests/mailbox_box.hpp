#pragma once
// A mailbox in the words of its tests.

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>

#include <fcntl.h>

#include <gtest/gtest.h>

#include "alert/memory/mailbox.hpp"

namespace alert {

inline std::ostream& operator<<(std::ostream& out, MailboxReader::Seen seen) {
  constexpr const char* kNames[] = {"(record)", "(empty)", "(lapped)", "(closed)"};
  return out << kNames[static_cast<int>(seen)];
}

}  // namespace alert

namespace test {

using alert::MailboxReader;
using alert::MailboxWriter;
using alert::RecordHeader;
using alert::SharedMemory;

inline alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// A header with something in every field but the ordinal, which the writer gives.
inline RecordHeader header_of(std::string_view body, std::uint64_t sequence = 9) {
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

/// The header and behind it the body.
inline std::string record_of(std::string_view body, std::uint64_t sequence = 9) {
  const RecordHeader header = header_of(body, sequence);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header).append(body);
}

/// A mailbox and one reader, which starts at its front. What is read is a body or what look() said.
struct Box {
  explicit Box(std::uint64_t capacity = 4096, std::uint32_t max_message = 1024, std::uint64_t base = 0)
      : writer(MailboxWriter::create(capacity, max_message, 7, base).value()), reader(another_reader()) {}

  [[nodiscard]] MailboxReader another_reader() const {
    return MailboxReader::map(copy(writer.descriptor())).value();
  }
  std::uint64_t write_unpublished(std::string_view body) { return writer.write(alert::as_bytes(record_of(body))); }
  std::uint64_t write(std::string_view body) {
    const std::uint64_t ordinal = write_unpublished(body);
    writer.publish();
    return ordinal;
  }
  [[nodiscard]] std::string look() {
    const auto seen = reader.look();
    if (seen != MailboxReader::Seen::record) return testing::PrintToString(seen);
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

/// The memory of a mailbox whose writer is gone, as that left it or worse.
inline SharedMemory wreck_of(const Box& box, std::size_t bytes = 0) {
  const auto whole = SharedMemory::map_read_only(copy(box.writer.descriptor())).value();
  auto wreck = SharedMemory::create("wreck", bytes ? bytes : whole.size(), SharedMemory::Seal::read_only).value();
  std::memcpy(wreck.data(), whole.data(), std::min(whole.size(), wreck.size()));
  return wreck;
}
inline alert::MailboxHeader& header(const SharedMemory& memory) {
  return *reinterpret_cast<alert::MailboxHeader*>(memory.data());
}

}  // namespace test
