// The broker's push sessions: whose they are, what is pending in them, and what is due to be sent.

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;
using alert::PushResult;

namespace {

Owner owner(const Caller& caller) { return {caller.uid, caller.session.id}; }

std::uint32_t number(PushResult result) noexcept { return static_cast<std::uint32_t>(result); }

bool has_size(const std::optional<std::vector<std::byte>>& bytes, const std::optional<std::uint16_t>& size) {
  return bytes && bytes->size() == size.value_or(static_cast<std::uint16_t>(bytes->size()));
}

std::optional<std::vector<std::byte>> bytes_of(const std::string& hex) {
  auto bytes = alert::from_hex(hex);
  return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

}  // namespace

Outcome<alert::OpenSession::Reply> Broker::open_session(const Caller& caller, std::uint64_t now_ns) {
  if (auto ready = check_state(ServerState::read_only); !ready) return tl::unexpected<Refusal>(ready.error());
  std::uint64_t& handle = sessions_[caller.session.id].push_session;
  if (handle == 0) {
    if (handles_.of_uid(caller.uid) >= policy_.limits[Quota::handles])
      return tl::unexpected<Refusal>(over(Quota::handles, caller.uid, now_ns));
    handle = handles_.make(owner(caller), HandleKind::session);
  }
  return alert::OpenSession::Reply{handles_.text(handle),
                                   static_cast<std::uint32_t>(policy_.push.interval_s * 1'000)};
}

std::optional<std::uint64_t> Broker::push_session(const Caller& caller, const std::string& handle) {
  const auto number = handles_.use(handle, owner(caller));
  if (!number || handles_[*number].kind != HandleKind::session) return std::nullopt;
  return handles_[*number].maker;
}

void Broker::end_push(std::uint64_t connection) {
  push_.remove(connection);
  const auto found = sessions_.find(connection);
  if (found == sessions_.end() || found->second.push_session == 0) return;
  handles_.close(std::exchange(found->second.push_session, 0));
}

alert::CloseSession::Reply Broker::close_session(const Caller& caller, const alert::CloseSession& call) {
  const auto connection = push_session(caller, call.session);
  if (connection) end_push(*connection);
  return {alert::kNullHandle, number(connection ? PushResult::success : PushResult::logon_failed)};
}

alert::PushResult Broker::judge_callback(const alert::IpAddress& ip,
                                         Reach (*reach)(const alert::IpAddress&)) const {
  const Reach reached = policy_.push.enabled ? reach(ip) : Reach::none;
  if (reached == Reach::none) return PushResult::not_supported;
  const bool may = reached == Reach::own || policy_.push.allows(ip);
  return may ? PushResult::success : PushResult::access_denied;
}

/// The order of the checks is PN-2.8's.
PushResult Broker::judge_push(const alert::RegisterPush& call, const std::vector<std::byte>& context,
                              const std::vector<std::byte>& address_bytes,
                              Reach (*reach)(const alert::IpAddress&)) const {
  if (context.size() > alert::kLargestContext) return PushResult::too_big;
  if (context.empty()) return PushResult::invalid_param;
  const auto address = alert::decode_callback_address(address_bytes);
  if (!address) return PushResult::invalid_param;
  const PushResult judged = judge_callback(address->ip, reach);
  if (judged == PushResult::not_supported) return judged;
  return call.advise_bits == alert::kAdviseAll ? judged : PushResult::invalid_param;
}

Outcome<alert::RegisterPush::Reply> Broker::register_push(const Caller& caller, const alert::RegisterPush& call,
                                                          Reach (*reach)(const alert::IpAddress&),
                                                          std::uint64_t now_ns) {
  const auto context = bytes_of(call.context), address = bytes_of(call.address);
  if (!has_size(context, call.context_size) || !has_size(address, call.address_size))
    return refuse(Code::invalid_parameter, "context or address: not hexadecimal, or of another size than is said");
  const auto connection = push_session(caller, call.session);
  if (!connection) return alert::RegisterPush::Reply{alert::kNullHandle, 0, number(PushResult::logon_failed)};
  const PushResult judged = judge_push(call, *context, *address, reach);
  if (judged != PushResult::success) return alert::RegisterPush::Reply{call.session, 0, number(judged)};
  if (!push_.has(*connection) && push_.of_uid(caller.uid) >= policy_.limits[Quota::push_sessions])
    return tl::unexpected<Refusal>(over(Quota::push_sessions, caller.uid, now_ns));
  const std::uint32_t handle =
      push_.add(*connection, caller.uid, {*alert::decode_callback_address(*address), *context});
  for (const OpenedMailslot& opened : sessions_[*connection].opened) push_.watch(*connection, opened.incarnation);
  return alert::RegisterPush::Reply{call.session, handle, 0};
}

std::vector<Source> Broker::sources(std::uint64_t connection) {
  const auto [serial, filled] = ports_.filled(connection);
  std::vector<Source> sources{{Push::kPorts, serial, filled.empty() ? serial : serial - 1}};
  for (const OpenedMailslot& opened : sessions_[connection].opened)
    if (const Mailslot* slot = ledger_.mailslot(opened.name);
        slot && slot->state.incarnation == opened.incarnation) {
      const auto cursor = cursor_of(*slot);
      sources.push_back({opened.incarnation, slot->state.written, cursor ? cursor->read : slot->state.read});
    }
  return sources;
}

Outcome<alert::FetchPending::Reply> Broker::fetch_pending(const Caller& caller, const alert::FetchPending& call) {
  settle();
  const auto connection = push_session(caller, call.session);
  if (!connection)
    return alert::FetchPending::Reply{alert::kNullHandle, number(PushResult::logon_failed), {}, {}, false};
  alert::FetchPending::Reply reply{call.session, 0, {}, {}, false};
  const auto filled = ports_.filled(*connection).ports;
  if (!filled.empty())
    if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  for (const std::uint64_t port : filled)
    while (reply.indications.size() < alert::FetchPending::kMost) {
      const auto got = ports_.get(port, caller.session.id, 0, 0, 0);
      if (got->code != Code::success) break;  // it has no more
      reply.indications.push_back({handles_.text(port), *reply_to(*got)});
    }
  reply.more = !ports_.filled(*connection).ports.empty();
  for (const OpenedMailslot& opened : sessions_[*connection].opened)
    if (const Mailslot* slot = ledger_.mailslot(opened.name);
        slot && slot->state.incarnation == opened.incarnation) {
      const auto cursor = cursor_of(*slot);
      const std::uint64_t pending = account(slot->state, cursor ? cursor->read : slot->state.read).pending;
      if (pending > 0) reply.mailslots.push_back({opened.name, pending});
    }
  return reply;
}

std::optional<std::uint64_t> Broker::next_deadline() const {
  const auto wait = ports_.next_deadline(), datagram = push_.next_deadline();
  return wait && datagram ? std::min(*wait, *datagram) : wait ? wait : datagram;
}

std::vector<Callback> Broker::take_datagrams(std::uint64_t monotonic_ns) {
  for (const std::uint64_t connection : ports_.take_newly_filled()) push_.has_news(connection);
  push_.set_interval(policy_.push.interval_s * 1'000'000'000);
  for (const std::uint64_t connection : push_.take_news(monotonic_ns))
    push_.look(connection, sources(connection), monotonic_ns);
  return push_.take_datagrams();
}

}  // namespace brokerd
