#include "brokerd/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>

#include "alert/wire/alert.hpp"
#include "alert/wire/hex.hpp"
#include "brokerd/log.hpp"
#include "brokerd/recovery.hpp"

namespace brokerd {

namespace {

using alert::Code;

tl::unexpected<Refusal> refuse(Code code, std::string message) {
  return tl::unexpected<Refusal>(Refusal{code, std::move(message)});
}

tl::unexpected<Refusal> not_written(const std::error_code& error) {
  return refuse(Code::write_fault, "the journal cannot be written: " + error.message());
}

std::string_view reason(Code code) {
  switch (code) {
    case Code::path_not_found: return "no such recipient";
    case Code::buffer_overflow: return "larger than the mailslot's messages";
    default: return "refused";
  }
}

std::optional<alert::Profile> profile_named(std::string_view text) {
  if (text == name(alert::Profile::lm20)) return alert::Profile::lm20;
  if (text == name(alert::Profile::nt)) return alert::Profile::nt;
  return std::nullopt;
}

}  // namespace

Broker::Broker(Ledger ledger, JournalWriter journal, Policy policy)
    : ledger_(std::move(ledger)), journal_(std::move(journal)), policy_(policy) {
  if (const auto id = alert::from_hex(ledger_.totals().journal); id && id->size() == journal_id_.size())
    std::memcpy(journal_id_.data(), id->data(), id->size());
}

alert::RecordHeader Broker::stamp(const Caller& caller, std::uint64_t now_ns) const {
  alert::RecordHeader header;
  header.sequence = ledger_.totals().sequence;
  header.accepted_ns = now_ns;
  header.uid = caller.uid;
  header.pid = caller.pid;
  header.origin = journal_id_;
  return header;
}

Outcome<Broker::Ticket> Broker::raise(const Caller& caller, const alert::Raise& call, std::uint64_t now_ns) {
  const auto refused = [this](Code code, std::string message) {
    ++refused_raises_;
    return refuse(code, std::move(message));
  };
  if (call.event.empty()) return refused(Code::invalid_parameter, "the event has no name");
  if (!alert::is_event_name(call.event))
    return refused(Code::invalid_name, "the event name is longer than 16 characters or has a forbidden one");
  const auto profile = profile_named(call.profile);
  if (!profile) return refused(Code::invalid_parameter, "the profile is neither lm20 nor nt");
  if (call.wire.size() > 2 * alert::kLargestAlert)
    return refused(Code::invalid_parameter, std::string(alert::meaning(alert::Errc::too_large)));
  auto wire = alert::from_hex(call.wire);
  if (!wire)
    return refused(Code::invalid_parameter,
                   "wire: not hexadecimal at character " + std::to_string(wire.error().offset));
  const auto decoded = alert::decode(*profile, *wire);
  if (!decoded)
    return refused(Code::invalid_parameter, "not a well-formed " + call.profile +
                                                " alert: " + std::string(alert::meaning(decoded.error().code)) +
                                                " at offset " + std::to_string(decoded.error().offset));
  const std::string event = alert::canonical_event(call.event);
  if (call.dry_run.value_or(false)) {
    settle();
    const auto deliveries = ledger_.preview(event, wire->size());
    alert::Receipt preview = receipt(deliveries);
    auto& names = preview.recipients.emplace();
    for (const Delivery& delivery : deliveries)
      if (delivery.code == Code::success && names.size() < alert::kNamesInReceipt)
        names.emplace_back(delivery.recipient);
    receipts_.emplace_back(std::move(preview));
    return receipts_.size() - 1;
  }
  Staged staged;
  staged.header = stamp(caller, now_ns);
  staged.header.kind = static_cast<std::uint16_t>(alert::RecordKind::alert);
  staged.header.profile = static_cast<std::uint8_t>(*profile);
  staged.header.size = static_cast<std::uint32_t>(sizeof staged.header + wire->size());
  staged.header.sequence = ledger_.totals().sequence + staged_.size() + 1;
  staged.header.origin_sequence = staged.header.sequence;
  staged.annex = annex_for(*profile, decoded->alert.header.alrt_eventname, event);
  staged.wire = std::move(*wire);
  staged.event = event;
  staged_.push_back(std::move(staged));
  return receipts_.size() + staged_.size() - 1;
}

void Broker::settle() {
  if (staged_.empty()) return;
  std::error_code error = journal_.reserve(staged_.back().header.sequence);
  if (!error) {
    for (const Staged& staged : staged_) journal_.add(staged.header, staged.wire, staged.annex);
    error = journal_.commit();
  }
  for (const Staged& staged : staged_) {
    if (error) {
      ++refused_raises_;
      receipts_.emplace_back(not_written(error));
      continue;
    }
    const auto& deliveries = ledger_.deliver(staged.event, staged.header.sequence, staged.wire.size());
    for (const Delivery& delivery : deliveries) {
      if (delivery.code != Code::success) continue;
      alert::RecordHeader header = staged.header;
      header.size = static_cast<std::uint32_t>(sizeof header) + delivery.size;
      if (delivery.size < staged.wire.size()) header.flags |= alert::kCutAtMaxdata;
      mailboxes_.deliver(delivery.incarnation, header, alert::Bytes(staged.wire).first(delivery.size));
    }
    alert::Receipt done = receipt(deliveries);
    done.sequence = staged.header.sequence;
    receipts_.emplace_back(std::move(done));
  }
  mailboxes_.publish();
  if (error) log("the journal cannot be written: " + error.message());
  const std::uint64_t now_ns = staged_.back().header.accepted_ns;
  staged_.clear();
  rotate(now_ns);
}

void Broker::rotate(std::uint64_t now_ns) {
  const std::uint64_t first = ledger_.totals().sequence + 1;
  if (!journal_.wants_new_segment(first)) return;
  std::error_code error = journal_.reserve(first);
  if (!error) error = journal_.begin_segment(first, checkpoint_parts(ledger_), stamp({}, now_ns));
  if (error) log("no new journal segment: " + error.message());
}

alert::Receipt Broker::receipt(const std::vector<Delivery>& deliveries) const {
  alert::Receipt receipt;
  receipt.journal = ledger_.totals().journal;
  receipt.matched = deliveries.size();
  for (const Delivery& delivery : deliveries) {
    if (delivery.code == Code::success)
      ++receipt.written;
    else if (receipt.refused.size() < alert::kNamesInReceipt)
      receipt.refused.push_back({std::string(delivery.recipient), static_cast<std::uint32_t>(delivery.code),
                                 std::string(reason(delivery.code))});
  }
  return receipt;
}

Outcome<alert::Nothing> Broker::change(const Caller& caller, const std::vector<Change>& changes,
                                       std::uint64_t now_ns) {
  settle();
  for (const Change& change : changes) {
    const std::string body = to_json(change).dump();
    alert::RecordHeader header = stamp(caller, now_ns);
    header.kind = static_cast<std::uint16_t>(alert::RecordKind::table_change);
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    journal_.add(header, alert::as_bytes(body));
  }
  if (const auto error = journal_.commit()) return not_written(error);
  for (const Change& change : changes) ledger_.apply(change);
  rotate(now_ns);
  return alert::Nothing{};
}

Outcome<alert::Nothing> Broker::start(const Caller& caller, const alert::Start& call, std::uint64_t now_ns) {
  if (call.event.empty()) return refuse(Code::invalid_parameter, "the event has no name");
  if (!alert::is_event_name(call.event))
    return refuse(Code::bad_event_name, "the event name is longer than 16 characters or has a forbidden one");
  if (call.recipient.empty()) return refuse(Code::invalid_parameter, "the recipient has no name");
  if (call.recipient.front() != '\\')
    return refuse(Code::invalid_name, "the recipient is not a path with backslashes");
  const bool is_mailslot = alert::is_mailslot_name(call.recipient);
  if (!is_mailslot && !alert::is_semaphore_name(call.recipient))
    return refuse(Code::bad_recipient, "the recipient is neither \\mailslot\\NAME nor \\sem\\NAME");
  const auto maxdata = call.maxdata.value_or(alert::kLargestAlert);
  if (is_mailslot && maxdata == 0) return refuse(Code::invalid_parameter, "maxdata is 0");

  const Registration row{ledger_.totals().registrations + 1,
                         alert::canonical_event(call.event),
                         alert::canonical_recipient(call.recipient),
                         maxdata,
                         caller.uid,
                         call.session.value_or(false),
                         0};
  const Mailslot* slot = ledger_.mailslot(row.recipient);
  if (slot && !policy_.may_touch(caller.uid, slot->state.uid))
    return refuse(Code::access_denied, "the mailslot belongs to somebody else");
  if (ledger_.table().find(row.event, row.recipient))
    return refuse(Code::alert_exists, "the pair is registered already");
  if (ledger_.table().size() >= policy_.limits.numalerts)
    return refuse(Code::too_many_alerts, "the alert table is full");
  if (!policy_.may_register(caller.uid, ledger_.table().rows_of(caller.uid)))
    return refuse(Code::not_enough_quota, "too many registrations of this uid");
  if (slot && slot->past.size() >= kMaxPastRegistrations)
    return refuse(Code::not_enough_quota, "this mailslot was registered too often");
  settle();
  Registration now = row;
  now.from = ledger_.totals().sequence;
  auto done = change(caller, {now}, now_ns);
  if (done && row.session) sessions_[caller.session.id].registrations.push_back(row.id);
  return done;
}

Outcome<alert::Nothing> Broker::stop(const Caller& caller, const alert::Stop& call, std::uint64_t now_ns) {
  if (!alert::is_event_name(call.event) ||
      (!alert::is_mailslot_name(call.recipient) && !alert::is_semaphore_name(call.recipient)))
    return refuse(Code::invalid_parameter, "the event or the recipient has no acceptable name");
  const std::string event = alert::canonical_event(call.event);
  const std::string recipient = alert::canonical_recipient(call.recipient);
  const Registration* row = ledger_.table().find(event, recipient);
  if (!row) return refuse(Code::no_such_alert, "the pair is not registered");
  if (!policy_.may_touch(caller.uid, row->uid))
    return refuse(Code::access_denied, "the registration belongs to somebody else");
  settle();
  const std::uint64_t id = row->id;
  auto done = change(caller, {Unregistered{event, recipient, ledger_.totals().sequence}}, now_ns);
  if (const auto session = sessions_.find(caller.session.id); done && session != sessions_.end())
    std::erase(session->second.registrations, id);
  return done;
}

Outcome<alert::MakeMailslot::Reply> Broker::make(const Caller& caller, const alert::MakeMailslot& call,
                                                 std::uint64_t now_ns) {
  if (!alert::is_mailslot_name(call.mailslot)) return refuse(Code::invalid_name, "not a name below \\mailslot\\");
  const std::uint32_t max_message = call.max_message.value_or(alert::kLargestAlert);
  if (max_message == 0 || max_message > alert::kLargestAlert)
    return refuse(Code::invalid_parameter, "max_message is not between 1 and 65475");
  const std::uint64_t capacity = alert::mailbox_capacity(call.capacity.value_or(0), max_message);
  if (capacity == 0) return refuse(Code::invalid_parameter, "the capacity is above 64 MiB");
  const std::string name = alert::canonical_recipient(call.mailslot);
  if (ledger_.mailslot(name)) return refuse(Code::already_exists, "there is a mailslot of this name");
  const auto mine = std::count_if(ledger_.mailslots().begin(), ledger_.mailslots().end(),
                                  [&](const auto& slot) { return slot.second.state.uid == caller.uid; });
  if (static_cast<std::size_t>(mine) >= policy_.limits.mailslots_per_uid)
    return refuse(Code::not_enough_quota, "too many mailslots of this uid");
  settle();
  MailslotState slot;
  slot.name = name;
  slot.uid = caller.uid;
  slot.incarnation = ledger_.totals().incarnations + 1;
  slot.max_message = max_message;
  slot.capacity = capacity;
  slot.session = call.session.value_or(false);
  slot.created = slot.read_sequence = ledger_.totals().sequence;
  std::vector<Change> changes;  // the name is settled now: rows that others made for it end
  for (const Registration* row : ledger_.table().of_recipient(name))
    if (row->uid != caller.uid && row->uid != 0) changes.emplace_back(Unregistered{row->event, name, slot.created});
  changes.emplace_back(slot);
  if (auto done = change(caller, changes, now_ns); !done) return tl::unexpected<Refusal>(done.error());
  if (slot.session) sessions_[caller.session.id].mailslots.emplace_back(name, slot.incarnation);
  return alert::MakeMailslot::Reply{slot.incarnation, max_message, capacity};
}

Outcome<const Mailslot*> Broker::owned(const Caller& caller, const std::string& name) const {
  const Mailslot* slot = ledger_.mailslot(alert::canonical_recipient(name));
  if (!slot) return refuse(Code::path_not_found, "there is no such mailslot");
  if (!policy_.may_touch(caller.uid, slot->state.uid))
    return refuse(Code::access_denied, "the mailslot belongs to somebody else");
  return slot;
}

Outcome<alert::Nothing> Broker::remove(const Caller& caller, const alert::DeleteMailslot& call,
                                       std::uint64_t now_ns) {
  const auto slot = owned(caller, call.mailslot);
  if (!slot) return tl::unexpected<Refusal>(slot.error());
  settle();
  const std::uint64_t incarnation = (*slot)->state.incarnation;
  auto done = change(caller, {MailslotDeleted{(*slot)->state.name}}, now_ns);
  if (done) mailboxes_.mark_deleted(incarnation);
  return done;
}

Outcome<Opened> Broker::open(const Caller& caller, const alert::OpenMailslot& call, std::uint64_t now_ns) {
  settle();
  auto found = owned(caller, call.mailslot);
  if (!found) return tl::unexpected<Refusal>(found.error());
  if (sessions_[caller.session.id].opened.size() >= kMaxOpenPerSession)
    return refuse(Code::not_enough_quota, "too many mailslots are open on this connection");
  const std::string name = (*found)->state.name;
  const std::uint64_t incarnation = (*found)->state.incarnation;
  if (call.consume) {
    const Mailbox* mailbox = mailboxes_.find(incarnation);
    if (mailbox && mailbox->consumer) {
      Caller before;
      before.session = mailbox->consumer->session;
      if (!has_hung_up(before.session)) return refuse(Code::busy, "the mailslot has its consumer");
      detach(name, incarnation, before, now_ns);
    }
  }
  const MailslotState& state = (*found)->state;
  Mailbox* mailbox = mailboxes_.find(incarnation);
  if (!mailbox) {
    if (mailboxes_.ring_bytes(state.uid) + state.capacity > policy_.limits.ring_bytes_per_uid)
      return refuse(Code::not_enough_quota, "too many bytes in the open mailboxes of this uid");
    auto created = mailboxes_.create(incarnation, state.uid, state.capacity, state.max_message, state.written);
    if (!created) return refuse(Code::not_enough_memory, "no memory for the mailbox: " + created.error().message());
    mailbox = *created;
  }
  const auto give_up = [&](std::string message) {
    mailboxes_.leave(incarnation, 0);  // a ring that nobody has open goes
    return refuse(Code::not_enough_memory, std::move(message));
  };
  Opened opened;
  alert::Descriptor poll;
  if (int ends[2]; call.poll.value_or(false)) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      return give_up("no socket for the mailbox");
    poll = alert::Descriptor(ends[0]);
    opened.poll = alert::Descriptor(ends[1]);
  }
  opened.ring = alert::duplicate(mailbox->ring.descriptor());
  if (!opened.ring) return give_up("no descriptor for the mailbox");
  opened.reply.incarnation = incarnation;
  opened.reply.from = {0, state.created};
  opened.reply.after = {state.read, state.read_sequence};
  if (state.read == state.written) opened.reply.resume = alert::RingPlace{state.written, mailbox->ring.tail()};
  if (call.consume) {
    auto page = alert::ConsumerPage::create({0, state.read, state.read_sequence, state.read});
    if (page) opened.page = alert::duplicate(page->descriptor());
    if (!opened.page) return give_up("no memory for the consumer page");
    if (auto done =
            change(caller, {CursorMoved{name, state.read, state.read_sequence, state.handed, true}}, now_ns);
        !done) {
      mailboxes_.leave(incarnation, 0);
      return tl::unexpected<Refusal>(done.error());
    }
    mailbox->consumer = Mailbox::Consumer{caller.session, std::move(poll), std::move(*page)};
    ++consumers_;
  } else {
    mailbox->observers.push_back({caller.session, std::move(poll)});
  }
  sessions_[caller.session.id].opened.emplace_back(name, incarnation);
  return opened;
}

