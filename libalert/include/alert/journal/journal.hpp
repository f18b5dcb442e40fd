#pragma once
// The journal on disk: a folder of pcapng segments, each named after the first sequence it may hold.
//
//     <first sequence, 20 digits>.pcapng
//         section header, interface 0 "alerts", interface 1 "table", then one packet per record
//     packet = record, and where there is one: zeros to a multiple of 8, then the annex (JSON)
//
// Interface 0 carries alerts, messages and gaps, interface 1 table changes and checkpoints, whose body is JSON.
// The annex holds what belongs to an alert but not to its bytes: the event it was raised for, where
// that is not simply the name in its header, and the id of the raise, where it had one. That of a message
// says which mailslot it was written to, and its class.

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

#include "alert/journal/pcapng.hpp"
#include "alert/system/file_window.hpp"
#include "alert/wire/record.hpp"

namespace alert {

inline constexpr std::uint32_t kAlertsInterface = 0;
inline constexpr std::uint32_t kTableInterface = 1;
inline constexpr std::string_view kSegmentSuffix = ".pcapng";

[[nodiscard]] inline std::string segment_name(std::uint64_t first_sequence) {
  std::string digits = std::to_string(first_sequence);
  return std::string(20 - digits.size(), '0') + digits + std::string(kSegmentSuffix);
}
[[nodiscard]] inline std::optional<std::uint64_t> segment_sequence(std::string_view name) noexcept {
  if (name.size() != 20 + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) return std::nullopt;
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 20, first);
  if (error != std::errc() || end != name.data() + 20) return std::nullopt;
  return first;
}

/// The first sequences of a journal's segments, ascending; files of other names are not the journal's.
[[nodiscard]] inline SystemResult<std::vector<std::uint64_t>> journal_segments(
    const std::filesystem::path& folder) {
  std::vector<std::uint64_t> segments;
  std::error_code error;
  for (auto file = std::filesystem::directory_iterator(folder, error);
       !error && file != std::filesystem::directory_iterator(); file.increment(error))
    if (const auto first = segment_sequence(file->path().filename().native())) segments.push_back(*first);
  if (error) return tl::unexpected<std::error_code>(error);
  std::sort(segments.begin(), segments.end());
  return segments;
}

/// Whether bytes start like a journal segment (or any little-endian pcapng).
[[nodiscard]] inline bool is_pcapng(Bytes bytes) noexcept {
  return bytes.size() >= pcapng::kBlockOverhead && load<std::uint32_t>(bytes.data()) == pcapng::kSectionHeader &&
         pcapng::section_order(bytes) == ByteOrder::little;
}

struct JournalRecord {
  RecordView record;
  Bytes annex;           // JSON, or empty
  std::uint64_t offset;  // of its block in the file
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

/// Reads one segment front to back, in memory that does not grow with it. The file may grow meanwhile.
class SegmentReader {
 public:
  /// Takes a descriptor that can be read with pread; `offset` is where a block starts.
  explicit SegmentReader(Descriptor fd, std::uint64_t offset = 0) : window_(std::move(fd), offset) {}

  [[nodiscard]] static SystemResult<SegmentReader> open(const std::filesystem::path& file,
                                                        std::uint64_t offset = 0) {
    Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return system_failure();
    return SegmentReader(std::move(fd), offset);
  }

  /// The next record; none at the end. An error's offset is in the file; reading does not go on.
  /// Views are valid until the next call.
  [[nodiscard]] Result<std::optional<JournalRecord>> next() {
    for (;;) {
      const std::uint64_t start = offset();
      const auto located = [start](const Error& error) { return failure(error.code, start + error.offset); };
      Bytes bytes = window_.at_least(pcapng::kBlockOverhead);
      if (bytes.empty()) return std::optional<JournalRecord>();
      if (bytes.size() >= pcapng::kBlockOverhead) {
        if (pcapng::block_length(bytes) > kLargestBlock) return failure(Errc::bad_length, start + 4);
        bytes = window_.at_least(pcapng::block_length(bytes));
      }
      const auto block = pcapng::read_block(bytes);
      if (!block) return located(block.error());
      if (block->type == pcapng::kEnhancedPacket) {
        const auto packet = pcapng::read_packet(*block);
        if (!packet) return located(packet.error());
        if (packet->original_size != packet->data.size()) return failure(Errc::bad_length, start + 24);
        const auto record = read_journal_record(*packet, start);
        if (!record) return tl::unexpected<Error>(record.error());
        window_.skip(block->length);
        return std::optional(*record);
      }
      if (block->type == pcapng::kSectionHeader ? !is_pcapng(bytes) : block->type != pcapng::kInterface)
        return failure(Errc::bad_magic, start);  // we write no other blocks
      window_.skip(block->length);
    }
  }

  /// Where the next block starts.
  [[nodiscard]] std::uint64_t offset() const noexcept { return window_.offset(); }

 private:
  static constexpr std::size_t kLargestBlock = 160 * 1024;  // a largest record with a largest annex

  FileWindow window_;
};

}  // namespace alert
