// The broker's lanes: one of a connection, and the raises that come through it.

#include <algorithm>

#include "alert/wire/hex.hpp"
#include "alert/wire/text.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

namespace {

bool is_utf8(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return std::all_of(text.begin(), text.end(), is_ascii) || alert::utf8_to_utf16le(text).has_value();
}

}  // namespace

Outcome<alert::LaneReader> Broker::open(const Caller& caller, const alert::OpenLane& call, std::uint64_t now_ns) {
  const std::uint64_t capacity = alert::lane_capacity(call.capacity.value_or(0));
  if (capacity == 0) return refuse(Code::invalid_parameter, "the capacity is above 16 MiB");
  SessionState& session = sessions_[caller.session.id];
  if (session.lane_bytes > 0) return refuse(Code::already_exists, "this connection has its lane");
  std::uint64_t& mine = lane_bytes_[caller.uid];
  if (mine + mailboxes_.ring_bytes(caller.uid) + capacity > policy_.limits[Quota::ring_bytes])
    return tl::unexpected<Refusal>(over(Quota::ring_bytes, caller.uid, now_ns));
  auto lane = alert::LaneReader::create(capacity);
  if (!lane) return refuse(Code::not_enough_memory, "no memory for the lane: " + lane.error().message());
  session.lane_bytes = capacity;
  mine += capacity;
  return std::move(*lane);
}

void Broker::release_lane(const Caller& caller, std::uint64_t bytes) {
  if (bytes == 0) return;
  const auto mine = lane_bytes_.find(caller.uid);
  mine->second -= bytes;
  if (mine->second == 0) lane_bytes_.erase(mine);
}

Outcome<Broker::Ticket> Broker::raise(const Caller& caller, const alert::LaneReader& lane, std::uint64_t now_ns) {
  const alert::LaneRaise& raise = lane.raise();
  if (raise.profile != 1 && raise.profile != 2)
    return counted(refuse(Code::invalid_parameter, "the profile is neither lm20 nor nt"));
  if (!is_utf8(lane.event())) return counted(refuse(Code::invalid_name, "the event name is not UTF-8"));
  const std::string id = raise.id == alert::LaneId{} ? "" : alert::to_hex(std::as_bytes(std::span(raise.id)));
  const Raising raising{lane.event(), static_cast<alert::Profile>(raise.profile), lane.wire(), id};
  return counted(accept(caller, raising, false, now_ns));
}

}  // namespace brokerd
