#include "brokerd/raise_ids.hpp"

namespace brokerd {

bool is_raise_id(std::string_view text) noexcept {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void RaiseIds::remember(RaiseKnown raise) {
  if (find({raise.uid, raise.id})) return;
  if (const auto mine = by_uid_.find(raise.uid); mine != by_uid_.end()) {
    if (mine->second.sequences.size() == kPerUid) forget(mine->second.sequences.front());
    ranks_.erase(mine->second.rank());
  }
  OfUid& mine = by_uid_[raise.uid];
  mine.sequences.push_back(raise.sequence);
  mine.weight += weight(raise);
  ranks_.insert(mine.rank());
  weight_ += weight(raise);
  by_key_.emplace(key({raise.uid, raise.id}), raise.sequence);
  by_sequence_.emplace(raise.sequence, std::move(raise));
  while (weight_ > static_cast<std::int64_t>(kWeight) && by_sequence_.size() > 1) forget(ranks_.begin()->second);
}

const RaiseKnown* RaiseIds::find(const RaiseId& id) const {
  const auto found = by_key_.find(key(id));
  return found == by_key_.end() ? nullptr : &by_sequence_.at(found->second);
}

/// Precondition: its uid's oldest.
void RaiseIds::forget(std::uint64_t sequence) {
  const auto found = by_sequence_.find(sequence);
  const RaiseKnown& raise = found->second;
  const auto mine = by_uid_.find(raise.uid);
  ranks_.erase(mine->second.rank());
  mine->second.sequences.pop_front();
  mine->second.weight -= weight(raise);
  weight_ -= weight(raise);
  if (mine->second.sequences.empty())
    by_uid_.erase(mine);
  else
    ranks_.insert(mine->second.rank());
  by_key_.erase(key({raise.uid, raise.id}));
  by_sequence_.erase(found);
}

}  // namespace brokerd
