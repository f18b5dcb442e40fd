#pragma once
// How often each bound was hit, and when the log hears of it. Pure: time is a parameter.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "brokerd/limits.hpp"

namespace brokerd {

class Overruns {
 public:
  /// So many uids are told apart, in the order in which they come; those behind them only count in all.
  static constexpr std::size_t kUids = 128;
  using Counts = std::array<std::uint64_t, kQuotas.size()>;

  /// One more refusal. The line for the log, at most one a second for each bound.
  [[nodiscard]] std::optional<std::string> count(Quota quota, std::uint32_t uid, const Limits& limits,
                                                 std::uint64_t now_ns);
  /// Since the start.
  [[nodiscard]] std::uint64_t of(Quota quota) const noexcept {
    return counts_[static_cast<std::size_t>(quota)].refused;
  }
  /// The same by uid.
  [[nodiscard]] const std::map<std::uint32_t, Counts>& by_uid() const noexcept { return by_uid_; }

 private:
  struct Count {
    std::uint64_t refused = 0;
    std::optional<std::uint64_t> said_ns;
  };
  std::array<Count, kQuotas.size()> counts_;
  std::map<std::uint32_t, Counts> by_uid_;
};

}  // namespace brokerd
