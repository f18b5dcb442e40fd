#pragma once
// The record: the same bytes in mailbox, replay window, journal and relay.
//
//     offset size field
//          0    4 size             of header + body, without the final padding
//          4    2 kind             RecordKind
//          6    1 profile          Profile; 0 when the body is not an alert
//          7    1 flags            RecordFlags; of a message, its priority in the upper half
//          8    8 ordinal          position in this mailbox incarnation, from 1, no holes; 0 in the journal
//         16    8 sequence         position in this broker's journal, from 1
//         24    8 accepted_ns      when the origin accepted it, ns since 1970-01-01 UTC
//         32    4 uid              of the raiser, from the kernel
//         36    4 pid              of the raiser, from the kernel
//         40   16 origin           journal id of the broker that accepted it
//         56    8 origin_sequence  its sequence there
//         64    - body             wire bytes, a message, a gap, or the JSON of a table change
//                                  then zeros to the next multiple of 8

#include <array>
#include <cstdint>

#include "alert/wire/bytes.hpp"
#include "alert/wire/names.hpp"

namespace alert {

enum class RecordKind : std::uint16_t {
  alert = 1,
  indication = 2,
  gap = 3,
  table_change = 4,
  checkpoint = 5,
  message = 6
};

enum RecordFlags : std::uint8_t { kRedelivered = 1, kCutAtMaxdata = 2, kRelayed = 4 };

/// A message goes to one mailslot: any bytes, before those of lower priority.
inline constexpr std::uint32_t kMaxPriority = 9;
inline constexpr int kPriorityShift = 4;

using JournalId = std::array<std::uint8_t, 16>;

struct RecordHeader {
  std::uint32_t size = 0;
  std::uint16_t kind = 0;
  std::uint8_t profile = 0;
  std::uint8_t flags = 0;
  std::uint64_t ordinal = 0;
  std::uint64_t sequence = 0;
  std::uint64_t accepted_ns = 0;
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;
  JournalId origin{};
  std::uint64_t origin_sequence = 0;
};
static_assert(sizeof(RecordHeader) == 64 && alignof(RecordHeader) == 8);
static_assert(offsetof(RecordHeader, size) == 0);
static_assert(offsetof(RecordHeader, kind) == 4);
static_assert(offsetof(RecordHeader, profile) == 6);
static_assert(offsetof(RecordHeader, flags) == 7);
static_assert(offsetof(RecordHeader, ordinal) == 8);
static_assert(offsetof(RecordHeader, sequence) == 16);
static_assert(offsetof(RecordHeader, accepted_ns) == 24);
static_assert(offsetof(RecordHeader, uid) == 32);
static_assert(offsetof(RecordHeader, pid) == 36);
static_assert(offsetof(RecordHeader, origin) == 40);
static_assert(offsetof(RecordHeader, origin_sequence) == 56);

inline constexpr std::size_t kLargestRecord = sizeof(RecordHeader) + kLargestAlert;

/// Bytes that a record of this size takes in a ring or window.
[[nodiscard]] constexpr std::size_t padded(std::size_t size) noexcept { return (size + 7) & ~std::size_t{7}; }

/// The body of a gap record: what a reader did not get, by sequence, and why. The reason names are
/// promised in JSON. `count` alerts of `first..last` were due to the mailbox; 0 where nobody can know.
enum class GapReason : std::uint32_t { retention = 1, damaged = 2, no_mailslot = 3 };
struct GapBody {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  std::uint32_t reason = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(GapBody) == 32);
static_assert(offsetof(GapBody, first) == 0);
static_assert(offsetof(GapBody, last) == 8);
static_assert(offsetof(GapBody, count) == 16);
static_assert(offsetof(GapBody, reason) == 24);

/// 0 (low) to kMaxPriority; what is no message has the lowest.
[[nodiscard]] constexpr std::uint32_t priority(const RecordHeader& header) noexcept {
  return static_cast<RecordKind>(header.kind) == RecordKind::message ? std::uint32_t{header.flags} >> kPriorityShift
                                                                     : 0;
}

/// A record that somebody else owns.
struct RecordView {
  RecordHeader header;
  Bytes body;

  [[nodiscard]] RecordKind kind() const noexcept { return static_cast<RecordKind>(header.kind); }
};

/// The record at the start of `bytes`, which may go on behind it. Refuses a size that does not
/// cover the header or does not fit, an unknown kind, an alert without a profile, and a message of
/// no priority.
[[nodiscard]] inline Result<RecordView> read_record(Bytes bytes) noexcept {
  if (bytes.size() < sizeof(RecordHeader)) return failure(Errc::truncated, 0);
  const auto header = load<RecordHeader>(bytes.data());
  if (header.size < sizeof header || header.size > kLargestRecord) return failure(Errc::bad_length, 0);
  if (header.size > bytes.size()) return failure(Errc::truncated, sizeof header);
  if (header.kind < 1 || header.kind > 6) return failure(Errc::bad_magic, 4);
  const bool has_profile = header.profile == 1 || header.profile == 2;
  if (static_cast<RecordKind>(header.kind) == RecordKind::alert ? !has_profile : header.profile > 2)
    return failure(Errc::bad_magic, 6);
  if (priority(header) > kMaxPriority) return failure(Errc::bad_magic, 7);
  return RecordView{header, bytes.subspan(sizeof header, header.size - sizeof header)};
}

}  // namespace alert
