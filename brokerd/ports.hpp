#pragma once
// The version 1 notification ports: filters, queues of indications and those who wait for one. Pure:
// time and events come in, what is due to whom goes out. Volatile: nothing of it is journaled.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "brokerd/limits.hpp"
#include "brokerd/objects.hpp"

namespace brokerd {

/// What happened, shared by all that are told of it.
struct Happening {
  std::string name;
  std::uint64_t at_ns = 0;
  std::uint64_t sequence = 0;  // of the journal then
  std::uint32_t uid = 0;       // who did it
  std::uint32_t pid = 0;
};

/// One element of a port's queue.
struct Indication {
  std::uint32_t key = 0;
  std::uint32_t change = 0;  // one bit
  std::uint32_t state_sequence = 0;
  std::uint32_t name_at = 0;  // where in the happening's name this one starts
  std::uint32_t lost = 0;     // stands for so many that did not fit
  std::uint64_t ordinal = 0;  // in this port, from 1; of a loss, that of the last one
  std::shared_ptr<const Happening> of;

  [[nodiscard]] std::string_view name() const noexcept { return std::string_view(of->name).substr(name_at); }
};

struct Filter {
  std::uint32_t mask = 0;
  std::uint32_t key = 0;
  std::optional<Objects::Key> object;  // none: cluster-wide
  bool subtree = false;                // of a key: those below it, too
  std::uint64_t handle = 0;            // of the object
};

/// What a call of GetNotify comes to.
struct Got {
  alert::Code code = alert::Code::success;
  std::optional<Indication> indication;  // of a success
};

/// A call of GetNotify that has waited, and is to be answered now.
struct Waited {
  std::uint64_t session = 0;
  std::uint64_t wait = 0;
  Got got;
};

class Ports {
 public:
  static constexpr std::uint32_t kForEver = 0xFFFFFFFF;

  /// `session`: the connection that makes it.
  void open(std::uint64_t port, std::uint32_t uid, std::uint64_t session);
  /// Waiters are told, what is queued goes.
  void close(std::uint64_t port);
  void unblock(std::uint64_t port);

  void add(std::uint64_t port, Filter filter);
  /// The filters that were registered through this handle go; what they have queued stays.
  void forget_handle(std::uint64_t handle);
  [[nodiscard]] std::size_t filters_of(std::uint32_t uid) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return ports_.size(); }
  [[nodiscard]] std::size_t filters() const noexcept { return filters_.size(); }
  [[nodiscard]] std::size_t queued() const noexcept { return queued_; }
  /// How many filters the last event was compared with.
  [[nodiscard]] std::size_t compared() const noexcept { return compared_; }
  /// Bytes that the queues of this uid hold.
  [[nodiscard]] std::uint64_t bytes_of(std::uint32_t uid) const noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

  /// One indication for each matching filter of each port, in the order of registration. Where one
  /// does not fit, the port's queue ends in a mark that counts it; `cluster` is the mark's name.
  /// Returns who lost one, and by which bound.
  std::vector<std::pair<Quota, std::uint32_t>> queue(const ObjectEvent& event, const Happening& happening,
                                                     const Limits& limits, std::string_view cluster);
  /// To one port alone: what ReAdd catches up with.
  void queue_for(std::uint64_t port, const ObjectEvent& event, std::uint32_t key, const Happening& happening,
                 const Limits& limits, std::string_view cluster);

  /// The head of the queue, or why there is none; nothing: it waits, and take_waited() will tell. `wait` is
  /// larger each time.
  std::optional<Got> get(std::uint64_t port, std::uint64_t session, std::uint64_t wait, std::uint32_t timeout_ms,
                         std::uint64_t monotonic_ns);
  /// Those whose time has come are told so.
  void expire(std::uint64_t monotonic_ns);
  /// When the first one's time will have come.
  [[nodiscard]] std::optional<std::uint64_t> next_deadline() const noexcept;
  /// Every waiter is told this.
  void end_waits(alert::Code code);
  /// A connection is gone: its waits end without taking anything.
  void leave(std::uint64_t session);
  /// The ports of those a connection made that have something queued. `serial` is another one each time that
  /// there come to be some.
  struct Filled {
    std::uint64_t serial = 0;
    std::set<std::uint64_t> ports;
  };
  [[nodiscard]] Filled filled(std::uint64_t session) const;
  /// The connections that have had none, and now have some, since the last call.
  [[nodiscard]] std::set<std::uint64_t> take_newly_filled() noexcept { return std::exchange(newly_filled_, {}); }

  /// What waits have come to since the last call.
  [[nodiscard]] std::vector<Waited> take_waited() noexcept { return std::exchange(waited_, {}); }

 private:
  using FilterIds = std::set<std::uint64_t>;  // in the order of registration
  struct Waiter {
    std::uint64_t session;
    std::uint64_t deadline_ns;  // 0: none
  };
  struct Port {
    std::uint64_t number = 0;
    std::uint32_t uid = 0;
    std::uint64_t session = 0;
    bool unblocked = false;
    std::uint64_t ordinal = 0;
    std::uint64_t bytes = 0;
    std::deque<Indication> queue;
    std::map<std::uint64_t, Waiter> waiters;  // by their wait, which grows: first come, first served
    FilterIds filters;
  };
  struct Registered {
    std::uint64_t port;
    Filter filter;
  };
  struct PerUid {
    std::size_t ports = 0;
    std::size_t filters = 0;
    std::uint64_t bytes = 0;
  };
  /// Calls `f` with every list that the filter stands in.
  template <class F>
  void for_each_list(const Filter& filter, F&& f);
  void remove_filter(std::uint64_t id);
  [[nodiscard]] std::vector<std::uint64_t> matching(const ObjectEvent& event);
  /// The bound by which it did not fit and only counts as lost.
  std::optional<Quota> append(Port& port, Indication indication, const Limits& limits, std::string_view cluster);
  void end_wait(std::uint64_t wait, Got got);
  Indication take_head(Port& port);
  void has_filled(const Port& port);
  void has_drained(const Port& port);
  PerUid& of(std::uint32_t uid) { return by_uid_[uid]; }

  std::unordered_map<std::uint64_t, Port> ports_;
  std::unordered_map<std::uint64_t, Registered> filters_;
  std::uint64_t next_filter_ = 1;
  std::map<std::size_t, FilterIds> cluster_wide_;  // by the bit's number; registry bits stand with the root key
  std::map<Objects::Key, FilterIds> by_object_;    // keys: of themselves
  std::map<std::string, FilterIds> by_subtree_;    // keys: of all below, too
  std::unordered_map<std::uint64_t, FilterIds> by_handle_;
  std::unordered_map<std::uint32_t, PerUid> by_uid_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> deadlines_;  // (time, wait)
  std::unordered_map<std::uint64_t, std::uint64_t> port_of_wait_;
  std::unordered_map<std::uint64_t, std::set<std::uint64_t>> by_session_;  // waits
  std::vector<Waited> waited_;
  std::unordered_map<std::uint64_t, Filled> filled_;  // by session
  std::set<std::uint64_t> newly_filled_;
  std::uint64_t serial_ = 0;
  std::size_t queued_ = 0;
  std::size_t compared_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace brokerd
