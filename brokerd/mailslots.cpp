// The broker's mailslots: made, opened, read, left and deleted.

#include <fcntl.h>
#include <sys/socket.h>
#include <algorithm>

#include "brokerd/broker.hpp"
#include "brokerd/log.hpp"

namespace brokerd {

using alert::Code;

namespace {

/// Whether a reader that brings its own place can go on from there (OpenMailslot says when).
bool continues(const alert::OpenMailslot& call, const MailslotState& state, const Totals& totals) {
  if (!call.after || call.journal != totals.journal || call.incarnation != state.incarnation) return false;
  const std::uint64_t first = call.consume ? state.read : 0;
  const std::uint64_t first_sequence = call.consume ? state.read_sequence : state.created;
  return call.after->ordinal >= first && call.after->ordinal <= state.written &&
         call.after->sequence >= first_sequence && call.after->sequence <= totals.sequence;
}

}  // namespace

Outcome<alert::MakeMailslot::Reply> Broker::make(const Caller& caller, const alert::MakeMailslot& call,
                                                 std::uint64_t now_ns) {
  if (!alert::is_mailslot_name(call.mailslot)) return refuse(Code::invalid_name, "not a name below \\mailslot\\");
  if (auto judged = judge(caller, Verb::make, ""); !judged) return tl::unexpected<Refusal>(judged.error());
  const std::uint32_t max_message = call.max_message.value_or(alert::kLargestAlert);
  if (max_message == 0 || max_message > alert::kLargestAlert)
    return refuse(Code::invalid_parameter, "max_message is not between 1 and 65475");
  const std::uint64_t capacity = alert::mailbox_capacity(call.capacity.value_or(0), max_message);
  if (capacity == 0) return refuse(Code::invalid_parameter, "the capacity is above 64 MiB");
  if (call.room && *call.room < max_message)
    return refuse(Code::invalid_parameter, "the room is less than one message");
  const std::string name = alert::canonical_recipient(call.mailslot);
  if (ledger_.mailslot(name)) return refuse(Code::already_exists, "there is a mailslot of this name");
  const auto mine = std::count_if(ledger_.mailslots().begin(), ledger_.mailslots().end(),
                                  [&](const auto& slot) { return slot.second.state.uid == caller.uid; });
  if (static_cast<std::size_t>(mine) >= policy_.limits[Quota::mailslots])
    return tl::unexpected<Refusal>(over(Quota::mailslots, caller.uid, now_ns));
  if (auto judged = judge_change(caller, now_ns); !judged) return tl::unexpected<Refusal>(judged.error());
  settle();
  MailslotState slot;
  slot.name = name;
  slot.uid = caller.uid;
  slot.incarnation = ledger_.totals().incarnations + 1;
  slot.max_message = max_message;
  slot.capacity = capacity;
  slot.session = call.session.value_or(false);
  slot.room = call.room;
  slot.created = slot.read_sequence = ledger_.totals().sequence;
  std::vector<Change> changes;  // the name is settled now: rows that others made for it end
  for (const Registration* row : ledger_.table().of_recipient(name))
    if (row->uid != caller.uid) changes.emplace_back(Unregistered{row->event, name, slot.created});
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
  const std::uint64_t incarnation = (*slot)->state.incarnation;
  if (call.incarnation.value_or(incarnation) != incarnation)
    return refuse(Code::path_not_found, "the mailslot of this name is another one now");
  settle();
  auto done = change(caller, {MailslotDeleted{(*slot)->state.name}}, now_ns);
  if (!done) return done;
  awaited_.erase(incarnation);
  mailboxes_.mark_deleted(incarnation);
  room_.forget(incarnation);
  return done;
}

Outcome<Opened> Broker::open(const Caller& caller, const alert::OpenMailslot& call, std::uint64_t now_ns) {
  settle();
  auto found = owned(caller, call.mailslot);
  if (!found) return tl::unexpected<Refusal>(found.error());
  if (auto judged = judge_reading(caller, **found); !judged) return tl::unexpected<Refusal>(judged.error());
  if (sessions_[caller.session.id].opened.size() >= policy_.limits[Quota::open_mailslots])
    return tl::unexpected<Refusal>(over(Quota::open_mailslots, caller.uid, now_ns));
  if (auto judged = judge_change(caller, now_ns); !judged) return tl::unexpected<Refusal>(judged.error());
  const std::string name = (*found)->state.name;
  const std::uint64_t incarnation = (*found)->state.incarnation;
  if (call.consume) {
    const Mailbox* mailbox = mailboxes_.find(incarnation);
    if (mailbox && mailbox->consumer) {
      Caller before;
      before.session = mailbox->consumer->session;
      if (!has_hung_up(before.session)) return refuse(Code::busy, "the mailslot has its consumer");
      detach(name, incarnation, before, now_ns);
      if (const auto gone = sessions_.find(before.session.id); gone != sessions_.end())
        std::erase_if(gone->second.opened, [&](const OpenedMailslot& o) { return o.incarnation == incarnation; });
    }
  }
  const MailslotState& state = (*found)->state;
  Mailbox* mailbox = mailboxes_.find(incarnation);
  if (!mailbox) {
    const auto lanes = lane_bytes_.find(state.uid);
    const std::uint64_t lane_bytes = lanes == lane_bytes_.end() ? 0 : lanes->second;
    if (mailboxes_.ring_bytes(state.uid) + lane_bytes + state.capacity > policy_.limits[Quota::ring_bytes])
      return tl::unexpected<Refusal>(over(Quota::ring_bytes, state.uid, now_ns));
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
  const bool lives_on = continues(call, state, ledger_.totals());
  const alert::HistoryPlace after = lives_on ? *call.after : alert::HistoryPlace{state.read, state.read_sequence};
  opened.reply.journal = ledger_.totals().journal;
  opened.reply.incarnation = incarnation;
  opened.reply.from = {0, state.created};
  opened.reply.after = after;
  const bool is_told_of_holes = ledger_.totals().skipped <= after.sequence;
  if (after.ordinal == state.written && is_told_of_holes)
    opened.reply.resume = alert::RingPlace{state.written, mailbox->ring.tail()};
  if (call.consume) {
    auto page = alert::ConsumerPage::create({0, after.ordinal, after.sequence, after.ordinal});
    if (page) opened.page = alert::duplicate(page->descriptor());
    if (!opened.page) return give_up("no memory for the consumer page");
    const std::uint64_t handed = lives_on ? after.ordinal : state.handed;
    owe(caller, {CursorMoved{name, after.ordinal, after.sequence, handed, true}}, now_ns);
    mailbox->consumer = Mailbox::Consumer{caller.session, std::move(poll), std::move(*page)};
    awaited_.erase(incarnation);
    ++consumers_;
  } else {
    mailbox->observers.push_back({caller.session, std::move(poll)});
  }
  SessionState& session = sessions_[caller.session.id];
  session.caller = caller;
  session.opened.push_back({name, incarnation, {}});
  push_.watch(caller.session.id, incarnation);
  return opened;
}

Outcome<alert::Replay::Reply> Broker::replay(const Caller& caller, const alert::Replay& call,
                                             alert::ReplayWindow& window, std::uint64_t now_ns) {
  settle();
  const auto session = sessions_.find(caller.session.id);
  const std::string name = alert::canonical_recipient(call.mailslot);
  if (const auto mine = owned(caller, name); !mine && mine.error().code == Code::access_denied)
    return tl::unexpected<Refusal>(mine.error());
  if (session == sessions_.end()) return refuse(Code::invalid_handle, "no mailslot is open on this connection");
  auto& opened = session->second.opened;
  const auto one = std::find_if(opened.rbegin(), opened.rend(), [&](const auto& o) { return o.name == name; });
  if (one == opened.rend()) return refuse(Code::invalid_handle, "the mailslot is not open on this connection");
  const Mailslot* slot = ledger_.mailslot(name);
  if (!slot || slot->state.incarnation != one->incarnation)
    return refuse(Code::broken_pipe, "the mailslot was deleted");
  if (auto judged = judge_reading(caller, *slot); !judged) return tl::unexpected<Refusal>(judged.error());
  const MailslotState& state = slot->state;
  const Mailbox* mailbox = mailboxes_.find(state.incarnation);
  if (!mailbox) return refuse(Code::invalid_handle, "the mailslot is not open on this connection");
  if (call.after.ordinal > state.written || call.after.sequence > ledger_.totals().sequence)
    return refuse(Code::invalid_parameter, "nothing has been written behind that place");
  const bool consumes = mailbox->consumer && mailbox->consumer->session.id == caller.session.id;
  if (consumes && call.after.ordinal < state.taken) {  // a gap is told first
    std::vector<Change> told;
    if (const auto cursor = cursor_of(*slot)) told.emplace_back(*cursor);
    told.emplace_back(GapTold{name, call.after.ordinal, state.taken});
    owe(caller, told, now_ns);
  }
  const ReplayStep step =
      brokerd::replay(journal_.folder().path(), ledger_, *slot, consumes ? Reader::consumer : Reader::observer,
                      one->replay, call.after, window);
  ++replays_;
  ++mailbox->counts->replays;
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
    ++mailbox->counts->nonsense;
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
      owe(caller, {last}, now_ns);
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
  owe({}, moved, now_ns);
}

void Broker::end_session(const Caller& caller, std::uint64_t now_ns) {
  settle();
  end_push(caller.session.id);
  end_handles(caller.session.id);
  const auto found = sessions_.find(caller.session.id);
  if (found == sessions_.end()) return;
  const SessionState state = std::move(found->second);
  sessions_.erase(found);
  for (const auto& [name, incarnation, place] : state.opened) detach(name, incarnation, caller, now_ns);
  std::vector<Change> ends;
  std::vector<std::string> recipients = state.semaphores;
  for (const std::string& name : state.semaphores) semaphores_.leave(name, caller.session.id);
  for (const std::uint64_t id : state.registrations)
    if (const auto row = ledger_.table().rows().find(id); row != ledger_.table().rows().end()) {
      ends.emplace_back(Unregistered{row->second.event, row->second.recipient, ledger_.totals().sequence});
      recipients.push_back(row->second.recipient);
    }
  for (const auto& [name, incarnation] : state.mailslots)
    if (const Mailslot* slot = ledger_.mailslot(name); slot && slot->state.incarnation == incarnation) {
      ends.emplace_back(MailslotDeleted{name});
      mailboxes_.mark_deleted(incarnation);
      room_.forget(incarnation);
    }
  release_lane(caller, state.lane_bytes);
  owe(caller, ends, now_ns);
  for (const std::string& name : recipients) release_semaphore(caller, name, now_ns);
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
    const Account account = brokerd::account(s, cursor ? cursor->read : s.read);
    const Mailbox* mailbox = mailboxes_.find(s.incarnation);
    const MailboxCounts& counts = mailboxes_.counts(s.incarnation);
    reply.rows.push_back({s.name, s.uid, s.session, s.incarnation, s.max_message, s.capacity, s.written,
                          account.read, account.pending, account.lost, s.refused, mailbox && mailbox->consumer,
                          mailbox ? mailbox->observers.size() : 0, counts.wakes, counts.replays, counts.nonsense});
  }
  return reply;
}

}  // namespace brokerd
