#pragma once
// The lane's two ends: the client that raises and the broker that answers, over lane_layout.hpp.

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "alert/memory/futex.hpp"
#include "alert/memory/lane_layout.hpp"
#include "alert/memory/ring_words.hpp"
#include "alert/memory/shared_memory.hpp"

namespace alert {

/// The broker's end. It takes raises, and later gives each its verdict, in their order.
class LaneReader {
 public:
  enum class Seen {
    raise,   // raise(), event() and wire() are the next one
    empty,   // nothing behind the last one
    broken,  // the client wrote nonsense: the lane is closed
  };

  /// `capacity` as lane_capacity() gives it.
  [[nodiscard]] static SystemResult<LaneReader> create(std::uint64_t capacity) {
    auto memory = SharedMemory::create("alert-lane", kLaneHeaderBytes + capacity, SharedMemory::Seal::size);
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    LaneReader reader(std::move(*memory), capacity);
    LaneHeader& header = reader.header();
    header.magic = kLaneMagic;
    header.version = kLaneVersion;
    header.header_bytes = kLaneHeaderBytes;
    header.capacity = capacity;
    header.listening = 1;
    return reader;
  }

  /// Copies the next raise out of the ring without moving.
  [[nodiscard]] Seen look() noexcept {
    if (broken_) return Seen::broken;
    if (at_ == tail_) tail_ = std::atomic_ref(header().tail).load(std::memory_order_seq_cst);
    if (at_ == tail_) return Seen::empty;
    const std::uint64_t behind = tail_ - at_;
    if (tail_ % 8 != 0 || tail_ < at_ || tail_ - head_ > capacity_ || behind < sizeof(LaneRaise)) return fail();
    std::byte* const copy = buffer_.get();
    const std::uint64_t front = ring_.word(at_);  // has every size, so the rest can be copied at once
    std::memcpy(copy, &front, sizeof front);
    const auto size = load<std::uint32_t>(copy + offsetof(LaneRaise, size));
    const auto event_size = load<std::uint8_t>(copy + offsetof(LaneRaise, event_size));
    const std::size_t least = sizeof(LaneRaise) + padded(event_size);
    if (size < least || event_size > kLargestEvent || size - least > kLargestAlert || padded(size) > behind)
      return fail();
    ring_.load_into(at_ + sizeof front, {copy + sizeof front, padded(size) - sizeof front});
    raise_ = load<LaneRaise>(copy);
    return Seen::raise;
  }

  /// The private copy that the last look() made; valid until the next one.
  [[nodiscard]] const LaneRaise& raise() const noexcept { return raise_; }
  [[nodiscard]] std::string_view event() const noexcept {
    return as_text({buffer_.get() + sizeof(LaneRaise), raise_.event_size});
  }
  [[nodiscard]] Bytes wire() const noexcept {
    const std::size_t from = sizeof(LaneRaise) + padded(raise_.event_size);
    return {buffer_.get() + from, raise_.size - from};
  }

  /// Steps over the raise that look() saw, which has its verdict to come.
  void advance() {
    owed_.push_back(at_);
    at_ += padded(raise_.size);
  }

  /// The verdict of the oldest raise that has none. The client sees it at publish().
  /// Precondition: owes().
  void answer(const LaneVerdict& verdict) noexcept {
    ring_.store(owed_[answered_] + offsetof(LaneRaise, verdict),
                {reinterpret_cast<const std::byte*>(&verdict), sizeof verdict});
    ++answered_;
  }
  [[nodiscard]] bool owes() const noexcept { return answered_ < owed_.size(); }

  /// Shows the client its verdicts.
  void publish() noexcept {
    head_ = owes() ? owed_[answered_] : at_;
    if (!owes()) {
      owed_.clear();
      answered_ = 0;
    }
    std::atomic_ref(header().head).store(head_, std::memory_order_seq_cst);
  }

  /// Wakes the client if it sleeps. To be called once after publish().
  void wake() noexcept {
    const std::atomic_ref waiting(header().waiting);
    if (waiting.load(std::memory_order_seq_cst) != 0 && waiting.exchange(0, std::memory_order_seq_cst) != 0)
      ring_bell();
  }

  /// Whether there is something to look at.
  [[nodiscard]] bool has_more() const noexcept {
    return at_ != tail_ || std::atomic_ref(header().tail).load(std::memory_order_acquire) != at_;
  }

