// The client library's functions: what Win32 programs call.

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "alert/control/notification_port.hpp"
#include "alert/control/socket_path.hpp"
#include "clusnotify.h"
#include "wide_text.hpp"

using namespace alert;
using namespace clusnotify;

namespace {

thread_local unsigned last_error = 0;

/// What the program opened; each port that watches it opens it for itself.
struct Opened {
  ObjectKind kind;
  std::string name;
};

struct Port {
  std::unique_ptr<NotificationPort> port;
  std::mutex mutex;
  std::map<unsigned, NotificationPort::Object> objects;  // by the program's handle
};

class Library {
 public:
  unsigned keep(Opened opened) {
    const std::scoped_lock lock(mutex_);
    opened_.emplace(++last_, std::move(opened));
    return last_;
  }
  std::optional<Opened> find(unsigned handle) {
    const std::scoped_lock lock(mutex_);
    const auto found = opened_.find(handle);
    return found == opened_.end() ? std::nullopt : std::optional(found->second);
  }
  unsigned keep(std::unique_ptr<NotificationPort> port) {
    auto kept = std::make_shared<Port>();
    kept->port = std::move(port);
    const std::scoped_lock lock(mutex_);
    ports_.emplace(++last_, std::move(kept));
    return last_;
  }
  /// Shared with every call that is under way.
  std::shared_ptr<Port> port(unsigned handle) {
    const std::scoped_lock lock(mutex_);
    const auto found = ports_.find(handle);
    return found == ports_.end() ? nullptr : found->second;
  }
  std::shared_ptr<Port> forget_port(unsigned handle) {
    const std::scoped_lock lock(mutex_);
    const auto found = ports_.extract(handle);
    return found ? std::move(found.mapped()) : nullptr;
  }
  std::vector<std::shared_ptr<Port>> forget_object(unsigned handle) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<Port>> ports;
    if (opened_.erase(handle) == 0) return ports;
    ports.push_back(nullptr);  // it was there
    for (const auto& [number, port] : ports_) ports.push_back(port);
    return ports;
  }

 private:
  std::mutex mutex_;
  std::map<unsigned, Opened> opened_;
  std::map<unsigned, std::shared_ptr<Port>> ports_;
  unsigned last_ = 0;
};

Library& library() {
  static Library* const library = new Library;  // never destroyed: a thread may still wait when the program ends
  return *library;
}

unsigned fail(unsigned code) {
  last_error = code;
  return 0;
}

unsigned open(ObjectKind kind, const std::string& name) {
  auto client = Client::connect(client_sockets(""));
  if (!client) return fail(number_of(client.error()));
  const auto opened = client->call(ObjectOpen{std::string(alert::name(kind)), name});
  if (!opened) return fail(number_of(opened.error()));
  return library().keep({kind, opened->name});
}

unsigned open_in(HCLUSTER cluster, ObjectKind kind, const unsigned short* name) {
  const auto in = library().find(cluster);
  if (!in || in->kind != ObjectKind::cluster) return fail(ERROR_INVALID_HANDLE);
  return open(kind, narrow(name));
}

/// Whether the bits are of this kind of object.
bool fits(ObjectKind kind, std::uint32_t filter) {
  if (filter == CLUSTER_CHANGE_ALL) return true;
  const std::uint32_t own = filter & ~kLibraryChanges;
  if (filter == CLUSTER_CHANGE_HANDLE_CLOSE) return kind == ObjectKind::cluster;
  const std::uint32_t subtree = kind == ObjectKind::key ? std::uint32_t{kRegistrySubtree} : 0;
  return filter != 0 && (own & ~(facts(kind).filter | subtree)) == 0;
}

unsigned add(Port& port, unsigned handle, std::uint32_t filter, std::uint64_t key) {
  const std::scoped_lock lock(port.mutex);  // first: CloseClusterObject forgets the handle, then waits for this
  const auto on = library().find(handle);
  if (!on) return ERROR_INVALID_HANDLE;
  if (!fits(on->kind, filter)) return ERROR_INVALID_PARAMETER;
  auto known = port.objects.find(handle);
  if (known == port.objects.end()) {
    auto opened = port.port->open_object(on->kind, on->kind == ObjectKind::cluster ? "" : on->name);
    if (!opened) return number_of(opened.error());
    known = port.objects.emplace(handle, *opened).first;
  }
  auto scope = NotificationPort::Scope::one;
  if (on->kind == ObjectKind::key && (filter & kRegistrySubtree)) {
    scope = NotificationPort::Scope::subtree;
    if (filter != kAllChanges) filter &= ~std::uint32_t{kRegistrySubtree};
  }
  const auto added = port.port->add(known->second, filter, key, scope);
  return added ? ERROR_SUCCESS : number_of(added.error());
}

}  // namespace