Outcome<alert::Replay::Reply> Broker::replay(const Caller& caller, const alert::Replay& call,
                                             alert::ReplayWindow& window) {
  settle();
  const auto session = sessions_.find(caller.session.id);
  const std::string name = alert::canonical_recipient(call.mailslot);
  if (const auto mine = owned(caller, name); !mine && mine.error().code == Code::access_denied)
    return tl::unexpected<Refusal>(mine.error());
  if (session == sessions_.end()) return refuse(Code::invalid_handle, "no mailslot is open on this connection");
  const auto& opened = session->second.opened;
  const auto one = std::find_if(opened.rbegin(), opened.rend(), [&](const auto& o) { return o.first == name; });
  if (one == opened.rend()) return refuse(Code::invalid_handle, "the mailslot is not open on this connection");
  const Mailslot* slot = ledger_.mailslot(name);
  if (!slot || slot->state.incarnation != one->second) return refuse(Code::broken_pipe, "the mailslot was deleted");
  const MailslotState& state = slot->state;
  const Mailbox* mailbox = mailboxes_.find(state.incarnation);
  if (call.after.ordinal > state.written || call.after.sequence > ledger_.totals().sequence)
    return refuse(Code::invalid_parameter, "nothing has been written behind that place");
  const bool consumes = mailbox->consumer && mailbox->consumer->session.id == caller.session.id;
  const ReplayStep step =
      brokerd::replay(journal_.folder().path(), ledger_, *slot, consumes ? Reader::consumer : Reader::observer,
                      session->second.replay, call.after, window);
  ++replays_;
  alert::Replay::Reply reply{window.used(), step.after, {}};
  if (step.at_end) reply.resume = alert::RingPlace{state.written, mailbox->ring.tail()};
  return reply;
}

