// The Api... functions: each one call to the broker, on connections that the whole process shares.

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "alert/control/client.hpp"
#include "alert/control/socket_path.hpp"
#include "alert/wire/cluster_change.hpp"
#include "clusnotify.h"
#include "wide_text.hpp"

using namespace alert;
using namespace clusnotify;

namespace {

/// A handle of the broker's, by the number that the program has; no kind: a port.
struct Held {
  std::optional<ObjectKind> kind;
  std::string handle;
};

/// One connection for every call, and one more for each ApiGetNotify that waits at the same time.
class Methods {
 public:
  template <class Call>
  CallResult<typename Call::Reply> call(const Call& parameters) {
    const std::scoped_lock lock(mutex_);
    if (control_ && !control_->is_connected()) control_.reset();
    if (!control_) {
      auto made = Client::connect(client_sockets(""));
      if (!made) return tl::unexpected<CallFailure>(made.error());
      control_ = std::move(*made);
    }
    return control_->call(parameters);
  }

  CallResult<GetNotify::Reply> wait(const GetNotify& call, std::chrono::milliseconds timeout) {
    auto client = take();
    if (!client) return tl::unexpected<CallFailure>(client.error());
    client->set_timeout(timeout);
    auto got = client->call(call);
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kIdle && client->is_connected()) idle_.push_back(std::move(*client));
    return got;
  }

  unsigned keep(Held held) {
    const std::scoped_lock lock(mutex_);
    held_.emplace(++last_, std::move(held));
    return last_;
  }
  /// Empty where there is none of this kind.
  std::string find(unsigned number, std::optional<ObjectKind> kind) {
    const std::scoped_lock lock(mutex_);
    const auto found = held_.find(number);
    return found == held_.end() || found->second.kind != kind ? std::string() : found->second.handle;
  }
  void forget(unsigned number) {
    const std::scoped_lock lock(mutex_);
    held_.erase(number);
  }

 private:
  static constexpr std::size_t kIdle = 4;

  CallResult<Client> take() {
    {
      const std::scoped_lock lock(mutex_);
      while (!idle_.empty()) {
        Client client = std::move(idle_.back());
        idle_.pop_back();
        if (client.is_connected()) return client;
      }
    }
    return Client::connect(client_sockets(""));
  }

  std::mutex mutex_;
  std::optional<Client> control_;
  std::vector<Client> idle_;
  std::map<unsigned, Held> held_;
  unsigned last_ = 0;
};

Methods& methods() {
  static Methods* const methods = new Methods;  // never destroyed: a thread may still wait when the program ends
  return *methods;
}

template <class Reply>
unsigned result(const CallResult<Reply>& done) {
  return done ? ERROR_SUCCESS : number_of(done.error());
}

unsigned open(ObjectKind kind, const unsigned short* name, unsigned* status) {
  const auto opened = methods().call(ObjectOpen{std::string(alert::name(kind)), narrow(name)});
  if (status) *status = result(opened);
  return opened ? methods().keep({kind, opened->handle}) : 0;
}

template <class Call>
unsigned close(std::optional<ObjectKind> kind, unsigned* number) {
  const std::string handle = number ? methods().find(*number, kind) : "";
  if (handle.empty()) return ERROR_INVALID_HANDLE;
  const unsigned done = result(methods().call(Call{handle}));
  methods().forget(*number);
  *number = 0;
  return done;
}

unsigned add(ObjectKind kind, unsigned port, unsigned object, unsigned filter, unsigned key, bool subtree,
             unsigned* state_sequence) {
  if (state_sequence) *state_sequence = 0;
  const std::string to = methods().find(port, {}), on = methods().find(object, kind);
  if (to.empty() || on.empty()) return ERROR_INVALID_HANDLE;
  AddNotify call{to, std::string(alert::name(kind)), on, filter, key};
  if (subtree) call.watch_subtree = true;
  const auto added = methods().call(call);
  if (added && state_sequence) *state_sequence = added->state_sequence.value_or(0);
  return result(added);
}

unsigned add_again(ObjectKind kind, unsigned port, unsigned object, unsigned filter, unsigned key,
                   unsigned state_sequence) {
  const std::string to = methods().find(port, {}), on = methods().find(object, kind);
  if (to.empty() || on.empty()) return ERROR_INVALID_HANDLE;
  return result(methods().call(ReAddNotify{to, std::string(alert::name(kind)), on, filter, key, state_sequence}));
}

}  // namespace

HCLUSTER_RPC ApiOpenCluster(unsigned* status) { return open(ObjectKind::cluster, nullptr, status); }
HNODE_RPC ApiOpenNode(const unsigned short* name, unsigned* status) { return open(ObjectKind::node, name, status); }
HGROUP_RPC ApiOpenGroup(const unsigned short* name, unsigned* status) {
  return open(ObjectKind::group, name, status);
}
HRES_RPC ApiOpenResource(const unsigned short* name, unsigned* status) {
  return open(ObjectKind::resource, name, status);
}
HKEY_RPC ApiOpenKey(const unsigned short* path, unsigned* status) { return open(ObjectKind::key, path, status); }
HNETWORK_RPC ApiOpenNetwork(const unsigned short* name, unsigned* status) {
  return open(ObjectKind::network, name, status);
}
HNETINTERFACE_RPC ApiOpenNetInterface(const unsigned short* name, unsigned* status) {
  return open(ObjectKind::net_interface, name, status);
}