  /// From here on a raise rings at the session's socket. False: there is one already, so look again.
  [[nodiscard]] bool listen() noexcept {
    if (broken_) return true;
    std::atomic_ref(header().listening).store(1, std::memory_order_seq_cst);
    if (std::atomic_ref(header().tail).load(std::memory_order_seq_cst) == at_) return true;
    std::atomic_ref(header().listening).store(0, std::memory_order_relaxed);
    return false;
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  LaneReader(SharedMemory memory, std::uint64_t capacity)
      : memory_(std::move(memory)),
        ring_(memory_.data() + kLaneHeaderBytes, capacity),
        capacity_(capacity),
        buffer_(new std::byte[padded(kLargestLaneRaise)]) {}

  [[nodiscard]] LaneHeader& header() const noexcept { return *reinterpret_cast<LaneHeader*>(memory_.data()); }
  void ring_bell() noexcept {
    std::atomic_ref(header().bell).fetch_add(1, std::memory_order_release);
    futex_wake_all(&header().bell);
  }
  Seen fail() noexcept {
    broken_ = true;
    std::atomic_ref(header().closed).store(1, std::memory_order_release);
    ring_bell();
    return Seen::broken;
  }

  SharedMemory memory_;
  detail::RingWords ring_;
  std::uint64_t capacity_;
  std::unique_ptr<std::byte[]> buffer_;
  LaneRaise raise_;
  std::vector<std::uint64_t> owed_;  // positions of the raises taken; those from answered_ on have no verdict
  std::size_t answered_ = 0;
  std::uint64_t at_ = 0;    // where the next raise starts
  std::uint64_t head_ = 0;  // as published
  std::uint64_t tail_ = 0;  // as last seen
  bool broken_ = false;
};

/// The client's end. Not thread-safe.
class LaneWriter {
 public:
  /// Refuses (EPROTO) bytes that are not a lane of this version.
  [[nodiscard]] static SystemResult<LaneWriter> map(Descriptor fd) {
    auto memory = SharedMemory::map_writable(std::move(fd));
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    if (memory->size() < kLaneHeaderBytes) return system_failure(EPROTO);
    LaneHeader header{};  // only what never changes
    std::memcpy(&header, memory->data(), offsetof(LaneHeader, tail));
    const bool acceptable = header.magic == kLaneMagic && header.version == kLaneVersion &&
                            header.header_bytes == kLaneHeaderBytes && header.capacity != 0 &&
                            header.capacity == lane_capacity(header.capacity) &&
                            memory->size() - kLaneHeaderBytes >= header.capacity;
    if (!acceptable) return system_failure(EPROTO);
    return LaneWriter(std::move(*memory), header.capacity);
  }

  /// Copies one raise in; the broker sees it at publish(). False: no room until verdicts are taken.
  /// Precondition: event.size() <= kLargestEvent, wire.size() <= kLargestAlert.
  [[nodiscard]] bool write(Profile profile, std::string_view event, Bytes wire, const LaneId& id = {}) noexcept {
    LaneRaise raise;
    raise.size = static_cast<std::uint32_t>(sizeof raise + padded(event.size()) + wire.size());
    if (at_ - taken_ + padded(raise.size) > capacity_) return false;
    raise.profile = static_cast<std::uint8_t>(profile);
    raise.event_size = static_cast<std::uint8_t>(event.size());
    raise.id = id;
    at_ = ring_.store(at_, {reinterpret_cast<const std::byte*>(&raise), sizeof raise});
    at_ = ring_.store(ring_.store(at_, as_bytes(event)), wire);
    ++outstanding_;
    return true;
  }

  /// Shows the broker what was written. True: it listens for the doorbell, so ring.
  [[nodiscard]] bool publish() noexcept {
    std::atomic_ref(header().tail).store(at_, std::memory_order_seq_cst);
    return std::atomic_ref(header().listening).load(std::memory_order_seq_cst) != 0 &&
           std::atomic_ref(header().listening).exchange(0, std::memory_order_seq_cst) != 0;
  }

  /// The verdict of the oldest raise that has not been asked for; none while it is still to come.
  [[nodiscard]] std::optional<LaneVerdict> take() noexcept {
    if (outstanding_ == 0) return std::nullopt;
    if (taken_ == head_) head_ = std::atomic_ref(header().head).load(std::memory_order_seq_cst);
    if (taken_ == head_) return std::nullopt;
    std::byte bytes[sizeof(LaneRaise)];
    ring_.load_into(taken_, bytes);
    const auto raise = load<LaneRaise>(bytes);
    taken_ += padded(raise.size);
    --outstanding_;
    ++verdicts_;
    return raise.verdict;
  }

  /// Sleeps until there is a verdict to take or the lane is closed, at most `timeout`; may return early.
  void wait(std::chrono::nanoseconds timeout) noexcept {
    const std::uint32_t seen = std::atomic_ref(header().bell).load(std::memory_order_acquire);
    std::atomic_ref(header().waiting).store(1, std::memory_order_seq_cst);
    if (std::atomic_ref(header().head).load(std::memory_order_seq_cst) == taken_ && !is_closed())
      futex_wait(&header().bell, seen, timeout);
    std::atomic_ref(header().waiting).store(0, std::memory_order_relaxed);
  }

  [[nodiscard]] bool has_verdict() const noexcept {
    return std::atomic_ref(header().head).load(std::memory_order_acquire) != taken_;
  }
  /// Taken until now.
  [[nodiscard]] std::uint64_t verdicts() const noexcept { return verdicts_; }
  /// Raises without a verdict yet.
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }
  [[nodiscard]] bool is_closed() const noexcept {
    return std::atomic_ref(header().closed).load(std::memory_order_acquire) != 0;
  }

 private:
  LaneWriter(SharedMemory memory, std::uint64_t capacity) noexcept
      : memory_(std::move(memory)), ring_(memory_.data() + kLaneHeaderBytes, capacity), capacity_(capacity) {}

  [[nodiscard]] LaneHeader& header() const noexcept { return *reinterpret_cast<LaneHeader*>(memory_.data()); }

  SharedMemory memory_;
  detail::RingWords ring_;
  std::uint64_t capacity_;
  std::size_t outstanding_ = 0;
  std::uint64_t verdicts_ = 0;
  std::uint64_t at_ = 0;     // where the next raise starts
  std::uint64_t taken_ = 0;  // up to here verdicts were taken
  std::uint64_t head_ = 0;   // as last seen
};

}  // namespace alert
