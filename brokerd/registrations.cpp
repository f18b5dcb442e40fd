// The broker's side of the alert table: who registers what for which event.

#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

Outcome<alert::Nothing> Broker::start(const Caller& caller, const alert::Start& call, std::uint64_t now_ns) {
  if (call.event.empty()) return refuse(Code::invalid_parameter, "the event has no name");
  if (!alert::is_event_name(call.event))
    return refuse(Code::bad_event_name, "the event name is longer than 16 characters or has a forbidden one");
  if (call.recipient.empty()) return refuse(Code::invalid_parameter, "the recipient has no name");
  if (call.recipient.front() != '\\')
    return refuse(Code::invalid_name, "the recipient is not a path with backslashes");
  const bool is_mailslot = alert::is_mailslot_name(call.recipient);
  if (!is_mailslot && !alert::is_semaphore_name(call.recipient))
    return refuse(Code::bad_recipient, "the recipient is neither \\mailslot\\NAME nor \\sem\\NAME");
  const auto maxdata = call.maxdata.value_or(alert::kLargestAlert);
  if (is_mailslot && maxdata == 0) return refuse(Code::invalid_parameter, "maxdata is 0");

  const Registration row{ledger_.totals().registrations + 1,
                         alert::canonical_event(call.event),
                         alert::canonical_recipient(call.recipient),
                         maxdata,
                         caller.uid,
                         call.session.value_or(false),
                         0};
  if (auto judged = judge(caller, Verb::start, row.event); !judged) return judged;
  const Mailslot* slot = ledger_.mailslot(row.recipient);
  if (slot && !policy_.may_touch(caller.uid, slot->state.uid))
    return refuse(Code::access_denied, "the mailslot belongs to somebody else");
  if (slot)
    if (auto judged = judge_readers(*slot, row.event); !judged) return judged;
  const SemaphoreState* semaphore = ledger_.semaphore(row.recipient);
  if (semaphore && !policy_.may_touch(caller.uid, semaphore->uid))
    return refuse(Code::access_denied, "the semaphore belongs to somebody else");
  if (ledger_.table().find(row.event, row.recipient))
    return refuse(Code::alert_exists, "the pair is registered already");
  const auto exceeded = [&](Quota quota) { return tl::unexpected<Refusal>(over(quota, caller.uid, now_ns)); };
  if (ledger_.table().size() >= policy_.limits[Quota::numalerts]) return exceeded(Quota::numalerts);
  if (ledger_.table().rows_of(caller.uid) >= policy_.limits[Quota::registrations])
    return exceeded(Quota::registrations);
  std::size_t past = 0;
  for (const auto& [name, other] : ledger_.mailslots())
    if (slot && other.state.uid == slot->state.uid) past += other.past.size();
  if (past >= policy_.limits[Quota::past_registrations]) return exceeded(Quota::past_registrations);
  if (auto judged = judge_change(caller, now_ns); !judged) return judged;
  settle();
  Registration now = row;
  now.from = ledger_.totals().sequence;
  std::vector<Change> changes;
  if (!is_mailslot && !semaphore) changes.emplace_back(SemaphoreState{row.recipient, caller.uid, 0});
  changes.emplace_back(now);
  auto done = change(caller, changes, now_ns);
  if (done && row.session) sessions_[caller.session.id].registrations.push_back(row.id);
  return done;
}

Outcome<alert::Nothing> Broker::stop(const Caller& caller, const alert::Stop& call, std::uint64_t now_ns) {
  if (!alert::is_event_name(call.event) ||
      (!alert::is_mailslot_name(call.recipient) && !alert::is_semaphore_name(call.recipient)))
    return refuse(Code::invalid_parameter, "the event or the recipient has no acceptable name");
  const std::string event = alert::canonical_event(call.event);
  const std::string recipient = alert::canonical_recipient(call.recipient);
  const Registration* row = ledger_.table().find(event, recipient);
  if (!row) return refuse(Code::no_such_alert, "the pair is not registered");
  if (!policy_.may_touch(caller.uid, row->uid))
    return refuse(Code::access_denied, "the registration belongs to somebody else");
  settle();
  const std::uint64_t id = row->id;
  auto done = change(caller, {Unregistered{event, recipient, ledger_.totals().sequence}}, now_ns);
  if (const auto session = sessions_.find(caller.session.id); done && session != sessions_.end())
    std::erase(session->second.registrations, id);
  if (done) release_semaphore(caller, recipient, now_ns);
  return done;
}

Outcome<alert::ListTable::Reply> Broker::list(const Caller& caller, const alert::ListTable& call) {
  alert::ListTable::Reply reply;
  const auto& rows = ledger_.table().rows();
  for (auto at = rows.upper_bound(call.after.value_or(0)); at != rows.end(); ++at) {
    const Registration& row = at->second;
    if (!policy_.may_touch(caller.uid, row.uid)) continue;
    if (reply.rows.size() == alert::kRowsPerPage) {
      reply.next = std::prev(at)->first;
      break;
    }
    reply.rows.push_back({row.event, row.recipient, row.maxdata, row.uid, row.session, row.from});
  }
  return reply;
}

}  // namespace brokerd
