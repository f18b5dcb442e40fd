#pragma once
// Sleeping on a word in memory that processes share (std::atomic::wait stays inside one process).

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alert {

/// Sleeps while `word` holds `seen`, at most `timeout`; may return early. The map may be read-only.
inline void futex_wait(const std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds timeout) noexcept {
  const timespec time{static_cast<std::time_t>(timeout.count() / 1'000'000'000),
                      static_cast<long>(timeout.count() % 1'000'000'000)};
  ::syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, nullptr, 0);
}

/// Wakes everybody who sleeps on `word`.
inline void futex_wake_all(const std::uint32_t* word) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace alert
