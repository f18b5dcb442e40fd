#pragma once
// One block of a journal segment, and what proves that it is one.
//
//     from the end   field
//              20    option epb_packetid, length 8
//              16    mark + offset of the block in its file
//               8    end of options, total length
//
// The mark is random, one for each segment, and nobody but the journal's owner sees it. So neither the
// payload of an alert can imitate a block, nor a block that a disk put elsewhere, or left there from
// another file, be taken for one. Segments without marks are read forward only.

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "alert/journal/pcapng.hpp"
#include "alert/wire/record.hpp"

namespace alert {

inline constexpr std::size_t kLargestBlock = 160 * 1024;  // a largest record with a largest annex

struct JournalRecord {
  RecordView record;
  Bytes annex;           // JSON, or empty
  std::uint64_t offset;  // of its block in the file
};

/// What cannot be read of a segment, in bytes of its file.
struct DamagedRange {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// The record of a journal's packet, and what is behind it.
[[nodiscard]] inline Result<JournalRecord> read_journal_record(const pcapng::Packet& packet,
                                                               std::uint64_t block_offset) noexcept {
  const auto record = read_record(packet.data);
  if (!record)
    return failure(record.error().code, block_offset + pcapng::kPacketDataOffset + record.error().offset);
  const std::size_t behind = padded(record->header.size);
  const Bytes annex = packet.data.size() > behind ? packet.data.subspan(behind) : Bytes{};
  return JournalRecord{*record, annex, block_offset};
}

/// The record in a block at this place of a segment: whole, with a checksum. An error's offset is in the file.
[[nodiscard]] inline Result<JournalRecord> read_segment_block(const pcapng::Block& block,
                                                              std::uint64_t offset) noexcept {
  if (block.type != pcapng::kEnhancedPacket) return failure(Errc::bad_magic, offset);
  const auto packet = pcapng::read_packet(block);
  if (!packet) return failure(packet.error().code, offset + packet.error().offset);
  if (packet->original_size != packet->data.size()) return failure(Errc::bad_length, offset + 24);
  if (!packet->has_checksum) return failure(Errc::bad_checksum, offset + pcapng::kPacketDataOffset);
  return read_journal_record(*packet, offset);
}

/// What the id at the end of a block says the mark is; none where there is no id.
[[nodiscard]] inline std::optional<std::uint64_t> block_mark(Bytes block, std::uint64_t offset) noexcept {
  constexpr std::uint32_t kIdHeader = 8u << 16 | pcapng::kPacketIdOption;
  if (block.size() < pcapng::kPacketDataOffset + 4 + pcapng::kPacketIdFromEnd) return std::nullopt;
  const std::byte* const id = block.data() + block.size() - pcapng::kPacketIdFromEnd;
  if (load<std::uint32_t>(id - 4) != kIdHeader) return std::nullopt;
  return load<std::uint64_t>(id) - offset;
}

/// Gives the whole blocks in `blocks`, which will start at `offset` of a segment, their ids.
inline void set_block_marks(std::span<std::byte> blocks, std::uint64_t offset, std::uint64_t mark) noexcept {
  for (std::size_t at = 0; at < blocks.size();) {
    const std::size_t length = pcapng::block_length(blocks.subspan(at));
    if (block_mark(blocks.subspan(at, length), 0)) {
      const std::uint64_t id = mark + offset + at;
      std::memcpy(blocks.data() + at + length - pcapng::kPacketIdFromEnd, &id, sizeof id);
    }
    at += length;
  }
}

[[nodiscard]] inline std::uint64_t file_size(int fd) noexcept {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// The bytes of a file from `offset` on: `count` of them, or fewer where it ends or cannot be read.
[[nodiscard]] inline std::vector<std::byte> read_at(int fd, std::uint64_t offset, std::size_t count) {
  std::vector<std::byte> bytes(count);
  std::size_t have = 0;
  while (have < count) {
    const ssize_t n = ::pread(fd, bytes.data() + have, count - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

/// Where a segment ends: the file's size without the room behind its last block, which ends in its length. More
/// zeros than a writer leaves are no room, and what cannot be read is none.
[[nodiscard]] inline std::uint64_t segment_size(int fd) {
  const std::uint64_t size = file_size(fd);
  const std::uint64_t from = size - std::min<std::uint64_t>(size, pcapng::kMostRoom + pcapng::kBlockOverhead);
  const std::uint64_t last = size - std::min<std::uint64_t>(size, 4);
  const auto is_used = [](std::byte byte) { return byte != std::byte{}; };
  if (const auto word = read_at(fd, last, 4); std::any_of(word.begin(), word.end(), is_used)) return size;
  const auto bytes = read_at(fd, from, size - from);
  const auto used = std::find_if(bytes.rbegin(), bytes.rend(), is_used).base() - bytes.begin();
  const std::uint64_t end = pcapng::padded4(from + static_cast<std::size_t>(used));
  const bool is_read = bytes.size() == size - from;
  return !is_read || used == 0 || end > size || size - end > pcapng::kMostRoom ? size : end;
}

/// What the front of a segment tells about all of it.
struct SegmentFront {
  std::uint64_t mark = 0;   // of its blocks
  std::uint64_t first = 0;  // the sequence that it is named after
};

/// From its first packet, which the second does not gainsay; none where that is damaged or has no mark.
[[nodiscard]] inline std::optional<SegmentFront> segment_front(int fd) {
  constexpr int kBlocks = 5;  // section header, two interfaces, two packets
  std::optional<SegmentFront> front;
  std::uint64_t offset = 0;
  for (int i = 0; i < kBlocks; ++i) {
    const auto head = read_at(fd, offset, pcapng::kBlockOverhead);
    if (head.size() < pcapng::kBlockOverhead || pcapng::block_length(head) > kLargestBlock) return front;
    const auto bytes = read_at(fd, offset, pcapng::block_length(head));
    const auto block = pcapng::read_block(bytes);
    if (!block) return front;
    if (block->type == pcapng::kEnhancedPacket) {
      const auto record = read_segment_block(*block, offset);
      if (!record) return front;
      const auto mark = block_mark(bytes, offset);
      if (front) return mark == front->mark ? front : std::nullopt;
      if (!mark) return std::nullopt;
      front = SegmentFront{*mark, record->record.header.sequence + 1};
    }
    offset += block->length;
  }
  return front;
}

}  // namespace alert
