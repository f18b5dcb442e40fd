#pragma once
// Before a sleep: whether to look a few more times instead.

#include <chrono>
#include <cstdint>
#include <thread>

namespace alert {

/// A sleep and its wake cost microseconds, and most of them whoever wakes. A waiter that was woken soon the last
/// time, and for little, looks on for about as long, letting others run in between; any other sleeps at once. Who
/// slept long is timed only now and then: in a process that just woke, the clock alone takes a microsecond.
class AdaptiveWait {
 public:
  static constexpr int kLooks = 4;
  static constexpr std::chrono::microseconds kSoon{50};
  static constexpr std::uint64_t kLittle = 4;
  static constexpr int kUntimed = 7;

  /// Returns when `has_more()`, or behind one `sleep()`. `taken`: of what is waited for, until now.
  template <class HasMore, class Sleep>
  void wait(std::uint64_t taken, HasMore&& has_more, Sleep&& sleep) {
    using Clock = std::chrono::steady_clock;
    if (looks(taken, has_more)) return;
    was_soon_ = false;
    if (!was_little_ || untimed_ > 0) {
      untimed_ -= untimed_ > 0;
      return sleep();
    }
    const Clock::time_point begin = Clock::now();
    sleep();
    slept(Clock::now() - begin);
  }

  /// True: `has_more()`, so there is nothing to sleep for.
  template <class HasMore>
  [[nodiscard]] bool looks(std::uint64_t taken, HasMore&& has_more) {
    was_little_ = taken - taken_ <= kLittle;
    taken_ = taken;
    if (!was_soon_ || !was_little_) return false;
    for (int look = 0; look < kLooks; ++look) {
      std::this_thread::yield();
      if (has_more()) return true;
    }
    return false;
  }
  void slept(std::chrono::nanoseconds time) noexcept {
    was_soon_ = time < kSoon;
    untimed_ = was_soon_ ? 0 : kUntimed;
  }

 private:
  std::uint64_t taken_ = 0;
  bool was_little_ = false;
  bool was_soon_ = false;
  int untimed_ = 0;  // sleeps until the next one that is timed
};

}  // namespace alert
