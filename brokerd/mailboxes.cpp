#include "brokerd/mailboxes.hpp"

#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace brokerd {

Mailbox* Mailboxes::find(std::uint64_t incarnation) noexcept {
  const auto found = mailboxes_.find(incarnation);
  return found == mailboxes_.end() ? nullptr : &found->second;
}

alert::SystemResult<Mailbox*> Mailboxes::create(std::uint64_t incarnation, std::uint32_t uid,
                                                std::uint64_t capacity, std::uint32_t max_message,
                                                std::uint64_t base_ordinal) {
  auto ring = alert::MailboxWriter::create(capacity, max_message, incarnation, base_ordinal);
  if (!ring) return tl::unexpected<std::error_code>(ring.error());
  ring_bytes_[uid] += capacity;
  const auto [at, added] = mailboxes_.emplace(
      incarnation, Mailbox{std::move(*ring), incarnation, uid, &counts_[incarnation], {}, {}, {}});
  return &at->second;
}

void Mailboxes::deliver(std::uint64_t incarnation, const Mailbox::Run& records) {
  if (expected_ >= touched_.size()) expected_ = 0;
  if (expected_ >= touched_.size() || touched_[expected_].incarnation != incarnation) {
    Mailbox* const mailbox = find(incarnation);
    if (!mailbox) return;
    if (!mailbox->place) {
      mailbox->place = touched_.size();
      touched_.push_back({incarnation, mailbox, {records.first, 0, records.most}});
    }
    expected_ = *mailbox->place;
  }
  auto& [_, mailbox, run] = touched_[expected_++];
  if (run.first + run.count != records.first || run.most != records.most) {
    mailbox->waiting.push_back(run);
    run = {records.first, 0, records.most};
  }
  run.count += records.count;
}

void Mailboxes::publish(std::span<const alert::Bytes> records) {
  const bool is_large = records.size() >= kLargeTurn;
  for (const auto& [_, mailbox, last] : touched_) {
    start_over_where_read(*mailbox);
    for (const Mailbox::Run& run : mailbox->waiting) write(*mailbox, run, records);
    write(*mailbox, last, records);
    mailbox->waiting.clear();
    mailbox->place.reset();
    mailbox->ring.publish();
    if (is_large) wake(*mailbox);
  }
  if (!is_large)
    for (const Touched& touched : touched_) wake(*touched.mailbox);
  touched_.clear();
}

/// A consumer that sleeps has read everything, or says so at its own risk. Nobody knows of observers.
void Mailboxes::start_over_where_read(Mailbox& mailbox) noexcept {
  if (!mailbox.consumer || !mailbox.observers.empty()) return;
  mailbox.consumer->sleep = mailbox.consumer->page.take_sleep();
  if (mailbox.consumer->sleep != alert::Sleep::awake) mailbox.ring.start_over();
}

void Mailboxes::write(Mailbox& mailbox, const Mailbox::Run& run, std::span<const alert::Bytes> records) noexcept {
  for (const alert::Bytes record : records.subspan(run.first, run.count)) {
    const std::size_t body = record.size() - sizeof(alert::RecordHeader);
    if (body <= run.most) {
      mailbox.ring.write(record);
      continue;
    }
    auto cut = alert::load<alert::RecordHeader>(record.data());
    cut.size = static_cast<std::uint32_t>(sizeof cut) + run.most;
    cut.flags |= alert::kCutAtMaxdata;
    mailbox.ring.write(cut, record.subspan(sizeof cut, run.most));
  }
}

void Mailboxes::wake(Mailbox& mailbox) {
  if (mailbox.consumer) {
    const alert::Sleep before = std::exchange(mailbox.consumer->sleep, alert::Sleep::awake);
    const alert::Sleep since = mailbox.consumer->page.take_sleep();  // in the other way, it may be
    if (before == alert::Sleep::on_flag || since == alert::Sleep::on_flag) {
      mailbox.consumer->page.wake();
      count_wake(mailbox);
    }
    if (before == alert::Sleep::in_poll || since == alert::Sleep::in_poll) nudge(mailbox, mailbox.consumer->poll);
  }
  if (mailbox.observers.empty()) return;
  for (const Mailbox::Observer& observer : mailbox.observers) nudge(mailbox, observer.poll);
  mailbox.ring.ring_bell();  // they have no flag to say whether they sleep
  count_wake(mailbox);
}

void Mailboxes::count_wake(Mailbox& mailbox) noexcept {
  ++wakes_;
  ++mailbox.counts->wakes;
}

void Mailboxes::nudge(Mailbox& mailbox, const alert::Descriptor& poll) {
  if (!poll) return;
  const char byte = 1;  // a full socket is readable already
  if (::send(poll.get(), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) count_wake(mailbox);
}

void Mailboxes::mark_deleted(std::uint64_t incarnation) {
  Mailbox* mailbox = find(incarnation);
  if (!mailbox) counts_.erase(incarnation);
  if (!mailbox) return;
  mailbox->deleted = true;
  mailbox->ring.close();
  if (mailbox->consumer) {
    if (mailbox->consumer->page.take_sleep() == alert::Sleep::on_flag) mailbox->consumer->page.wake();
    nudge(*mailbox, mailbox->consumer->poll);
  }
  for (const Mailbox::Observer& observer : mailbox->observers) nudge(*mailbox, observer.poll);
}

void Mailboxes::leave(std::uint64_t incarnation, std::uint64_t session) {
  Mailbox* mailbox = find(incarnation);
  if (!mailbox) return;
  if (mailbox->consumer && mailbox->consumer->session.id == session) mailbox->consumer.reset();
  std::erase_if(mailbox->observers, [&](const Mailbox::Observer& o) { return o.session.id == session; });
  if (mailbox->consumer || !mailbox->observers.empty()) return;
  const auto bytes = ring_bytes_.find(mailbox->uid);
  bytes->second -= mailbox->ring.capacity();
  if (bytes->second == 0) ring_bytes_.erase(bytes);
  if (mailbox->deleted) counts_.erase(incarnation);
  mailboxes_.erase(incarnation);
}

std::uint64_t Mailboxes::ring_bytes(std::uint32_t uid) const noexcept {
  const auto found = ring_bytes_.find(uid);
  return found == ring_bytes_.end() ? 0 : found->second;
}

bool has_hung_up(const SessionRef& session) noexcept {
  pollfd poll{session.socket, POLLRDHUP, 0};
  return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace brokerd
