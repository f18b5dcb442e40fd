#include "brokerd/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "brokerd/log.hpp"

namespace brokerd {

namespace {

constexpr std::uint64_t kListener = 0;
constexpr std::uint64_t kSignals = 1;
constexpr std::uint64_t kSpool = 2;  // drained in every turn
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr int kEventsPerTurn = 128;

std::uint64_t clock_ns(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

alert::Descriptor checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return alert::Descriptor(fd);
}

bool add(const alert::Descriptor& epoll, int fd, std::uint64_t id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

/// One refusal, and the connection closes.
void turn_away(const alert::Descriptor& socket, const Refusal& refusal) {
  const std::string text = refusal_text(refusal);
  ::send(socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

alert::Descriptor block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return checked(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

/// What rules about groups are judged by: the groups of the process that connected, not /etc/group.
std::optional<std::vector<std::uint32_t>> groups_of(const alert::Descriptor& socket, gid_t primary) {
  std::vector<gid_t> groups(32);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int done = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  if (done != 0 && errno == ERANGE) {
    groups.resize(size / sizeof(gid_t));
    done = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  }
  if (done != 0) return std::nullopt;
  groups.resize(size / sizeof(gid_t));
  groups.push_back(primary);
  return std::vector<std::uint32_t>(groups.begin(), groups.end());
}

}  // namespace

Loop::Loop(Broker& broker, Listener& listener, std::function<void()> reload, std::optional<Spool> spool)
    : broker_(broker),
      listener_(listener),
      reload_(std::move(reload)),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")),
      signals_(block_signals()),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      poll_ns_(std::thread::hardware_concurrency() > 1 ? kPollNs : 0) {
  if (!add(epoll_, listener_.get(), kListener) || !add(epoll_, signals_.get(), kSignals))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  if (!spool) return;
  drain_.emplace(std::move(*spool));
  if (const int fd = drain_->spool().descriptor(); fd >= 0 && !add(epoll_, fd, kSpool))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::run() {
  constexpr int kMinute = 60'000;
  while (!stopping_) {
    const int spool = drain_ ? drain_->spool().timeout_ms() : -1;
    const int rest = broker_.has_consumers() || spool > 0 ? 1000 : broker_.ages() ? kMinute : -1;
    turn(!ready_.empty() || spool == 0 ? 0 : rest);
  }
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  while (!sessions_.empty()) end(sessions_.begin()->first, now);
}

void Loop::turn(int timeout_ms) {
  if (timeout_ms != 0 && poll_lanes()) timeout_ms = 0;
  epoll_event events[kEventsPerTurn];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, timeout_ms);
  ++turns_;
  const Turn turn{clock_ns(CLOCK_REALTIME),           turns_,  sessions_.size(), drain_ ? drain_->raised() : 0,
                  drain_ ? drain_->spool().bad() : 0, traffic_};

  std::vector<std::uint64_t> touched;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t id = events[i].data.u64;
    if (id == kListener) {
      accept();
    } else if (id == kSignals) {
      take_signals();
    } else if (const auto found = sessions_.find(id); found != sessions_.end()) {
      found->second->receive();
      touched.push_back(id);
      line_up(id, *found->second);
    }
  }

  for (const std::uint64_t id : raising_) line_up(id, *sessions_.at(id));
  handle(turn, touched);
  if (drain_) drain_->raise(broker_, turn.now_ns, clock_ns(CLOCK_MONOTONIC));
  broker_.settle();
  const auto settled = broker_.take_settled();
  if (drain_) drain_->settle(settled, clock_ns(CLOCK_MONOTONIC));

  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const std::uint64_t id : touched) {
    Session& session = *sessions_.at(id);
    session.settle(broker_, settled);
    session.flush();
    if (session.is_over()) {
      end(id, turn.now_ns);
      continue;
    }
    watch(id, session);
    line_up(id, session);
    if (session.is_raising()) raising_.insert(id);
  }

  broker_.rotate(turn.now_ns);
  if (const std::uint64_t now = clock_ns(CLOCK_MONOTONIC); now - cursors_ns_ >= kSecond) {
    broker_.record_cursors(turn.now_ns);
    cursors_ns_ = now;
    if (now - retained_ns_ >= 60 * kSecond) {
      broker_.retain(turn.now_ns);
      retained_ns_ = now;
    }
  }
}

void Loop::take_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo == SIGHUP)
      reload_();
    else
      stopping_ = true;
  }
}

