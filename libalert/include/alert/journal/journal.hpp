#pragma once
// The journal on disk: a folder of pcapng segments, each named after the first sequence it may hold.
//
//     <first sequence, 20 digits>.pcapng
//         section header, interface 0 "alerts", interface 1 "table", then one packet per record
//     packet = record, and where there is one: zeros to a multiple of 8, then the annex (JSON)
//
// Interface 0 carries alerts and gaps, interface 1 table changes and checkpoints, whose body is JSON.
// The annex holds what belongs to an alert but not to its bytes: the event it was raised for, where
// that is not simply the name in its header.

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

#include "alert/journal/pcapng.hpp"
#include "alert/system/descriptor.hpp"
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
  return bytes.size() >= 12 && load<std::uint32_t>(bytes.data()) == pcapng::kSectionHeader &&
         load<std::uint32_t>(bytes.data() + 8) == pcapng::kByteOrderMagic;
}

struct JournalRecord {
  RecordView record;
  Bytes annex;           // JSON, or empty
  std::uint64_t offset;  // of its block in the file
};

/// Reads one segment front to back, in memory that does not grow with it. The file may grow meanwhile.
class SegmentReader {
 public:
  /// Takes a descriptor that can be read with pread; `offset` is where a block starts.
  explicit SegmentReader(Descriptor fd, std::uint64_t offset = 0) : fd_(std::move(fd)), at_(offset) {}

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
      auto block = next_block();
      if (!block) return tl::unexpected<Error>(block.error());
      if (!*block) return std::optional<JournalRecord>();
      const std::uint64_t start = at_;
      if ((*block)->type == pcapng::kEnhancedPacket) {
        auto record = read(**block, start);
        if (record) consume((*block)->length);
        return record;
      }
      if ((*block)->type == pcapng::kSectionHeader && !is_pcapng(window().first((*block)->length)))
        return failure(Errc::bad_magic, start);
      if ((*block)->type != pcapng::kSectionHeader && (*block)->type != pcapng::kInterface)
        return failure(Errc::bad_magic, start);  // we write no other blocks
      consume((*block)->length);
    }
  }

  /// Where the next block starts.
  [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }

 private:
  static constexpr std::size_t kReadBytes = 256 * 1024;
  static constexpr std::size_t kLargestBlock = 160 * 1024;  // a largest record with a largest annex

  static Result<std::optional<JournalRecord>> read(const pcapng::Block& block, std::uint64_t start) {
    const auto located = [start](const Error& error) { return failure(error.code, start + error.offset); };
    const auto packet = pcapng::read_packet(block);
    if (!packet) return located(packet.error());
    const auto record = read_record(packet->data);
    if (!record) return failure(record.error().code, start + pcapng::kPacketDataOffset + record.error().offset);
    const std::size_t behind = padded(record->header.size);
    const Bytes annex = packet->data.size() > behind ? packet->data.subspan(behind) : Bytes{};
    return JournalRecord{*record, annex, start};
  }

  Result<std::optional<pcapng::Block>> next_block() {
    if (window().size() < pcapng::kBlockOverhead) fill();
    if (window().empty()) return std::optional<pcapng::Block>();
    const std::size_t claimed = pcapng::block_length(window());
    if (claimed > kLargestBlock) return failure(Errc::bad_length, at_ + 4);
    if (claimed > window().size()) fill();
    auto block = pcapng::read_block(window());
    if (!block) return failure(block.error().code, at_ + block.error().offset);
    return std::optional<pcapng::Block>(*block);
  }

  void fill() {
    if (buffer_.empty()) buffer_.resize(kReadBytes);
    const Bytes left = window();
    std::copy(left.begin(), left.end(), buffer_.begin());
    used_ = left.size();
    taken_ = 0;
    while (used_ < buffer_.size()) {
      const ssize_t n =
          ::pread(fd_.get(), buffer_.data() + used_, buffer_.size() - used_, static_cast<off_t>(at_ + used_));
      if (n <= 0) break;  // the end, or an error that then shows as truncated
      used_ += static_cast<std::size_t>(n);
    }
  }
  [[nodiscard]] Bytes window() const noexcept { return Bytes{buffer_}.subspan(taken_, used_ - taken_); }
  void consume(std::size_t bytes) noexcept {
    taken_ += bytes;
    at_ += bytes;
  }

  Descriptor fd_;
  std::uint64_t at_;  // file offset of the window's first byte
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace alert
