// The broker's notification ports: handles, who may do what when, and what goes back over the wire.

#include "alert/wire/hex.hpp"
#include "alert/wire/indication.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

namespace {

Owner owner(const Caller& caller) { return {caller.uid, caller.session.id}; }

tl::unexpected<Refusal> bad_handle() {
  return refuse(Code::invalid_handle, "no such handle, or not one of the right kind of this uid");
}

/// The filter of an Add or ReAdd of this kind, or 87.
Outcome<alert::Nothing> check_mask(ObjectKind kind, std::uint32_t mask) {
  if (mask == 0 || (mask & ~alert::facts(kind).filter) != 0)
    return refuse(Code::invalid_parameter, "the filter is empty or has bits that this kind does not");
  return alert::Nothing{};
}

}  // namespace

Outcome<alert::Nothing> Broker::check_state(ServerState least) const {
  if (server_state_ >= least) return alert::Nothing{};
  return refuse(Code::sharing_paused, server_state_ == ServerState::none
                                          ? "the broker is leaving service"
                                          : "the journal cannot be written, so nothing new begins");
}

Outcome<alert::ObjectOpen::Reply> Broker::open(const Caller& caller, const alert::ObjectOpen& call,
                                               std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  if (auto ready = check_state(ServerState::read_only); !ready) return tl::unexpected<Refusal>(ready.error());
  const auto kind = alert::kind_named(call.kind);
  if (!kind) return refuse(Code::invalid_parameter, "there is no such kind of object");
  const Objects& objects = ledger_.objects();
  const std::string name =
      *kind == ObjectKind::cluster && call.name.empty() ? std::string(objects.cluster()) : call.name;
  if (!alert::is_object_name(*kind, name))
    return refuse(Code::invalid_name, "the name is empty, too long or has a character that no name may have");
  const ObjectState* object = objects.find(*kind, name);
  if (!object && !call.missing_ok.value_or(false))
    return refuse(alert::facts(*kind).not_found, "there is no such " + call.kind);
  if (handles_.of_uid(caller.uid) >= policy_.limits[Quota::handles])
    return tl::unexpected<Refusal>(over(Quota::handles, caller.uid, now_ns));
  const std::string& spelled = object ? object->name : name;
  const auto number =
      handles_.make(owner(caller), HandleKind::object, Objects::Key{*kind, alert::canonical_object(name)}, spelled);
  alert::ObjectOpen::Reply reply{handles_.text(number), spelled, {}, objects.sequence(*kind, name)};
  if (object && alert::has_state(*kind)) reply.state = object->state;
  return reply;
}

Outcome<alert::Nothing> Broker::close(const Caller& caller, const alert::ObjectClose& call) {
  const auto number = handles_.use(call.handle, owner(caller));
  if (!number || handles_[*number].kind != HandleKind::object) return bad_handle();
  ports_.forget_handle(*number);
  handles_.close(*number);
  return alert::Nothing{};
}

Outcome<std::uint64_t> Broker::port(const Caller& caller, const std::string& handle) {
  const auto number = handles_.use(handle, owner(caller));
  if (!number || handles_[*number].kind != HandleKind::port) return bad_handle();
  return *number;
}

Outcome<alert::CreateNotify::Reply> Broker::create(const Caller& caller, std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  if (journal_.is_broken() && server_state_ != ServerState::none)
    (void)change(caller, std::vector<Change>(), now_ns);  // it may be whole again
  if (auto ready = check_state(ServerState::read_write); !ready) return tl::unexpected<Refusal>(ready.error());
  if (handles_.of_uid(caller.uid) >= policy_.limits[Quota::handles])
    return tl::unexpected<Refusal>(over(Quota::handles, caller.uid, now_ns));
  const std::uint64_t number = handles_.make(owner(caller), HandleKind::port);
  ports_.open(number, caller.uid, caller.session.id);
  return alert::CreateNotify::Reply{handles_.text(number)};
}

/// What Add and ReAdd have in common: everything but the state sequence.
template <class Call>
Outcome<std::pair<std::uint64_t, Filter>> Broker::filter_of(const Caller& caller, const Call& call,
                                                            std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  if (auto ready = check_state(ServerState::read_only); !ready) return tl::unexpected<Refusal>(ready.error());
  const auto kind = alert::kind_named(call.kind);
  if (!kind || alert::facts(*kind).filter == 0)
    return refuse(Code::invalid_parameter, "there is no such kind of object, or no filter on it");
  const auto number = port(caller, call.port);
  const auto object = handles_.use(call.object, owner(caller));
  if (!number || !object || handles_[*object].kind != HandleKind::object || handles_[*object].object.first != *kind)
    return bad_handle();
  if (auto fits = check_mask(*kind, call.filter); !fits) return tl::unexpected<Refusal>(fits.error());
  if (ports_.filters_of(caller.uid) >= policy_.limits[Quota::filters])
    return tl::unexpected<Refusal>(over(Quota::filters, caller.uid, now_ns));
  Filter filter{call.filter, call.key, handles_[*object].object, false, *object};
  if (*kind == ObjectKind::cluster) filter.object.reset();
  return std::pair(*number, std::move(filter));
}

