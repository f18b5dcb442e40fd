#pragma once
// The kinds of objects, what may happen to them (CLUSTER_CHANGE) and what their states are called.
// Numbers from MS-CMRP 2.2.2.7 and the state enumerations beside it.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "alert/wire/names.hpp"

namespace alert {

enum class ObjectKind : std::uint8_t { cluster, node, group, resource, resource_type, key, network, net_interface };

/// One bit per event. An indication carries one of them, a filter any number.
enum ClusterChange : std::uint32_t {
  kNodeState = 0x00000001,
  kNodeDeleted = 0x00000002,
  kNodeAdded = 0x00000004,
  kNodeProperty = 0x00000008,
  kRegistryName = 0x00000010,
  kRegistryAttributes = 0x00000020,
  kRegistryValue = 0x00000040,
  kRegistrySubtree = 0x00000080,  // never an event: widens a cluster-wide filter
  kResourceState = 0x00000100,
  kResourceDeleted = 0x00000200,
  kResourceAdded = 0x00000400,
  kResourceProperty = 0x00000800,
  kGroupState = 0x00001000,
  kGroupDeleted = 0x00002000,
  kGroupAdded = 0x00004000,
  kGroupProperty = 0x00008000,
  kResourceTypeDeleted = 0x00010000,
  kResourceTypeAdded = 0x00020000,
  kResourceTypeProperty = 0x00040000,
  kClusterReconnect = 0x00080000,  // of the library; of the broker where indications were lost
  kNetworkState = 0x00100000,
  kNetworkDeleted = 0x00200000,
  kNetworkAdded = 0x00400000,
  kNetworkProperty = 0x00800000,
  kNetInterfaceState = 0x01000000,
  kNetInterfaceDeleted = 0x02000000,
  kNetInterfaceAdded = 0x04000000,
  kNetInterfaceProperty = 0x08000000,
  kQuorumState = 0x10000000,   // of protocol version 3
  kClusterState = 0x20000000,  // of the library
  kClusterProperty = 0x40000000,
  kHandleClose = 0x80000000,  // of the library
};

/// Events that the library makes itself; they never travel to the broker.
inline constexpr std::uint32_t kLibraryChanges = kClusterReconnect | kClusterState | kHandleClose;
inline constexpr std::uint32_t kAllChanges = 0xFFFFFFFF;  // of the library: whatever the object has
inline constexpr std::uint32_t kRegistryChanges = kRegistryName | kRegistryAttributes | kRegistryValue;

[[nodiscard]] constexpr std::string_view name(ClusterChange change) noexcept {
  switch (change) {
    case kNodeState: return "NODE_STATE";
    case kNodeDeleted: return "NODE_DELETED";
    case kNodeAdded: return "NODE_ADDED";
    case kNodeProperty: return "NODE_PROPERTY";
    case kRegistryName: return "REGISTRY_NAME";
    case kRegistryAttributes: return "REGISTRY_ATTRIBUTES";
    case kRegistryValue: return "REGISTRY_VALUE";
    case kRegistrySubtree: return "REGISTRY_SUBTREE";
    case kResourceState: return "RESOURCE_STATE";
    case kResourceDeleted: return "RESOURCE_DELETED";
    case kResourceAdded: return "RESOURCE_ADDED";
    case kResourceProperty: return "RESOURCE_PROPERTY";
    case kGroupState: return "GROUP_STATE";
    case kGroupDeleted: return "GROUP_DELETED";
    case kGroupAdded: return "GROUP_ADDED";
    case kGroupProperty: return "GROUP_PROPERTY";
    case kResourceTypeDeleted: return "RESOURCE_TYPE_DELETED";
    case kResourceTypeAdded: return "RESOURCE_TYPE_ADDED";
    case kResourceTypeProperty: return "RESOURCE_TYPE_PROPERTY";
    case kClusterReconnect: return "CLUSTER_RECONNECT";
    case kNetworkState: return "NETWORK_STATE";
    case kNetworkDeleted: return "NETWORK_DELETED";
    case kNetworkAdded: return "NETWORK_ADDED";
    case kNetworkProperty: return "NETWORK_PROPERTY";
    case kNetInterfaceState: return "NETINTERFACE_STATE";
    case kNetInterfaceDeleted: return "NETINTERFACE_DELETED";
    case kNetInterfaceAdded: return "NETINTERFACE_ADDED";
    case kNetInterfaceProperty: return "NETINTERFACE_PROPERTY";
    case kQuorumState: return "QUORUM_STATE";
    case kClusterState: return "CLUSTER_STATE";
    case kClusterProperty: return "CLUSTER_PROPERTY";
    case kHandleClose: return "HANDLE_CLOSE";
  }
  return "";
}

/// A state's number and its name.
struct StateName {
  std::uint32_t value;
  std::string_view name;
};
inline constexpr std::uint32_t kUnknownState = 0xFFFFFFFF;  // of every kind
inline constexpr std::array kNodeStates{StateName{0, "up"}, StateName{1, "down"}, StateName{2, "paused"},
                                        StateName{3, "joining"}};
inline constexpr std::array kGroupStates{StateName{0, "online"}, StateName{1, "offline"}, StateName{2, "failed"},
                                         StateName{3, "partialonline"}, StateName{4, "pending"}};
inline constexpr std::array kResourceStates{StateName{1, "initializing"},     StateName{2, "online"},
                                            StateName{3, "offline"},          StateName{4, "failed"},
                                            StateName{0x81, "onlinepending"}, StateName{0x82, "offlinepending"}};
inline constexpr std::array kNetworkStates{StateName{0, "unavailable"}, StateName{1, "down"},
                                           StateName{2, "partitioned"}, StateName{3, "up"}};
enum NetInterfaceStates : std::uint32_t { kFailed = 0, kUnreachable = 1, kUnavailable = 2, kUp = 3 };
inline constexpr std::array kNetInterfaceStates{StateName{kFailed, "failed"},
                                                StateName{kUnreachable, "unreachable"},
                                                StateName{kUnavailable, "unavailable"}, StateName{kUp, "up"}};

/// What holds for all objects of a kind. An event that a kind does not have is 0.
struct KindFacts {
  std::string_view name;  // on the control interface and the command line
  std::uint32_t filter;   // what a filter on one object may ask for
  std::uint32_t state;
  std::uint32_t deleted;
  std::uint32_t added;
  std::uint32_t property;
  Code not_found;
  std::span<const StateName> states;  // empty: no state, and no state sequence
};

/// In the order of the enumeration. The cluster's filter is that of protocol version 2.
inline constexpr std::array kKinds{
    KindFacts{"cluster",
              ~kLibraryChanges & ~std::uint32_t{kQuorumState},
              0,
              0,
              0,
              kClusterProperty,
              Code::file_not_found,
              {}},
    KindFacts{"node", 0x0000000F, kNodeState, kNodeDeleted, kNodeAdded, kNodeProperty, Code::node_not_found,
              kNodeStates},
    KindFacts{"group", 0x0000F000, kGroupState, kGroupDeleted, kGroupAdded, kGroupProperty, Code::group_not_found,
              kGroupStates},
    KindFacts{"resource", 0x00000F00, kResourceState, kResourceDeleted, kResourceAdded, kResourceProperty,
              Code::resource_not_found, kResourceStates},
    KindFacts{"resourcetype",
              0,
              0,
              kResourceTypeDeleted,
              kResourceTypeAdded,
              kResourceTypeProperty,
              Code::resource_type_not_found,
              {}},
    KindFacts{"key", kRegistryChanges, 0, kRegistryName, kRegistryName, kRegistryValue, Code::file_not_found, {}},
    KindFacts{"network", 0x00F00000, kNetworkState, kNetworkDeleted, kNetworkAdded, kNetworkProperty,
              Code::network_not_found, kNetworkStates},
    KindFacts{"netinterface", 0x0F000000, kNetInterfaceState, kNetInterfaceDeleted, kNetInterfaceAdded,
              kNetInterfaceProperty, Code::net_interface_not_found, kNetInterfaceStates},
};
static_assert(kKinds.size() == static_cast<std::size_t>(ObjectKind::net_interface) + 1);
static_assert(kKinds[0].filter == 0x4FF7FFFF);

[[nodiscard]] constexpr const KindFacts& facts(ObjectKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::string_view name(ObjectKind kind) noexcept { return facts(kind).name; }
[[nodiscard]] constexpr std::optional<ObjectKind> kind_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (text == kKinds[i].name) return static_cast<ObjectKind>(i);
  return std::nullopt;
}
[[nodiscard]] constexpr bool has_state(ObjectKind kind) noexcept { return !facts(kind).states.empty(); }

/// The kind of object that an event is about.
[[nodiscard]] constexpr ObjectKind kind_of(ClusterChange change) noexcept {
  for (std::size_t i = 1; i < kKinds.size(); ++i)
    if ((kKinds[i].state | kKinds[i].deleted | kKinds[i].added | kKinds[i].property | kKinds[i].filter) & change)
      return static_cast<ObjectKind>(i);
  return ObjectKind::cluster;
}

/// "up", "unknown", or the number where it has no name.
[[nodiscard]] inline std::string state_name(ObjectKind kind, std::uint32_t state) {
  for (const StateName& known : facts(kind).states)
    if (known.value == state) return std::string(known.name);
  return state == kUnknownState ? "unknown" : std::to_string(state);
}
[[nodiscard]] constexpr std::optional<std::uint32_t> state_named(ObjectKind kind, std::string_view text) noexcept {
  for (const StateName& known : facts(kind).states)
    if (known.name == text) return known.value;
  return text == "unknown" ? std::optional(kUnknownState) : std::nullopt;
}

inline constexpr std::size_t kMaxObjectName = 255;  // bytes
inline constexpr std::size_t kMaxKeyPath = 1023;

/// Printable UTF-8. A key is a path of parts joined by backslashes, the root key the empty one.
/// Precondition: `text` is valid UTF-8.
[[nodiscard]] constexpr bool is_object_name(ObjectKind kind, std::string_view text) noexcept {
  const bool is_key = kind == ObjectKind::key;
  if (text.empty()) return is_key;
  if (text.size() > (is_key ? kMaxKeyPath : kMaxObjectName)) return false;
  char before = '\\';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
    if (c == '\\' && (!is_key || before == '\\')) return false;
    before = c;
  }
  return before != '\\';
}

/// Names of objects that differ only in the case of ASCII letters are one.
[[nodiscard]] inline std::string canonical_object(std::string_view name) { return canonical_recipient(name); }

}  // namespace alert
