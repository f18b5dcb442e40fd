#pragma once
// The mailbox's two ends: the broker's writer and a recipient's reader, over mailbox_layout.hpp.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>

#include "alert/memory/futex.hpp"
#include "alert/memory/mailbox_layout.hpp"
#include "alert/memory/ring_words.hpp"
#include "alert/memory/shared_memory.hpp"
#include "alert/wire/record.hpp"

namespace alert {

/// The broker's end. Not thread-safe: one writer.
class MailboxWriter {
 public:
  /// `capacity` as mailbox_capacity() gives it; the first record gets ordinal `base_ordinal` + 1.
  [[nodiscard]] static SystemResult<MailboxWriter> create(std::uint64_t capacity, std::uint32_t max_message,
                                                          std::uint64_t incarnation, std::uint64_t base_ordinal) {
    auto memory =
        SharedMemory::create("alert-mailbox", kMailboxHeaderBytes + capacity, SharedMemory::Seal::read_only);
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    MailboxWriter writer(std::move(*memory), capacity, base_ordinal);
    MailboxHeader& header = writer.header();
    header = MailboxHeader{};
    header.magic = kMailboxMagic;
    header.version = kMailboxVersion;
    header.header_bytes = kMailboxHeaderBytes;
    header.capacity = capacity;
    header.incarnation = incarnation;
    header.max_message = max_message;
    header.base_ordinal = base_ordinal;
    header.ordinal = base_ordinal;
    header.restart = kNoRestart;
    return writer;
  }

  /// Copies one record in, with the next ordinal, and returns that. Readers see it when it is
  /// published: at publish(), or when a quarter of the ring has gathered.
  /// Precondition: body.size() <= max_message, header.size == 64 + body.size().
  std::uint64_t write(const RecordHeader& header, Bytes body) noexcept {
    begin(header.size);
    const Bytes fixed{reinterpret_cast<const std::byte*>(&header), sizeof header};
    ring_.store(ring_.store(at_, fixed), body);
    return end(header.size);
  }
  /// The same for a record whose body lies behind its header.
  std::uint64_t write(Bytes record) noexcept {
    begin(record.size());
    ring_.store(at_, record);
    return end(record.size());
  }

  /// The next record goes to the ring's front, where it meets the caches of whoever read the last ones.
  /// Precondition: everything is published, and a record follows. Who has not read it all is lapped sooner by this.
  void start_over() noexcept {
    if (at_ % capacity_ == 0) return;
    const std::uint64_t front = behind_restart(at_, capacity_);
    std::atomic_ref(header().intent).store(front, std::memory_order_relaxed);
    std::atomic_ref(header().restart).store(at_, std::memory_order_release);
    at_ = front;
  }

  /// Makes everything written visible. Sequentially consistent with ConsumerPage's sleep flag.
  void publish() noexcept {
    std::atomic_ref(header().tail).store(at_, std::memory_order_seq_cst);
    std::atomic_ref(header().ordinal).store(ordinal_, std::memory_order_release);
    published_ = at_;
    gathered_ = 0;
  }

  /// Wakes every observer that sleeps; a consumer sleeps on its page.
  void ring_bell() noexcept {
    std::atomic_ref(header().bell).fetch_add(1, std::memory_order_release);
    futex_wake_all(&header().bell);
  }

  /// The mailslot is deleted: readers take what is there and then are told. Sequentially consistent with
  /// ConsumerPage's sleep flag.
  void close() noexcept {
    std::atomic_ref(header().closed).store(1, std::memory_order_seq_cst);
    ring_bell();
  }

  [[nodiscard]] std::uint64_t tail() const noexcept { return published_; }
  [[nodiscard]] std::uint64_t ordinal() const noexcept { return ordinal_; }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  MailboxWriter(SharedMemory memory, std::uint64_t capacity, std::uint64_t ordinal) noexcept
      : memory_(std::move(memory)),
        ring_(memory_.data() + kMailboxHeaderBytes, capacity),
        capacity_(capacity),
        ordinal_(ordinal) {}

  [[nodiscard]] MailboxHeader& header() const noexcept { return *reinterpret_cast<MailboxHeader*>(memory_.data()); }
  void begin(std::size_t size) noexcept {
    std::atomic_ref(header().intent).store(at_ + padded(size), std::memory_order_relaxed);
  }
  std::uint64_t end(std::size_t size) noexcept {
    ring_.set(at_ + offsetof(RecordHeader, ordinal), ++ordinal_);
    at_ += padded(size);
    gathered_ += padded(size);
    if (gathered_ >= capacity_ / 4) publish();
    return ordinal_;
  }

  SharedMemory memory_;
  detail::RingWords ring_;
  std::uint64_t capacity_;
  std::uint64_t ordinal_;
  std::uint64_t at_ = 0;
  std::uint64_t published_ = 0;  // position of the tail
  std::uint64_t gathered_ = 0;   // bytes behind it
};

/// A recipient's end, consumer or observer: a position in the ring and a private copy of one record.
class MailboxReader {
 public:
  enum class Seen {
    record,  // record() is the next one
    empty,   // nothing published behind the position
    lapped,  // the next record is no longer (or not yet, or not here) in the ring: replay
    closed,  // empty, and the mailslot is deleted
  };

