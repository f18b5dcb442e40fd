#include "brokerd/raised_as.hpp"

#include "alert/control/json_fields.hpp"
#include "alert/wire/alert.hpp"

namespace brokerd {

namespace {

/// The name in an alert's header in canonical form, where it is ASCII.
std::optional<std::string> header_event_name(alert::Profile profile, std::string_view wire) {
  const std::size_t step = alert::unit(profile);
  std::string event;
  for (std::size_t i = 0; i + step <= wire.size(); i += step) {
    if (static_cast<unsigned char>(wire[i]) >= 0x80 || (step == 2 && wire[i + 1] != 0)) return std::nullopt;
    event.push_back(wire[i]);
  }
  return alert::canonical_event(event);
}

/// Whether header_event_name() is this event.
bool names(alert::Profile profile, std::string_view wire, std::string_view event) noexcept {
  const std::size_t step = alert::unit(profile);
  if (wire.size() / step != event.size()) return false;
  unsigned char all = 0;
  for (std::size_t i = 0; i < event.size(); ++i) {
    const char c = wire[i * step];
    if (c != event[i] && alert::upper(c) != event[i]) return false;
    all |= static_cast<unsigned char>(c);
    if (step == 2 && wire[i * step + 1] != 0) return false;
  }
  return all < 0x80;
}

/// What may stand behind an alert's or a message's record.
struct Annex {
  std::optional<std::string> event;     // it was raised for, where its header says another
  std::optional<std::string> id;        // of the raise
  std::optional<std::string> mailslot;  // of a message, and its class
  std::optional<std::uint32_t> class_of_service;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("event", s.event), p("id", s.id), p("mailslot", s.mailslot), p("class", s.class_of_service);
  }
};

}  // namespace

std::optional<RaisedAs> raised_as(const alert::RecordView& record, alert::Bytes annex) {
  RaisedAs as;
  std::optional<std::string> event;
  if (!annex.empty()) {
    const auto json = alert::parse_json(alert::as_text(annex));
    Annex told;
    if (!json || alert::from_json(*json, told)) return std::nullopt;
    event = std::move(told.event);
    as.id = told.id.value_or("");
    as.mailslot = told.mailslot.value_or("");
  }
  if (record.kind() == alert::RecordKind::message)
    return as.mailslot.empty() ? std::nullopt : std::optional(std::move(as));
  if (!as.mailslot.empty()) return std::nullopt;
  if (!event) {
    const auto profile = static_cast<alert::Profile>(record.header.profile);
    event = header_event_name(profile, alert::decode_leniently(profile, record.body).alert.header.alrt_eventname);
  }
  if (!event) return std::nullopt;
  as.event = std::move(*event);
  return as;
}

std::string annex_for(alert::Profile profile, std::string_view header_event, const RaisedAs& as) {
  const bool is_named = names(profile, header_event, as.event);
  if (is_named && as.id.empty()) return {};
  Annex annex;
  if (!is_named) annex.event = as.event;
  if (!as.id.empty()) annex.id = as.id;
  std::string text;
  alert::append_json(text, annex);
  return text;
}

std::string annex_for_message(const std::string& mailslot, std::uint32_t class_of_service) {
  Annex annex;
  annex.mailslot = mailslot;
  annex.class_of_service = class_of_service;
  std::string text;
  alert::append_json(text, annex);
  return text;
}

}  // namespace brokerd
