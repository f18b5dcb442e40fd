#include "brokerd/retention.hpp"

#include <algorithm>
#include <map>

namespace brokerd {

namespace {

/// The oldest sequence that each uid may still have to read.
std::map<std::uint32_t, std::uint64_t> oldest_unread(const Ledger& ledger) {
  std::map<std::uint32_t, std::uint64_t> oldest;
  for (const auto& [name, slot] : ledger.mailslots()) {
    const MailslotState& s = slot.state;
    if (std::max(s.read, s.taken) >= s.written) continue;
    const std::uint64_t next = std::max(s.read_sequence, s.taken_sequence) + 1;
    const auto [at, added] = oldest.emplace(s.uid, next);
    if (!added) at->second = std::min(at->second, next);
  }
  return oldest;
}

}  // namespace

std::size_t expired(const std::vector<PastSegment>& segments, std::uint64_t end, std::uint64_t open_bytes,
                    const Retention& retention, std::uint64_t now_ns, const Ledger& ledger) {
  std::uint64_t total = open_bytes;
  for (const PastSegment& segment : segments) total += segment.bytes;
  std::size_t over = 0;  // segments beyond the limits
  for (; over < segments.size(); total -= segments[over++].bytes) {
    const bool is_too_much = retention.bytes > 0 && total > retention.bytes;
    const bool is_too_old =
        retention.age_s > 0 && segments[over].ended_ns / 1'000'000'000 + retention.age_s < now_ns / 1'000'000'000;
    if (!is_too_much && !is_too_old) break;
  }
  // Whoever has something unread in one of these holds it and all behind it, within its budget.
  const auto unread = oldest_unread(ledger);
  std::uint64_t held = 0;
  for (std::size_t i = over; i-- > 0;) {
    held += segments[i].bytes;
    const std::uint64_t behind = i + 1 < segments.size() ? segments[i + 1].first : end;
    const bool is_needed = std::any_of(unread.begin(), unread.end(), [&](const auto& uid) {
      return uid.second < behind && held <= retention.unread_bytes_per_uid;
    });
    if (is_needed) over = i;
  }
  return over;
}

}  // namespace brokerd
