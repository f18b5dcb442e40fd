// The broker's lanes: one of a connection, and the raises that come through it.

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

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
  std::string id;
  if (raise.id != alert::LaneId{}) id = alert::to_hex(std::as_bytes(std::span(raise.id)));
  const Raising raising{lane.event(), static_cast<alert::Profile>(raise.profile), lane.wire(), id};
  auto ticket = accept(caller, raising, false, now_ns);
  if (!ticket) ++refused_raises_;
  return ticket;
}

}  // namespace brokerd
