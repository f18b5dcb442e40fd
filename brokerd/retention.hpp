#pragma once
// How much of the journal is kept. Pure: sizes and times go in, the segments that may go come out.

#include <cstdint>
#include <vector>

#include "brokerd/journal_options.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

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
