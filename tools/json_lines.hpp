#pragma once
// The --json output: one object per line, written directly. Building documents first is too slow for
// long journals; the names are a promise.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/wire/alert.hpp"
#include "alert/wire/record.hpp"
#include "captured.hpp"
#include "codecs.hpp"

/// What a line may have besides the alert and where it comes from.
struct LineExtras {
  bool hex = false;        // the wire bytes as "hex"
  bool ambiguous = false;  // another line shows the same bytes in the other profile
};

/// One line, with its newline: the alert in `wire`, or the error that makes it none. Returns whether
/// it is well-formed.
bool append_alert_line(std::string& out, alert::Profile profile, alert::Bytes wire, Codecs& codecs,
                       const Provenance& from, const LineExtras& extras);
/// One line: a mailslot write whose payload is no alert: a pop-up message or another protocol's.
void append_payload_line(std::string& out, alert::Bytes payload, Codecs& codecs, const Provenance& from);
/// One line: bytes that make sense in neither profile, with both "readings".
void append_nonsense_line(std::string& out, alert::Bytes wire, Codecs& codecs, bool hex);
/// One line: bytes of which nothing can be read.
void append_error_line(std::string& out, const alert::Error& error);
/// One line: a gap record.
void append_gap_line(std::string& out, const alert::GapBody& gap);

/// "2026-11-21T08:15:00.123456789Z"
[[nodiscard]] std::string utc_ns(std::uint64_t ns);
/// "192.0.2.1"
[[nodiscard]] std::string ip_text(const std::array<std::uint8_t, 4>& ip);
[[nodiscard]] std::string_view gap_reason(std::uint32_t reason) noexcept;
