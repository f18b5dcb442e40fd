#pragma once
// A notification port with its queue on this side: the client half of MS-CMRP's version 1 ports.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "alert/control/deadline.hpp"
#include "alert/control/port_link.hpp"

namespace alert {

/// A thread of its own asks the broker for indications and queues them here, with the events of the
/// library: CLUSTER_STATE (no broker answers), CLUSTER_RECONNECT (one does again), HANDLE_CLOSE. These
/// are told to whom they were asked for by some filter; only a CLUSTER_RECONNECT of the broker's, which
/// counts indications that did not fit, is always told.
///
/// When a broker is gone, each socket is tried, that of the lost one last, again and again until
/// close(); then everything is opened and registered as it was, and each state that changed meanwhile
/// is told by one STATE event. Thread-safe.
class NotificationPort {
 public:
  using Milliseconds = std::chrono::milliseconds;
  using Object = PortRegistrations::Object;           // an opened object of this port
  static constexpr std::size_t kMostQueued = 65'536;  // beyond, indications wait at the broker

  [[nodiscard]] static CallResult<std::unique_ptr<NotificationPort>> open(std::vector<std::string> sockets) {
    std::unique_ptr<NotificationPort> port(new NotificationPort(std::move(sockets)));
    CallFailure why;
    if (!port->connect(why)) return tl::unexpected<CallFailure>(std::move(why));
    try {
      port->reader_ = std::thread([raw = port.get()] { raw->read(); });
    } catch (const std::system_error&) {
      return tl::unexpected<CallFailure>(CallFailure{Code::not_enough_memory, {}, "no thread for the port"});
    }
    return port;
  }
  NotificationPort(const NotificationPort&) = delete;
  NotificationPort& operator=(const NotificationPort&) = delete;
  ~NotificationPort() { close(); }

  /// `name` may be empty for the cluster. Where there is no such object: its kind's number.
  [[nodiscard]] CallResult<Object> open_object(ObjectKind kind, const std::string& name) {
    return with_broker(0, [&](PortLink& link) -> CallResult<Object> {
      auto opened = link.control.call(ObjectOpen{std::string(alert::name(kind)), name});
      if (!opened) return tl::unexpected<CallFailure>(opened.error());
      const std::scoped_lock lock(mutex_);
      return registrations_.open({kind, opened->name, opened->handle});
    });
  }

  enum class Scope { one, subtree };
  /// Another filter on an object that this port has open. Bits of the library stay here; kAllChanges is
  /// every bit that fits the object.
  [[nodiscard]] CallResult<Nothing> add(Object object, std::uint32_t filter, std::uint64_t key,
                                        Scope scope = Scope::one) {
    return with_broker(object, [&](PortLink& link) -> CallResult<Nothing> {
      const auto& on = registrations_[object];
      if (facts(on.kind).filter == 0)
        return tl::unexpected<CallFailure>(
            CallFailure{Code::invalid_parameter, {}, "only a filter on the cluster tells of this kind of object"});
      const std::uint32_t own = filter & kLibraryChanges;
      std::uint32_t mask = filter & ~kLibraryChanges;
      if (filter == kAllChanges) mask &= facts(on.kind).filter;
      const bool subtree = scope == Scope::subtree;
      std::uint32_t id = 0;
      {
        const std::scoped_lock lock(mutex_);
        id = registrations_.add({object, mask, own, key, subtree});  // an indication may be faster than the reply
      }
      if (mask == 0 && own != 0) return Nothing{};
      auto done =
          link.control.call(AddNotify{link.port, std::string(alert::name(on.kind)), on.handle, mask, id, subtree});
      const std::scoped_lock lock(mutex_);
      if (!done) {
        registrations_.remove(id);
        return tl::unexpected<CallFailure>(done.error());
      }
      registrations_.set_sequence(id, done->state_sequence.value_or(0));
      return Nothing{};
    });
  }

