// The broker's objects: who may change them, and what a change sets going.

#include <set>

#include <unistd.h>

#include "brokerd/broker.hpp"

namespace brokerd {

using alert::Code;

namespace {

/// What a change that no client asked for is stamped with.
Caller itself() {
  Caller caller;
  caller.uid = ::geteuid();
  caller.pid = static_cast<std::uint32_t>(::getpid());
  return caller;
}

std::uint32_t sequence_of(const Objects& objects, const std::string& kind, const std::string& name) {
  return objects.sequence(*alert::kind_named(kind), name);
}

}  // namespace

Outcome<alert::Nothing> Broker::change_objects(const Caller& caller, const Changes& changes, std::uint64_t now_ns) {
  if (changes.empty()) return alert::Nothing{};
  std::vector<ObjectEvent> events;
  for (const Change& change : changes)
    for (ObjectEvent& event : events_of(ledger_.objects(), change)) events.push_back(std::move(event));
  auto done = change(caller, changes, now_ns);
  if (done) tell(events, caller, now_ns);
  return done;
}

Outcome<alert::StateSequence> Broker::add(const Caller& caller, const alert::ObjectAdd& call,
                                          std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::change, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  const auto changes = plan(ledger_.objects(), call, caller.uid);
  if (!changes) return tl::unexpected<Refusal>(changes.error());
  if (ledger_.objects().made_by(caller.uid) + changes->size() > policy_.limits[Quota::objects])
    return tl::unexpected<Refusal>(over(Quota::objects, caller.uid, now_ns));
  if (auto judged = judge_change(caller, now_ns); !judged) return tl::unexpected<Refusal>(judged.error());
  const auto done = change_objects(caller, *changes, now_ns);
  if (!done) return tl::unexpected<Refusal>(done.error());
  return alert::StateSequence{sequence_of(ledger_.objects(), call.kind, call.name)};
}

Outcome<alert::StateSequence> Broker::change(const Caller& caller, const alert::ObjectChange& call,
                                             std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::change, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  const auto changes = plan(ledger_.objects(), call);
  if (!changes) return tl::unexpected<Refusal>(changes.error());
  if (auto judged = judge_change(caller, now_ns); !judged) return tl::unexpected<Refusal>(judged.error());
  const auto done = change_objects(caller, *changes, now_ns);
  if (!done) return tl::unexpected<Refusal>(done.error());
  return alert::StateSequence{sequence_of(ledger_.objects(), call.kind, call.rename.value_or(call.name))};
}

Outcome<alert::Nothing> Broker::remove(const Caller& caller, const alert::ObjectDelete& call,
                                       std::uint64_t now_ns) {
  if (auto judged = judge(caller, Verb::change, ""); !judged) return judged;
  const auto changes = plan(ledger_.objects(), call);
  if (!changes) return tl::unexpected<Refusal>(changes.error());
  return change_objects(caller, *changes, now_ns);
}

Outcome<alert::ListObjects::Reply> Broker::list(const Caller& caller, const alert::ListObjects& call) {
  if (auto judged = judge(caller, Verb::watch, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  Objects::Key at{};
  std::optional<ObjectKind> only;
  if (call.kind && !(only = alert::kind_named(*call.kind)))
    return refuse(Code::invalid_parameter, "there is no such kind of object");
  if (only) at.first = *only;
  const auto& all = ledger_.objects().all();
  auto next = all.lower_bound(at);
  if (call.after) {
    const auto kind = alert::kind_named(call.after->kind);
    if (!kind) return refuse(Code::invalid_parameter, "there is no such kind of object");
    next = all.upper_bound({*kind, alert::canonical_object(call.after->name)});
  }
  alert::ListObjects::Reply reply;
  std::size_t bytes = 0;
  for (; next != all.end() && (!only || next->first.first == *only); ++next) {
    if (reply.rows.size() == alert::kRowsPerPage || bytes > alert::kListBytes) {
      reply.next = {reply.rows.back().kind, reply.rows.back().name};
      break;
    }
    const ObjectState& object = next->second;
    alert::ListObjects::Row row{object.kind, object.name, {}, object.sequence, object.properties, {}, object.link};
    if (alert::has_state(next->first.first)) row.state = object.state;
    if (!object.security.empty()) row.security = object.security;
    bytes += object.name.size() + object.security.size();
    for (const auto& property : object.properties) bytes += property.name.size() + property.value.size() + 32;
    reply.rows.push_back(std::move(row));
  }
  return reply;
}

void Broker::begin_objects(const std::string& host, std::uint64_t now_ns) {
  (void)change_objects(itself(), plan_beginnings(ledger_.objects(), host, policy_.broker_uid), now_ns);
}

bool Broker::take_links(const std::vector<LinkNews>& news, std::uint64_t now_ns) {
  bool journaled = true;
  Changes changes;
  std::set<std::string> names;  // in `changes`, which are planned against the objects without them
  const auto settle_links = [&] {
    journaled &= change_objects(itself(), changes, now_ns).has_value();
    changes.clear();
    names.clear();
  };
  for (const LinkNews& one : news) {
    std::visit(
        [&](const auto& link) {
          if constexpr (requires { link.name; }) {
            if (!names.insert(alert::canonical_object(link.name)).second) settle_links();
            names.insert(alert::canonical_object(link.name));
          } else {
            settle_links();
          }
          const Changes next = plan(ledger_.objects(), link, policy_.broker_uid);
          changes.insert(changes.end(), next.begin(), next.end());
        },
        one);
  }
  settle_links();
  return journaled;
}

}  // namespace brokerd
