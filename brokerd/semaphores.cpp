// The broker's semaphores: each comes to be with the first registration or opening, belongs to the uid
// that made it, and is released with the last of both.

#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

Outcome<OpenedSemaphore> Broker::open(const Caller& caller, const alert::OpenSemaphore& call,
                                      std::uint64_t now_ns) {
  if (!alert::is_semaphore_name(call.semaphore)) return refuse(Code::invalid_name, "not a name below \\sem\\");
  settle();
  const std::string name = alert::canonical_recipient(call.semaphore);
  if (const SemaphoreState* known = ledger_.semaphore(name); known && !policy_.may_touch(caller.uid, known->uid))
    return refuse(Code::access_denied, "the semaphore belongs to somebody else");
  std::vector<std::string>& opened = sessions_[caller.session.id].semaphores;
  if (opened.size() >= policy_.limits[Quota::open_semaphores])
    return tl::unexpected<Refusal>(over(Quota::open_semaphores, caller.uid, now_ns));
  if (auto judged = judge_change(caller, now_ns); !judged) return tl::unexpected<Refusal>(judged.error());
  if (!ledger_.semaphore(name))
    if (auto made = change(caller, {SemaphoreState{name, caller.uid, 0}}, now_ns); !made)
      return tl::unexpected<Refusal>(made.error());
  const auto give_up = [&](Refusal refusal) {
    semaphores_.leave(name, 0);  // a page that nobody has open goes
    release_semaphore(caller, name, now_ns);
    return tl::unexpected<Refusal>(std::move(refusal));
  };
  const SemaphoreState& state = *ledger_.semaphore(name);
  SemaphorePage* open = semaphores_.find(name);
  if (!open) {
    if (semaphores_.pages_of(state.uid) >= policy_.limits[Quota::semaphores])
      return give_up(over(Quota::semaphores, state.uid, now_ns));
    auto created = semaphores_.create(name, state.uid, state.pulses);
    if (!created)
      return give_up({Code::not_enough_memory, "no memory for the semaphore: " + created.error().message()});
    open = *created;
  }
  OpenedSemaphore result{{open->page.pulses()}, alert::duplicate(open->page.descriptor())};
  if (!result.page) return give_up({Code::not_enough_memory, "no descriptor for the semaphore"});
  if (open->sessions.insert(caller.session.id).second) opened.push_back(name);
  return result;
}

Outcome<alert::ListSemaphores::Reply> Broker::list(const Caller& caller, const alert::ListSemaphores& call) {
  settle();
  alert::ListSemaphores::Reply reply;
  const auto& semaphores = ledger_.semaphores();
  for (auto at = semaphores.upper_bound(call.after.value_or("")); at != semaphores.end(); ++at) {
    const SemaphoreState& state = at->second;
    if (!policy_.may_touch(caller.uid, state.uid)) continue;
    if (reply.rows.size() == alert::kRowsPerPage) {
      reply.next = std::prev(at)->first;
      break;
    }
    const SemaphorePage* page = semaphores_.find(state.name);
    reply.rows.push_back({state.name, state.uid, state.pulses, page ? page->sessions.size() : 0});
  }
  return reply;
}

void Broker::release_semaphore(const Caller& caller, const std::string& name, std::uint64_t now_ns) {
  const bool is_kept = !ledger_.table().of_recipient(name).empty() || semaphores_.find(name);
  if (ledger_.semaphore(name) && !is_kept) owe(caller, {SemaphoreReleased{name}}, now_ns);
}

}  // namespace brokerd
