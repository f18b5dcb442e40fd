// The broker's judgement: rules, rates and bounds, before anything is journaled.

#include "brokerd/broker.hpp"
#include "brokerd/log.hpp"

namespace brokerd {

using alert::Code;

namespace {

std::string_view subject(Verb verb) {
  if (verb == Verb::make || verb == Verb::write) return " mailslots";
  return has_event(verb) ? " this event" : " objects";
}

}  // namespace

Refusal Broker::over(Quota quota, std::uint32_t uid, std::uint64_t now_ns) {
  if (const auto line = overruns_.count(quota, uid, policy_.limits, now_ns)) log(*line);
  Code code = quota == Quota::numalerts ? Code::too_many_alerts : Code::not_enough_quota;
  if (quota == Quota::filters) code = Code::not_enough_memory;  // what the original says
  return {code, std::string(facts(quota).sentence)};
}

Outcome<alert::Nothing> Broker::judge(const Caller& caller, Verb verb, std::string_view event) {
  const Verdict verdict = policy_.judge(caller.uid, caller.groups, verb, event);
  if (verdict.allowed) return alert::Nothing{};
  ++(verb == Verb::raise ? denied_raises_ : denied_calls_);
  return refuse(Code::access_denied, rule_text(verdict) + " does not let this uid " + std::string(name(verb)) +
                                         std::string(subject(verb)));
}

Outcome<alert::Nothing> Broker::judge_rate(const Caller& caller, std::size_t bytes, std::uint64_t now_ns) {
  if (const auto quota = rates_.take(caller.uid, static_cast<std::uint32_t>(bytes), policy_.limits, now_ns))
    return tl::unexpected<Refusal>(over(*quota, caller.uid, now_ns));
  return alert::Nothing{};
}

Outcome<alert::Nothing> Broker::judge_change(const Caller& caller, std::uint64_t now_ns) {
  if (!rates_.take_change(caller.uid, policy_.limits, now_ns))
    return tl::unexpected<Refusal>(over(Quota::table_changes_per_second, caller.uid, now_ns));
  return alert::Nothing{};
}

/// What a mailslot holds comes from every event it is or was registered for.
Outcome<alert::Nothing> Broker::judge_reading(const Caller& caller, const Mailslot& slot) {
  const auto& rows = ledger_.table().of_recipient(slot.state.name);
  if (rows.empty() && slot.past.empty()) return judge(caller, Verb::read, "");
  for (const Registration* row : rows)
    if (auto judged = judge(caller, Verb::read, row->event); !judged) return judged;
  for (const PastRegistration& row : slot.past)
    if (auto judged = judge(caller, Verb::read, row.event); !judged) return judged;
  return alert::Nothing{};
}

Outcome<alert::Nothing> Broker::judge_readers(const Mailslot& slot, std::string_view event) {
  Mailbox* mailbox = mailboxes_.find(slot.state.incarnation);
  if (!mailbox) return alert::Nothing{};
  std::vector<std::uint64_t> readers;
  if (mailbox->consumer) readers.push_back(mailbox->consumer->session.id);
  for (const Mailbox::Observer& observer : mailbox->observers) readers.push_back(observer.session.id);
  for (const std::uint64_t id : readers)
    if (auto judged = judge(sessions_.at(id).caller, Verb::read, event); !judged) return judged;
  return alert::Nothing{};
}

Outcome<alert::Nothing> Broker::judge_writing(const Caller& caller, const Mailslot& slot) {
  const Verdict verdict = policy_.judge(caller.uid, caller.groups, Verb::write, "");
  if (policy_.may_write(caller.uid, slot.state.uid, verdict)) return alert::Nothing{};
  ++denied_raises_;
  return refuse(Code::access_denied, verdict.allowed ? "the mailslot belongs to somebody else"
                                                     : rule_text(verdict) + " does not let this uid write");
}

Outcome<alert::Can::Reply> Broker::can(const Caller& caller, const alert::Can& call) const {
  const bool is_self = caller.uid == call.uid;
  if (!is_self && caller.uid != 0) return refuse(Code::access_denied, "only root may ask about another uid");
  const auto verb = verb_named(call.verb);
  if (!verb) return refuse(Code::invalid_parameter, "the verb is not " + std::string(kVerbList));
  std::string event;
  if (has_event(*verb)) {
    if (!call.event || call.event->empty()) return refuse(Code::invalid_parameter, "the event has no name");
    if (!alert::is_event_name(*call.event))
      return refuse(Code::invalid_name, "the event name is longer than 16 characters or has a forbidden one");
    event = alert::canonical_event(*call.event);
  }
  const auto groups = is_self ? caller.groups : call.groups.value_or(std::vector<std::uint32_t>());
  const Verdict verdict = policy_.judge(call.uid, groups, *verb, event);
  alert::Can::Reply reply{verdict.allowed, {}, std::string(verdict.name)};
  if (verdict.rule != 0) reply.rule = verdict.rule;
  return reply;
}

}  // namespace brokerd
