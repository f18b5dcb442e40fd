#pragma once
// A segment walked backward from its end, by the second length of each block.
//
// It comes as far as blocks are proven by the segment's mark, also over broken ones. Where the front
// of the segment does not tell the mark, the last block does, and counts only if the walk comes down
// to that front: the end of a file that was cut may be payload, which has marks of its own choice.

#include <algorithm>
#include <optional>
#include <vector>

#include "alert/journal/segment_block.hpp"

namespace alert {

class BackwardWalk {
 public:
  /// From `end` of the file down to `floor`, and not below it. The descriptor stays the caller's.
  BackwardWalk(int fd, std::uint64_t floor, std::uint64_t end, std::optional<std::uint64_t> mark)
      : fd_(fd), floor_(floor), end_(end), offset_(std::max(floor, end)), whole_(offset_), mark_(mark) {
    is_believed_ = mark.has_value();
  }

  /// Moves to the block before; false where none can be proven.
  [[nodiscard]] bool previous() {
    record_.reset();
    Bytes bytes = before(pcapng::kBlockOverhead);
    if (bytes.size() < pcapng::kBlockOverhead) return false;
    const std::size_t length = load<std::uint32_t>(bytes.data() + bytes.size() - 4);
    if (length < pcapng::kBlockOverhead || length > kLargestBlock) return false;
    bytes = before(length);
    if (bytes.size() < length) return false;
    const std::uint64_t start = offset_ - length;
    const auto block = pcapng::read_block(bytes);
    const auto mark = block_mark(bytes, start);
    if (!block || block->length != length || !mark || (mark_ && mark != mark_)) return false;
    auto record = read_segment_block(*block, start);
    if (record && record->record.kind() == RecordKind::alert) {
      if (sequence_ && record->record.header.sequence >= *sequence_) return false;  // out of order
      sequence_ = record->record.header.sequence;
    }
    mark_ = mark;
    offset_ = start;
    if (record) {
      whole_ = start;
      record_ = std::move(*record);
    }
    is_believed_ = is_believed_ || start <= kFront;
    return true;
  }

  /// Of the block that previous() came to; none where it is broken. Valid until the next call.
  [[nodiscard]] const std::optional<JournalRecord>& record() const noexcept { return record_; }
  /// Where the foremost whole block starts; the end where there is none.
  [[nodiscard]] std::uint64_t reached() const noexcept { return is_believed_ ? whole_ : std::max(floor_, end_); }
  [[nodiscard]] bool is_believed() const noexcept { return is_believed_; }
  /// How many bytes it has come.
  [[nodiscard]] std::uint64_t walked() const noexcept { return std::max(floor_, end_) - offset_; }

 private:
  static constexpr std::uint64_t kFront = 8192;  // a damaged page there, and the block it ends in
  static constexpr std::size_t kRead = 64 * 1024;

  /// The bytes in front of offset_: `count` of them, or fewer where the floor is.
  Bytes before(std::size_t count) {
    const std::size_t wanted = std::min<std::uint64_t>(count, offset_ - floor_);
    if (start_ + buffer_.size() < offset_ || offset_ - start_ < wanted || buffer_.empty()) {
      const std::size_t more = std::min<std::uint64_t>(std::max(wanted, kRead), offset_ - floor_);
      start_ = offset_ - more;
      buffer_ = read_at(fd_, start_, more);
    }
    const std::uint64_t have = std::min<std::uint64_t>(buffer_.size(), offset_ - start_);
    if (start_ + have < offset_) return {};  // it could not be read
    return Bytes(buffer_).subspan(offset_ - start_ - wanted, wanted);
  }

  int fd_;
  std::uint64_t floor_;
  std::uint64_t end_;
  std::uint64_t offset_;
  std::uint64_t whole_;
  std::optional<std::uint64_t> mark_;
  bool is_believed_;
  std::optional<std::uint64_t> sequence_;  // of the alert behind
  std::optional<JournalRecord> record_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;  // of buffer_ in the file
};

}  // namespace alert