std::optional<CursorMoved> Broker::cursor_of(const Mailslot& slot) {
  const MailslotState& state = slot.state;
  Mailbox* mailbox = mailboxes_.find(state.incarnation);
  if (!mailbox || !mailbox->consumer) return std::nullopt;
  const auto cursor = mailbox->consumer->page.cursor();
  if (!cursor) return std::nullopt;
  const bool sane = cursor->ordinal >= state.read && cursor->ordinal <= state.written &&
                    cursor->sequence >= state.read_sequence && cursor->sequence <= ledger_.totals().sequence;
  if (!sane) {
    ++nonsense_;
    return std::nullopt;
  }
  const std::uint64_t handed =
      std::clamp(cursor->handed, cursor->ordinal, std::min(cursor->ordinal + 1, state.written));
  return CursorMoved{state.name, cursor->ordinal, cursor->sequence, std::max(handed, state.handed), true};
}

void Broker::detach(const std::string& name, std::uint64_t incarnation, const Caller& caller,
                    std::uint64_t now_ns) {
  Mailbox* mailbox = mailboxes_.find(incarnation);
  if (!mailbox) return;
  if (mailbox->consumer && mailbox->consumer->session.id == caller.session.id) {
    --consumers_;
    const Mailslot* slot = ledger_.mailslot(name);
    if (slot && slot->state.incarnation == incarnation) {
      const MailslotState& s = slot->state;
      CursorMoved last = cursor_of(*slot).value_or(CursorMoved{name, s.read, s.read_sequence, s.written, true});
      last.attached = false;
      if (auto done = change(caller, {last}, now_ns); !done)
        log("a cursor is not journaled: " + done.error().message);
    }
  }
  mailboxes_.leave(incarnation, caller.session.id);
}

