#pragma once
// Threads that really run at the same time, for the tests of what processes share.

#include <functional>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <sched.h>

/// Under a race detector, where everything takes longer.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kIsTraced = true;
#elif defined(__has_feature)
inline constexpr bool kIsTraced = __has_feature(thread_sanitizer);
#else
inline constexpr bool kIsTraced = false;
#endif

/// Runs the parts at once: the first on a processor of its own where there are two, so that it really
/// runs while the others do.
inline void at_once(const std::vector<std::function<void()>>& parts) {
  ::cpu_set_t others;
  CPU_ZERO(&others);
  EXPECT_EQ(::sched_getaffinity(0, sizeof others, &others), 0);
  const bool has_choice = CPU_COUNT(&others) > 1;
  std::size_t first = 0;
  while (!CPU_ISSET(first, &others)) ++first;
  ::cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(first, &own);
  CPU_CLR(first, &others);
  std::latch start(static_cast<std::ptrdiff_t>(parts.size()));
  std::vector<std::jthread> threads;
  for (const auto& part : parts)
    threads.emplace_back([&] {
      if (has_choice) ::sched_setaffinity(0, sizeof own, &part == &parts.front() ? &own : &others);
      start.arrive_and_wait();
      part();
    });
}
