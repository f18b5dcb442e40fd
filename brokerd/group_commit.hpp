#pragma once
// How long a turn that will wait for the disk is kept open for raises that could share the wait.

#include <cstddef>
#include <cstdint>

namespace brokerd {

class GroupCommit {
 public:
  /// Whether another raise is worth waiting for: the last turn had more, and half a sync has not gone by.
  [[nodiscard]] bool waits(std::size_t raises, std::uint64_t waited_ns) const noexcept {
    return raises > 0 && raises < expected_ && waited_ns < sync_ns_ / 2;
  }

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
