#include "brokerd/raise_ids.hpp"

#include <algorithm>

namespace brokerd {

bool is_raise_id(std::string_view text) noexcept {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void RaiseIds::remember(RaiseKnown raise) {
  if (find({raise.uid, raise.id})) return;
  auto& mine = by_uid_[raise.uid];
  if (mine.size() == kPerUid) forget(mine.front());
  by_uid_[raise.uid].push_back(raise.sequence);
  by_key_.emplace(key({raise.uid, raise.id}), raise.sequence);
  weight_ += 1 + raise.refused.size();
  by_sequence_.emplace(raise.sequence, std::move(raise));
  while (weight_ > kWeight && by_sequence_.size() > 1) forget(by_sequence_.begin()->first);
}

const RaiseKnown* RaiseIds::find(const RaiseId& id) const {
  const auto found = by_key_.find(key(id));
  return found == by_key_.end() ? nullptr : &by_sequence_.at(found->second);
}

void RaiseIds::forget(std::uint64_t sequence) {
  const auto found = by_sequence_.find(sequence);
  const RaiseKnown& raise = found->second;
  weight_ -= 1 + raise.refused.size();
  by_key_.erase(key({raise.uid, raise.id}));
  const auto mine = by_uid_.find(raise.uid);
  mine->second.pop_front();  // each uid's oldest goes first, whichever bound it is for
  if (mine->second.empty()) by_uid_.erase(mine);
  by_sequence_.erase(found);
}

}  // namespace brokerd
