#pragma once
// The drain: from the spool into the broker, a few alerts each turn.

#include <cstdint>
#include <vector>

#include "brokerd/broker.hpp"
#include "brokerd/spool.hpp"

namespace brokerd {

/// A file goes when its alert is journaled; a broker that is killed before finds it again, and its
/// raise id then brings the first receipt again.
class Drain {
 public:
  static constexpr std::size_t kAlertsPerTurn = 16;

  explicit Drain(Spool spool) : spool_(std::move(spool)) {}

  /// Raises what waits. `monotonic_ns`: for second tries.
  void raise(Broker& broker, std::uint64_t now_ns, std::uint64_t monotonic_ns);
  /// Behind the turn that settled.
  void settle(const std::vector<Outcome<Settled>>& settled, std::uint64_t monotonic_ns);

  [[nodiscard]] const Spool& spool() const noexcept { return spool_; }
  [[nodiscard]] std::uint64_t raised() const noexcept { return raised_; }

 private:
  void refused(const Spool::Entry& entry, const Refusal& refusal, std::uint64_t monotonic_ns);

  Spool spool_;
  std::vector<std::pair<Broker::Ticket, Spool::Entry>> staged_;  // of this turn
  std::uint64_t raised_ = 0;
  std::uint64_t told_bad_ = 0;
  std::uint64_t told_ns_ = 0;  // when the log last heard of bad files
};

}  // namespace brokerd