  /// Refuses (EPROTO) bytes that are not a mailbox of this version. Starts at the tail, so that
  /// everything before is `pending`, until seek() says otherwise.
  [[nodiscard]] static SystemResult<MailboxReader> map(Descriptor fd) {
    auto memory = SharedMemory::map_read_only(std::move(fd));
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    if (memory->size() < kMailboxHeaderBytes) return system_failure(EPROTO);
    MailboxHeader header{};  // only what never changes
    std::memcpy(&header, memory->data(), offsetof(MailboxHeader, intent));
    const bool acceptable =
        header.magic == kMailboxMagic && header.version == kMailboxVersion &&
        header.header_bytes == kMailboxHeaderBytes && header.capacity >= kMinMailboxCapacity &&
        header.capacity <= kMaxMailboxCapacity && (header.capacity & (header.capacity - 1)) == 0 &&
        memory->size() - kMailboxHeaderBytes >= header.capacity && header.max_message <= kLargestAlert;
    if (!acceptable) return system_failure(EPROTO);
    return MailboxReader(std::move(*memory), header.capacity, header.max_message);
  }

  /// The next look expects the record with `ordinal` + 1 at `position`.
  void seek(std::uint64_t position, std::uint64_t ordinal) noexcept {
    position_ = position;
    ordinal_ = ordinal;
  }

  /// Copies the next record out of the ring without stepping over it.
  [[nodiscard]] Seen look() noexcept {
    std::uint64_t tail = this->tail();
    if (position_ == tail) {
      const bool closed = is_closed();
      const bool is_next = this->ordinal() <= ordinal_;  // it may lag behind its tail, never lead
      tail = this->tail();  // loaded again: a publish between the two loads is not a lap
      if (position_ == tail && is_next) return closed ? Seen::closed : Seen::empty;
    }
    if (position_ == restart()) position_ = behind_restart(position_, capacity_);
    if (position_ % 8 != 0 || position_ >= tail || tail - position_ > capacity_) return Seen::lapped;
    const auto size = static_cast<std::uint32_t>(ring_.word(position_ + offsetof(RecordHeader, size)));
    const std::uint64_t ordinal = ring_.word(position_ + offsetof(RecordHeader, ordinal));
    if (size < sizeof(RecordHeader) || size - sizeof(RecordHeader) > max_message_ ||
        padded(size) > tail - position_ || ordinal != ordinal_ + 1)
      return Seen::lapped;  // not a record boundary: somebody else's idea of a position
    body_ = {buffer_.get() + sizeof(RecordHeader), size - sizeof(RecordHeader)};
    ring_.load_into(position_, {buffer_.get(), padded(size)});
    return is_lapped() ? Seen::lapped : Seen::record;
  }

  /// What the last look() that said `record` saw; valid until the next look().
  [[nodiscard]] RecordView record() const noexcept { return {load<RecordHeader>(buffer_.get()), body_}; }

  /// Its sequence, without a copy of its header.
  [[nodiscard]] std::uint64_t sequence() const noexcept {
    return load<std::uint64_t>(buffer_.get() + offsetof(RecordHeader, sequence));
  }

  /// Steps over the record that look() saw.
  void advance() noexcept {
    position_ += padded(sizeof(RecordHeader) + body_.size());
    ++ordinal_;
  }

  /// Whether something was published behind the position.
  [[nodiscard]] bool has_more() const noexcept { return ordinal() > ordinal_; }

  /// To be loaded before the look that comes before wait().
  [[nodiscard]] std::uint32_t bell() const noexcept {
    return std::atomic_ref(header().bell).load(std::memory_order_acquire);
  }
  /// Sleeps until the bell is no longer `seen`, at most `timeout`; may return early.
  void wait(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept {
    futex_wait(&header().bell, seen, timeout);
  }

  /// Ordinal of the last published record.
  [[nodiscard]] std::uint64_t ordinal() const noexcept {
    return std::atomic_ref(header().ordinal).load(std::memory_order_acquire);
  }
  [[nodiscard]] bool is_closed() const noexcept {
    return std::atomic_ref(header().closed).load(std::memory_order_seq_cst) != 0;
  }
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// Of the last record that was stepped over.
  [[nodiscard]] std::uint64_t ordinal_at_position() const noexcept { return ordinal_; }
  [[nodiscard]] std::uint32_t max_message() const noexcept { return max_message_; }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  MailboxReader(SharedMemory memory, std::uint64_t capacity, std::uint32_t max_message)
      : memory_(std::move(memory)),
        ring_(memory_.data() + kMailboxHeaderBytes, capacity),
        capacity_(capacity),
        max_message_(max_message),
        buffer_(new std::byte[padded(sizeof(RecordHeader) + max_message)]) {
    const std::uint64_t ordinal = this->ordinal();  // with a publish between: an older one, found out at once
    seek(tail(), ordinal);
  }

  [[nodiscard]] MailboxHeader& header() const noexcept { return *reinterpret_cast<MailboxHeader*>(memory_.data()); }
  [[nodiscard]] std::uint64_t tail() const noexcept {
    return std::atomic_ref(header().tail).load(std::memory_order_seq_cst);
  }
  [[nodiscard]] std::uint64_t restart() const noexcept {
    return std::atomic_ref(header().restart).load(std::memory_order_acquire);
  }
  [[nodiscard]] bool is_lapped() const noexcept {
    return std::atomic_ref(header().intent).load(std::memory_order_relaxed) > position_ + capacity_;
  }

  SharedMemory memory_;
  detail::RingWords ring_;
  std::uint64_t capacity_;
  std::uint32_t max_message_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t position_ = 0;
  std::uint64_t ordinal_ = 0;
  Bytes body_;  // of the record in buffer_
};

}  // namespace alert
