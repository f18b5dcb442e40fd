#pragma once
// The bare ring of the floors: one writer, one reader, nothing but the copy, the indices and the wake.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alert/memory/futex.hpp"
#include "alert/wire/bytes.hpp"
#include "clock.hpp"
#include "options.hpp"

namespace bench {

#ifndef BENCH_RING_BYTES
#define BENCH_RING_BYTES (256 * 1024)
#endif

inline void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t seen) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, nullptr, nullptr, 0);
}
inline void wake_all(std::atomic<std::uint32_t>& word) noexcept {
  alert::futex_wake_all(reinterpret_cast<const std::uint32_t*>(&word));
}

/// A message: its size (4 bytes, ~0: the rest of the ring is skipped), 4 bytes nothing, the bytes, padding.
[[nodiscard]] constexpr std::uint64_t in_ring(std::uint64_t size) noexcept { return (8 + size + 7) & ~7ULL; }
constexpr std::uint32_t kSkip = ~0U;

template <class Memory>
[[nodiscard]] Memory* map_shared(const std::string& path, bool create) {
  const int file = ::open(path.c_str(), O_RDWR | (create ? O_CREAT : 0) | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  if (create && ::ftruncate(file, sizeof(Memory)) != 0) fail(path);
  void* const memory = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) fail(path);
  return static_cast<Memory*>(memory);
}

struct Ring {
  static constexpr std::uint64_t kCapacity = BENCH_RING_BYTES;
  alignas(128) std::atomic<std::uint64_t> head;
  alignas(128) std::atomic<std::uint64_t> tail;
  alignas(128) std::atomic<std::uint32_t> waiting;
  std::atomic<std::uint32_t> readers;  // of the inlet's broker
  alignas(128) std::byte data[kCapacity];
};

class RingWriter {
 public:
  explicit RingWriter(Ring& ring) : ring_(ring), head_(ring.head.load()), tail_(ring.tail.load()) {}

  /// Not seen before publish(). False: full.
  bool push(alert::Bytes message) noexcept {
    const std::uint64_t size = in_ring(message.size());
    std::uint64_t at = head_ % Ring::kCapacity;
    const std::uint64_t skipped = at + size > Ring::kCapacity ? Ring::kCapacity - at : 0;
    if (head_ + skipped + size - tail_ > Ring::kCapacity) {
      tail_ = ring_.tail.load(std::memory_order_acquire);
      if (head_ + skipped + size - tail_ > Ring::kCapacity) return false;
    }
    if (skipped > 0) {
      std::memcpy(ring_.data + at, &kSkip, sizeof kSkip);
      head_ += skipped;
      at = 0;
    }
    const auto bytes = static_cast<std::uint32_t>(message.size());
    std::memcpy(ring_.data + at, &bytes, sizeof bytes);
    std::memcpy(ring_.data + at + 8, message.data(), message.size());
    head_ += size;
    return true;
  }
  void publish() noexcept { ring_.head.store(head_, std::memory_order_release); }
  /// Behind a sequentially consistent fence that is behind publish().
  void wake() noexcept {
    if (ring_.waiting.load(std::memory_order_relaxed) != 0 && ring_.waiting.exchange(0) != 0)
      wake_all(ring_.waiting);
  }
  void flush() noexcept {
    publish();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    wake();
  }

 private:
  Ring& ring_;
  std::uint64_t head_;
  std::uint64_t tail_;  // as last seen
};

class RingReader {
 public:
  explicit RingReader(Ring& ring) : ring_(ring), tail_(ring.tail.load()), head_(tail_) {}

  /// The next message, in place until release(); empty: there is none.
  [[nodiscard]] alert::Bytes next() noexcept {
    if (tail_ == head_) head_ = ring_.head.load(std::memory_order_acquire);
    if (tail_ == head_) return {};
    std::uint64_t at = tail_ % Ring::kCapacity;
    std::uint32_t size = size_at(at);
    if (size == kSkip) {
      tail_ += Ring::kCapacity - at;
      at = 0;
      size = size_at(at);
    }
    tail_ += in_ring(size);
    return {ring_.data + at + 8, size};
  }
  void release() noexcept { ring_.tail.store(tail_, std::memory_order_release); }

  /// Until there is more; spins so long first.
  void sleep(std::uint64_t spin_ns) noexcept {
    for (const std::uint64_t end_ns = spin_ns > 0 ? now_ns() + spin_ns : 0; end_ns > 0 && now_ns() < end_ns;) {
      for (int looks = 0; looks < 16; ++looks) {
        if (ring_.head.load(std::memory_order_relaxed) != tail_) return;
        __builtin_ia32_pause();
      }
    }
    ring_.waiting.store(1, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (ring_.head.load(std::memory_order_acquire) == tail_) return sleep_on(ring_.waiting, 1);
    ring_.waiting.store(0, std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] std::uint32_t size_at(std::uint64_t at) const noexcept {
    std::uint32_t size = 0;
    std::memcpy(&size, ring_.data + at, sizeof size);
    return size;
  }

  Ring& ring_;
  std::uint64_t tail_;
  std::uint64_t head_;  // as last seen
};

/// The raiser's end of a floor with a broker.
class RingRaiser {
 public:
  explicit RingRaiser(const Options& options) : ring_(inlet(options, false)), writer_(ring_) {
    ring_.readers.store(static_cast<std::uint32_t>(options.size("n", 1)));
  }
  /// The ring between raiser and broker.
  [[nodiscard]] static Ring& inlet(const Options& options, bool create) {
    Ring* const ring = map_shared<Ring>(options.in_run("inlet"), create);
    if (!ring) fail("no inlet");
    return *ring;
  }

  void send(alert::Bytes message) noexcept {
    while (!writer_.push(message)) {
      flush();
      ::sched_yield();
    }
  }
  void flush() noexcept { writer_.flush(); }
  void idle() noexcept {}

 private:
  Ring& ring_;
  RingWriter writer_;
};

}  // namespace bench
