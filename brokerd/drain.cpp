#include "brokerd/drain.hpp"

#include <algorithm>

#include "alert/system/account_groups.hpp"
#include "brokerd/log.hpp"

namespace brokerd {

namespace {

/// A file has no process whose groups could be asked for: those of its owner's account.
std::vector<std::uint32_t> groups_of(std::uint32_t uid) {
  const passwd* account = ::getpwuid(uid);
  return account ? alert::groups_of(*account) : std::vector<std::uint32_t>();
}

/// The account database may be slow, so only a policy that needs it asks it.
bool asks_for_groups(const Policy& policy) {
  return std::any_of(policy.rules.begin(), policy.rules.end(), [](const Rule& rule) { return !rule.gids.empty(); });
}

}  // namespace

void Drain::raise(Broker& broker, std::uint64_t now_ns, std::uint64_t monotonic_ns) {
  spool_.look(monotonic_ns);
  for (std::size_t tried = 0; tried < kAlertsPerTurn; ++tried) {
    auto entry = spool_.next();
    if (!entry) break;
    if (!broker.policy().may_connect(entry->uid)) {
      spool_.set_aside(entry->name, "this broker does not serve its uid");
      continue;
    }
    Caller caller;
    caller.uid = entry->uid;
    if (asks_for_groups(broker.policy())) caller.groups = groups_of(entry->uid);
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

void Drain::settle(const std::vector<Outcome<Settled>>& settled, std::uint64_t monotonic_ns) {
  for (const auto& [ticket, entry] : staged_) {
    if (const auto& raised = settled[ticket]) {
      spool_.remove(entry);
      ++raised_;
    } else {
      refused(entry, raised.error(), monotonic_ns);
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
