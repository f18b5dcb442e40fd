#pragma once
// Time, and what this process has used of its processor.

#include <cstdint>
#include <ctime>

#include <sys/resource.h>

namespace bench {

[[nodiscard]] inline std::uint64_t now_ns(clockid_t clock = CLOCK_MONOTONIC) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

struct Usage {
  double user_ns = 0;
  double system_ns = 0;
  long sleeps = 0;

  /// The sum is exact; the kernel counts the parts in ticks.
  [[nodiscard]] static Usage now() noexcept {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto ticks = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
    };
    const double user = ticks(usage.ru_utime), system = ticks(usage.ru_stime);
    const double share = user + system > 0 ? system / (user + system) : 0;
    const auto all = static_cast<double>(now_ns(CLOCK_PROCESS_CPUTIME_ID));
    return {all * (1 - share), all * share, usage.ru_nvcsw};
  }
};

}  // namespace bench
