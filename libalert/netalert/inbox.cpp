#include "inbox.hpp"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/eventfd.h>

#include "alert/control/socket_path.hpp"
#include "process.hpp"

namespace netalert {

using alert::Code;
using std::chrono::milliseconds;

namespace {

/// Higher priorities are found among what is read ahead; the rest stays where the broker keeps it.
constexpr std::size_t kAhead = 1 << 20;

}  // namespace

alert::CallResult<std::unique_ptr<Inbox>> Inbox::make(const alert::MakeMailslot& call, Order order) {
  auto client = alert::Client::connect(alert::client_sockets(""));
  if (!client) return tl::unexpected<alert::CallFailure>(client.error());
  const auto made = client->call(call);
  if (!made) return tl::unexpected<alert::CallFailure>(made.error());
  auto mailslot = alert::Mailslot::open(std::move(*client), call.mailslot, alert::Mailslot::Mode::consume,
                                        alert::Mailslot::Wakeup::poll);
  if (!mailslot) return tl::unexpected<alert::CallFailure>(mailslot.error());
  alert::Descriptor news(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!news) return alert::call_failure(errno, call.mailslot);
  return std::unique_ptr<Inbox>(
      new Inbox(std::move(*mailslot), {call.mailslot, made->incarnation}, order, std::move(news)));
}

Inbox::Inbox(alert::Mailslot mailslot, alert::DeleteMailslot own, Order order, alert::Descriptor news)
    : mailslot_(std::move(mailslot)),
      own_(std::move(own)),
      order_(order),
      ahead_(order == Order::priority ? kAhead : 1),
      arrival_(mailslot_.poll_descriptor()),
      news_(std::move(news)),
      socket_(mailslot_.connection().socket()),
      levels_(order == Order::priority ? alert::kMaxPriority + 1 : 1) {
  keep_from_children(socket_);
}

Inbox::~Inbox() { release(socket_); }

void Inbox::pull() {
  while (held_ < ahead_ && !ended_) {
    const auto record = mailslot_.take(milliseconds{0});
    if (!record) {
      ended_ = record.error().code != Code::sem_timeout;
      break;
    }
    if (record->kind() == alert::RecordKind::gap) {
      lost_ = true;
      continue;
    }
    const std::uint32_t priority = alert::priority(record->header);
    Level& level = levels_[order_ == Order::priority ? priority : 0];
    level.push_back({record->header.ordinal, priority, {record->body.begin(), record->body.end()}});
    before_.emplace(record->header.ordinal, mailslot_.before_last());
    held_ += record->header.size;
  }
  announce();
}

Inbox::Level* Inbox::first() {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level)
    if (!level->empty()) return &*level;
  return nullptr;
}

Inbox::Head Inbox::head(std::size_t skip) const {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (skip < level->size()) return {true, (*level)[skip].bytes.size(), (*level)[skip].priority};
    skip -= level->size();
  }
  return {};
}

/// The first message of this level is done with.
void Inbox::drop(Level& level) {
  held_ -= sizeof(alert::RecordHeader) + level.front().bytes.size();
  before_.erase(level.front().ordinal);
  level.pop_front();
  mailslot_.acknowledge(before_.empty() ? mailslot_.last() : before_.begin()->second);
}

Code Inbox::take(Take how, alert::MutableBytes buffer, milliseconds timeout, Signals signals, Taken& taken) {
  const alert::Deadline deadline(timeout);
  std::unique_lock lock(mutex_);
  for (;;) {
    pull();
    if (closed_) return Code::broken_pipe;
    if (lost_) {
      lost_ = false;
      announce();
      return Code::read_fault;
    }
    if (Level* level = first()) {
      const std::vector<std::byte>& bytes = level->front().bytes;
      taken.size = bytes.size();
      if (bytes.size() > buffer.size()) return Code::insufficient_buffer;
      if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
      if (how == Take::read) {
        drop(*level);
        pull();
      }
      taken.next = head(how == Take::peek ? 1 : 0);
      return Code::success;
    }
    if (ended_) return Code::broken_pipe;
    const milliseconds left = deadline.left();
    if (left.count() == 0) return Code::sem_timeout;
    lock.unlock();
    if (!sleep(left) && signals == Signals::interrupt) return Code::interrupt;
    lock.lock();
  }
}

std::uint64_t Inbox::count(Head& head) {
  const std::lock_guard lock(mutex_);
  pull();
  head = this->head(0);
  return before_.size() + (ended_ ? 0 : mailslot_.count());
}

void Inbox::end() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  announce();
  (void)mailslot_.connection().call(own_);  // or it goes with this connection
}

/// Whoever waits has to look as long as there is something for one of them.
void Inbox::announce() {
  const bool is_news = closed_ || ended_ || lost_ || !before_.empty();
  if (is_news == announced_) return;
  announced_ = is_news;
  std::uint64_t count = 1;
  if (is_news)
    (void)!::write(news_.get(), &count, sizeof count);
  else
    (void)!::read(news_.get(), &count, sizeof count);
}

/// False when a signal came.
bool Inbox::sleep(milliseconds timeout) const {
  pollfd fds[2] = {{arrival_, POLLIN, 0}, {news_.get(), POLLIN, 0}};
  constexpr std::int64_t kDay = 24 * 60 * 60 * 1000;
  const int most = static_cast<int>(std::min<std::int64_t>(timeout.count(), kDay));
  return ::poll(fds, 2, most) >= 0 || errno != EINTR;
}

}  // namespace netalert
