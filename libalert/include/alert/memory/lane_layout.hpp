#pragma once
// The lane: raises from one client to the broker, and their verdicts back, in memory that both write.
//
//     offset  size  field         written by
//          0     8  magic         broker   "ALRTLAN\n"
//          8     4  version       broker   kLaneVersion; a client refuses any other
//         12     4  header_bytes  broker   where the ring starts
//         16     8  capacity      broker   bytes in the ring; a power of two
//         64     8  tail          client   where the last raise ends
//         72     4  waiting       client   1 before it sleeps on the bell; the broker takes it
//        128     8  head          broker   every raise that ends here or before has its verdict
//        136     4  bell          broker   futex word; changes with each wake
//        140     4  closed        broker   1 once it reads no more of this lane
//        192     4  listening     both     1: whoever raises takes it and rings at the session's socket
//       4096     -  ring                   raises, each padded to 8 bytes, wrapping at the end
//
// A raise, of which the broker writes the verdict and the client the rest:
//
//          0     4  size          of these 64 bytes, the padded event and wire, without the final padding
//          4     1  profile
//          5     1  event_size    bytes
//          8    16  id            of the raise; zeros: it has none
//         32    24  verdict       code, matched, sequence, written, refused
//         64     -  event, then zeros to the next multiple of 8, then the wire bytes
//
// Positions count bytes from the start of the lane's life and never wrap; byte p lies at p % capacity.
// head <= tail <= head + capacity, and raises are answered in their order.
//
// To the broker these bytes are hostile: it copies a raise once and believes only the copy, keeps its own
// idea of head and of where verdicts belong, and closes a lane whose tail or sizes contradict that. A client
// that changes what it has raised, or its verdicts, changes them for itself alone.
//
// If the client is killed here: between the bytes and `tail` nothing was raised; behind it the broker takes
// the raise like any other. If the broker is killed: raises behind `head` may or may not be in the journal; with
// an id they can be repeated and count once.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "alert/wire/names.hpp"
#include "alert/wire/record.hpp"

namespace alert {

inline constexpr std::uint64_t kLaneMagic = 0x0A4E414C54524C41;  // "ALRTLAN\n"
inline constexpr std::uint32_t kLaneVersion = 1;
inline constexpr std::uint32_t kLaneHeaderBytes = 4096;

struct LaneHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t capacity;
  std::uint8_t padding0[40];
  std::uint64_t tail;
  std::uint32_t waiting;
  std::uint8_t padding1[52];
  std::uint64_t head;
  std::uint32_t bell;
  std::uint32_t closed;
  std::uint8_t padding2[48];
  std::uint32_t listening;
};
static_assert(offsetof(LaneHeader, magic) == 0);
static_assert(offsetof(LaneHeader, version) == 8);
static_assert(offsetof(LaneHeader, header_bytes) == 12);
static_assert(offsetof(LaneHeader, capacity) == 16);
static_assert(offsetof(LaneHeader, tail) == 64);
static_assert(offsetof(LaneHeader, waiting) == 72);
static_assert(offsetof(LaneHeader, head) == 128);
static_assert(offsetof(LaneHeader, bell) == 136);
static_assert(offsetof(LaneHeader, closed) == 140);
static_assert(offsetof(LaneHeader, listening) == 192);
static_assert(sizeof(LaneHeader) <= kLaneHeaderBytes);

/// What became of a raise: the counts of its receipt. Who refused it and why, OpenLane's answers tell.
struct LaneVerdict {
  std::uint32_t code = 0;  // Code; success: it is in the journal
  std::uint32_t matched = 0;
  std::uint64_t sequence = 0;
  std::uint32_t written = 0;
  std::uint32_t refused = 0;
  friend bool operator==(const LaneVerdict&, const LaneVerdict&) = default;
};

/// Whether there is more to be told than a verdict has room for.
[[nodiscard]] constexpr bool has_answer(const LaneVerdict& verdict) noexcept {
  return verdict.code != 0 || verdict.refused != 0;
}

using LaneId = std::array<std::uint8_t, 16>;

struct LaneRaise {
  std::uint32_t size = 0;
  std::uint8_t profile = 0;
  std::uint8_t event_size = 0;
  std::uint16_t reserved0 = 0;
  LaneId id{};
  std::uint64_t reserved1 = 0;
  LaneVerdict verdict;
  std::uint64_t reserved2 = 0;
};
static_assert(sizeof(LaneRaise) == 64);
static_assert(offsetof(LaneRaise, size) == 0);
static_assert(offsetof(LaneRaise, profile) == 4);
static_assert(offsetof(LaneRaise, event_size) == 5);
static_assert(offsetof(LaneRaise, id) == 8);
static_assert(offsetof(LaneRaise, verdict) == 32);
static_assert(sizeof(LaneVerdict) == 24);
static_assert(offsetof(LaneVerdict, code) == 0);
static_assert(offsetof(LaneVerdict, matched) == 4);
static_assert(offsetof(LaneVerdict, sequence) == 8);
static_assert(offsetof(LaneVerdict, written) == 16);
static_assert(offsetof(LaneVerdict, refused) == 20);

inline constexpr std::size_t kLargestEvent = 4 * kEventLength;  // bytes of UTF-8
inline constexpr std::size_t kLargestLaneRaise = sizeof(LaneRaise) + kLargestEvent + kLargestAlert;
inline constexpr std::uint64_t kMinLaneCapacity = 128 * 1024;
inline constexpr std::uint64_t kDefaultLaneCapacity = 256 * 1024;
inline constexpr std::uint64_t kMaxLaneCapacity = 16 * 1024 * 1024;
static_assert(padded(kLargestLaneRaise) <= kMinLaneCapacity);

/// The capacity of a lane's ring: a power of two; `wanted` 0 means the default. 0 if there is none.
[[nodiscard]] constexpr std::uint64_t lane_capacity(std::uint64_t wanted) noexcept {
  if (wanted > kMaxLaneCapacity) return 0;
  if (wanted == 0) wanted = kDefaultLaneCapacity;
  std::uint64_t capacity = kMinLaneCapacity;
  while (capacity < wanted) capacity *= 2;
  return capacity;
}

}  // namespace alert
