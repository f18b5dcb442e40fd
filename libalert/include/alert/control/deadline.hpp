#pragma once
// The point in time by which something must have happened.

#include <algorithm>
#include <chrono>

namespace alert {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kNever = Milliseconds::max();

  /// `timeout` from now; one of a century or more never passes.
  explicit Deadline(Milliseconds timeout) noexcept
      : at_(timeout >= kCentury ? Clock::time_point::max() : Clock::now() + timeout) {}

  /// Rounded up, so that a wait of that long ends behind the deadline; 0 once it has passed.
  [[nodiscard]] Milliseconds left() const noexcept {
    if (at_ == Clock::time_point::max()) return kNever;
    return std::max(std::chrono::ceil<Milliseconds>(at_ - Clock::now()), Milliseconds{0});
  }
  [[nodiscard]] bool has_passed() const noexcept { return Clock::now() >= at_; }

 private:
  static constexpr Milliseconds kCentury = std::chrono::hours{24 * 365 * 100};

  Clock::time_point at_;
};

}  // namespace alert
