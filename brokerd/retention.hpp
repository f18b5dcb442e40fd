#pragma once
// How much of the journal is kept. Pure: sizes and times go in, the segments that may go come out.

#include <cstdint>
#include <map>
#include <vector>

#include "brokerd/ledger.hpp"

namespace brokerd {

struct Retention {
  std::uint64_t bytes = 0;  // of all segments; 0: no limit
  std::uint64_t age_s = 0;  // 0: no limit
  /// Beyond these limits the journal keeps what a uid's mailslots have not read, up to so many bytes.
  std::uint64_t unread_bytes_per_uid = 256 << 20;

  [[nodiscard]] bool is_limited() const noexcept { return bytes > 0 || age_s > 0; }
};

/// A segment that is no longer written to.
struct PastSegment {
  std::uint64_t first = 0;  // sequence
  std::uint64_t bytes = 0;
  std::uint64_t ended_ns = 0;  // when its last record was accepted, or later
};

/// How many of the oldest segments may go now. `end` is the first sequence behind the last of them;
/// `open_bytes` is the size of the segment that is written to.
[[nodiscard]] std::size_t expired(const std::vector<PastSegment>& segments, std::uint64_t end,
                                  std::uint64_t open_bytes, const Retention& retention, std::uint64_t now_ns,
                                  const Ledger& ledger);

}  // namespace brokerd
