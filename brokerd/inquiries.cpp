// What the ledger is asked: why an alert was written or not, and whether it all adds up.

#include "brokerd/broker.hpp"
#include "brokerd/differences.hpp"

namespace brokerd {

using alert::Code;

namespace {

std::vector<alert::Audit::Finding> findings_of(const std::vector<Refold::Finding>& findings) {
  std::vector<alert::Audit::Finding> result;
  for (const auto& [place, sentence] : findings) result.push_back({to_text(place), sentence});
  return result;
}

}  // namespace

Outcome<alert::Nothing> Broker::admit_inquiry(const Caller& caller, std::uint64_t now_ns) {
  std::size_t mine = 0;
  for (const auto& [id, session] : sessions_)
    if (session.caller.uid == caller.uid && id != caller.session.id && (session.explanation || session.audit))
      ++mine;
  if (mine >= policy_.limits[Quota::inquiries])
    return tl::unexpected<Refusal>(over(Quota::inquiries, caller.uid, now_ns));
  sessions_[caller.session.id].caller = caller;
  return alert::Nothing{};
}

Outcome<alert::Explain::Reply> Broker::explain(const Caller& caller, const alert::Explain& asked,
                                               std::uint64_t now_ns) {
  settle();
  alert::Explain call = asked;
  call.recipient = alert::canonical_recipient(call.recipient);
  if (call.sequence == 0) return refuse(Code::invalid_parameter, "the first alert has the number 1");
  if (call.as_of_sequence && call.as_of_ns)
    return refuse(Code::invalid_parameter, "as of a sequence or of a time, not both");
  if (!alert::is_mailslot_name(call.recipient) && !alert::is_semaphore_name(call.recipient))
    return refuse(Code::invalid_name, "the recipient is neither \\mailslot\\NAME nor \\sem\\NAME");
  const Mailslot* slot = ledger_.mailslot(call.recipient);
  const SemaphoreState* semaphore = ledger_.semaphore(call.recipient);
  if ((slot && !policy_.may_touch(caller.uid, slot->state.uid)) ||
      (semaphore && !policy_.may_touch(caller.uid, semaphore->uid)))
    return refuse(Code::access_denied, "the recipient belongs to somebody else");

  alert::Explain::Reply reply;
  const std::uint64_t last = std::min(ledger_.totals().sequence, call.as_of_sequence.value_or(kUnlimited));
  if (call.sequence > last) {
    reply.done = true;
    reply.verdict = "not_given";
    reply.last = last;
    return reply;
  }
  std::unique_ptr<Explanation>& mine = sessions_[caller.session.id].explanation;
  if (!mine || mine->call() != call) {
    if (auto admitted = admit_inquiry(caller, now_ns); !admitted) return tl::unexpected<Refusal>(admitted.error());
    mine = std::make_unique<Explanation>(journal_.folder().path(), call, ledger_.totals().sequence);
  }
  if (mine->step()) return reply;
  const Explanation done = std::move(*std::exchange(mine, nullptr));
  if (done.is_too_early()) return refuse(Code::invalid_parameter, "the journal does not reach back to that moment");
  if (done.owner() && !policy_.may_touch(caller.uid, *done.owner())) {  // a name has had other owners
    reply.done = true;
    reply.verdict = "no_recipient";
    if (slot) reply.created = slot->state.created;
    return reply;
  }
  reply = done.conclude(ledger_, slot ? cursor_of(*slot) : std::nullopt);
  return reply.verdict == "written" || reply.verdict == "refused" ? reply : discreet(caller, std::move(reply));
}

/// An alert that the caller has no part in: its event is for those who may register for it and read it.
alert::Explain::Reply Broker::discreet(const Caller& caller, alert::Explain::Reply reply) const {
  if (!reply.event) return reply;
  if (caller.uid != 0)
    for (const Verb verb : {Verb::start, Verb::read})
      if (const Verdict verdict = policy_.judge(caller.uid, caller.groups, verb, *reply.event); !verdict.allowed) {
        alert::Explain::Reply denied;
        denied.done = true;
        denied.verdict = "policy";
        denied.reason = rule_text(verdict) + " does not let this uid " + std::string(name(verb)) + " its event";
        return denied;
      }
  if (reply.verdict == "not_registered" || reply.verdict == "other_event") {
    const AlertTable& table = ledger_.table();
    if (table.rows_of(caller.uid) >= policy_.limits[Quota::registrations])
      reply.obstacle = facts(Quota::registrations).sentence;
    if (table.size() >= policy_.limits[Quota::numalerts]) reply.obstacle = facts(Quota::numalerts).sentence;
  }
  return reply;
}

Outcome<alert::Audit::Reply> Broker::audit(const Caller& caller, std::uint64_t now_ns) {
  settle();
  if (!policy_.may_touch(caller.uid, policy_.broker_uid))
    return refuse(Code::access_denied, "the audit is for root and the uid that runs the broker");
  std::unique_ptr<AuditInProgress>& mine = sessions_[caller.session.id].audit;
  if (!mine) {
    if (auto admitted = admit_inquiry(caller, now_ns); !admitted) return tl::unexpected<Refusal>(admitted.error());
    const auto segments = alert::journal_segments(journal_.folder().path());
    if (!segments || segments->empty()) return refuse(Code::file_not_found, "the journal has no segment");
    const JournalPlace end{journal_.first(), journal_.size()};
    mine = std::make_unique<AuditInProgress>(AuditInProgress{
        Refold(journal_.folder().path(), segments->front(), end), ledger_.checkpoint(), owed_, end});
  }
  Refold& refold = mine->refold;
  alert::Audit::Reply reply;
  reply.done = !refold.step();
  if (reply.done) {
    for (const Change& change : mine->owed) refold.ledger().apply(change);
    for (std::string& sentence : differences(mine->running, refold.ledger().checkpoint(), Refold::kMostFindings))
      refold.differ(mine->end, "the running broker: " + std::move(sentence));
  }
  const auto& counts = refold.counts();
  reply.segments = counts.segments;
  reply.checkpoints = counts.checkpoints;
  reply.alerts = counts.alerts;
  reply.bytes = counts.bytes;
  if (!reply.done) return reply;
  reply.differences = findings_of(refold.differences());
  reply.notes = findings_of(refold.notes());
  mine.reset();
  return reply;
}

}  // namespace brokerd
