#pragma once
// A notification port at one broker: its two connections, and how everything is made anew on them.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "alert/control/client.hpp"
#include "alert/control/port_registrations.hpp"

namespace alert {

/// Whether this failure means that the connection has to be made anew (protocol version 2).
[[nodiscard]] inline bool calls_for_reconnect(const CallFailure& failure) noexcept {
  constexpr std::uint16_t kCodes[] = {6,    1115, 1255, 1702, 1717, 1722, 1723,
                                      1726, 1727, 1747, 1753, 1775, 5072, 5073};
  const auto code = static_cast<std::uint16_t>(failure.code);
  return failure.error || std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

/// Two connections, so that a call need not wait for the one that waits.
struct PortLink {
  static constexpr std::chrono::milliseconds kLookUp{1'000};  // so long one GetNotify waits

  Client control;
  Client reader;
  std::string port;
  std::string cluster;  // its name

  [[nodiscard]] static CallResult<PortLink> open(const std::string& socket) {
    auto control = Client::connect({socket});
    if (!control) return tl::unexpected<CallFailure>(control.error());
    auto reader = Client::connect({socket});
    if (!reader) return tl::unexpected<CallFailure>(reader.error());
    reader->set_timeout(kLookUp + Client::kDefaultTimeout);
    const auto cluster = control->call(ObjectOpen{std::string(name(ObjectKind::cluster)), ""});
    if (!cluster) return tl::unexpected<CallFailure>(cluster.error());
    const auto port = control->call(CreateNotify{});
    if (!port) return tl::unexpected<CallFailure>(port.error());
    return PortLink{std::move(*control), std::move(*reader), port->port, cluster->name};
  }

  /// Opens the objects again, in the procedure's order, and registers the filters again: what has a state
  /// by ReAdd with the sequence that is known, the rest by Add.
  [[nodiscard]] CallResult<Nothing> restore(PortRegistrations& registrations) {
    constexpr ObjectKind kOrder[] = {ObjectKind::cluster,      ObjectKind::node, ObjectKind::group,
                                     ObjectKind::resource,     ObjectKind::key,  ObjectKind::network,
                                     ObjectKind::net_interface};
    for (const ObjectKind kind : kOrder)
      for (auto& [id, object] : registrations.objects()) {
        if (object.kind != kind) continue;
        if (kind == ObjectKind::cluster) object.name = cluster;  // it may have been renamed
        auto opened = control.call(ObjectOpen{std::string(name(kind)), object.name, true});
        if (!opened) return tl::unexpected<CallFailure>(opened.error());
        object.handle = opened->handle;
      }
    for (const auto& [id, filter] : registrations.filters())
      if (filter.mask != 0)
        if (auto done = add_again(registrations[filter.object], id, filter); !done) return done;
    return Nothing{};
  }

 private:
  CallResult<Nothing> add_again(const PortRegistrations::Opened& on, std::uint32_t id,
                                const PortRegistrations::Filter& filter) {
    const std::string kind(name(on.kind));
    if (has_state(on.kind))
      return control.call(ReAddNotify{port, kind, on.handle, filter.mask, id, filter.sequence});
    return control.call(AddNotify{port, kind, on.handle, filter.mask, id, filter.subtree}).map([](const auto&) {
      return Nothing{};
    });
  }
};

}  // namespace alert
