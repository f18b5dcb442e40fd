#pragma once
// The objects: named things of eight kinds, what they are now, and what may become of them. Pure.
//
// A change is planned against the objects as they are (a refusal, or the journal's changes), told as
// events to the notification ports, and applied by the ledger, in this order.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "alert/control/object_calls.hpp"
#include "alert/wire/cluster_change.hpp"
#include "brokerd/change.hpp"
#include "brokerd/refusal.hpp"

namespace brokerd {

using alert::ObjectKind;

/// One event, before it is known who waits for it.
struct ObjectEvent {
  alert::ClusterChange change;
  ObjectKind kind;
  std::string name;            // the stored spelling
  std::uint32_t sequence = 0;  // of the object's state; 0 without one
};

class Objects {
 public:
  using Key = std::pair<ObjectKind, std::string>;  // the name is canonical

  /// Total, as the ledger's: a change that does not fit the objects is ignored.
  void apply(const ObjectState& object);
  void apply(const ObjectChanged& change);
  void apply(const ObjectDeleted& deleted);
  void apply(const ObjectSequences& sequences);

  [[nodiscard]] const ObjectState* find(ObjectKind kind, std::string_view name) const;
  [[nodiscard]] const std::map<Key, ObjectState>& all() const noexcept { return objects_; }
  /// Of the object of this name; where there is none, of the next one to bear it. No two lives of a
  /// name share one.
  [[nodiscard]] std::uint32_t sequence(ObjectKind kind, std::string_view name) const;
  [[nodiscard]] std::size_t made_by(std::uint32_t uid) const noexcept;
  /// The cluster's name; empty before there is one.
  [[nodiscard]] std::string_view cluster() const noexcept;
  [[nodiscard]] std::vector<Change> checkpoint() const;

 private:
  std::map<Key, ObjectState> objects_;
  std::unordered_map<std::uint32_t, std::size_t> by_uid_;
  std::uint32_t next_sequence_ = 1;  // of an object that is made; above that of every deleted one
};

using Changes = std::vector<Change>;

/// What has to be journaled for it. `uid` makes it; nothing where nothing would change.
[[nodiscard]] Outcome<Changes> plan(const Objects& objects, const alert::ObjectAdd& call, std::uint32_t uid);
[[nodiscard]] Outcome<Changes> plan(const Objects& objects, const alert::ObjectChange& call);
[[nodiscard]] Outcome<Changes> plan(const Objects& objects, const alert::ObjectDelete& call);

/// A network link of this host, as the kernel has it.
struct Link {
  std::string name;
  std::uint32_t state = alert::kUnknownState;  // NetInterfaceStates
  std::vector<alert::ObjectProperty> properties;
};
struct LinkGone {
  std::string name;
};
/// These are all.
struct LinksTold {
  std::vector<std::string> names;
};
using LinkNews = std::variant<Link, LinkGone, LinksTold>;

/// What turns the object of this name into the link; nothing where it is that already.
[[nodiscard]] Changes plan(const Objects& objects, const Link& link, std::uint32_t uid);
[[nodiscard]] Changes plan(const Objects& objects, const LinkGone& link, std::uint32_t uid);
/// What takes out every link that is not one of these.
[[nodiscard]] Changes plan(const Objects& objects, const LinksTold& present, std::uint32_t uid);
/// The cluster, this node and the root key, as far as they are missing.
[[nodiscard]] Changes plan_beginnings(const Objects& objects, const std::string& host, std::uint32_t uid);

/// What the change will be to whoever watches, in order. To be asked before it is applied.
[[nodiscard]] std::vector<ObjectEvent> events_of(const Objects& objects, const Change& change);

}  // namespace brokerd
