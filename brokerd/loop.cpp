#include "brokerd/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "brokerd/log.hpp"

namespace brokerd {

namespace {

constexpr std::uint64_t kListener = 0;
constexpr std::uint64_t kSignals = 1;
constexpr std::uint64_t kSpool = 2;  // drained in every turn
constexpr std::uint64_t kLinks = 3;
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

/// That this process may run on, whoever else there are.
bool has_one_processor() {
  cpu_set_t processors;
  return ::sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) == 1;
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

Loop::Loop(Broker& broker, Listener& listener, std::function<void()> reload, std::optional<Spool> spool,
           std::optional<Links> links)
    : broker_(broker),
      listener_(listener),
      reload_(std::move(reload)),
      links_(std::move(links)),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")),
      signals_(block_signals()),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      has_one_processor_(has_one_processor()) {
  if (!add(epoll_, listener_.get(), kListener) || !add(epoll_, signals_.get(), kSignals))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  if (links_ && !add(epoll_, links_->get(), kLinks))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  if (links_)  // the first ones: whoever connects finds them
    links_are_stale_ = !broker_.take_links(links_->receive(), clock_ns(CLOCK_REALTIME));
  if (!spool) return;
  drain_.emplace(std::move(*spool));
  if (const int fd = drain_->spool().descriptor(); fd >= 0 && !add(epoll_, fd, kSpool))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::run() {
  while (!stopping_) turn(timeout_ms());
  broker_.leave_service();
  touched_.clear();
  answer(clock_ns(CLOCK_MONOTONIC));
  for (const std::uint64_t id : touched_) sessions_.at(id)->flush();
  const std::uint64_t now = clock_ns(CLOCK_REALTIME);
  while (!sessions_.empty()) end(sessions_.begin()->first, now);
}

int Loop::timeout_ms() const {
  constexpr int kMinute = 60'000;
  const int spool = drain_ ? drain_->spool().timeout_ms() : -1;
  if (!ready_.empty() || spool == 0) return 0;
  int rest = broker_.has_consumers() || links_are_stale_ || spool > 0 ? 1000 : broker_.ages() ? kMinute : -1;
  if (const auto deadline = broker_.next_deadline()) {
    const std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
    const auto left =
        *deadline > now ? std::min<std::uint64_t>((*deadline - now + 999'999) / 1'000'000, kMinute) : 0;
    rest = rest < 0 ? static_cast<int>(left) : std::min(rest, static_cast<int>(left));
  }
  return rest;
}

void Loop::answer(std::uint64_t monotonic_ns) {
  for (const Broker::Answer& answer : broker_.take_answers(monotonic_ns))
    if (const auto found = sessions_.find(answer.session); found != sessions_.end()) {
      found->second->answer(answer.wait, answer.reply);
      touched_.push_back(answer.session);
    }
}

void Loop::turn(int timeout_ms) {
  const bool has_raises = timeout_ms != 0 && poll_lanes();
  epoll_event events[kEventsPerTurn];
  int count = 0;
  if (!has_raises || clock_ns(CLOCK_MONOTONIC) - waited_ns_ >= kLaneTurnsNs) {
    count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, has_raises ? 0 : timeout_ms);
    waited_ns_ = clock_ns(CLOCK_MONOTONIC);
  }
  ++turns_;
  const Turn turn{clock_ns(CLOCK_REALTIME),
                  clock_ns(CLOCK_MONOTONIC),
                  turns_,
                  sessions_.size(),
                  drain_ ? drain_->raised() : 0,
                  drain_ ? drain_->spool().bad() : 0,
                  traffic_,
                  datagrams_,
                  lost_datagrams_,
                  polled_ns_};

  touched_.clear();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t id = events[i].data.u64;
    if (id == kListener) {
      accept();
    } else if (id == kSignals) {
      take_signals();
    } else if (id == kLinks) {
      links_are_stale_ |= !broker_.take_links(links_->receive(), turn.now_ns);
    } else if (const auto found = sessions_.find(id); found != sessions_.end()) {
      if (events[i].events & (EPOLLHUP | EPOLLERR)) {
        found->second->hang_up();
        broker_.forget_waits(found->second->caller());
      }
      found->second->receive();
      touched_.push_back(id);
      line_up(id, *found->second);
    }
  }

  for (const std::uint64_t id : raising_) line_up(id, *sessions_.at(id));
  handle(turn);
  if (drain_) drain_->raise(broker_, turn.now_ns, turn.monotonic_ns);
  const std::uint64_t gathered = broker_.waits_for_disk() ? gather(turn) : 0;
  const std::size_t raises = broker_.raises_in_turn();
  broker_.settle();
  broker_.take_settled(settled_);
  if (!settled_.empty()) was_large_ = settled_.size() >= Mailboxes::kLargeTurn;
  const std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
  if (broker_.waits_for_disk()) group_commit_.synced(raises, now - gathered);
  if (drain_) drain_->settle(settled_, now);

  answer(now);
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const std::uint64_t id : touched_) sessions_.at(id)->settle(broker_, settled_);
  for (const std::uint64_t id : touched_) {
    Session& session = *sessions_.at(id);
    session.flush();
    if (session.is_over()) {
      end(id, turn.now_ns);
      continue;
    }
    watch(id, session);
    line_up(id, session);
    if (session.is_raising()) raising_.insert(id);
  }

  for (const Callback& datagram : broker_.take_datagrams(now)) {
    const bool may = broker_.judge_callback(datagram.address.ip, reach_of) == alert::PushResult::success;
    ++(may && push_.send(datagram) ? datagrams_ : lost_datagrams_);
  }

  broker_.rotate(turn.now_ns);
  if (now - cursors_ns_ >= kSecond) {
    broker_.record_cursors(turn.now_ns);
    cursors_ns_ = now;
    if (std::exchange(links_are_stale_, false)) links_->ask();
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

void Loop::handle(const Turn& turn) {
  const std::uint64_t end = turn.monotonic_ns + kTurnNs;
  std::size_t left = kRequestsPerTurn;
  while (!ready_.empty() && left > 0 && (left == kRequestsPerTurn || clock_ns(CLOCK_MONOTONIC) < end)) {
    const std::uint64_t id = ready_.take();
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) continue;
    Session& session = *found->second;
    left -= session.handle(broker_, turn, std::min(left, kRequestsPerSession));
    if (touched_.empty() || touched_.back() != id) touched_.push_back(id);
    if (session.has_raise()) line_up(id, session);
  }
}

std::uint64_t Loop::gather(const Turn& turn) {
  const std::uint64_t begin = clock_ns(CLOCK_MONOTONIC);
  std::uint64_t now = begin;
  while (!raising_.empty() && broker_.raises_in_turn() < kRequestsPerTurn &&
         group_commit_.waits(broker_.raises_in_turn(), now - begin)) {
    std::this_thread::yield();
    for (const std::uint64_t id : raising_) line_up(id, *sessions_.at(id));
    handle(turn);
    now = clock_ns(CLOCK_MONOTONIC);
  }
  polled_ns_ += now - begin;
  return now;
}

bool Loop::poll_lanes() {
  if (raising_.empty()) return false;
  const auto has_raise = [this](std::uint64_t id) { return sessions_.at(id)->has_raise(); };
  if (std::any_of(raising_.begin(), raising_.end(), has_raise)) return true;
  // To a reader that was woken on this processor, and to raisers whose raises are to share a wait for the disk. In
  // a flood everybody has work, and yielding costs a third of it.
  const bool yields = has_one_processor_ || !was_large_ || broker_.waits_for_disk();
  const std::uint64_t most_ns = broker_.waits_for_disk() ? std::max(kPollNs, group_commit_.patience_ns()) : kPollNs;
  const std::uint64_t begin = clock_ns(CLOCK_MONOTONIC);
  std::uint64_t now = begin;
  bool has_more = false;
  while (!has_more && now - begin < most_ns) {
    if (yields) std::this_thread::yield();
    for (int looks = 0; looks < kLooksPerClock && !has_more; ++looks)
      has_more = std::any_of(raising_.begin(), raising_.end(), has_raise);
    now = clock_ns(CLOCK_MONOTONIC);
  }
  polled_ns_ += now - begin;
  if (has_more) return true;
  std::erase_if(raising_, [this](std::uint64_t id) { return sessions_.at(id)->listen(); });
  return !raising_.empty();
}

void Loop::line_up(std::uint64_t id, const Session& session) {
  if (!session.has_request() && !session.has_raise()) return;
  ready_.add(session.caller().uid, id);
}

void Loop::watch(std::uint64_t id, const Session& session) {
  std::uint32_t wanted = 0;
  if (session.is_read()) wanted = EPOLLIN;
  if (session.has_reply()) wanted = EPOLLOUT;
  const auto watched = watched_.find(id);
  if (wanted == (watched == watched_.end() ? EPOLLIN : watched->second)) return;
  epoll_event event{};
  event.events = wanted;  // a hang-up is always told
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, session.socket(), &event);
  if (wanted == EPOLLIN)
    watched_.erase(id);
  else
    watched_[id] = wanted;
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
  watched_.erase(id);
  raising_.erase(id);
  sessions_.erase(found);  // closes the socket, which also takes it out of the epoll set
  if (const auto mine = connections_.find(caller.uid); --mine->second == 0) {
    connections_.erase(mine);
    ready_.forget(caller.uid);
  }
}

}  // namespace brokerd
