#pragma once
// What a notification port has open and has asked for: all that is needed to make it anew at another broker.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/control/port_calls.hpp"
#include "alert/wire/cluster_change.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/indication.hpp"

namespace alert {

/// What an application reads from its port.
struct ClusterEvent {
  std::uint64_t key = 0;  // the application's, of the filter
  ClusterChange change{};
  std::string name;
  std::uint32_t state_sequence = 0;
  std::uint32_t lost = 0;  // a CLUSTER_RECONNECT of the broker's: so many indications did not fit
  RecordHeader header{};   // when, and who; zeros for an event of the library
};

/// The records of one port: objects that it has open, filters with the latest sequences. Not thread-safe.
class PortRegistrations {
 public:
  using Object = std::uint32_t;  // never 0

  struct Opened {
    ObjectKind kind{};
    std::string name;
    std::string handle;  // the broker's
  };
  struct Filter {
    Object object = 0;
    std::uint32_t mask = 0;
    std::uint32_t library = 0;  // bits that never travel
    std::uint64_t key = 0;      // the application's
    bool subtree = false;
    std::uint32_t sequence = 0;   // the latest that is known of its object
    std::uint64_t closed_at = 0;  // kept for what the broker had queued for it
  };

  Object open(Opened opened) {
    objects_[++last_object_] = std::move(opened);
    return last_object_;
  }
  [[nodiscard]] bool has(Object object) const { return objects_.contains(object); }
  [[nodiscard]] const Opened& operator[](Object object) const { return objects_.at(object); }

  /// The key under which the broker knows the filter.
  std::uint32_t add(const Filter& filter) {
    filters_[++last_filter_] = filter;
    return last_filter_;
  }
  void remove(std::uint32_t filter) { filters_.erase(filter); }
  /// What its Add said, unless an indication was faster.
  void set_sequence(std::uint32_t filter, std::uint32_t sequence) {
    if (Filter& kept = filters_.at(filter); kept.sequence == 0) kept.sequence = sequence;
  }

  /// The filters on it end; the events of those that asked for HANDLE_CLOSE.
  std::vector<ClusterEvent> close(Object object) {
    std::vector<ClusterEvent> events;
    const Opened closed = std::move(objects_.extract(object).mapped());
    for (auto& [id, filter] : filters_) {
      if (filter.object != object) continue;
      if (filter.library & kHandleClose)
        events.push_back({filter.key, kHandleClose, closed.kind == ObjectKind::key ? "" : closed.name});
      filter.closed_at = ++closings_;
    }
    return events;
  }
  /// How many filters have ended. Those that had when the broker's queue was empty may be forgotten.
  [[nodiscard]] std::uint64_t closings() const noexcept { return closings_; }
  void forget_closed(std::uint64_t closings) {
    std::erase_if(filters_,
                  [&](const auto& f) { return f.second.closed_at > 0 && f.second.closed_at <= closings; });
  }

  /// The indication in the application's terms; every filter on its object learns the sequence.
  ClusterEvent take(const GetNotify::Reply& got) {
    ClusterEvent event{got.key, static_cast<ClusterChange>(got.filter), got.name, got.state_sequence, got.lost};
    if (const auto bytes = from_hex(got.record))
      if (const auto record = decode_indication(*bytes)) event.header = record->header;
    const ObjectKind kind = kind_of(event.change);
    for (auto& [id, filter] : filters_) {
      const auto on = objects_.find(filter.object);
      if (has_state(kind) && on != objects_.end() && on->second.kind == kind &&
          equal_ignoring_case(on->second.name, event.name))
        filter.sequence = event.state_sequence;
    }
    if (const auto filter = filters_.find(got.key); got.lost == 0 && filter != filters_.end())
      event.key = filter->second.key;
    if (got.lost > 0) event.key = key_for(kClusterReconnect).value_or(0);
    return event;
  }

  /// The application's key of the first filter that asked for this event of the library.
  [[nodiscard]] std::optional<std::uint64_t> key_for(ClusterChange change) const {
    for (const auto& [id, filter] : filters_)
      if ((filter.library & change) && filter.closed_at == 0) return filter.key;
    return std::nullopt;
  }

  [[nodiscard]] std::map<Object, Opened>& objects() noexcept { return objects_; }
  [[nodiscard]] const std::map<std::uint32_t, Filter>& filters() const noexcept { return filters_; }

 private:
  std::map<Object, Opened> objects_;
  std::map<std::uint32_t, Filter> filters_;  // in the order of registration
  Object last_object_ = 0;
  std::uint32_t last_filter_ = 0;
  std::uint64_t closings_ = 0;
};

}  // namespace alert
