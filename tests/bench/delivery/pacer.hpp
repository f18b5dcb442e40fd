#pragma once
// Holds the raiser back to what the slowest reader has taken.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "alert/memory/futex.hpp"
#include "clock.hpp"
#include "control_page.hpp"

namespace bench {

class Pacer {
 public:
  static constexpr std::chrono::milliseconds kLookUp{50};
  static constexpr std::uint64_t kPatienceNs = 1'500'000'000;  // then what is missing counts as lost

  Pacer(ControlPage& page, std::size_t readers) : page_(page), lost_(readers) {}

  [[nodiscard]] std::uint64_t taken_by_all() const noexcept {
    std::uint64_t least = ~std::uint64_t{0};
    for (std::size_t i = 0; i < lost_.size(); ++i) least = std::min(least, taken(i));
    return least;
  }

  /// Sleeps until every reader has taken so many.
  template <class Raiser>
  void wait(std::uint64_t wanted, Raiser& raiser) {
    raiser.idle();
    for (std::size_t i = 0; i < lost_.size(); ++i) {
      wait_for(i, wanted, raiser);
      page_.lines[i].wanted.store(0, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] std::uint64_t stalls() const noexcept { return stalls_; }

 private:
  [[nodiscard]] std::uint64_t taken(std::size_t reader) const noexcept {
    return page_.lines[reader].received.load(std::memory_order_acquire) + lost_[reader];
  }

  template <class Raiser>
  void wait_for(std::size_t reader, std::uint64_t wanted, Raiser& raiser) {
    ControlPage::Line& line = page_.lines[reader];
    std::uint64_t last = 0, last_ns = 0;
    while (taken(reader) < wanted) {
      const std::uint32_t bell = std::atomic_ref(line.bell).load(std::memory_order_acquire);
      line.wanted.store(wanted - lost_[reader], std::memory_order_seq_cst);
      std::atomic_thread_fence(std::memory_order_seq_cst);
      if (taken(reader) >= wanted) return;
      alert::futex_wait(&line.bell, bell, kLookUp);
      const std::uint64_t now = taken(reader), at_ns = now_ns();
      if (now != last || last_ns == 0) {
        last = now;
        last_ns = at_ns;
      } else if (at_ns - last_ns > kPatienceNs) {
        ++stalls_;
        lost_[reader] += wanted - now;
        return;
      }
      if (now < wanted) raiser.idle();
    }
  }

  ControlPage& page_;
  std::vector<std::uint64_t> lost_;
  std::uint64_t stalls_ = 0;
};

}  // namespace bench
