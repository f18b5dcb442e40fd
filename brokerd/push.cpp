#include "brokerd/push.hpp"

#include <algorithm>

namespace brokerd {

std::uint32_t Push::add(std::uint64_t number, std::uint32_t uid, Callback callback) {
  auto [found, is_new] = sessions_.try_emplace(number);
  Session& session = found->second;
  if (is_new) ++by_uid_[uid];
  session.uid = uid;
  session.handle = ++last_handle_ == 0 ? ++last_handle_ : last_handle_;
  session.callback = std::move(callback);
  session.covered.clear();
  plan(number, session, std::nullopt);
  news_.insert(number);
  return session.handle;
}

void Push::remove(std::uint64_t number) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  plan(number, found->second, std::nullopt);
  for (const std::uint64_t incarnation : found->second.mailslots)
    if (const auto same = by_mailslot_.find(incarnation); same != by_mailslot_.end()) {
      same->second.erase(number);
      if (same->second.empty()) by_mailslot_.erase(same);
    }
  if (const auto mine = by_uid_.find(found->second.uid); --mine->second == 0) by_uid_.erase(mine);
  news_.erase(number);
  sessions_.erase(found);
}

std::size_t Push::of_uid(std::uint32_t uid) const {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? 0 : found->second;
}

void Push::watch(std::uint64_t number, std::uint64_t incarnation) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end() || !found->second.mailslots.insert(incarnation).second) return;
  by_mailslot_[incarnation].insert(number);
  news_.insert(number);
}

void Push::tell_watchers(std::uint64_t incarnation) {
  if (const auto found = by_mailslot_.find(incarnation); found != by_mailslot_.end())
    news_.insert(found->second.begin(), found->second.end());
}

void Push::has_news(std::uint64_t number) {
  if (has(number)) news_.insert(number);
}

std::vector<std::uint64_t> Push::take_news(std::uint64_t monotonic_ns) {
  for (auto at = deadlines_.begin(); at != deadlines_.end() && at->first <= monotonic_ns; ++at)
    news_.insert(at->second);
  std::vector<std::uint64_t> numbers(news_.begin(), news_.end());
  news_.clear();
  const auto due = [this](std::uint64_t number) { return sessions_.at(number).due_ns.value_or(0); };
  std::stable_sort(numbers.begin(), numbers.end(), [&](auto a, auto b) { return due(a) < due(b); });
  return numbers;
}

void Push::look(std::uint64_t number, std::span<const Source> sources, std::uint64_t monotonic_ns) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  bool is_pending = false;
  bool was_drained = true;
  std::map<std::uint64_t, std::uint64_t> covered;
  for (const Source& source : sources) {
    is_pending |= source.read < source.newest;
    const auto known = session.covered.find(source.id);
    if (known != session.covered.end()) was_drained &= known->second <= source.read;
    covered[source.id] = source.newest;
  }
  session.covered = std::move(covered);
  if (!is_pending) return plan(number, session, std::nullopt);
  const std::uint64_t due = session.due_ns && !was_drained ? *session.due_ns : monotonic_ns;
  for (; !quiet_.empty() && quiet_.front()->second <= monotonic_ns; quiet_.pop_front())
    quiet_until_.erase(quiet_.front());
  const auto quiet = quiet_until_.find(session.callback.address);
  const std::uint64_t free = quiet == quiet_until_.end() ? 0 : quiet->second;
  if (due > monotonic_ns || free > monotonic_ns) return plan(number, session, due, std::max(due, free));
  quiet_.push_back(quiet_until_.emplace(session.callback.address, monotonic_ns + kQuietNs).first);
  datagrams_.push_back(session.callback);
  plan(number, session, monotonic_ns + interval_ns_);
}

void Push::plan(std::uint64_t number, Session& session, std::optional<std::uint64_t> due_ns,
                std::optional<std::uint64_t> planned_ns) {
  deadlines_.erase({session.planned_ns, number});
  session.due_ns = due_ns;
  session.planned_ns = planned_ns.value_or(due_ns.value_or(0));
  if (due_ns) deadlines_.emplace(session.planned_ns, number);
}

std::optional<std::uint64_t> Push::next_deadline() const {
  if (!news_.empty()) return 0;
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace brokerd