void Broker::record_cursors(std::uint64_t now_ns) {
  std::vector<Change> moved;
  for (const auto& [name, slot] : ledger_.mailslots()) {
    if (!slot.state.attached) continue;
    const auto cursor = cursor_of(slot);
    if (cursor && (cursor->read != slot.state.read || cursor->handed != slot.state.handed))
      moved.emplace_back(*cursor);
  }
  if (moved.empty()) return;
  if (auto done = change({}, moved, now_ns); !done) log("cursors are not journaled: " + done.error().message);
}

void Broker::end_session(const Caller& caller, std::uint64_t now_ns) {
  settle();
  const auto found = sessions_.find(caller.session.id);
  if (found == sessions_.end()) return;
  const SessionState state = std::move(found->second);
  sessions_.erase(found);
  for (const auto& [name, incarnation] : state.opened) detach(name, incarnation, caller, now_ns);
  std::vector<Change> ends;
  for (const std::uint64_t id : state.registrations)
    if (const auto row = ledger_.table().rows().find(id); row != ledger_.table().rows().end())
      ends.emplace_back(Unregistered{row->second.event, row->second.recipient, ledger_.totals().sequence});
  for (const auto& [name, incarnation] : state.mailslots)
    if (const Mailslot* slot = ledger_.mailslot(name); slot && slot->state.incarnation == incarnation) {
      ends.emplace_back(MailslotDeleted{name});
      mailboxes_.mark_deleted(incarnation);
    }
  if (ends.empty()) return;
  if (auto done = change(caller, ends, now_ns); !done)
    log("the end of a session is not journaled: " + done.error().message);
}