/// One session of each uid in turn: whoever has many connections waits for itself.
void Loop::handle(const Turn& turn, std::vector<std::uint64_t>& touched) {
  const std::uint64_t end = clock_ns(CLOCK_MONOTONIC) + kTurnNs;
  std::size_t left = kRequestsPerTurn;
  while (!ready_.empty() && left > 0 && clock_ns(CLOCK_MONOTONIC) < end) {
    auto next = ready_.upper_bound(served_uid_);
    if (next == ready_.end()) next = ready_.begin();
    served_uid_ = next->first;
    const std::uint64_t id = next->second.front();
    next->second.pop_front();
    if (next->second.empty()) ready_.erase(next);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) continue;
    Session& session = *found->second;
    left -= session.handle(broker_, turn, std::min(left, kRequestsPerSession));
    if (touched.empty() || touched.back() != id) touched.push_back(id);
    if (session.has_raise()) line_up(id, session);
  }
}

bool Loop::poll_lanes() {
  if (raising_.empty()) return false;
  const auto has_raise = [this](std::uint64_t id) { return sessions_.at(id)->has_raise(); };
  const std::uint64_t end = clock_ns(CLOCK_MONOTONIC) + poll_ns_;
  do {
    if (std::any_of(raising_.begin(), raising_.end(), has_raise)) return true;
  } while (clock_ns(CLOCK_MONOTONIC) < end);
  std::erase_if(raising_, [this](std::uint64_t id) { return sessions_.at(id)->listen(); });
  return !raising_.empty();
}

void Loop::line_up(std::uint64_t id, const Session& session) {
  if (!session.has_request() && !session.has_raise()) return;
  auto& queue = ready_[session.caller().uid];
  if (std::find(queue.begin(), queue.end(), id) == queue.end()) queue.push_back(id);
}

void Loop::watch(std::uint64_t id, const Session& session) {
  const bool was_waiting = unsent_.contains(id);
  if (was_waiting == session.has_reply()) return;
  epoll_event event{};
  event.events = session.has_reply() ? EPOLLOUT : EPOLLIN;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, session.socket(), &event);
  if (session.has_reply())
    unsent_.insert(id);
  else
    unsent_.erase(id);
}

void Loop::accept() {
  constexpr int kPerTurn = 64;
  for (int i = 0; i < kPerTurn; ++i) {
    alert::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      admit(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE) {
      log("no descriptor left for another connection");
      spare_ = alert::Descriptor();
      alert::Descriptor turned_away(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      turned_away = alert::Descriptor();
      spare_ = alert::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void Loop::admit(alert::Descriptor socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  auto groups = groups_of(socket, peer.gid);
  if (!groups) return;
  std::size_t& mine = connections_[peer.uid];
  if (!broker_.policy().may_connect(peer.uid))
    return turn_away(socket, {alert::Code::access_denied, "this broker does not serve this uid"});
  if (mine >= broker_.policy().limits[Quota::connections])
    return turn_away(socket, broker_.over(Quota::connections, peer.uid, clock_ns(CLOCK_REALTIME)));
  const std::uint64_t id = next_id_++;
  if (!add(epoll_, socket.get(), id)) return turn_away(socket, {alert::Code::not_enough_memory, "no memory"});
  ++mine;
  const Caller caller{peer.uid, static_cast<std::uint32_t>(peer.pid), {id, socket.get()}, std::move(*groups)};
  sessions_.emplace(id, std::make_unique<Session>(std::move(socket), caller, traffic_));
}

void Loop::end(std::uint64_t id, std::uint64_t now_ns) {
  const auto found = sessions_.find(id);
  const Caller caller = found->second->caller();
  broker_.end_session(caller, now_ns);
  unsent_.erase(id);
  raising_.erase(id);
  sessions_.erase(found);  // closes the socket, which also takes it out of the epoll set
  if (const auto mine = connections_.find(caller.uid); --mine->second == 0) connections_.erase(mine);
}

}  // namespace brokerd
