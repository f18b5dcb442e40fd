#pragma once
// How many alerts of a segment were due to a mailslot from some place on: counted backward from the
// segment's end, whose ordinal is known, so that behind a damaged range the ordinals are right again
// and it is known how many were in it.

#include <cstdint>
#include <optional>

#include "alert/journal/journal.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

class DueBehind {
 public:
  /// `end`: sequences from there on do not count. `written`: the mailslot's ordinal at the segment's end.
  DueBehind(const alert::SegmentReader& segment, std::uint64_t end, std::optional<std::uint64_t> written)
      : at_(segment.size()), reached_(at_), end_(end), written_(written) {}

  /// Counts on, about so many bytes, down to where the reader is; true when it is done. (A segment without
  /// a mark takes one step: the walk through it is believed at its end.)
  [[nodiscard]] bool step(const alert::SegmentReader& segment, const Ledger& ledger, const Mailslot& slot,
                          std::uint64_t bytes);

  /// Where the foremost whole block starts that the walk came to.
  [[nodiscard]] std::uint64_t reached() const noexcept { return reached_; }
  /// The ordinal in front of that block; none where nobody can know.
  [[nodiscard]] std::optional<std::uint64_t> ordinal() const noexcept {
    return is_exact_ && written_ && *written_ >= due_ ? std::optional(*written_ - due_) : std::nullopt;
  }

 private:
  std::uint64_t at_;
  std::uint64_t reached_;
  std::uint64_t end_;
  std::optional<std::uint64_t> written_;
  std::uint64_t due_ = 0;
  bool met_broken_ = false;  // since the foremost whole block
  bool is_exact_ = true;     // no broken block is behind it
  bool is_done_ = false;
};

}  // namespace brokerd
