#pragma once
// Alerts from JSON: what `pack`, `raise --fields` and `raise --stdin` read, one object per line:
//
//     {"profile": "nt", "class": "admin", "fields": {"alrt_timestamp": ..., ...}, "raw_hex": {...}}
//
// The fields are those of `dump --json`, all of them, but that alrt_eventname may be left to the
// class, alrt_timestamp to the caller, and numstrings to mergestrings. `raw_hex` gives a string's wire
// bytes where text cannot, `trailing_hex` the bytes behind the alert. Other members (size, sequence, ...) are
// ignored, so a dumped line is input, for its own profile or, where FieldDefaults says so, for the other one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "alert/wire/alert.hpp"
#include "codecs.hpp"

struct PackedAlert {
  alert::Profile profile;
  std::string event;  // UTF-8
  std::vector<std::byte> wire;
  std::string_view unconverted{};  // the member whose opaque bytes went over to another profile unchanged
};

struct FieldDefaults {
  alert::Profile profile = alert::Profile::lm20;  // where the object names none
  std::uint32_t timestamp = 0;
  std::optional<alert::Profile> convert_to{};  // whatever profile the object names
};

/// A dumped line of the largest alert, each of its bytes as an escape of six characters and as
/// raw_hex, with room for the rest.
inline constexpr std::size_t kLargestLine = 1024 * 1024;

/// The error is a sentence that names the member and what was expected.
[[nodiscard]] tl::expected<PackedAlert, std::string> pack_alert(std::string_view json,
                                                                const FieldDefaults& defaults, Codecs& codecs);

/// Wire bytes as they are, for the event that their header names; the error is a sentence.
[[nodiscard]] tl::expected<PackedAlert, std::string> pack_alert(alert::Profile profile, alert::Bytes wire,
                                                                Codecs& codecs);

/// The wire bytes of an alert; the error is a sentence.
[[nodiscard]] tl::expected<PackedAlert, std::string> pack_alert(const alert::Alert& alert, std::string event);
