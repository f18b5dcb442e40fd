#pragma once
// How fast each uid raises and changes the table: token buckets. Pure: time is a parameter.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>

#include "brokerd/limits.hpp"

namespace brokerd {

/// Holds `rate`, which comes in during `period`, and is full at first. An amount that is larger than
/// that is there once the time it takes has passed. A clock that is set back fills it. Amounts
/// of an hour's are at most 5,000,000.
class TokenBucket {
 public:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kHour = 3'600 * kSecond;

  explicit TokenBucket(std::int64_t period_ns = kSecond) noexcept : period_ns_(period_ns) {}

  [[nodiscard]] bool holds(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) const noexcept;
  /// Precondition: holds() of the same.
  void take(std::uint32_t amount, std::uint64_t rate, std::uint64_t now_ns) noexcept;
  [[nodiscard]] bool is_idle_since(std::uint64_t time_ns) const noexcept;

 private:
  [[nodiscard]] std::int64_t cost_ns(std::uint32_t amount, std::uint64_t rate) const noexcept;
  /// From when on the rate is still there to be spent.
  [[nodiscard]] std::int64_t unspent_ns(std::int64_t cost, std::uint64_t now_ns) const noexcept;

  std::int64_t period_ns_;
  /// What was taken has used up the rate until here: one number says it all, and still does after the
  /// rate has changed.
  std::int64_t spent_ns_ = std::numeric_limits<std::int64_t>::min();
};

class Rates {
 public:
  /// The bound that this alert exceeds; none: it counts.
  [[nodiscard]] std::optional<Quota> take(std::uint32_t uid, std::uint32_t bytes, const Limits& limits,
                                          std::uint64_t now_ns);
  /// Whether a change of the table counts, which is journaled like an alert.
  [[nodiscard]] bool take_change(std::uint32_t uid, const Limits& limits, std::uint64_t now_ns);
  [[nodiscard]] std::size_t size() const noexcept { return by_uid_.size(); }

 private:
  struct Buckets {
    TokenBucket alerts;
    TokenBucket bytes;
    TokenBucket hour{TokenBucket::kHour};  // of bytes: its share of the journal
    TokenBucket changes;
  };
  void forget_the_idle(std::uint64_t now_ns);

  std::unordered_map<std::uint32_t, Buckets> by_uid_;
  std::size_t forget_at_ = 1'024;  // uids
};

}  // namespace brokerd