  /// The filters on it go, and those that asked for it are told HANDLE_CLOSE.
  [[nodiscard]] CallResult<Nothing> close_object(Object object) {
    return with_broker(object, [&](PortLink& link) -> CallResult<Nothing> {
      if (auto done = link.control.call(ObjectClose{registrations_[object].handle}); !done) return done;
      const std::scoped_lock lock(mutex_);
      for (ClusterEvent& event : registrations_.close(object)) post(std::move(event));
      return Nothing{};
    });
  }

  /// The next event, or wait_timeout; invalid_handle once the port is closed; or why there will be no more.
  [[nodiscard]] CallResult<ClusterEvent> next(Milliseconds timeout) {
    return next_if(timeout, [](const ClusterEvent&) { return true; });
  }
  /// The same, but the event stays the next one where `takes` says no to it.
  template <class Takes>
  [[nodiscard]] CallResult<ClusterEvent> next_if(Milliseconds timeout, Takes&& takes) {
    const Deadline deadline(timeout);
    std::unique_lock lock(mutex_);
    const auto is_decided = [&] { return closing_ || !queue_.empty() || failure_; };
    while (!is_decided() && !deadline.has_passed())
      changed_.wait_for(lock, std::min(deadline.left(), Milliseconds{3'600'000}));
    if (closing_) return no_handle();
    if (!queue_.empty()) {
      ClusterEvent event = queue_.front();
      if (takes(std::as_const(event))) queue_.pop_front();
      changed_.notify_all();
      return event;
    }
    if (failure_) return tl::unexpected<CallFailure>(*failure_);
    return tl::unexpected<CallFailure>(CallFailure{Code::wait_timeout, {}, "no event in time"});
  }

