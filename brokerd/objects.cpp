#include "brokerd/objects.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace brokerd {

namespace {

using alert::Code;
using alert::ObjectProperty;

constexpr std::size_t kObjectWeight = 16 * 1024;  // so that an object fits into one record
constexpr std::size_t kLongestPropertyName = 255;
constexpr std::size_t kLongestSecurity = 4 * 1024;

using Properties = std::vector<ObjectProperty>;

bool is_same(std::string_view a, std::string_view b) { return alert::equal_ignoring_case(a, b); }

template <class List>
auto find_property(List& properties, std::string_view name) {
  return std::find_if(properties.begin(), properties.end(),
                      [&](const ObjectProperty& property) { return is_same(property.name, name); });
}

std::string_view value_of(const Properties& properties, std::string_view name) {
  const auto found = find_property(properties, name);
  return found == properties.end() ? std::string_view() : found->value;
}

void change(Properties& properties, const ObjectChanged& by) {
  for (const std::string& name : by.removed)
    if (const auto found = find_property(properties, name); found != properties.end()) properties.erase(found);
  for (const ObjectProperty& set : by.set) {
    if (const auto found = find_property(properties, set.name); found != properties.end())
      found->value = set.value;
    else
      properties.push_back(set);
  }
}

/// Control characters would steer terminals, and take six bytes each in the journal.
bool is_text(std::string_view text, std::string_view but = {}) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || but.find(c) != std::string_view::npos;
  });
}

std::optional<Refusal> misfit(const Properties& properties, std::string_view security) {
  std::size_t weight = 0;
  for (auto at = properties.begin(); at != properties.end(); ++at) {
    constexpr std::size_t kOverhead = 32;  // of its JSON
    weight += kOverhead + at->name.size() + at->value.size();
    const bool is_name = !at->name.empty() && at->name.size() <= kLongestPropertyName && is_text(at->name);
    if (!is_name || !is_text(at->value, "\t\n"))
      return Refusal{Code::invalid_parameter, "a property has no acceptable name or value"};
    if (std::any_of(properties.begin(), at, [&](const auto& other) { return is_same(other.name, at->name); }))
      return Refusal{Code::invalid_parameter, "a property is named twice"};
    if (weight > kObjectWeight) return Refusal{Code::invalid_parameter, "the properties are larger than 16 KiB"};
  }
  if (security.size() > kLongestSecurity || !is_text(security, "\t\n"))
    return Refusal{Code::invalid_parameter, "the security descriptor is longer than 4 KiB or no text"};
  return std::nullopt;
}

std::optional<Refusal> misfit(ObjectKind kind, const std::optional<std::uint32_t>& state,
                              const std::optional<std::string>& security) {
  const auto states = alert::facts(kind).states;
  const auto is_state = [&](const auto& known) { return known.value == *state; };
  if (state && states.empty()) return Refusal{Code::invalid_parameter, "this kind has no state"};
  if (state && *state != alert::kUnknownState && std::none_of(states.begin(), states.end(), is_state))
    return Refusal{Code::invalid_parameter, "the state is not one of this kind"};
  if (security && kind != ObjectKind::key)
    return Refusal{Code::invalid_parameter, "only keys have a security descriptor"};
  return std::nullopt;
}

/// The kind, and the object's name in a form that may be looked up.
Outcome<ObjectKind> named(const std::string& kind_name, const std::string& name) {
  const auto kind = alert::kind_named(kind_name);
  if (!kind) return refuse(Code::invalid_parameter, "there is no such kind of object");
  if (!alert::is_object_name(*kind, name))
    return refuse(Code::invalid_name, "the name is empty, too long or has a character that no name may have");
  return *kind;
}

Outcome<const ObjectState*> existing(const Objects& objects, const std::string& kind_name,
                                     const std::string& name) {
  const auto kind = named(kind_name, name);
  if (!kind) return tl::unexpected<Refusal>(kind.error());
  const ObjectState* object = objects.find(*kind, name);
  if (!object) return refuse(alert::facts(*kind).not_found, "there is no such " + kind_name);
  if (object->link) return refuse(Code::access_denied, "it is a network link of this host, which says what it is");
  return object;
}

