#pragma once
// What the operator says about the journal.

#include <cstdint>

namespace brokerd {

/// What an accepted alert survives: the broker's death, or also the machine's.
enum class Durability { process, disk };

/// How much of the journal is kept; 0: no limit.
struct Retention {
  std::uint64_t bytes = 0;  // of all segments
  std::uint64_t age_s = 0;  // since a segment was last written to
  /// Beyond these limits the journal keeps what a uid's mailslots have not read, up to so many bytes.
  std::uint64_t unread_bytes_per_uid = 256 << 20;

  [[nodiscard]] bool is_limited() const noexcept { return bytes > 0 || age_s > 0; }
};

struct JournalOptions {
  Durability durability = Durability::process;
  Retention retention;
  std::uint64_t segment_bytes = 64 << 20;  // after which a new segment begins
};

}  // namespace brokerd
