#pragma once
// The journal from front to back, as much of it at a time as a turn can spare.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "alert/journal/journal.hpp"

namespace brokerd {

/// Where a block of the journal starts.
struct JournalPlace {
  std::uint64_t segment = 0;  // its first sequence
  std::uint64_t offset = 0;
};
[[nodiscard]] std::string to_text(const JournalPlace& place);

/// The segment that holds `sequence`, or would; 0 where there is none.
[[nodiscard]] std::uint64_t segment_of(const std::vector<std::uint64_t>& segments, std::uint64_t sequence) noexcept;

/// Keeps nothing open between two turns, and copes with a journal that grows and loses its beginning
/// meanwhile. What a segment has beyond the next one's beginning was refused: it is passed over.
class JournalWalk {
 public:
  static constexpr std::uint64_t kBytesPerTurn = 1 << 20;
  static constexpr std::uint64_t kBytesPerOpening = 4096;  // what opening a file costs, next to reading it

  enum class At {
    segment,  // one begins
    record,   // record()
    damage,   // error(): it goes on behind it, as far as blocks there prove to be ones
    gone,     // the segment cannot be opened: failure()
    pause,    // this turn's bytes are used up
    end,      // of the journal as it is now
  };

  /// Starts at the beginning of a segment.
  JournalWalk(std::filesystem::path folder, std::uint64_t segment)
      : folder_(std::move(folder)), place_{segment, 0} {}

  /// A new turn, which may read so many bytes (and one record more).
  void allow(std::uint64_t bytes = kBytesPerTurn);
  [[nodiscard]] At next();

  /// Of what next() returned last.
  [[nodiscard]] const JournalPlace& place() const noexcept { return place_; }
  [[nodiscard]] const alert::JournalRecord& record() const noexcept { return *record_; }  // until the next call
  [[nodiscard]] const alert::Error& error() const noexcept { return error_; }
  [[nodiscard]] std::error_code failure() const noexcept { return failure_; }
  [[nodiscard]] bool is_newest() const noexcept { return segments_.empty() || segments_.back() <= place_.segment; }

 private:
  [[nodiscard]] std::optional<std::uint64_t> following() const noexcept;
  At begin();

  std::filesystem::path folder_;
  std::vector<std::uint64_t> segments_;
  JournalPlace place_;
  std::uint64_t offset_ = 0;  // of the next block
  bool is_begun_ = false;
  bool is_over_ = false;  // this segment: the next one comes
  std::uint64_t left_ = 0;
  std::optional<alert::SegmentReader> reader_;
  std::optional<alert::JournalRecord> record_;
  alert::Error error_{};
  std::error_code failure_;
};

}  // namespace brokerd
