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
//
// Room: the file that is written to may have zeros behind its last block, up to 256 KiB, so that a sync does
// not have to tell the disk a new length each time. They are cut off when the next segment begins, at a
// broker's proper end, or else at the next start. To a reader they are the end.
//
// Damage: blocks are walked forward from the front and backward from the end by their lengths, and
// never looked for in between, where payload may imitate them. What neither walk reaches is the
// damaged range. The walk from the end needs an end that is one of whole blocks: behind a torn tail
// nothing can be read back.

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

#include "alert/journal/backward_walk.hpp"
#include "alert/journal/pcapng.hpp"
#include "alert/journal/segment_block.hpp"
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

/// Reads one segment front to back, in memory that does not grow with it. The file may grow meanwhile.
class SegmentReader {
 public:
  /// Takes a descriptor that can be read with pread; `offset` is where a block starts.
  explicit SegmentReader(Descriptor fd, std::uint64_t offset = 0) : fd_(fd.get()), window_(std::move(fd), offset) {
    front_ = segment_front(fd_);
  }

  /// A file of another segment in this one's place is damaged from front to back.
  [[nodiscard]] static SystemResult<SegmentReader> open(const std::filesystem::path& file,
                                                        std::uint64_t offset = 0) {
    Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return system_failure();
    SegmentReader reader(std::move(fd), offset);
    const auto first = segment_sequence(file.filename().native());
    reader.is_another_ = first && reader.front_ && reader.front_->first != *first;
    return reader;
  }

  /// The next record; none at the end. Views are valid until the next call. An error's offset is in
  /// the file; reading stays in front of the damage until it is told to pass it.
  [[nodiscard]] Result<std::optional<JournalRecord>> next() {
    for (;;) {
      auto found = look();
      if (!found) return tl::unexpected<Error>(found.error());
      window_.skip(found->length);
      if (found->record || found->length == 0) return std::move(found->record);
    }
  }

  /// Moves behind the damage that next() stopped at, and says what it is.
  DamagedRange pass_damage() {
    const std::uint64_t from = offset();
    while (pass_broken_block())
      if (look()) return {from, offset()};
    BackwardWalk walk = from_end();
    while (walk.previous()) continue;
    go_to(walk.reached());
    return {from, offset()};
  }
  /// A step of it, for whoever may not take long: over a broken block whose id proves where it ends. Where
  /// there is none, what is left is the walk from the end, and then to go where that came to.
  bool pass_broken_block() {
    const std::size_t length = broken_block();
    window_.skip(length);
    return length > 0;
  }
  [[nodiscard]] BackwardWalk from_end() const { return from_end(size()); }
  /// Goes on with a walk that came to `offset`.
  [[nodiscard]] BackwardWalk from_end(std::uint64_t offset) const {
    const auto mark = front_ ? std::optional(front_->mark) : std::nullopt;
    return {fd_, is_another_ ? offset : window_.offset(), offset, mark};
  }
  /// To the block that such a walk came to; to the file's end where that is not behind here.
  void go_to(std::uint64_t block) {
    const std::uint64_t to = block > offset() ? block : file_size();
    window_.skip(std::max(to, offset()) - offset());
  }
  /// In bytes, without the room behind the last block.
  [[nodiscard]] std::uint64_t size() const { return segment_size(fd_); }
  /// With it.
  [[nodiscard]] std::uint64_t file_size() const noexcept { return alert::file_size(fd_); }
  /// Whether its front tells what proves a block.
  [[nodiscard]] bool has_mark() const noexcept { return front_.has_value(); }

  /// Where the next block starts.
  [[nodiscard]] std::uint64_t offset() const noexcept { return window_.offset(); }

 private:
  struct Seen {
    std::size_t length = 0;               // of the block; 0: the end
    std::optional<JournalRecord> record;  // none: a block of the segment's front
  };

  /// Leaves the window where it is.
  Result<Seen> look() {
    const std::uint64_t start = offset();
    if (start > 0 && window_.ends_in_zeros(pcapng::kMostRoom)) return Seen{};
    Bytes bytes = window_.at_least(pcapng::kBlockOverhead);
    if (bytes.empty() && (!window_.error() || start >= file_size())) return Seen{};
    if (is_another_) return failure(Errc::wrong_segment, start);
    if (bytes.size() >= pcapng::kBlockOverhead) {
      if (pcapng::block_length(bytes) > kLargestBlock) return failure(Errc::bad_length, start + 4);
      bytes = window_.at_least(pcapng::block_length(bytes));
    }
    const auto block = pcapng::read_block(bytes);
    if (!block && bytes.size() >= 8 && start + pcapng::block_length(bytes) > size())
      return failure(Errc::truncated, start + 4);  // the rest of it is zeros, or not there
    if (!block) return failure(block.error().code, start + block.error().offset);
    if (block->type == pcapng::kSectionHeader ? is_pcapng(bytes) : block->type == pcapng::kInterface)
      return Seen{block->length, std::nullopt};
    auto record = read_segment_block(*block, start);
    if (!record) return tl::unexpected<Error>(record.error());
    if (front_ && block_mark(bytes.first(block->length), start) != front_->mark)
      return failure(Errc::bad_magic, start);
    return Seen{block->length, std::move(*record)};
  }

  /// The length of the block here, where its lengths agree and it has the segment's mark; otherwise 0.
  std::size_t broken_block() {
    Bytes bytes = window_.at_least(pcapng::kBlockOverhead);
    if (!front_ || is_another_ || bytes.size() < pcapng::kBlockOverhead ||
        pcapng::block_length(bytes) > kLargestBlock)
      return 0;
    bytes = window_.at_least(pcapng::block_length(bytes));
    const auto block = pcapng::read_block(bytes);
    return block && block_mark(bytes.first(block->length), offset()) == front_->mark ? block->length : 0;
  }

  int fd_;  // the window's
  std::optional<SegmentFront> front_;
  bool is_another_ = false;  // segment than its name says
  FileWindow window_;
};

}  // namespace alert
