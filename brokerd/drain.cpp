#include "brokerd/drain.hpp"

#include "brokerd/log.hpp"

namespace brokerd {

void Drain::raise(Broker& broker, std::uint64_t now_ns, std::uint64_t monotonic_ns) {
  spool_.look(monotonic_ns);
  while (staged_.size() < kAlertsPerTurn) {
    auto entry = spool_.next();
    if (!entry) break;
    if (!broker.policy().may_connect(entry->uid)) {
      spool_.set_aside(entry->name, "this broker does not serve its uid");
      continue;
    }
    Caller caller;
    caller.uid = entry->uid;
    const auto ticket = broker.raise(caller, entry->call, now_ns);
    if (ticket)
      staged_.emplace_back(*ticket, std::move(*entry));
    else
      refused(*entry, ticket.error(), monotonic_ns);
  }
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (spool_.bad() == told_bad_ || monotonic_ns - told_ns_ < kSecond) return;
  log("spool: " + std::to_string(spool_.bad() - told_bad_) + " moved aside, the last one " + spool_.last_bad());
  told_bad_ = spool_.bad();
  told_ns_ = monotonic_ns;
}

void Drain::settle(const std::vector<Outcome<alert::Receipt>>& receipts, std::uint64_t monotonic_ns) {
  for (const auto& [ticket, entry] : staged_) {
    if (const auto& receipt = receipts[ticket]) {
      spool_.remove(entry);
      ++raised_;
    } else {
      refused(entry, receipt.error(), monotonic_ns);
    }
  }
  staged_.clear();
}

/// What may be different in a second stays, with everything behind it.
void Drain::refused(const Spool::Entry& entry, const Refusal& refusal, std::uint64_t monotonic_ns) {
  using alert::Code;
  if (refusal.code == Code::write_fault || refusal.code == Code::not_enough_quota)
    spool_.postpone(entry.uid, monotonic_ns);
  else
    spool_.set_aside(entry.name, refusal.message);
}

}  // namespace brokerd
