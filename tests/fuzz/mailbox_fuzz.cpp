// A mailbox whose writer is hostile: any header, any ring, and a word that changes between two looks.
//
//     input   0 position 8, ordinal 8 (where the reader starts)
//            16 changing word 2 (its number), 6 (what it is xored with, after each look)
//            24 the first 200 bytes of the header, then the ring; zeros behind

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "alert/memory/mailbox.hpp"

namespace {

using alert::Bytes;
using alert::MailboxReader;

constexpr std::size_t kHeader = 200;
constexpr std::size_t kRing = 2 * alert::kMinMailboxCapacity;

/// One for all runs: making and sealing shared memory takes longer than all the rest.
alert::SharedMemory& memory() {
  static auto made =
      alert::SharedMemory::create("hostile", alert::kMailboxHeaderBytes + kRing, alert::SharedMemory::Seal::size);
  if (!made) std::abort();
  return *made;
}

void put(std::size_t at, Bytes bytes, std::size_t room) {
  std::byte* const to = memory().data() + at;
  const std::size_t size = std::min(bytes.size(), room);
  if (size > 0) std::memcpy(to, bytes.data(), size);
  std::memset(to + size, 0, room - size);
}

void read_all(MailboxReader& reader, std::uint64_t change) {
  constexpr int kMostRecords = 64;
  std::byte* const word = memory().data() + (change & 0xFFFF) % (memory().size() / 8) * 8;
  for (int i = 0; i < kMostRecords; ++i) {
    const MailboxReader::Seen seen = reader.look();
    const auto value = alert::load<std::uint64_t>(word) ^ change >> 16;
    std::memcpy(word, &value, sizeof value);
    if (seen != MailboxReader::Seen::record) return;
    const alert::RecordView record = reader.record();
    if (record.body.size() > reader.max_message()) std::abort();
    std::vector<std::byte> copy(record.header.size);
    std::memcpy(copy.data(), &record.header, sizeof record.header);
    if (!record.body.empty())
      std::memcpy(copy.data() + sizeof record.header, record.body.data(), record.body.size());
    const auto read = alert::read_record(copy);
    if (read && read->body.size() != record.body.size()) std::abort();
    reader.advance();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{reinterpret_cast<const std::byte*>(data), size};
  (void)alert::read_record(input);
  alert::Reader in(input);
  const auto position = in.number<std::uint64_t>();
  const auto ordinal = in.number<std::uint64_t>();
  const auto change = in.number<std::uint64_t>();
  const Bytes pages = in.rest();
  put(0, pages, kHeader);
  put(alert::kMailboxHeaderBytes, pages.subspan(std::min(kHeader, pages.size())), kRing);

  auto reader = MailboxReader::map(duplicate(memory().descriptor()));
  if (!reader) return 0;
  read_all(*reader, change);  // from the tail
  reader->seek(position, ordinal);
  read_all(*reader, change);
  return 0;
}