ObjectState made(const Objects& objects, ObjectKind kind, std::string name, std::uint32_t uid) {
  ObjectState object{std::string(alert::name(kind)), std::move(name), uid, 0, 0, {}};
  if (alert::has_state(kind)) {
    object.state = alert::kUnknownState;
    object.sequence = objects.sequence(kind, object.name);
  }
  return object;
}

/// What the object will be, or nothing where it is that already.
Changes difference(const ObjectState& object, ObjectChanged change) {
  if (change.state == object.state) change.state.reset();
  if (change.security == object.security) change.security.reset();
  if (change.rename == object.name) change.rename.reset();
  if (change.link == object.link) change.link.reset();
  std::erase_if(change.set, [&](const ObjectProperty& set) {
    const auto found = find_property(object.properties, set.name);
    return found != object.properties.end() && found->value == set.value;
  });
  std::erase_if(change.removed, [&](const std::string& name) {
    return find_property(object.properties, name) == object.properties.end();
  });
  const bool is_one = change.state || change.security || change.rename || change.link || !change.set.empty() ||
                      !change.removed.empty();
  return is_one ? Changes{std::move(change)} : Changes{};
}

/// A resource that moves from group to group is an event of both.
void append_groups(const Objects& objects, const ObjectState& resource, const ObjectState& now,
                   std::vector<ObjectEvent>& events) {
  const std::string_view before = value_of(resource.properties, "group"), after = value_of(now.properties, "group");
  if (is_same(before, after)) return;
  for (const std::string_view name : {before, after})
    if (const ObjectState* group = objects.find(ObjectKind::group, name))
      events.push_back({alert::kGroupProperty, ObjectKind::group, group->name, group->sequence});
}

std::vector<ObjectEvent> events(const Objects& objects, const ObjectChanged& change) {
  std::vector<ObjectEvent> events;
  const auto kind = alert::kind_named(change.kind);
  const ObjectState* object = kind ? objects.find(*kind, change.name) : nullptr;
  if (!object) return events;
  const auto& facts = alert::facts(*kind);
  const bool counts = change.state && alert::has_state(*kind);
  const std::uint32_t sequence = object->sequence + (counts ? 1 : 0);
  const auto tell = [&](std::uint32_t event) {
    events.push_back(
        {static_cast<alert::ClusterChange>(event), *kind, change.rename.value_or(object->name), sequence});
  };
  if (counts) tell(facts.state);
  const std::size_t properties = change.set.size() + change.removed.size();
  if (*kind == ObjectKind::key)
    for (std::size_t i = 0; i < properties; ++i) tell(alert::kRegistryValue);
  else if (properties > 0 || change.rename)
    tell(facts.property);
  if (change.security) tell(alert::kRegistryAttributes);
  if (*kind == ObjectKind::resource) {
    ObjectState now = *object;
    brokerd::change(now.properties, change);
    append_groups(objects, *object, now, events);
  }
  return events;
}

}  // namespace

void Objects::apply(const ObjectState& object) {
  const auto kind = alert::kind_named(object.kind);
  if (kind && objects_.emplace(Key{*kind, alert::canonical_object(object.name)}, object).second)
    ++by_uid_[object.uid];
}

void Objects::apply(const ObjectChanged& change) {
  const auto kind = alert::kind_named(change.kind);
  if (!kind) return;
  auto found = objects_.find({*kind, alert::canonical_object(change.name)});
  if (found == objects_.end()) return;
  ObjectState& object = found->second;
  if (change.state && alert::has_state(*kind)) {
    object.state = *change.state;
    ++object.sequence;
  }
  brokerd::change(object.properties, change);
  object.security = change.security.value_or(object.security);
  object.link = change.link.value_or(object.link);
  if (!change.rename) return;
  object.name = *change.rename;
  auto moved = objects_.extract(found);
  moved.key().second = alert::canonical_object(object.name);
  objects_.insert(std::move(moved));
}

