#pragma once
// The semaphore page: a pulse counter that the broker writes and any number of waiters map read-only.
//
//     offset  size  field
//          0     8  magic      "ALRTSEM\n"
//          8     4  version    kSemaphoreVersion; a waiter refuses any other
//         64     8  pulses     how often the semaphore has been pulsed; never decreases
//         72     4  bell       futex word; changes after `pulses`, with each wake
//
// The LAN Manager original set and cleared a semaphore at once: whoever waited at that instant was freed,
// and whoever was between two waits missed it. A counter frees everybody whose last look shows another
// number, so that no pulse is lost between two waits, and none is left for who comes later.
//
// If the broker is killed here: before `pulses` nobody has seen the pulse; between `pulses` and `bell` a
// sleeper sees it at its next look; the page is never written again, because the next broker makes a
// new one. If a waiter is killed, nothing in here knew of it.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "alert/memory/futex.hpp"
#include "alert/memory/shared_memory.hpp"

namespace alert {

inline constexpr std::uint64_t kSemaphoreMagic = 0x0A4D455354524C41;  // "ALRTSEM\n"
inline constexpr std::uint32_t kSemaphoreVersion = 1;
inline constexpr std::size_t kSemaphorePageBytes = 4096;

struct SemaphorePageLayout {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint8_t padding0[52];
  std::uint64_t pulses;
  std::uint32_t bell;
};
static_assert(offsetof(SemaphorePageLayout, magic) == 0);
static_assert(offsetof(SemaphorePageLayout, version) == 8);
static_assert(offsetof(SemaphorePageLayout, pulses) == 64);
static_assert(offsetof(SemaphorePageLayout, bell) == 72);
static_assert(sizeof(SemaphorePageLayout) <= kSemaphorePageBytes);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic_ref<std::uint32_t>::is_always_lock_free);

/// The broker's end. Not thread-safe: one writer.
class SemaphoreWriter {
 public:
  [[nodiscard]] static SystemResult<SemaphoreWriter> create(std::uint64_t pulses) {
    auto memory = SharedMemory::create("alert-semaphore", kSemaphorePageBytes, SharedMemory::Seal::read_only);
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    SemaphoreWriter writer(std::move(*memory));
    writer.layout().magic = kSemaphoreMagic;
    writer.layout().version = kSemaphoreVersion;
    writer.layout().pulses = pulses;
    return writer;
  }

  /// Counts `pulses` more and wakes every waiter that sleeps.
  void pulse(std::uint64_t pulses) noexcept {
    std::atomic_ref(layout().pulses).fetch_add(pulses, std::memory_order_release);
    std::atomic_ref(layout().bell).fetch_add(1, std::memory_order_release);
    futex_wake_all(&layout().bell);
  }

  [[nodiscard]] std::uint64_t pulses() const noexcept { return layout().pulses; }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  explicit SemaphoreWriter(SharedMemory memory) noexcept : memory_(std::move(memory)) {}
  [[nodiscard]] SemaphorePageLayout& layout() const noexcept {
    return *reinterpret_cast<SemaphorePageLayout*>(memory_.data());
  }

  SharedMemory memory_;
};

/// A waiter's end.
class SemaphoreReader {
 public:
  /// Refuses (EPROTO) bytes that are not a semaphore page of this version.
  [[nodiscard]] static SystemResult<SemaphoreReader> map(Descriptor fd) {
    auto memory = SharedMemory::map_read_only(std::move(fd));
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    if (memory->size() < kSemaphorePageBytes) return system_failure(EPROTO);
    SemaphorePageLayout fixed{};  // only what never changes
    std::memcpy(&fixed, memory->data(), offsetof(SemaphorePageLayout, pulses));
    if (fixed.magic != kSemaphoreMagic || fixed.version != kSemaphoreVersion) return system_failure(EPROTO);
    return SemaphoreReader(std::move(*memory));
  }

  [[nodiscard]] std::uint64_t pulses() const noexcept {
    return std::atomic_ref(layout().pulses).load(std::memory_order_acquire);
  }
  /// Look at it, then at pulses(), then wait(): a pulse between the looks and the sleep ends the sleep.
  [[nodiscard]] std::uint32_t bell() const noexcept {
    return std::atomic_ref(layout().bell).load(std::memory_order_acquire);
  }
  /// Sleeps while the bell is `seen`, at most `timeout`; may return early.
  void wait(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept {
    futex_wait(&layout().bell, seen, timeout);
  }

 private:
  explicit SemaphoreReader(SharedMemory memory) noexcept : memory_(std::move(memory)) {}
  /// Read-only memory: atomic_ref wants it writable to its type, and only loads.
  [[nodiscard]] SemaphorePageLayout& layout() const noexcept {
    return *reinterpret_cast<SemaphorePageLayout*>(memory_.data());
  }

  SharedMemory memory_;
};

}  // namespace alert
