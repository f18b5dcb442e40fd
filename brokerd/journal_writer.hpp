#pragma once
// Appends the turn's records to the journal with one write, and keeps numbers from ever being reused.
//
// If the broker is killed here: during the write of a turn, the segment ends in a part of a block, which no receipt
// and no reader has seen; recovery cuts it off. During that of a checkpoint, a file NAME.new is left, which nobody
// reads.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/journal/journal.hpp"
#include "alert/system/descriptor.hpp"
#include "brokerd/bound.hpp"
#include "brokerd/journal_folder.hpp"
#include "brokerd/journal_options.hpp"

namespace brokerd {

/// Takes a part of a checkpoint: JSON, small enough for one record. An error is the last that is heard of it.
using TakePart = std::function<std::error_code(std::string_view part)>;
/// Gives all parts, in order; returns the error that ended that.
using Checkpoint = std::function<std::error_code(const TakePart& take)>;

class JournalWriter {
 public:
  static constexpr std::uint64_t kNumbersAhead = 1 << 20;
  static constexpr std::uint64_t kLargeCheckpoint = 1 << 20;
  static constexpr std::uint64_t kPerCheckpoint = 12;  // times a large one's size are journaled before the next

  /// Numbers below `bound.bound` are reserved already.
  JournalWriter(JournalFolder folder, Bound bound) : folder_(std::move(folder)), bound_(std::move(bound)) {}

  /// `disk` syncs every commit before it counts.
  void set_durability(Durability durability) noexcept { durability_ = durability; }
  [[nodiscard]] Durability durability() const noexcept { return durability_; }
  void set_segment_bytes(std::uint64_t bytes) noexcept { segment_bytes_ = bytes; }
  [[nodiscard]] std::uint64_t segment_bytes() const noexcept { return segment_bytes_; }

  /// Goes on in a segment that is whole up to `size`; what lies behind is cut off.
  [[nodiscard]] std::error_code continue_segment(std::uint64_t first, std::uint64_t size);
  /// A new segment, which starts with this checkpoint. The old one stays, without its room, but for one that
  /// holds no alert yet: the new one takes its place.
  [[nodiscard]] std::error_code begin_segment(std::uint64_t first, const Checkpoint& checkpoint,
                                              const alert::RecordHeader& stamp);

  /// The numbers in the segment are complete as of this boot: said once it is open for writing.
  [[nodiscard]] std::error_code confirm(const std::string& boot);

  /// Makes sure that `sequence` may be given out.
  [[nodiscard]] std::error_code reserve(std::uint64_t sequence);

  /// Gathers one alert or message for the next commit. Returns where its record begins among what is gathered().
  std::size_t add(const alert::RecordHeader& header, alert::Bytes wire, std::string_view annex = {});
  /// Gathers one change of the table (JSON); `stamp` is its record's header but for the kind and the size.
  void add_change(alert::RecordHeader stamp, std::string_view change);
  /// Writes what was gathered, whole or not at all; where there is nothing new, it asks whether it could.
  [[nodiscard]] std::error_code commit();
  /// What was gathered is not to be written after all.
  void drop() noexcept { is_done_ = true; }
  /// For the next commit, or of the last one: valid until more is gathered.
  [[nodiscard]] alert::Bytes gathered() const noexcept { return gathered_; }
  /// A turn that failed may be there in part, or reach the disk later: only a new segment helps.
  [[nodiscard]] bool is_broken() const noexcept { return broken_; }

  /// Whether the segment is large enough to be followed by another one. Where the table is large that is more
  /// than segment_bytes(): a checkpoint is to be a small part of the journal, and of the work.
  [[nodiscard]] bool wants_new_segment() const noexcept {
    const std::uint64_t least = checkpoint_ < kLargeCheckpoint ? checkpoint_ : kPerCheckpoint * checkpoint_;
    return size_ - checkpoint_ >= std::max(segment_bytes_, least);
  }
  [[nodiscard]] const JournalFolder& folder() const noexcept { return folder_; }
  /// The open segment: its first sequence and its bytes.
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// System calls since the start, and how many commits failed.
  struct Counts {
    std::uint64_t writes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t failures = 0;
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  [[nodiscard]] const Bound& bound() const noexcept { return bound_; }

  /// A proper end: everything synced, and the next start knows it.
  [[nodiscard]] std::error_code close(std::uint64_t last_sequence);

 private:
  /// What was gathered. Where each turn is synced, and the last room is used up, with new room behind it, if there
  /// is any on the disk: a sync that changes no length takes little more than half as long.
  std::error_code write_turn();
  std::error_code write_with_room();
  /// Written and synced before it counts.
  std::error_code change_bound(Bound next);
  void cut_room();
  void forget_done() noexcept;

  JournalFolder folder_;
  Bound bound_;
  Durability durability_ = Durability::process;
  std::uint64_t segment_bytes_ = JournalOptions{}.segment_bytes;
  alert::Descriptor segment_;
  std::uint64_t mark_ = 0;        // of its blocks
  std::uint64_t first_ = 0;       // its first sequence
  std::uint64_t checkpoint_ = 0;  // bytes that it started with
  std::uint64_t size_ = 0;        // of the segment: whole turns
  std::uint64_t room_end_ = 0;    // where its file ends
  bool broken_ = false;
  Counts counts_;
  std::vector<std::byte> gathered_;
  bool is_done_ = false;  // with what is gathered: it is written, or not to be
};

}  // namespace brokerd