unsigned ApiCloseCluster(HCLUSTER_RPC* handle) { return close<ObjectClose>(ObjectKind::cluster, handle); }
unsigned ApiCloseNode(HNODE_RPC* handle) { return close<ObjectClose>(ObjectKind::node, handle); }
unsigned ApiCloseGroup(HGROUP_RPC* handle) { return close<ObjectClose>(ObjectKind::group, handle); }
unsigned ApiCloseResource(HRES_RPC* handle) { return close<ObjectClose>(ObjectKind::resource, handle); }
unsigned ApiCloseKey(HKEY_RPC* handle) { return close<ObjectClose>(ObjectKind::key, handle); }
unsigned ApiCloseNetwork(HNETWORK_RPC* handle) { return close<ObjectClose>(ObjectKind::network, handle); }
unsigned ApiCloseNetInterface(HNETINTERFACE_RPC* handle) {
  return close<ObjectClose>(ObjectKind::net_interface, handle);
}

HNOTIFY_RPC ApiCreateNotify(unsigned* status) {
  const auto made = methods().call(CreateNotify{});
  if (status) *status = result(made);
  return made ? methods().keep({{}, made->port}) : 0;
}
unsigned ApiCloseNotify(HNOTIFY_RPC* port) { return close<CloseNotify>({}, port); }
unsigned ApiUnblockGetNotifyCall(HNOTIFY_RPC port) {
  const std::string handle = methods().find(port, {});
  return handle.empty() ? ERROR_INVALID_HANDLE : result(methods().call(UnblockGetNotify{handle}));
}

unsigned ApiAddNotifyCluster(HNOTIFY_RPC port, HCLUSTER_RPC cluster, unsigned filter, unsigned key) {
  return add(ObjectKind::cluster, port, cluster, filter, key, false, nullptr);
}
unsigned ApiAddNotifyNode(HNOTIFY_RPC port, HNODE_RPC node, unsigned filter, unsigned key,
                          unsigned* state_sequence) {
  return add(ObjectKind::node, port, node, filter, key, false, state_sequence);
}
unsigned ApiAddNotifyGroup(HNOTIFY_RPC port, HGROUP_RPC group, unsigned filter, unsigned key,
                           unsigned* state_sequence) {
  return add(ObjectKind::group, port, group, filter, key, false, state_sequence);
}
unsigned ApiAddNotifyResource(HNOTIFY_RPC port, HRES_RPC resource, unsigned filter, unsigned key,
                              unsigned* state_sequence) {
  return add(ObjectKind::resource, port, resource, filter, key, false, state_sequence);
}
unsigned ApiAddNotifyKey(HNOTIFY_RPC port, HKEY_RPC registry_key, unsigned key, unsigned filter,
                         unsigned watch_subtree) {
  return add(ObjectKind::key, port, registry_key, filter, key, watch_subtree != 0, nullptr);
}
unsigned ApiAddNotifyNetwork(HNOTIFY_RPC port, HNETWORK_RPC network, unsigned filter, unsigned key,
                             unsigned* state_sequence) {
  return add(ObjectKind::network, port, network, filter, key, false, state_sequence);
}
unsigned ApiAddNotifyNetInterface(HNOTIFY_RPC port, HNETINTERFACE_RPC interface_, unsigned filter, unsigned key,
                                  unsigned* state_sequence) {
  return add(ObjectKind::net_interface, port, interface_, filter, key, false, state_sequence);
}
unsigned ApiReAddNotifyNode(HNOTIFY_RPC port, HNODE_RPC node, unsigned filter, unsigned key,
                            unsigned state_sequence) {
  return add_again(ObjectKind::node, port, node, filter, key, state_sequence);
}
unsigned ApiReAddNotifyGroup(HNOTIFY_RPC port, HGROUP_RPC group, unsigned filter, unsigned key,
                             unsigned state_sequence) {
  return add_again(ObjectKind::group, port, group, filter, key, state_sequence);
}
unsigned ApiReAddNotifyResource(HNOTIFY_RPC port, HRES_RPC resource, unsigned filter, unsigned key,
                                unsigned state_sequence) {
  return add_again(ObjectKind::resource, port, resource, filter, key, state_sequence);
}
unsigned ApiReAddNotifyNetwork(HNOTIFY_RPC port, HNETWORK_RPC network, unsigned filter, unsigned key,
                               unsigned state_sequence) {
  return add_again(ObjectKind::network, port, network, filter, key, state_sequence);
}
unsigned ApiReAddNotifyNetInterface(HNOTIFY_RPC port, HNETINTERFACE_RPC interface_, unsigned filter, unsigned key,
                                    unsigned state_sequence) {
  return add_again(ObjectKind::net_interface, port, interface_, filter, key, state_sequence);
}

unsigned ApiGetNotify(HNOTIFY_RPC port, unsigned timeout, unsigned* key, unsigned* filter, unsigned* state_sequence,
                      unsigned short** name) {
  GetNotify::Reply reply;
  const std::string handle = methods().find(port, {});
  unsigned done = ERROR_INVALID_HANDLE;
  if (!handle.empty()) {
    auto patience =
        timeout == kInfinite ? Deadline::kNever : std::chrono::milliseconds(timeout) + Client::kDefaultTimeout;
    const auto got = methods().wait(GetNotify{handle, timeout}, patience);
    done = result(got);
    if (got) reply = *got;
  }
  if (key) *key = reply.key;
  if (filter) *filter = reply.filter;
  if (state_sequence) *state_sequence = reply.state_sequence;
  if (name) *name = nullptr;
  if (done != ERROR_SUCCESS || !name) return done;
  const std::u16string wide = widen(reply.name);
  auto* copy = static_cast<unsigned short*>(std::calloc(wide.size() + 1, sizeof(unsigned short)));
  if (!copy) return ERROR_NOT_ENOUGH_MEMORY;
  std::memcpy(copy, wide.data(), wide.size() * sizeof(unsigned short));
  *name = copy;
  return done;
}

void ClusFree(unsigned short* name) { std::free(name); }
