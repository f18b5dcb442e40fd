#include "brokerd/semaphore_pages.hpp"

#include <utility>

namespace brokerd {

SemaphorePage* SemaphorePages::find(std::string_view name) noexcept {
  const auto found = pages_.find(name);
  return found == pages_.end() ? nullptr : &found->second;
}

alert::SystemResult<SemaphorePage*> SemaphorePages::create(const std::string& name, std::uint32_t uid,
                                                           std::uint64_t pulses) {
  auto page = alert::SemaphoreWriter::create(pulses);
  if (!page) return tl::unexpected<std::error_code>(page.error());
  ++by_uid_[uid];
  return &pages_.emplace(name, SemaphorePage{std::move(*page), uid, {}}).first->second;
}

void SemaphorePages::pulse(std::string_view name, std::uint64_t count) {
  SemaphorePage* page = find(name);
  if (page && std::exchange(page->waiting, page->waiting + count) == 0) touched_.push_back(page);
}

void SemaphorePages::publish() {
  for (SemaphorePage* page : touched_) page->page.pulse(std::exchange(page->waiting, 0));
  wakes_ += touched_.size();
  touched_.clear();
}

void SemaphorePages::leave(std::string_view name, std::uint64_t session) {
  const auto found = pages_.find(name);
  if (found == pages_.end()) return;
  found->second.sessions.erase(session);
  if (!found->second.sessions.empty()) return;
  if (const auto mine = by_uid_.find(found->second.uid); --mine->second == 0) by_uid_.erase(mine);
  pages_.erase(found);
}

std::size_t SemaphorePages::pages_of(std::uint32_t uid) const noexcept {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? 0 : found->second;
}

}  // namespace brokerd