unsigned ClusLastError(void) { return last_error; }

HCLUSTER OpenCluster(void) { return open(ObjectKind::cluster, ""); }
HNODE OpenClusterNode(HCLUSTER cluster, const unsigned short* name) {
  return open_in(cluster, ObjectKind::node, name);
}
HGROUP OpenClusterGroup(HCLUSTER cluster, const unsigned short* name) {
  return open_in(cluster, ObjectKind::group, name);
}
HRESOURCE OpenClusterResource(HCLUSTER cluster, const unsigned short* name) {
  return open_in(cluster, ObjectKind::resource, name);
}
HKEY_CLUSTER OpenClusterKey(HCLUSTER cluster, const unsigned short* path) {
  return open_in(cluster, ObjectKind::key, path);
}
HNETWORK OpenClusterNetwork(HCLUSTER cluster, const unsigned short* name) {
  return open_in(cluster, ObjectKind::network, name);
}
HNETINTERFACE OpenClusterNetInterface(HCLUSTER cluster, const unsigned short* name) {
  return open_in(cluster, ObjectKind::net_interface, name);
}

unsigned CloseClusterObject(unsigned handle) {
  const auto ports = library().forget_object(handle);
  if (ports.empty()) return ERROR_INVALID_HANDLE;
  for (const auto& port : ports) {
    if (!port) continue;
    const std::scoped_lock lock(port->mutex);
    if (const auto known = port->objects.extract(handle)) (void)port->port->close_object(known.mapped());
  }
  return ERROR_SUCCESS;
}

HCHANGE CreateClusterNotifyPort(HCHANGE number, HCLUSTER cluster, unsigned filter, unsigned long key) {
  const auto on = library().find(cluster);
  if (cluster != CLUSTER_NO_HANDLE && (!on || on->kind != ObjectKind::cluster)) return fail(ERROR_INVALID_HANDLE);
  if (number != CLUSTER_NO_HANDLE) {
    const auto port = library().port(number);
    if (!port || cluster == CLUSTER_NO_HANDLE) return fail(ERROR_INVALID_HANDLE);
    const unsigned added = add(*port, cluster, filter, key);
    return added == ERROR_SUCCESS ? number : fail(added);
  }
  auto made = NotificationPort::open(client_sockets(""));
  if (!made) return fail(number_of(made.error()));
  const unsigned kept = library().keep(std::move(*made));
  if (cluster == CLUSTER_NO_HANDLE) return kept;
  const unsigned added = add(*library().port(kept), cluster, filter, key);
  if (added == ERROR_SUCCESS) return kept;
  CloseClusterNotifyPort(kept);
  return fail(added);
}

unsigned RegisterClusterNotify(HCHANGE number, unsigned filter, unsigned object, unsigned long key) {
  const auto port = library().port(number);
  return port ? add(*port, object, filter, key) : ERROR_INVALID_HANDLE;
}

unsigned GetClusterNotify(HCHANGE number, unsigned long* key, unsigned* filter, unsigned short* name,
                          unsigned* name_length, unsigned timeout) {
  const auto port = library().port(number);
  if (!port) return ERROR_INVALID_HANDLE;
  if (name && !name_length) return ERROR_INVALID_PARAMETER;
  std::u16string wide;
  bool taken = false;
  const auto event = port->port->next_if(
      timeout == CLUSTER_INFINITE ? Deadline::kNever : std::chrono::milliseconds(timeout), [&](const auto& next) {
        wide = widen(next.name);
        taken = !name_length || (name && *name_length > wide.size());
        return taken;
      });
  if (!event) return number_of(event.error());
  if (name_length) *name_length = static_cast<unsigned>(wide.size());
  if (!taken) return ERROR_MORE_DATA;
  if (key) *key = static_cast<unsigned long>(event->key);
  if (filter) *filter = event->change;
  if (name) {
    std::memcpy(name, wide.data(), wide.size() * sizeof(unsigned short));
    name[wide.size()] = 0;
  }
  return ERROR_SUCCESS;
}

unsigned CloseClusterNotifyPort(HCHANGE number) {
  if (const auto port = library().forget_port(number)) port->port->close();
  return ERROR_SUCCESS;
}
