#include "brokerd/rates.hpp"

#include <algorithm>

namespace brokerd {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// By then the largest alert fits again at a byte a second.
constexpr std::uint64_t kForgetAfterNs = 86'400ULL * kSecond;

std::int64_t cost_ns(std::uint32_t amount, std::uint64_t rate) noexcept {
  return static_cast<std::int64_t>(amount * static_cast<std::uint64_t>(kSecond) / rate);
}

/// From when on the rate is still there to be spent.
std::int64_t unspent_ns(std::int64_t spent, std::int64_t cost, std::int64_t now) noexcept {
  const std::int64_t full = now - std::max(kSecond, cost);
  return spent > now ? full : std::max(spent, full);
}

}  // namespace

bool TokenBucket::holds(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) const noexcept {
  if (rate == kUnlimited || amount == 0) return true;
  if (rate == 0) return false;
  const auto now = static_cast<std::int64_t>(now_ns);
  const std::int64_t cost = cost_ns(amount, rate);
  return unspent_ns(spent_ns_, cost, now) + cost <= now;
}

void TokenBucket::take(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) noexcept {
  if (rate == kUnlimited || amount == 0) return;
  const std::int64_t cost = cost_ns(amount, rate);
  spent_ns_ = unspent_ns(spent_ns_, cost, static_cast<std::int64_t>(now_ns)) + cost;
}

bool TokenBucket::is_idle_since(std::uint64_t time_ns) const noexcept {
  return spent_ns_ <= static_cast<std::int64_t>(time_ns);
}

std::optional<Quota> Rates::take(std::uint32_t uid, std::uint32_t bytes, const Limits& limits,
                                 std::uint64_t now_ns) {
  const std::uint64_t alert_rate = limits[Quota::alerts_per_second];
  const std::uint64_t byte_rate = limits[Quota::bytes_per_second];
  if (alert_rate == kUnlimited && byte_rate == kUnlimited) return std::nullopt;
  forget_the_idle(now_ns);
  Buckets& mine = by_uid_[uid];
  if (!mine.alerts.holds(1, alert_rate, now_ns)) return Quota::alerts_per_second;
  if (!mine.bytes.holds(bytes, byte_rate, now_ns)) return Quota::bytes_per_second;
  mine.alerts.take(1, alert_rate, now_ns);
  mine.bytes.take(bytes, byte_rate, now_ns);
  return std::nullopt;
}

bool Rates::take_change(std::uint32_t uid, const Limits& limits, std::uint64_t now_ns) {
  const std::uint64_t rate = limits[Quota::table_changes_per_second];
  if (rate == kUnlimited) return true;
  forget_the_idle(now_ns);
  TokenBucket& mine = by_uid_[uid].changes;
  if (!mine.holds(1, rate, now_ns)) return false;
  mine.take(1, rate, now_ns);
  return true;
}

void Rates::forget_the_idle(std::uint64_t now_ns) {
  if (by_uid_.size() < forget_at_ || now_ns < kForgetAfterNs) return;
  std::erase_if(by_uid_, [&](const auto& one) {
    return one.second.alerts.is_idle_since(now_ns - kForgetAfterNs) &&
           one.second.bytes.is_idle_since(now_ns - kForgetAfterNs) &&
           one.second.changes.is_idle_since(now_ns - kForgetAfterNs);
  });
  forget_at_ = std::max<std::size_t>(1'024, 2 * by_uid_.size());
}

}  // namespace brokerd
