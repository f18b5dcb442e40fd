#include "brokerd/explanation.hpp"

#include <algorithm>

#include "alert/wire/error.hpp"
#include "brokerd/journaled_changes.hpp"

namespace brokerd {

namespace {

using alert::RecordKind;
using alert::RegisteredInterval;

/// The newest segment that begins at this time or before; the first one where none does.
std::uint64_t segment_at(const std::filesystem::path& folder, const std::vector<std::uint64_t>& segments,
                         std::uint64_t ns) {
  const auto begins_behind = [&](std::uint64_t segment) {
    auto reader = alert::SegmentReader::open(folder / alert::segment_name(segment));
    if (!reader) return false;
    const auto first = reader->next();
    return first && *first && (*first)->record.header.accepted_ns > ns;
  };
  const auto behind = std::partition_point(segments.begin(), segments.end(),
                                           [&](std::uint64_t segment) { return !begins_behind(segment); });
  if (segments.empty()) return 0;
  return behind == segments.begin() ? segments.front() : *(behind - 1);
}

std::string_view place_of(const MailslotState& slot, std::uint64_t ordinal) {
  if (slot.told && ordinal > slot.told_after && ordinal <= slot.told) return "lost";
  if (ordinal <= slot.read) return "read";
  if (ordinal <= slot.taken) return "lost";
  if (ordinal > slot.handed) return "pending";
  return slot.attached && ordinal == slot.read + 1 ? "in_hand" : "redelivered";
}

/// Of an alert whose ordinal is not known.
std::string_view place_behind_damage(const MailslotState& slot, std::uint64_t sequence) {
  if (sequence <= slot.read_sequence) return "read";
  return sequence <= slot.taken_sequence ? "lost" : "pending";
}

}  // namespace

Explanation::Explanation(const std::filesystem::path& folder, alert::Explain call, std::uint64_t last)
    : folder_(folder),
      call_(std::move(call)),
      needle_(alert::Json(call_.recipient).dump()),
      walk_(folder, 0),
      has_moment_(call_.as_of_ns || (call_.as_of_sequence && *call_.as_of_sequence < last)) {
  const auto segments = alert::journal_segments(folder);
  if (segments && !segments->empty()) first_ = segments->front();
  reply_.done = true;
  if (call_.sequence < first_ || first_ == 0) {
    reply_.verdict = "retention";
    reply_.first = first_;
    begin_moment();
  } else {
    walk_ = JournalWalk(folder, segment_of(*segments, call_.sequence));
  }
}

bool Explanation::step() {
  walk_.allow();
  while (phase_ != Phase::done) {
    switch (walk_.next()) {
      case JournalWalk::At::pause: return true;
      case JournalWalk::At::segment: is_behind_damage_ = false; break;
      case JournalWalk::At::record: take(walk_.record()); break;
      case JournalWalk::At::damage:  // what is behind it may be the alert, or a gap that says more
        is_behind_damage_ = true;
        if (phase_ == Phase::moment) break;
        reply_.where = to_text({walk_.place().segment, walk_.error().offset});
        reply_.reason = alert::meaning(walk_.error().code);
        reply_.first = fold_.totals().sequence + 1;
        break;
      case JournalWalk::At::gone:
        if (phase_ == Phase::moment) {
          is_too_early_ = true;
          phase_ = Phase::done;
        } else {
          reply_.verdict = "retention";
          begin_moment();
        }
        break;
      case JournalWalk::At::end:
        if (phase_ == Phase::alert) {
          reply_.verdict = "damaged";
          begin_moment();
        } else {
          has_moment_ = false;  // it is now
          phase_ = Phase::done;
        }
        break;
    }
  }
  return false;
}

void Explanation::begin_moment() {
  phase_ = Phase::done;
  if (!has_moment_) return;
  const auto segments = alert::journal_segments(folder_);
  is_too_early_ =
      !segments || segments->empty() || (call_.as_of_sequence && *call_.as_of_sequence + 1 < segments->front());
  if (is_too_early_) return;
  phase_ = Phase::moment;
  fold_ = Ledger();
  walk_ = JournalWalk(folder_, call_.as_of_sequence ? segment_of(*segments, *call_.as_of_sequence)
                                                    : segment_at(folder_, *segments, *call_.as_of_ns));
  walk_.allow();
}

bool Explanation::is_behind_moment(const alert::RecordHeader& header) const noexcept {
  if (call_.as_of_ns && header.accepted_ns > *call_.as_of_ns) return true;
  return call_.as_of_sequence && is_numbered(static_cast<RecordKind>(header.kind)) &&
         header.sequence > *call_.as_of_sequence;
}

void Explanation::take(const alert::JournalRecord& journaled) {
  const alert::RecordView& record = journaled.record;
  if (phase_ == Phase::moment && is_behind_moment(record.header)) {
    is_too_early_ = fold_.totals().journal.empty();  // the very first thing is behind it
    phase_ = Phase::done;
    return;
  }
  if (is_numbered(record.kind())) {
    if (const auto as = raised_as(record, journaled.annex)) take_alert(record, *as);
    return;
  }
  if (record.kind() != RecordKind::table_change && record.kind() != RecordKind::checkpoint) return;
  const std::string_view text = alert::as_text(record.body);  // most are about others: unread, they cost little
  const auto speaks_of = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (!speaks_of(needle_) && !speaks_of(Totals::kChange) && !speaks_of(NumbersSkipped::kChange)) return;
  if (const auto told = changes_in(record))
    for (const Change& change : told->changes) take_change(change);
}

bool Explanation::concerns(const Change& change) const {
  return std::visit(
      [this](const auto& c) {
        if constexpr (requires { c.recipient; })
          return c.recipient == call_.recipient;
        else if constexpr (requires { c.mailslot; })
          return c.mailslot == call_.recipient;
        else if constexpr (requires { c.name; })
          return c.name == call_.recipient;
        else
          return !std::is_same_v<std::decay_t<decltype(c)>, RaiseKnown>;
      },
      change);
}

void Explanation::take_change(const Change& change) {
  if (phase_ == Phase::done || !concerns(change)) return;
  fold_.apply(change);
  const auto* hole = std::get_if<NumbersSkipped>(&change);
  if (phase_ != Phase::alert || !hole || hole->first > call_.sequence || hole->last < call_.sequence) return;
  reply_.verdict = "damaged";
  reply_.first = hole->first;
  reply_.last = hole->last;
  reply_.reason = hole->reason;
  begin_moment();
}

void Explanation::take_alert(const alert::RecordView& record, const RaisedAs& as) {
  const std::string& event = as.event;
  const auto size = static_cast<std::uint32_t>(record.body.size());
  const std::uint64_t sequence = record.header.sequence;
  if (phase_ == Phase::moment || sequence < call_.sequence) {
    if (sequence > fold_.totals().sequence) deliver(fold_, as, record);
    return;
  }
  if (sequence > call_.sequence) {
    reply_.verdict = "damaged";
    reply_.last = sequence - 1;
    begin_moment();
    return;
  }
  const Mailslot* slot = fold_.mailslot(call_.recipient);
  const SemaphoreState* semaphore = fold_.semaphore(call_.recipient);
  const auto& rows = fold_.table().of_recipient(call_.recipient);
  if (!rows.empty()) owner_ = rows.front()->uid;
  if (slot) owner_ = slot->state.uid;
  if (semaphore) owner_ = semaphore->uid;
  alert::Explain::Reply reply;
  reply.done = true;
  if (as.mailslot.empty()) reply.event = event;
  reply.size = size;
  if (slot) incarnation_ = reply.incarnation = slot->state.incarnation;
  if (slot)
    std::copy_if(slot->past.begin(), slot->past.end(), std::back_inserter(past_),
                 [&](const PastRegistration& past) { return past.event == event; });
  if (!as.mailslot.empty()) {
    reply.verdict = as.mailslot == call_.recipient ? "written" : "message";
    deliver(fold_, as, record);
    if (slot && as.mailslot == call_.recipient && !is_behind_damage_) reply.ordinal = slot->state.written;
  } else if (const Registration* row = fold_.table().find(event, call_.recipient)) {
    row_ = *row;
    const Delivery delivery = fold_.deliver(event, sequence, size).front();
    reply.verdict = delivery.code == alert::Code::success ? "written" : "refused";
    if (delivery.code != alert::Code::success) {
      reply.code = static_cast<std::uint32_t>(delivery.code);
      reply.reason = reason(delivery.code);
    } else if (slot) {
      if (!is_behind_damage_) reply.ordinal = slot->state.written;
      if (delivery.size < size) reply.cut = delivery.size;
    }
  } else {
    reply.verdict = slot || semaphore ? "not_registered" : "no_recipient";
    for (const Registration* other : rows) {
      if (!reply.registered_for) reply.registered_for.emplace();
      if (reply.registered_for->size() < alert::kNamesInReceipt) reply.registered_for->push_back(other->event);
    }
  }
  reply_ = std::move(reply);
  begin_moment();
}

std::vector<RegisteredInterval> Explanation::intervals(const Ledger& then) const {
  std::vector<RegisteredInterval> all;
  for (const PastRegistration& past : past_) all.push_back({past.from, past.to, past.maxdata});
  if (!reply_.event) return all;
  if (const Mailslot* slot = then.mailslot(call_.recipient))
    for (const PastRegistration& past : slot->past)
      if (past.event == *reply_.event) all.push_back({past.from, past.to, past.maxdata});
  if (const Registration* row = then.table().find(*reply_.event, call_.recipient))
    all.push_back({row->from, {}, row->maxdata});
  return all;
}

void Explanation::tell_registrations(alert::Explain::Reply& reply, const Ledger& then) const {
  const std::uint64_t n = call_.sequence;
  if (row_) reply.registration = RegisteredInterval{row_->from, {}, row_->maxdata};
  for (const RegisteredInterval& interval : intervals(then)) {
    if (interval.from >= n) {
      if (!reply.after || interval.from < reply.after->from) reply.after = interval;
    } else if (interval.to && *interval.to < n) {
      if (!reply.before || *interval.to > *reply.before->to) reply.before = interval;
    } else if (row_) {
      reply.registration->to = interval.to;
    }
  }
}

/// What the mailslot was registered for when the alert was raised, as far as is still known.
std::vector<std::string> Explanation::events_then(const Ledger& then) const {
  std::vector<std::string> events;
  const Mailslot* slot = then.mailslot(call_.recipient);
  if (slot)
    for (const PastRegistration& past : slot->past)
      if (past.from < call_.sequence && call_.sequence <= past.to) events.push_back(past.event);
  for (const Registration* row : then.table().of_recipient(call_.recipient))
    if (row->from < call_.sequence) events.push_back(row->event);
  events.resize(std::min(events.size(), alert::kNamesInReceipt));
  return events;
}

alert::Explain::Reply Explanation::conclude(const Ledger& now, const std::optional<CursorMoved>& cursor) const {
  const Ledger& then = has_moment_ ? fold_ : now;
  const Mailslot* slot = then.mailslot(call_.recipient);
  alert::Explain::Reply reply = reply_;
  if (then.totals().sequence < call_.sequence) {
    reply = {};
    reply.done = true;
    reply.verdict = "not_given";
    reply.last = then.totals().sequence;
    return reply;
  }
  MailslotState state = slot ? slot->state : MailslotState{};
  if (slot) reply.created = state.created;
  if (cursor && !has_moment_) {
    state.lost -= found_again(state, cursor->read);
    state.read = cursor->read;
    state.read_sequence = cursor->read_sequence;
    state.handed = cursor->handed;
  }
  if (reply.verdict == "retention") {
    if (slot && state.created >= call_.sequence) reply.verdict = "no_recipient";
    if (slot && state.lost == 0) reply.place = "read";
    if (slot && state.lost > 0 && state.read_sequence < call_.sequence) reply.place = "lost";
    reply.registered_for = events_then(then);
  }
  if (reply.event) tell_registrations(reply, then);
  if (reply.verdict == "not_registered" && !reply.before && !reply.after && reply.registered_for)
    reply.verdict = "other_event";
  if (reply.verdict == "written" && incarnation_)
    reply.place = !slot || state.incarnation != incarnation_ ? "deleted"
                  : reply.ordinal                            ? place_of(state, *reply.ordinal)
                                                             : place_behind_damage(state, call_.sequence);
  return reply;
}

}  // namespace brokerd