void Objects::apply(const ObjectDeleted& deleted) {
  const auto kind = alert::kind_named(deleted.kind);
  const auto found = kind ? objects_.find({*kind, alert::canonical_object(deleted.name)}) : objects_.end();
  if (found == objects_.end()) return;
  next_sequence_ = std::max(next_sequence_, found->second.sequence + 1);
  if (const auto mine = by_uid_.find(found->second.uid); --mine->second == 0) by_uid_.erase(mine);
  objects_.erase(found);
}

void Objects::apply(const ObjectSequences& sequences) { next_sequence_ = sequences.next; }

const ObjectState* Objects::find(ObjectKind kind, std::string_view name) const {
  const auto found = objects_.find({kind, alert::canonical_object(name)});
  return found == objects_.end() ? nullptr : &found->second;
}

std::uint32_t Objects::sequence(ObjectKind kind, std::string_view name) const {
  if (!alert::has_state(kind)) return 0;
  const ObjectState* object = find(kind, name);
  return object ? object->sequence : next_sequence_;
}

std::size_t Objects::made_by(std::uint32_t uid) const noexcept {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? 0 : found->second;
}

std::string_view Objects::cluster() const noexcept {
  const bool is_there = !objects_.empty() && objects_.begin()->first.first == ObjectKind::cluster;
  return is_there ? std::string_view(objects_.begin()->second.name) : std::string_view();
}

std::vector<Change> Objects::checkpoint() const {
  std::vector<Change> changes{ObjectSequences{next_sequence_}};
  for (const auto& [key, object] : objects_) changes.emplace_back(object);
  return changes;
}

Outcome<Changes> plan(const Objects& objects, const alert::ObjectAdd& call, std::uint32_t uid) {
  const auto kind = named(call.kind, call.name);
  if (!kind) return tl::unexpected<Refusal>(kind.error());
  if (*kind == ObjectKind::cluster) return refuse(Code::already_exists, "there is one cluster: change its name");
  if (objects.find(*kind, call.name)) return refuse(Code::already_exists, "there is one of this name");
  ObjectState object = made(objects, *kind, call.name, uid);
  object.state = call.state.value_or(object.state);
  object.properties = call.properties.value_or(Properties());
  object.security = call.security.value_or("");
  if (auto unfit = misfit(*kind, call.state, call.security)) return tl::unexpected<Refusal>(std::move(*unfit));
  if (auto unfit = misfit(object.properties, object.security)) return tl::unexpected<Refusal>(std::move(*unfit));
  Changes changes;
  for (std::size_t end = object.name.find('\\'); *kind == ObjectKind::key && end != std::string::npos;
       end = object.name.find('\\', end + 1))
    if (!objects.find(*kind, object.name.substr(0, end)))
      changes.emplace_back(made(objects, *kind, object.name.substr(0, end), uid));
  changes.emplace_back(std::move(object));
  return changes;
}

Outcome<Changes> plan(const Objects& objects, const alert::ObjectChange& call) {
  const auto object = existing(objects, call.kind, call.name);
  if (!object) return tl::unexpected<Refusal>(object.error());
  const ObjectKind kind = *alert::kind_named(call.kind);
  if (auto unfit = misfit(kind, call.state, call.security)) return tl::unexpected<Refusal>(std::move(*unfit));
  if (call.rename && kind != ObjectKind::cluster)
    return refuse(Code::invalid_parameter, "only the cluster may be renamed");
  if (call.rename && !alert::is_object_name(kind, *call.rename))
    return refuse(Code::invalid_name, "the new name is empty, too long or has a character that no name may have");
  const ObjectChanged changed{call.kind,
                              (*object)->name,
                              call.state,
                              call.properties.value_or(Properties()),
                              call.remove.value_or(std::vector<std::string>()),
                              call.security,
                              call.rename,
                              {}};
  if (auto unfit = misfit(changed.set, "")) return tl::unexpected<Refusal>(std::move(*unfit));
  Properties then = (*object)->properties;
  change(then, changed);
  if (auto unfit = misfit(then, call.security.value_or(""))) return tl::unexpected<Refusal>(std::move(*unfit));
  return difference(**object, changed);
}

