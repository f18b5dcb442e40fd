#pragma once
// Which captured alerts are wanted.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "captured.hpp"
#include "codecs.hpp"

struct Filter {
  std::string event;  // UTF-8, compared without ASCII case; empty: any
  std::string service;
  std::optional<std::uint64_t> since_ns;  // 1970, UTC; inclusive both
  std::optional<std::uint64_t> until_ns;
  std::optional<std::uint64_t> first;  // sequence
  std::optional<std::uint64_t> last;

  /// `profile` is in which the bytes are read. What has no sequence is in no range of them; the time
  /// is when the broker accepted it, or the packet was captured, or its alrt_timestamp says.
  [[nodiscard]] bool wants(const Captured& captured, alert::Profile profile, Codecs& codecs) const;
  /// Gaps and what is no alert: by time and sequence only.
  [[nodiscard]] bool wants(const Provenance& from) const;
};

/// "5..10", "5..", "..10" or "7".
[[nodiscard]] bool parse_range(const std::string& text, Filter& filter);
/// "2026-11-21", "2026-11-21 02:00[:00[.123456789]]", the same with T, with Z or +01:00 behind it (else
/// local time), or seconds since 1970. As an end, each means its last instant: of the day, the minute,
/// the second, or of the last digit behind the point.
enum class Bound { start, end };
[[nodiscard]] std::optional<std::uint64_t> parse_time(const std::string& text, Bound bound);