Outcome<alert::AddNotify::Reply> Broker::add(const Caller& caller, const alert::AddNotify& call,
                                             std::uint64_t now_ns) {
  auto filter = filter_of(caller, call, now_ns);
  if (!filter) return tl::unexpected<Refusal>(filter.error());
  auto& [number, added] = *filter;
  added.subtree = call.watch_subtree.value_or(false);
  alert::AddNotify::Reply reply;
  if (added.object && alert::has_state(added.object->first))
    reply.state_sequence = ledger_.objects().sequence(added.object->first, added.object->second);
  ports_.add(number, std::move(added));
  return reply;
}

Outcome<alert::Nothing> Broker::add_again(const Caller& caller, const alert::ReAddNotify& call,
                                          std::uint64_t now_ns) {
  const auto kind = alert::kind_named(call.kind);
  if (!kind || !alert::has_state(*kind))
    return refuse(Code::invalid_parameter, "there is no ReAdd for this kind of object");
  auto filter = filter_of(caller, call, now_ns);
  if (!filter) return tl::unexpected<Refusal>(filter.error());
  auto& [number, added] = *filter;
  const ObjectState* object = ledger_.objects().find(*kind, added.object->second);
  const std::uint32_t now = ledger_.objects().sequence(*kind, added.object->second);
  const auto state = static_cast<alert::ClusterChange>(alert::facts(*kind).state);
  const std::string name = object ? object->name : handles_[added.handle].name;
  const bool is_behind = now != call.state_sequence && (call.filter & state) != 0;
  ports_.add(number, std::move(added));
  if (is_behind)
    ports_.queue_for(number, {state, *kind, name, now}, call.key, {name, now_ns, ledger_.totals().sequence, 0, 0},
                     policy_.limits, ledger_.objects().cluster());
  return alert::Nothing{};
}

Outcome<alert::GetNotify::Reply> Broker::reply_to(const Got& got) const {
  switch (got.code) {
    case Code::success: break;
    case Code::wait_timeout: return refuse(got.code, "no indication came in time");
    case Code::no_more_items: return refuse(got.code, "the port is unblocked");
    case Code::invalid_function: return refuse(got.code, "the port was unblocked or closed");
    default: return refuse(got.code, "the broker is leaving service");
  }
  const Indication& what = *got.indication;
  alert::RecordHeader header = stamp({}, what.of->at_ns);
  header.ordinal = what.ordinal;
  header.sequence = header.origin_sequence = what.of->sequence;
  header.uid = what.of->uid;
  header.pid = what.of->pid;
  const auto record =
      alert::encode_indication(header, {what.key, what.change, what.state_sequence, what.lost}, what.name());
  return alert::GetNotify::Reply{what.key,  what.change,          what.state_sequence, std::string(what.name()),
                                 what.lost, alert::to_hex(record)};
}

Outcome<Broker::Waiting> Broker::get(const Caller& caller, const alert::GetNotify& call,
                                     std::uint64_t monotonic_ns) {
  if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  if (auto ready = check_state(ServerState::read_only); !ready) return tl::unexpected<Refusal>(ready.error());
  const auto number = port(caller, call.port);
  if (!number) return tl::unexpected<Refusal>(number.error());
  const std::uint64_t wait = ++waits_;
  const auto got =
      ports_.get(*number, caller.session.id, wait, call.timeout.value_or(alert::kInfinite), monotonic_ns);
  if (!got) return Waiting{wait, {}};
  auto reply = reply_to(*got);
  if (!reply) return tl::unexpected<Refusal>(reply.error());
  return Waiting{0, std::move(*reply)};
}

Outcome<alert::Nothing> Broker::unblock(const Caller& caller, const alert::UnblockGetNotify& call) {
  const auto number = port(caller, call.port);
  if (!number) return tl::unexpected<Refusal>(number.error());
  ports_.unblock(*number);
  return alert::Nothing{};
}

Outcome<alert::Nothing> Broker::close(const Caller& caller, const alert::CloseNotify& call) {
  const auto number = port(caller, call.port);
  if (!number) return tl::unexpected<Refusal>(number.error());
  ports_.close(*number);
  handles_.close(*number);
  return alert::Nothing{};
}

void Broker::tell(const std::vector<ObjectEvent>& events, const Caller& caller, std::uint64_t now_ns) {
  for (const ObjectEvent& event : events) {
    const Happening happening{event.name, now_ns, ledger_.totals().sequence, caller.uid, caller.pid};
    for (const auto& [quota, uid] : ports_.queue(event, happening, policy_.limits, ledger_.objects().cluster()))
      (void)over(quota, uid, now_ns);
  }
}

std::vector<Broker::Answer> Broker::take_answers(std::uint64_t monotonic_ns) {
  ports_.expire(monotonic_ns);
  std::vector<Answer> answers;
  for (Waited& waited : ports_.take_waited())
    answers.push_back({waited.session, waited.wait, reply_to(waited.got)});
  return answers;
}

void Broker::leave_service() {
  server_state_ = ServerState::none;
  ports_.end_waits(Code::node_shutting_down);
}

void Broker::end_handles(std::uint64_t session) {
  ports_.leave(session);
  for (const std::uint64_t number : handles_.leave(session)) {
    ports_.close(number);
    ports_.forget_handle(number);
  }
}

}  // namespace brokerd
