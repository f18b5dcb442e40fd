#include "brokerd/due_behind.hpp"

#include "brokerd/fold.hpp"

namespace brokerd {

bool DueBehind::step(const alert::SegmentReader& segment, const Ledger& ledger, const Mailslot& slot,
                     std::uint64_t bytes) {
  if (is_done_) return true;
  alert::BackwardWalk walk = segment.from_end(at_);
  while (walk.walked() < bytes || !segment.has_mark()) {
    if (!walk.previous()) {
      if (!walk.is_believed()) {
        reached_ = at_;
        is_exact_ = false;
      }
      is_done_ = true;
      return true;
    }
    const auto& found = walk.record();
    if (!found) {
      met_broken_ = true;
      continue;
    }
    if (met_broken_) is_exact_ = false;
    reached_ = found->offset;
    const alert::RecordView& record = found->record;
    if (!is_numbered(record.kind()) || record.header.sequence >= end_) continue;
    const auto as = raised_as(record, found->annex);
    if (!as) is_exact_ = false;
    if (as && due(ledger, slot, *as, record)) ++due_;
  }
  at_ -= walk.walked();
  return false;
}

}  // namespace brokerd
