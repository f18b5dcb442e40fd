#pragma once
// The mailbox: the bytes that the broker writes and a recipient maps read-only.
//
// A broadcast ring: one writer, any number of readers that have no power over it. The writer never
// waits; a slow reader is lapped and sees it, because records carry ordinals without holes.
//
//     offset  size  field
//          0     8  magic          "ALRTMBX\n"
//          8     4  version        kMailboxVersion; a reader refuses any other
//         12     4  header_bytes   where the ring starts
//         16     8  capacity       bytes in the ring; a power of two
//         24     8  incarnation    which life of the name this is
//         32     4  max_message    largest body, bytes
//         36     4  reserved
//         40     8  base_ordinal   of the record before position 0
//         64     8  intent         where the writing in progress will end; stored before it starts
//        128     8  tail           where the last published record ends
//        136     8  ordinal        of that record
//        144     8  restart        a position from which the ring goes on at the next multiple of its capacity
//        192     4  bell           futex word of observers; changes with each wake
//        196     4  closed         1 once the mailslot is deleted
//        256     -  ring           records, each padded to 8 bytes, wrapping at the end
//
// Positions count bytes from the start of this ring's life and never wrap; byte p lies at p % capacity.
// Invariants: tail <= intent; neither ever decreases. Words copied from position p on may be trusted
// iff intent <= p + capacity, with `intent` loaded after the copy.
//
// A writer that knows everything to be read may start over at the front, so that the same few pages stay in use. It
// stores the end of what it leaves out to `intent` and then where it left off to `restart`: who is there goes on at
// the front, and who is not there yet is lapped before a second restart hides the first. A reader loads `tail`,
// `restart`, the words and `intent`, in this order.
//
// If the writer is killed here: between intent and tail nothing is published and readers see the last
// tail; the ring is never written again, because the next broker makes a new one. If a reader is
// killed, nothing in here knew of it.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace alert {

inline constexpr std::uint64_t kMailboxMagic = 0x0A58424D54524C41;  // "ALRTMBX\n"
inline constexpr std::uint32_t kMailboxVersion = 2;
inline constexpr std::uint32_t kMailboxHeaderBytes = 256;

struct MailboxHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t capacity;
  std::uint64_t incarnation;
  std::uint32_t max_message;
  std::uint32_t reserved;
  std::uint64_t base_ordinal;
  std::uint8_t padding0[16];
  std::uint64_t intent;
  std::uint8_t padding1[56];
  std::uint64_t tail;
  std::uint64_t ordinal;
  std::uint64_t restart;
  std::uint8_t padding2[40];
  std::uint32_t bell;
  std::uint32_t closed;
};
static_assert(offsetof(MailboxHeader, magic) == 0);
static_assert(offsetof(MailboxHeader, version) == 8);
static_assert(offsetof(MailboxHeader, header_bytes) == 12);
static_assert(offsetof(MailboxHeader, capacity) == 16);
static_assert(offsetof(MailboxHeader, incarnation) == 24);
static_assert(offsetof(MailboxHeader, max_message) == 32);
static_assert(offsetof(MailboxHeader, base_ordinal) == 40);
static_assert(offsetof(MailboxHeader, intent) == 64);
static_assert(offsetof(MailboxHeader, tail) == 128);
static_assert(offsetof(MailboxHeader, ordinal) == 136);
static_assert(offsetof(MailboxHeader, restart) == 144);
static_assert(offsetof(MailboxHeader, bell) == 192);
static_assert(offsetof(MailboxHeader, closed) == 196);
static_assert(sizeof(MailboxHeader) <= kMailboxHeaderBytes);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic_ref<std::uint32_t>::is_always_lock_free);

/// `restart` as long as there was none; no record starts there.
inline constexpr std::uint64_t kNoRestart = ~std::uint64_t{0};
[[nodiscard]] constexpr std::uint64_t behind_restart(std::uint64_t position, std::uint64_t capacity) noexcept {
  return (position | (capacity - 1)) + 1;
}

inline constexpr std::uint64_t kMinMailboxCapacity = 4096;
inline constexpr std::uint64_t kDefaultMailboxCapacity = 256 * 1024;
inline constexpr std::uint64_t kMaxMailboxCapacity = 64 * 1024 * 1024;

/// The capacity of a ring for such messages: a power of two of at least four largest bodies, so that
/// publishing each quarter leaves a reader time; `wanted` 0 means the default. 0 if there is none.
[[nodiscard]] constexpr std::uint64_t mailbox_capacity(std::uint64_t wanted, std::uint32_t max_message) noexcept {
  if (wanted > kMaxMailboxCapacity || max_message > kMaxMailboxCapacity / 4) return 0;
  if (wanted == 0) wanted = kDefaultMailboxCapacity;
  std::uint64_t capacity = kMinMailboxCapacity;
  while (capacity < wanted || capacity < std::uint64_t{4} * max_message) capacity *= 2;
  return capacity;
}
static_assert(mailbox_capacity(0, 65475) == kDefaultMailboxCapacity);

}  // namespace alert
