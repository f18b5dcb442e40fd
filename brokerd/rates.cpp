#include "brokerd/rates.hpp"

#include <algorithm>

namespace brokerd {

namespace {

/// By then the largest alert fits again at a byte a second.
constexpr std::uint64_t kForgetAfterNs = 24ULL * TokenBucket::kHour;

}  // namespace

std::int64_t TokenBucket::cost_ns(std::uint32_t amount, std::uint64_t rate) const noexcept {
  return static_cast<std::int64_t>(amount * static_cast<std::uint64_t>(period_ns_) / rate);
}

std::int64_t TokenBucket::unspent_ns(std::int64_t cost, std::uint64_t now_ns) const noexcept {
  const auto now = static_cast<std::int64_t>(now_ns);
  const std::int64_t full = now - std::max(period_ns_, cost);
  return spent_ns_ > now ? full : std::max(spent_ns_, full);
}

bool TokenBucket::holds(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) const noexcept {
  if (rate == kUnlimited || amount == 0) return true;
  if (rate == 0) return false;
  const std::int64_t cost = cost_ns(amount, rate);
  return unspent_ns(cost, now_ns) + cost <= static_cast<std::int64_t>(now_ns);
}

void TokenBucket::take(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) noexcept {
  if (rate == kUnlimited || amount == 0) return;
  const std::int64_t cost = cost_ns(amount, rate);
  spent_ns_ = unspent_ns(cost, now_ns) + cost;
}

bool TokenBucket::is_idle_since(std::uint64_t time_ns) const noexcept {
  return spent_ns_ <= static_cast<std::int64_t>(time_ns);
}

std::optional<Quota> Rates::take(std::uint32_t uid, std::uint32_t bytes, const Limits& limits,
                                 std::uint64_t now_ns) {
  struct Share {
    Quota quota;
    TokenBucket Buckets::*bucket;
    std::uint32_t amount;
  };
  const Share shares[] = {{Quota::alerts_per_second, &Buckets::alerts, 1},
                          {Quota::bytes_per_second, &Buckets::bytes, bytes},
                          {Quota::bytes_per_hour, &Buckets::hour, bytes}};
  const auto is_unlimited = [&](const Share& share) { return limits[share.quota] == kUnlimited; };
  if (std::all_of(std::begin(shares), std::end(shares), is_unlimited)) return std::nullopt;
  forget_the_idle(now_ns);
  Buckets& mine = by_uid_[uid];
  for (const Share& share : shares)
    if (!(mine.*share.bucket).holds(share.amount, limits[share.quota], now_ns)) return share.quota;
  for (const Share& share : shares) (mine.*share.bucket).take(share.amount, limits[share.quota], now_ns);
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
  const auto is_idle = [since = now_ns - kForgetAfterNs](const TokenBucket& bucket) {
    return bucket.is_idle_since(since);
  };
  std::erase_if(by_uid_, [&](const auto& one) {
    const Buckets& b = one.second;
    return is_idle(b.alerts) && is_idle(b.bytes) && is_idle(b.hour) && is_idle(b.changes);
  });
  forget_at_ = std::max<std::size_t>(1'024, 2 * by_uid_.size());
}

}  // namespace brokerd
