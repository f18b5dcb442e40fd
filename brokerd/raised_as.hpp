#pragma once
// What belongs to a raise or a message and not to its bytes: kept in the annex behind its record.

#include <optional>
#include <string>
#include <string_view>

#include "alert/wire/record.hpp"

namespace brokerd {

struct RaisedAs {
  std::string event;       // of an alert
  std::string id;          // empty: none
  std::string mailslot{};  // that a message was written to
};
/// Whether a record has a number of its own.
[[nodiscard]] constexpr bool is_numbered(alert::RecordKind kind) noexcept {
  return kind == alert::RecordKind::alert || kind == alert::RecordKind::message;
}
/// From the annex, or where that does not name the event, from the header; none where both fail.
/// Precondition: is_numbered().
[[nodiscard]] std::optional<RaisedAs> raised_as(const alert::RecordView& record, alert::Bytes annex);
/// The annex that the alert needs; empty where its header says the same and there is no id.
[[nodiscard]] std::string annex_for(alert::Profile profile, std::string_view header_event, const RaisedAs& as);

[[nodiscard]] std::string annex_for_message(const std::string& mailslot, std::uint32_t class_of_service);

}  // namespace brokerd
