#pragma once
// The consumer page: the one small page that a mailbox's consumer writes and the broker reads.
//
//     offset  size  field
//          0     8  magic      "ALRTCON\n"
//          8     4  version    kConsumerVersion
//         64     8  turn       cursor updates so far; slots[turn & 1] is the valid one
//        128    32  slots[0]   a Cursor
//        160    32  slots[1]   a Cursor
//        192     4  sleep      futex word: 0 awake, 1 asleep on it, 2 in its own poll loop
//
// To the broker these bytes are hostile: it copies a cursor, clamps it to what it wrote itself, and
// believes it about this consumer only. Two slots, because a consumer may be killed between two
// words: the slot that `turn` names is whole at any instant.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "alert/memory/futex.hpp"
#include "alert/memory/shared_memory.hpp"

namespace alert {

/// How far a consumer has come. `handed` is the last record given to the program, which counts as
/// read when the program asks for the next one; behind a crash it is the one that may come twice.
struct Cursor {
  std::uint64_t position = 0;  // in the ring: where the next record starts
  std::uint64_t ordinal = 0;   // of the last record read
  std::uint64_t sequence = 0;  // its sequence
  std::uint64_t handed = 0;    // ordinal
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

struct ConsumerPageLayout {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint8_t padding0[52];
  std::uint64_t turn;
  std::uint8_t padding1[56];
  Cursor slots[2];
  std::uint32_t sleep;
};
static_assert(offsetof(ConsumerPageLayout, magic) == 0);
static_assert(offsetof(ConsumerPageLayout, version) == 8);
static_assert(offsetof(ConsumerPageLayout, turn) == 64);
static_assert(offsetof(ConsumerPageLayout, slots) == 128);
static_assert(sizeof(Cursor) == 32);
static_assert(offsetof(ConsumerPageLayout, sleep) == 192);

inline constexpr std::uint64_t kConsumerMagic = 0x0A4E4F4354524C41;  // "ALRTCON\n"
inline constexpr std::uint32_t kConsumerVersion = 2;
inline constexpr std::size_t kConsumerPageBytes = 4096;

enum class Sleep : std::uint32_t { awake = 0, on_flag = 1, in_poll = 2 };

/// Both ends of the page. The consumer commits and sleeps; the broker looks and takes.
class ConsumerPage {
 public:
  [[nodiscard]] static SystemResult<ConsumerPage> create(const Cursor& start) {
    auto memory = SharedMemory::create("alert-consumer", kConsumerPageBytes, SharedMemory::Seal::size);
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    ConsumerPage page(std::move(*memory));
    page.layout().magic = kConsumerMagic;
    page.layout().version = kConsumerVersion;
    page.layout().slots[0] = start;
    return page;
  }
  [[nodiscard]] static SystemResult<ConsumerPage> map(Descriptor fd) {
    auto memory = SharedMemory::map_writable(std::move(fd));
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    ConsumerPage page(std::move(*memory));
    if (page.memory_.size() < kConsumerPageBytes || page.layout().magic != kConsumerMagic ||
        page.layout().version != kConsumerVersion)
      return system_failure(EPROTO);
    return page;
  }

  /// Consumer: this cursor is the valid one from here on, whatever happens to the caller.
  void commit(const Cursor& cursor) noexcept {
    const std::uint64_t turn = word(layout().turn).load(std::memory_order_relaxed) + 1;
    Cursor& slot = layout().slots[turn & 1];
    // Release: whoever sees one of these words also sees the turn before, and so looks again.
    word(slot.position).store(cursor.position, std::memory_order_release);
    word(slot.ordinal).store(cursor.ordinal, std::memory_order_release);
    word(slot.sequence).store(cursor.sequence, std::memory_order_release);
    word(slot.handed).store(cursor.handed, std::memory_order_release);
    word(layout().turn).store(turn, std::memory_order_release);
  }

  /// Either end: the valid cursor; none if the consumer moved on during each of a few looks.
  [[nodiscard]] std::optional<Cursor> cursor() noexcept {
    for (int attempt = 0; attempt < 4; ++attempt) {
      const std::uint64_t turn = word(layout().turn).load(std::memory_order_acquire);
      Cursor& slot = layout().slots[turn & 1];
      const Cursor seen{
          word(slot.position).load(std::memory_order_acquire), word(slot.ordinal).load(std::memory_order_acquire),
          word(slot.sequence).load(std::memory_order_acquire), word(slot.handed).load(std::memory_order_acquire)};
      if (word(layout().turn).load(std::memory_order_relaxed) == turn) return seen;
    }
    return std::nullopt;
  }

  /// Consumer: set before the last look at the ring, so that either the look sees the record or
  /// the broker sees the flag.
  void set_sleep(Sleep sleep) noexcept {
    std::atomic_ref(layout().sleep).store(static_cast<std::uint32_t>(sleep), std::memory_order_seq_cst);
  }
  /// Consumer: in no order with anything. Seen too late it costs a wake, or a lap where something is unread.
  void set_awake() noexcept {
    std::atomic_ref(layout().sleep).store(static_cast<std::uint32_t>(Sleep::awake), std::memory_order_relaxed);
  }
  /// Consumer: sleeps until the broker takes the flag, which was set to on_flag, at most `timeout`; may return
  /// early. Here and not on the ring's bell, since a word that the sleeper cannot write costs the kernel another
  /// look.
  void wait(std::chrono::nanoseconds timeout) noexcept {
    futex_wait(&layout().sleep, static_cast<std::uint32_t>(Sleep::on_flag), timeout);
  }
  /// Broker: wakes the consumer whose flag it took.
  void wake() noexcept { futex_wake_all(&layout().sleep); }
  /// Broker: reads and clears the flag; any other value than the three counts as asleep on the flag.
  [[nodiscard]] Sleep take_sleep() noexcept {
    const std::atomic_ref flag(layout().sleep);
    if (flag.load(std::memory_order_seq_cst) == 0) return Sleep::awake;  // without taking the line from its owner
    const std::uint32_t sleep = flag.exchange(0, std::memory_order_seq_cst);
    return sleep == 0 ? Sleep::awake : sleep == 2 ? Sleep::in_poll : Sleep::on_flag;
  }

  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  explicit ConsumerPage(SharedMemory memory) noexcept : memory_(std::move(memory)) {}
  [[nodiscard]] ConsumerPageLayout& layout() const noexcept {
    return *reinterpret_cast<ConsumerPageLayout*>(memory_.data());
  }
  static std::atomic_ref<std::uint64_t> word(std::uint64_t& value) noexcept {
    return std::atomic_ref<std::uint64_t>(value);
  }

  SharedMemory memory_;
};

}  // namespace alert