Outcome<alert::ListTable::Reply> Broker::list(const Caller& caller, const alert::ListTable& call) {
  alert::ListTable::Reply reply;
  const auto& rows = ledger_.table().rows();
  for (auto at = rows.upper_bound(call.after.value_or(0)); at != rows.end(); ++at) {
    const Registration& row = at->second;
    if (!policy_.may_touch(caller.uid, row.uid)) continue;
    if (reply.rows.size() == alert::kRowsPerPage) {
      reply.next = std::prev(at)->first;
      break;
    }
    reply.rows.push_back({row.event, row.recipient, row.maxdata, row.uid, row.session, row.from});
  }
  return reply;
}

Outcome<alert::ListMailslots::Reply> Broker::list(const Caller& caller, const alert::ListMailslots& call) {
  settle();
  alert::ListMailslots::Reply reply;
  const auto& slots = ledger_.mailslots();
  for (auto at = slots.upper_bound(call.after.value_or("")); at != slots.end(); ++at) {
    const MailslotState& s = at->second.state;
    if (!policy_.may_touch(caller.uid, s.uid)) continue;
    if (reply.rows.size() == alert::kRowsPerPage) {
      reply.next = std::prev(at)->first;
      break;
    }
    const auto cursor = cursor_of(at->second);
    const std::uint64_t read = cursor ? cursor->read : s.read;
    const Mailbox* mailbox = mailboxes_.find(s.incarnation);
    reply.rows.push_back({s.name, s.uid, s.session, s.incarnation, s.max_message, s.capacity, s.written, read,
                          s.written - read, s.refused, mailbox && mailbox->consumer,
                          mailbox ? mailbox->observers.size() : 0});
  }
  return reply;
}

alert::Stats::Reply Broker::stats(std::uint64_t turns, std::uint64_t connections) {
  settle();
  const Totals& t = ledger_.totals();
  return {t.journal,
          t.sequence,
          t.accepted,
          t.matched,
          t.written,
          t.refused,
          refused_raises_,
          ledger_.table().size(),
          policy_.limits.numalerts,
          ledger_.mailslots().size(),
          connections,
          turns,
          mailboxes_.wakes(),
          replays_,
          nonsense_};
}

std::error_code Broker::close(std::uint64_t now_ns) {
  settle();
  record_cursors(now_ns);
  return journal_.close(ledger_.totals().sequence);
}

}  // namespace brokerd
