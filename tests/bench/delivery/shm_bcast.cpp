// The floor of one mailbox with many readers: raiser -> ring -> broker -> one ring that everybody reads in
// place, one futex word for all. The broker waits for the slowest reader.

#include "roles.hpp"
#include "spsc_ring.hpp"

namespace {

using namespace bench;

struct Broadcast {
  static constexpr std::uint64_t kCapacity = 1 << 20;
  alignas(128) std::atomic<std::uint64_t> head;
  alignas(128) std::atomic<std::uint32_t> bell;
  alignas(128) std::atomic<std::uint32_t> sleepers;
  struct alignas(128) Cursor {
    std::atomic<std::uint64_t> tail;
    std::atomic<std::uint32_t> used;
  };
  Cursor cursors[kMostReaders];
  alignas(128) std::byte data[kCapacity];

  [[nodiscard]] static Broadcast& map(const Options& options) {
    return *map_shared<Broadcast>(options.in_run("broadcast"), true);
  }
};

class Writer {
 public:
  explicit Writer(Broadcast& out) : out_(out) {}

  void push(alert::Bytes message) {
    const std::uint64_t size = in_ring(message.size());
    std::uint64_t at = head_ % Broadcast::kCapacity;
    const std::uint64_t skipped = at + size > Broadcast::kCapacity ? Broadcast::kCapacity - at : 0;
    while (head_ + skipped + size - slowest_ > Broadcast::kCapacity) wait_for_room(skipped + size);
    if (skipped > 0) {
      std::memcpy(out_.data + at, &kSkip, sizeof kSkip);
      head_ += skipped;
      at = 0;
    }
    const auto bytes = static_cast<std::uint32_t>(message.size());
    std::memcpy(out_.data + at, &bytes, sizeof bytes);
    std::memcpy(out_.data + at + 8, message.data(), message.size());
    head_ += size;
  }
  void publish() noexcept {
    out_.head.store(head_, std::memory_order_release);
    out_.bell.store(static_cast<std::uint32_t>(head_ / 8), std::memory_order_release);
  }
  void wake() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (out_.sleepers.load(std::memory_order_relaxed) != 0) wake_all(out_.bell);
  }

 private:
  void wait_for_room(std::uint64_t wanted) {
    out_.head.store(head_, std::memory_order_release);
    slowest_ = head_;
    for (const Broadcast::Cursor& cursor : out_.cursors)
      if (cursor.used.load(std::memory_order_relaxed) != 0)
        slowest_ = std::min(slowest_, cursor.tail.load(std::memory_order_acquire));
    if (head_ + wanted - slowest_ > Broadcast::kCapacity) ::sched_yield();
  }

  Broadcast& out_;
  std::uint64_t head_ = 0;
  std::uint64_t slowest_ = 0;
};

struct ShmBroadcast {
  static int broker(const Options& options) {
    RingReader in(RingRaiser::inlet(options, true));
    Writer out(Broadcast::map(options));
    const std::size_t batch = options.size("batch", 64);
    std::puts("READY");
    std::fflush(stdout);
    for (;;) {
      std::size_t count = 0;
      for (alert::Bytes message; count < batch && !(message = in.next()).empty(); ++count) out.push(message);
      if (count == 0) {
        in.sleep(0);
        continue;
      }
      out.publish();
      in.release();
      out.wake();
    }
  }

  using Raiser = RingRaiser;

  class Reader {
   public:
    explicit Reader(const Options& options)
        : in_(Broadcast::map(options)),
          cursor_(in_.cursors[options.size("id", 0)]),
          tail_(in_.head.load()),
          spins_(options.number("spin", 0) != 0) {
      cursor_.tail.store(tail_);
      cursor_.used.store(1);
    }

    template <class Take>
    void run(Take&& take) {
      for (std::uint64_t head = tail_;;) {
        if (tail_ == head) head = in_.head.load(std::memory_order_acquire);
        if (tail_ == head) {
          sleep();
          continue;
        }
        std::uint64_t at = tail_ % Broadcast::kCapacity;
        std::uint32_t size = size_at(at);
        if (size == kSkip) {
          tail_ += Broadcast::kCapacity - at;
          at = 0;
          size = size_at(at);
        }
        const bool goes_on = take({in_.data + at + 8, size});
        tail_ += in_ring(size);
        cursor_.tail.store(tail_, std::memory_order_release);
        if (goes_on) continue;
        cursor_.used.store(0);
        return;
      }
    }

   private:
    void sleep() noexcept {
      if (spins_) return __builtin_ia32_pause();
      in_.sleepers.fetch_add(1);
      const std::uint32_t bell = in_.bell.load(std::memory_order_seq_cst);
      if (in_.head.load(std::memory_order_seq_cst) == tail_) sleep_on(in_.bell, bell);
      in_.sleepers.fetch_sub(1);
    }
    [[nodiscard]] std::uint32_t size_at(std::uint64_t at) const noexcept {
      std::uint32_t size = 0;
      std::memcpy(&size, in_.data + at, sizeof size);
      return size;
    }

    Broadcast& in_;
    Broadcast::Cursor& cursor_;
    std::uint64_t tail_;
    const bool spins_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<ShmBroadcast>(count, words); }