Outcome<Changes> plan(const Objects& objects, const alert::ObjectDelete& call) {
  const auto object = existing(objects, call.kind, call.name);
  if (!object) return tl::unexpected<Refusal>(object.error());
  const ObjectKind kind = *alert::kind_named(call.kind);
  if (kind == ObjectKind::cluster || (*object)->name.empty())
    return refuse(Code::access_denied, "the cluster and the root key stay");
  if (kind == ObjectKind::key) {
    const std::string below = alert::canonical_object(call.name) + "\\";
    const auto next = objects.all().lower_bound({kind, below});
    if (next != objects.all().end() && next->first.first == kind && next->first.second.starts_with(below))
      return refuse(Code::dir_not_empty, "there are keys below it");
  }
  return Changes{ObjectDeleted{call.kind, (*object)->name}};
}

Changes plan(const Objects& objects, const Link& link, std::uint32_t uid) {
  constexpr ObjectKind kind = ObjectKind::net_interface;
  const ObjectState* object = objects.find(kind, link.name);
  if (!object) {
    ObjectState now = made(objects, kind, link.name, uid);
    now.state = link.state;
    now.properties = link.properties;
    now.link = true;
    return {now};
  }
  return difference(*object, {object->kind, object->name, link.state, link.properties, {}, {}, {}, true});
}

Changes plan(const Objects& objects, const LinkGone& link, std::uint32_t) {
  const ObjectState* object = objects.find(ObjectKind::net_interface, link.name);
  return object && object->link ? Changes{ObjectDeleted{object->kind, object->name}} : Changes{};
}

Changes plan(const Objects& objects, const LinksTold& present, std::uint32_t) {
  std::set<std::string> names;
  for (const std::string& name : present.names) names.insert(alert::canonical_object(name));
  Changes changes;
  for (const auto& [key, object] : objects.all())
    if (object.link && !names.contains(key.second)) changes.emplace_back(ObjectDeleted{object.kind, object.name});
  return changes;
}

Changes plan_beginnings(const Objects& objects, const std::string& host, std::uint32_t uid) {
  Changes changes;
  if (objects.cluster().empty()) changes.emplace_back(made(objects, ObjectKind::cluster, host, uid));
  const auto& all = objects.all();
  if (std::none_of(all.begin(), all.end(), [](const auto& o) { return o.first.first == ObjectKind::node; })) {
    ObjectState node = made(objects, ObjectKind::node, host, uid);
    node.state = 0;  // up
    changes.emplace_back(std::move(node));
  }
  if (!objects.find(ObjectKind::key, "")) changes.emplace_back(made(objects, ObjectKind::key, "", uid));
  return changes;
}

std::vector<ObjectEvent> events_of(const Objects& objects, const Change& change) {
  if (const auto* changed = std::get_if<ObjectChanged>(&change)) return events(objects, *changed);
  std::optional<ObjectKind> kind;
  ObjectEvent event{};
  if (const auto* added = std::get_if<ObjectState>(&change)) {
    kind = alert::kind_named(added->kind);
    if (kind)
      event = {static_cast<alert::ClusterChange>(alert::facts(*kind).added), *kind, added->name, added->sequence};
  } else if (const auto* deleted = std::get_if<ObjectDeleted>(&change)) {
    kind = alert::kind_named(deleted->kind);
    if (kind)
      event = {static_cast<alert::ClusterChange>(alert::facts(*kind).deleted), *kind, deleted->name,
               objects.sequence(*kind, deleted->name)};
  }
  if (!kind || event.change == 0) return {};
  std::vector<ObjectEvent> events{event};
  if (const auto* added = std::get_if<ObjectState>(&change); added && kind == ObjectKind::resource) {
    ObjectState before = *added;
    before.properties.clear();
    append_groups(objects, before, *added, events);
  } else if (const ObjectState* gone = objects.find(*kind, event.name); gone && kind == ObjectKind::resource) {
    ObjectState after = *gone;
    after.properties.clear();
    append_groups(objects, *gone, after, events);
  }
  return events;
}

}  // namespace brokerd