  /// Unblocks the reader, waits for it, and closes the port. Always succeeds; what is queued goes.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(closing_, true)) return;
      changed_.notify_all();
    }
    {
      const std::scoped_lock calls(calls_);
      if (link_ && !link_->control.call(UnblockGetNotify{link_->port}))
        (void)link_->control.call(CloseNotify{link_->port});  // an old broker knows nothing else
    }
    if (reader_.joinable()) reader_.join();
    const std::scoped_lock calls(calls_);
    if (link_) (void)link_->control.call(CloseNotify{link_->port});
    link_.reset();
  }

  [[nodiscard]] std::string cluster_name() const {
    const std::scoped_lock lock(mutex_);
    return cluster_;
  }

 private:
  static constexpr Milliseconds kLongestPause{250};

  explicit NotificationPort(std::vector<std::string> sockets)
      : sockets_(std::move(sockets)), last_socket_(sockets_.empty() ? 0 : sockets_.size() - 1) {}

  static tl::unexpected<CallFailure> no_handle() {
    return tl::unexpected<CallFailure>(CallFailure{Code::invalid_handle, {}, "no such handle"});
  }

  /// `act`, which is about `object` (0: about none), once more where the connection had to be made anew for
  /// it; else its first failure.
  template <class Act>
  auto with_broker(Object object, Act&& act) -> decltype(act(std::declval<PortLink&>())) {
    decltype(act(std::declval<PortLink&>())) done = no_handle();
    for (int tries = 0; tries < 2; ++tries) {
      std::uint64_t attempt = 0;
      {
        const std::scoped_lock calls(calls_);
        {
          const std::scoped_lock lock(mutex_);
          if (closing_ || (object != 0 && !registrations_.has(object))) return no_handle();
          attempt = attempts_;
        }
        if (link_) {
          auto now = act(*link_);
          if (now) return now;
          if (tries > 0) return done;
          done = std::move(now);
          if (!calls_for_reconnect(done.error())) return done;
        } else {
          done = call_failure(ECONNRESET, "the broker is gone");
        }
        wanted_ = true;
      }
      std::unique_lock lock(mutex_);
      changed_.notify_all();
      changed_.wait(lock, [&] { return attempts_ != attempt || closing_ || failure_; });
      if (closing_ || failure_ || !connected_) return done;
    }
    return done;
  }

  // ---- the reader's thread

  void read() {
    Milliseconds pause{0};
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closing_ || wanted_ || queue_.size() < kMostQueued; });
        if (closing_) return;
      }
      if (auto got = link_ && !wanted_ ? get() : gone(); got) {
        pause = Milliseconds{0};
      } else if (!calls_for_reconnect(got.error())) {
        const std::scoped_lock lock(mutex_);
        failure_ = got.error();
        changed_.notify_all();
        return;
      } else if (!reconnect()) {
        pause = std::clamp(pause * 2, Milliseconds{10}, kLongestPause);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, pause, [&] { return closing_; });
      }
    }
  }
  static CallResult<Nothing> gone() { return call_failure(ECONNRESET, "the broker is gone"); }

  CallResult<Nothing> get() {
    std::uint64_t closings = 0;
    {
      const std::scoped_lock lock(mutex_);
      closings = registrations_.closings();
    }
    const auto got = link_->reader.call(GetNotify{link_->port, std::uint32_t{PortLink::kLookUp.count()}});
    const std::scoped_lock lock(mutex_);
    if (got)
      post(registrations_.take(*got));
    else if (got.error().code == Code::wait_timeout)
      registrations_.forget_closed(closings);
    else
      return tl::unexpected<CallFailure>(got.error());
    return Nothing{};
  }

  void post(ClusterEvent event) {
    queue_.push_back(std::move(event));
    changed_.notify_all();
  }

  bool reconnect() {
    const std::scoped_lock calls(calls_);
    CallFailure why;
    const bool done = connect(why);
    const std::scoped_lock lock(mutex_);
    wanted_ = false;
    const ClusterChange news = done ? kClusterReconnect : kClusterState;
    if (const auto key = registrations_.key_for(news); key && (done || connected_)) post({*key, news, cluster_});
    connected_ = done;
    ++attempts_;
    changed_.notify_all();
    return done;
  }

  /// The socket of the broker that was lost comes last.
  bool connect(CallFailure& why) {
    link_.reset();
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      {
        const std::scoped_lock lock(mutex_);
        if (closing_) return false;
      }
      const std::size_t at = (last_socket_ + 1 + i) % sockets_.size();
      auto link = connect_to(sockets_[at]);
      if (!link) {
        if (i == 0 || link.error().error != std::errc::no_such_file_or_directory) why = link.error();
        continue;
      }
      link_ = std::move(*link);
      last_socket_ = at;
      return true;
    }
    return false;
  }

  /// calls_ is held, so nobody else changes what is registered; next() goes on meanwhile.
  CallResult<PortLink> connect_to(const std::string& socket) {
    auto link = PortLink::open(socket);
    if (!link) return link;
    {
      const std::scoped_lock lock(mutex_);
      cluster_ = link->cluster;
      registrations_.forget_closed(registrations_.closings());  // what the old broker had for them is gone
    }
    if (auto done = link->restore(registrations_); !done) return tl::unexpected<CallFailure>(done.error());
    return link;
  }

  const std::vector<std::string> sockets_;

  std::mutex calls_;                  // before mutex_: held over a call to the broker, and while all is made anew
  std::optional<PortLink> link_;      // written by the reader under calls_; its `reader` is the reader's alone
  std::atomic<bool> wanted_ = false;  // a call needs the connection made anew
  std::size_t last_socket_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string cluster_;
  PortRegistrations registrations_;  // changed under both locks, or by the reader under this one
  std::deque<ClusterEvent> queue_;
  std::optional<CallFailure> failure_;
  std::uint64_t attempts_ = 0;  // to connect anew
  bool connected_ = true;
  bool closing_ = false;
  std::thread reader_;
};

}  // namespace alert
