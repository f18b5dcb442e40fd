#pragma once
// One captured alert and where it comes from.

#include <optional>
#include <string_view>

#include "alert/capture/capture_reader.hpp"
#include "alert/capture/datagram.hpp"
#include "alert/wire/record.hpp"

/// Each part is there when it is known; all are borrowed.
struct Provenance {
  const alert::RecordHeader* record = nullptr;
  std::string_view event{};  // it was raised for, where its header names another
  const alert::MailslotWrite* datagram = nullptr;
  const alert::CapturedPacket* packet = nullptr;  // of somebody else's capture
};

/// Whether it was written to one mailslot: a message of ours, or somebody's datagram.
[[nodiscard]] inline bool is_message(const Provenance& from) noexcept {
  return from.datagram ||
         (from.record && from.record->kind == static_cast<std::uint16_t>(alert::RecordKind::message));
}

/// The pop-up message, where the payload is one by its mailslot.
[[nodiscard]] inline std::optional<alert::Messngr> messngr(alert::Bytes payload, const Provenance& from) {
  if (!from.datagram || !alert::equal_ignoring_case(from.datagram->mailslot, "\\MAILSLOT\\MESSNGR"))
    return std::nullopt;
  const auto message = alert::read_messngr(payload);
  return message ? std::optional(*message) : std::nullopt;
}

struct Captured {
  alert::Bytes wire;
  std::optional<alert::Profile> profile;  // where the source knows it
  Provenance from;
  std::string_view place{};  // file and block, where they are not in a record or packet
};
