#include "brokerd/alert_table.hpp"

#include <algorithm>

namespace brokerd {

namespace {

const std::vector<const Registration*>& found_in(const auto& index, std::string_view key) noexcept {
  static const std::vector<const Registration*> kNone;
  const auto found = index.find(key);
  return found == index.end() ? kNone : found->second;
}

void drop(auto& index, const std::string& key, const Registration* row) {
  const auto found = index.find(key);
  std::erase(found->second, row);
  if (found->second.empty()) index.erase(found);
}

std::string pair_key(std::string_view event, std::string_view recipient) {
  return std::string(recipient) + '\n' + std::string(event);
}

}  // namespace

void AlertTable::add(Registration row) {
  const auto [at, added] = rows_.emplace(row.id, std::move(row));
  if (!added) return;
  by_event_[at->second.event].push_back(&at->second);
  by_recipient_[at->second.recipient].push_back(&at->second);
  by_pair_.emplace(pair_key(at->second.event, at->second.recipient), &at->second);
  ++by_uid_[at->second.uid];
}

std::optional<Registration> AlertTable::remove(std::string_view event, std::string_view recipient) {
  const Registration* row = find(event, recipient);
  if (!row) return std::nullopt;
  by_pair_.erase(pair_key(event, recipient));
  drop(by_event_, row->event, row);
  drop(by_recipient_, row->recipient, row);
  if (const auto count = by_uid_.find(row->uid); --count->second == 0) by_uid_.erase(count);
  auto node = rows_.extract(row->id);
  return std::move(node.mapped());
}

const Registration* AlertTable::find(std::string_view event, std::string_view recipient) const {
  const auto found = by_pair_.find(pair_key(event, recipient));
  return found == by_pair_.end() ? nullptr : found->second;
}

const std::vector<const Registration*>& AlertTable::matching(std::string_view event) const noexcept {
  return found_in(by_event_, event);
}

std::size_t AlertTable::rows_of(std::uint32_t uid) const noexcept {
  const auto count = by_uid_.find(uid);
  return count == by_uid_.end() ? 0 : count->second;
}

const std::vector<const Registration*>& AlertTable::of_recipient(std::string_view recipient) const noexcept {
  return found_in(by_recipient_, recipient);
}

}  // namespace brokerd
