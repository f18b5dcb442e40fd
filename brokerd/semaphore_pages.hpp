#pragma once
// The pages of the semaphores that somebody has open, and who has them open.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alert/memory/semaphore_page.hpp"
#include "brokerd/alert_table.hpp"

namespace brokerd {

/// One open semaphore. One that nobody has open has no page: its pulses are in the ledger alone.
struct SemaphorePage {
  alert::SemaphoreWriter page;
  std::uint32_t uid;
  std::set<std::uint64_t> sessions;  // their ids
  std::uint64_t waiting = 0;         // pulses of this turn
};

class SemaphorePages {
 public:
  [[nodiscard]] SemaphorePage* find(std::string_view name) noexcept;
  /// A new page of `uid`, whose counter starts at `pulses`.
  alert::SystemResult<SemaphorePage*> create(const std::string& name, std::uint32_t uid, std::uint64_t pulses);

  /// So many pulses more in this turn, if the semaphore is open.
  void pulse(std::string_view name, std::uint64_t count);
  /// Counts and wakes page by page, each once.
  void publish();

  /// Takes a leaving session out; a page that nobody has open goes.
  void leave(std::string_view name, std::uint64_t session);

  [[nodiscard]] std::size_t pages_of(std::uint32_t uid) const noexcept;
  [[nodiscard]] std::uint64_t wakes() const noexcept { return wakes_; }

 private:
  TextMap<SemaphorePage> pages_;
  std::unordered_map<std::uint32_t, std::size_t> by_uid_;
  std::vector<SemaphorePage*> touched_;
  std::uint64_t wakes_ = 0;
};

}  // namespace brokerd
