#pragma once
// How long a turn that will wait for the disk is kept open for raises that could share the wait.

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace brokerd {

class GroupCommit {
 public:
  static constexpr std::uint64_t kMostPatienceNs = 1'000'000;

  /// Whether another raise is worth waiting for: the last turn had more, and patience is not at its end.
  [[nodiscard]] bool waits(std::size_t raises, std::uint64_t waited_ns) const noexcept {
    return raises > 0 && raises < expected_ && waited_ns < patience_ns();
  }
  /// Half of what the last sync took, within bounds: whoever waits looks for raises all the time.
  [[nodiscard]] std::uint64_t patience_ns() const noexcept { return std::min(sync_ns_ / 2, kMostPatienceNs); }

  /// A turn with so many raises has waited so long for the disk.
  void synced(std::size_t raises, std::uint64_t took_ns) noexcept {
    if (raises == 0) return;
    expected_ = raises;
    sync_ns_ = took_ns;
  }

 private:
  std::size_t expected_ = 0;
  std::uint64_t sync_ns_ = 0;
};

}  // namespace brokerd
