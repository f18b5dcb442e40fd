#include "brokerd/room.hpp"

namespace brokerd {

std::uint64_t Room::used(std::uint64_t incarnation) const noexcept {
  const auto found = by_incarnation_.find(incarnation);
  return found == by_incarnation_.end() ? 0 : found->second.bytes;
}

void Room::take(std::uint64_t incarnation, std::uint64_t sequence, std::size_t size) {
  Unread& unread = by_incarnation_[incarnation];
  unread.messages.push_back({sequence, cost(size)});
  unread.bytes += cost(size);
}

void Room::give_back(std::uint64_t incarnation, std::uint64_t sequence) noexcept {
  const auto found = by_incarnation_.find(incarnation);
  if (found == by_incarnation_.end()) return;
  auto& [messages, bytes] = found->second;
  for (; !messages.empty() && messages.back().sequence >= sequence; messages.pop_back())
    bytes -= messages.back().bytes;
}

void Room::read_up_to(std::uint64_t incarnation, std::uint64_t sequence) noexcept {
  const auto found = by_incarnation_.find(incarnation);
  if (found == by_incarnation_.end()) return;
  auto& [messages, bytes] = found->second;
  for (; !messages.empty() && messages.front().sequence <= sequence; messages.pop_front())
    bytes -= messages.front().bytes;
}

}  // namespace brokerd
