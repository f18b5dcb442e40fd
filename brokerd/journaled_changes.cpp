#include "brokerd/journaled_changes.hpp"

namespace brokerd {

namespace {

using alert::Errc;
using alert::failure;
using alert::Json;

bool is_part(const Json& body) {
  return body.is_object() && body.contains("part") && body["part"].is_number_unsigned() && body.contains("parts") &&
         body["parts"].is_number_unsigned() && body.contains("changes") && body["changes"].is_array();
}

}  // namespace

alert::Result<JournaledChanges> changes_in(const alert::RecordView& record) {
  auto body = alert::parse_json(alert::as_text(record.body));
  if (!body) return tl::unexpected<alert::Error>(body.error());
  JournaledChanges told;
  if (record.kind() != alert::RecordKind::checkpoint) {
    auto change = change_from_json(std::move(*body));
    if (!change) return tl::unexpected<alert::Error>(change.error());
    told.changes.push_back(std::move(*change));
    return told;
  }
  if (!is_part(*body)) return failure(Errc::bad_json, 0);
  for (Json& item : (*body)["changes"]) {
    auto change = change_from_json(std::move(item));
    if (!change) return tl::unexpected<alert::Error>(change.error());
    told.changes.push_back(std::move(*change));
  }
  told.is_last = (*body)["part"] == (*body)["parts"];
  told.takes_place = body->value("takes_place", Json()) == true;
  return told;
}

}  // namespace brokerd
