#include "brokerd/ports.hpp"

#include <algorithm>
#include <bit>

namespace brokerd {

namespace {

using alert::Code;

std::uint64_t cost(const Indication& indication) { return sizeof indication + indication.of->name.size(); }

/// Where the event's name starts for a filter on `key`: behind it, and behind the backslash.
std::uint32_t relative_to(std::string_view key, std::string_view name) {
  return static_cast<std::uint32_t>(key.empty() ? 0 : std::min(key.size() + 1, name.size()));
}

}  // namespace

void Ports::open(std::uint64_t number, std::uint32_t uid, std::uint64_t session) {
  Port& port = ports_[number];
  port.number = number;
  port.uid = uid;
  port.session = session;
  ++of(uid).ports;
}

void Ports::close(std::uint64_t number) {
  const auto found = ports_.find(number);
  if (found == ports_.end()) return;
  unblock(number);
  Port& port = found->second;
  for (const std::uint64_t id : std::exchange(port.filters, {})) remove_filter(id);
  PerUid& mine = of(port.uid);
  if (--mine.ports == 0) by_uid_.erase(port.uid);
  ports_.erase(found);
}

void Ports::unblock(std::uint64_t number) {
  const auto found = ports_.find(number);
  if (found == ports_.end()) return;
  Port& port = found->second;
  port.unblocked = true;
  while (!port.waiters.empty()) end_wait(port.waiters.begin()->first, {Code::invalid_function, {}});
  of(port.uid).bytes -= std::exchange(port.bytes, 0);
  queued_ -= port.queue.size();
  if (!port.queue.empty()) has_drained(port);
  port.queue.clear();
}

Ports::Filled Ports::filled(std::uint64_t session) const {
  const auto found = filled_.find(session);
  return found == filled_.end() ? Filled{serial_, {}} : found->second;
}

void Ports::has_filled(const Port& port) {
  Filled& filled = filled_[port.session];
  if (filled.ports.empty()) {
    filled.serial = ++serial_;
    newly_filled_.insert(port.session);
  }
  filled.ports.insert(port.number);
}

void Ports::has_drained(const Port& port) {
  const auto found = filled_.find(port.session);
  found->second.ports.erase(port.number);
  if (found->second.ports.empty()) filled_.erase(found);
}

template <class F>
void Ports::for_each_list(const Filter& filter, F&& f) {
  std::uint32_t mask = filter.mask;
  if (!filter.object || filter.object->first == ObjectKind::key) {
    const std::string path = filter.object ? filter.object->second : "";
    const bool subtree = filter.object ? filter.subtree : (mask & alert::kRegistrySubtree) != 0;
    if (mask & alert::kRegistryChanges) {
      if (subtree)
        f(by_subtree_, path);
      else
        f(by_object_, Objects::Key{ObjectKind::key, path});
    }
    mask &= ~(alert::kRegistryChanges | alert::kRegistrySubtree);
    if (filter.object) return;
    for (; mask != 0; mask &= mask - 1) f(cluster_wide_, static_cast<std::size_t>(std::countr_zero(mask)));
    return;
  }
  f(by_object_, *filter.object);
}

void Ports::add(std::uint64_t number, Filter filter) {
  Port& port = ports_.at(number);
  const std::uint64_t id = next_filter_++;
  for_each_list(filter, [&](auto& lists, const auto& key) { lists[key].insert(id); });
  if (filter.handle != 0) by_handle_[filter.handle].insert(id);
  port.filters.insert(id);
  ++of(port.uid).filters;
  filters_.emplace(id, Registered{number, std::move(filter)});
}

void Ports::remove_filter(std::uint64_t id) {
  const auto found = filters_.find(id);
  if (found == filters_.end()) return;
  const auto& [number, filter] = found->second;
  for_each_list(filter, [&](auto& lists, const auto& key) {
    lists[key].erase(id);
    if (lists[key].empty()) lists.erase(key);
  });
  if (const auto same = by_handle_.find(filter.handle); same != by_handle_.end()) {
    same->second.erase(id);
    if (same->second.empty()) by_handle_.erase(same);
  }
  Port& port = ports_.at(number);
  port.filters.erase(id);
  --of(port.uid).filters;
  filters_.erase(found);
}

void Ports::forget_handle(std::uint64_t handle) {
  const auto found = by_handle_.find(handle);
  if (found == by_handle_.end()) return;
  for (const std::uint64_t id : FilterIds(found->second)) remove_filter(id);
}

std::vector<std::uint64_t> Ports::matching(const ObjectEvent& event) {
  std::vector<std::uint64_t> ids;
  compared_ = 0;
  const auto look = [&](const auto& lists, const auto& key) {
    const auto found = lists.find(key);
    if (found == lists.end()) return;
    compared_ += found->second.size();
    for (const std::uint64_t id : found->second)
      if (filters_.at(id).filter.mask & event.change) ids.push_back(id);
  };
  const std::string name = alert::canonical_object(event.name);
  look(by_object_, Objects::Key{event.kind, name});
  if (event.kind == ObjectKind::key) {
    std::string above = name;
    for (look(by_subtree_, above); !above.empty(); look(by_subtree_, above)) {
      const std::size_t end = above.find_last_of('\\');
      above.resize(end == std::string::npos ? 0 : end);
    }
  } else {
    look(cluster_wide_, static_cast<std::size_t>(std::countr_zero(std::uint32_t{event.change})));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::pair<Quota, std::uint32_t>> Ports::queue(const ObjectEvent& event, const Happening& happening,
                                                          const Limits& limits, std::string_view cluster) {
  std::vector<std::pair<Quota, std::uint32_t>> losers;
  std::shared_ptr<const Happening> shared;
  for (const std::uint64_t id : matching(event)) {
    if (!shared) shared = std::make_shared<const Happening>(happening);
    const auto& [number, filter] = filters_.at(id);
    Port& port = ports_.at(number);
    std::uint32_t name_at = 0;
    if (event.kind == ObjectKind::key)
      name_at = relative_to(filter.object ? filter.object->second : "", event.name);
    if (const auto by =
            append(port, {filter.key, event.change, event.sequence, name_at, 0, 0, shared}, limits, cluster))
      losers.emplace_back(*by, port.uid);
  }
  return losers;
}

void Ports::queue_for(std::uint64_t number, const ObjectEvent& event, std::uint32_t key, const Happening& happening,
                      const Limits& limits, std::string_view cluster) {
  append(ports_.at(number),
         {key, event.change, event.sequence, 0, 0, 0, std::make_shared<const Happening>(happening)}, limits,
         cluster);
}

std::optional<Quota> Ports::append(Port& port, Indication indication, const Limits& limits,
                                   std::string_view cluster) {
  if (port.unblocked) return std::nullopt;
  indication.ordinal = ++port.ordinal;
  if (!port.waiters.empty()) {
    end_wait(port.waiters.begin()->first, {Code::success, std::move(indication)});
    return std::nullopt;
  }
  PerUid& mine = of(port.uid);
  std::uint64_t bytes = cost(indication);
  std::optional<Quota> over;
  if (port.bytes + bytes > limits[Quota::port_bytes]) over = Quota::port_bytes;
  if (mine.bytes + bytes > limits[Quota::indication_bytes]) over = Quota::indication_bytes;
  if (over) {
    ++lost_;
    if (!port.queue.empty() && port.queue.back().lost > 0) {
      ++port.queue.back().lost;
      port.queue.back().ordinal = indication.ordinal;
      return over;
    }
    Happening loss = *indication.of;
    loss.name = cluster;
    indication = {0,
                  alert::kClusterReconnect,
                  0,
                  0,
                  1,
                  indication.ordinal,
                  std::make_shared<const Happening>(std::move(loss))};
    bytes = cost(indication);
  }
  port.bytes += bytes;
  mine.bytes += bytes;
  port.queue.push_back(std::move(indication));
  if (port.queue.size() == 1) has_filled(port);
  ++queued_;
  return over;
}

Indication Ports::take_head(Port& port) {
  Indication head = std::move(port.queue.front());
  port.queue.pop_front();
  if (port.queue.empty()) has_drained(port);
  --queued_;
  port.bytes -= cost(head);
  of(port.uid).bytes -= cost(head);
  return head;
}

std::optional<Got> Ports::get(std::uint64_t number, std::uint64_t session, std::uint64_t wait,
                              std::uint32_t timeout_ms, std::uint64_t monotonic_ns) {
  Port& port = ports_.at(number);
  if (port.unblocked) return Got{Code::no_more_items, {}};
  if (!port.queue.empty()) return Got{Code::success, take_head(port)};
  if (timeout_ms == 0) return Got{Code::wait_timeout, {}};
  const std::uint64_t deadline_ns =
      timeout_ms == kForEver ? 0 : monotonic_ns + std::uint64_t{timeout_ms} * 1'000'000;
  port.waiters.emplace(wait, Waiter{session, deadline_ns});
  port_of_wait_[wait] = number;
  by_session_[session].insert(wait);
  if (deadline_ns != 0) deadlines_.emplace(deadline_ns, wait);
  return std::nullopt;
}

void Ports::end_wait(std::uint64_t wait, Got got) {
  const Waiter waiter = ports_.at(port_of_wait_.extract(wait).mapped()).waiters.extract(wait).mapped();
  deadlines_.erase({waiter.deadline_ns, wait});
  if (const auto mine = by_session_.find(waiter.session); mine != by_session_.end()) {
    mine->second.erase(wait);
    if (mine->second.empty()) by_session_.erase(mine);
  }
  waited_.push_back({waiter.session, wait, std::move(got)});
}

void Ports::expire(std::uint64_t monotonic_ns) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= monotonic_ns)
    end_wait(deadlines_.begin()->second, {Code::wait_timeout, {}});
}

std::optional<std::uint64_t> Ports::next_deadline() const noexcept {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

void Ports::end_waits(Code code) {
  for (auto& [number, port] : ports_)
    while (!port.waiters.empty()) end_wait(port.waiters.begin()->first, {code, {}});
}

void Ports::leave(std::uint64_t session) {
  const auto mine = by_session_.find(session);
  if (mine == by_session_.end()) return;
  for (const std::uint64_t wait : std::set<std::uint64_t>(mine->second)) {
    end_wait(wait, {});
    waited_.pop_back();  // nobody is there to be told
  }
}

namespace {
template <class Map>
auto of_uid(const Map& map, std::uint32_t uid) {
  const auto found = map.find(uid);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}
}  // namespace

std::size_t Ports::filters_of(std::uint32_t uid) const noexcept { return of_uid(by_uid_, uid).filters; }
std::uint64_t Ports::bytes_of(std::uint32_t uid) const noexcept { return of_uid(by_uid_, uid).bytes; }

}  // namespace brokerd
