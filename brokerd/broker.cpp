#include "brokerd/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include <sys/stat.h>
#include <unistd.h>

#include "alert/wire/alert.hpp"
#include "alert/wire/hex.hpp"
#include "brokerd/fold.hpp"
#include "brokerd/log.hpp"
#include "brokerd/recovery.hpp"

namespace brokerd {

namespace {

using alert::Code;

tl::unexpected<Refusal> not_written(const std::error_code& error) {
  return refuse(Code::write_fault, "the journal cannot be written: " + error.message());
}

std::uint64_t random_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

std::optional<alert::Profile> profile_named(std::string_view text) {
  if (text == name(alert::Profile::lm20)) return alert::Profile::lm20;
  if (text == name(alert::Profile::nt)) return alert::Profile::nt;
  return std::nullopt;
}

}  // namespace

Broker::Broker(Ledger ledger, JournalWriter journal, Policy policy)
    : ledger_(std::move(ledger)),
      journal_(std::move(journal)),
      policy_(std::move(policy)),
      handles_(random_number()) {
  if (const auto id = alert::from_hex(ledger_.totals().journal); id && id->size() == journal_id_.size())
    std::memcpy(journal_id_.data(), id->data(), id->size());
  for (const auto& [name, slot] : ledger_.mailslots())
    if (slot.state.handed > slot.state.read) awaited_.insert(slot.state.incarnation);
  past_ = past_segments();
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
  const auto profile = profile_named(call.profile);
  if (!profile) return counted(refuse(Code::invalid_parameter, "the profile is neither lm20 nor nt"));
  if (call.wire.size() > 2 * alert::kLargestAlert)
    return counted(refuse(Code::invalid_parameter, std::string(alert::meaning(alert::Errc::too_large))));
  const auto wire = alert::from_hex(call.wire);
  if (!wire)
    return counted(refuse(Code::invalid_parameter,
                          "wire: not hexadecimal at character " + std::to_string(wire.error().offset)));
  const bool is_dry = call.dry_run.value_or(false);
  const Raising raising{call.event, *profile, *wire, call.id && !is_dry ? *call.id : std::string_view()};
  return counted(accept(caller, raising, is_dry, now_ns));
}

Outcome<Broker::Ticket> Broker::accept(const Caller& caller, const Raising& raising, bool is_dry,
                                       std::uint64_t now_ns) {
  if (raising.event.empty()) return refuse(Code::invalid_parameter, "the event has no name");
  if (!alert::is_event_name(raising.event))
    return refuse(Code::invalid_name, "the event name is longer than 16 characters or has a forbidden one");
  if (!raising.id.empty() && !is_raise_id(raising.id))
    return refuse(Code::invalid_parameter, "the id is not 32 lower-case hexadecimal digits");
  if (const auto first = receipt_of(caller, raising.id)) return *first;  // it costs no rate again
  std::string event = alert::canonical_event(raising.event);
  if (auto judged = judge(caller, Verb::raise, event); !judged) return tl::unexpected<Refusal>(judged.error());
  const auto decoded = alert::decode(raising.profile, raising.wire);
  if (!decoded)
    return refuse(Code::invalid_parameter, "not a well-formed " + std::string(name(raising.profile)) +
                                               " alert: " + std::string(alert::meaning(decoded.error().code)) +
                                               " at offset " + std::to_string(decoded.error().offset));
  if (is_dry) return preview(event, raising.wire.size());
  if (auto judged = judge_rate(caller, raising.wire.size(), now_ns); !judged)
    return tl::unexpected<Refusal>(judged.error());
  auto [header, staged, ticket] = stage(caller, alert::RecordKind::alert, raising.wire, now_ns);
  header.profile = static_cast<std::uint8_t>(raising.profile);
  staged.as.event = std::move(event);
  staged.as.id = raising.id;
  if (!raising.id.empty()) ids_.emplace(raising.id);
  staged.annex = annex_for(raising.profile, decoded->alert.header.alrt_eventname, staged.as);
  return ticket;
}

Broker::Place Broker::stage(const Caller& caller, alert::RecordKind kind, alert::Bytes body, std::uint64_t now_ns) {
  const std::uint64_t sequence = next_sequence();
  alert::RecordHeader& header = records_.emplace_back().header;
  header.size = static_cast<std::uint32_t>(sizeof header + body.size());
  header.kind = static_cast<std::uint16_t>(kind);
  header.sequence = sequence;
  header.accepted_ns = now_ns;
  header.uid = caller.uid;
  header.pid = caller.pid;
  header.origin = journal_id_;
  header.origin_sequence = sequence;
  bodies_.insert(bodies_.end(), body.begin(), body.end());
  Staged& staged = staged_.emplace_back();
  return {header, staged, settled_.size() + staged_.size() - 1};
}

Broker::Ticket Broker::preview(std::string_view event, std::size_t size) {
  settle();
  const auto deliveries = ledger_.preview(event, size);
  Settled preview{summary(deliveries, 0, {})};
  for (const Delivery& delivery : deliveries)
    if (delivery.code == Code::success && preview.recipients.size() < alert::kNamesInReceipt)
      preview.recipients.emplace_back(delivery.recipient);
  settled_.emplace_back(std::move(preview));
  return settled_.size() - 1;
}

Outcome<Broker::Ticket> Broker::counted(Outcome<Ticket> ticket) noexcept {
  if (!ticket) ++refused_raises_;
  return ticket;
}

std::optional<Broker::Ticket> Broker::receipt_of(const Caller& caller, std::string_view id) {
  if (id.empty()) return std::nullopt;
  if (ids_.contains(std::string(id))) settle();  // the first may be of this turn
  const RaiseKnown* known = ledger_.raise_ids().find({caller.uid, id});
  if (!known) return std::nullopt;
  Settled first{*known};
  settle();
  settled_.emplace_back(std::move(first));
  return settled_.size() - 1;
}

void Broker::settle() {
  if (staged_.empty()) return;
  alert::Bytes bodies = bodies_;
  for (alert::RecordView& record : records_) {
    record.body = bodies.first(record.header.size - sizeof record.header);
    bodies = bodies.subspan(record.body.size());
  }
  const std::error_code error = journal_staged();
  settled_.reserve(settled_.size() + staged_.size());
  for (std::size_t i = 0; i < staged_.size(); ++i) {
    if (!error) {
      deliver(i);
      continue;
    }
    ++refused_raises_;
    settled_.emplace_back(not_written(error));
    if (const Mailslot* slot = ledger_.mailslot(staged_[i].as.mailslot))
      room_.give_back(slot->state.incarnation, records_[i].header.sequence);
  }
  mailboxes_.publish(records_);
  semaphores_.publish();
  staged_.clear();
  records_.clear();
  bodies_.clear();
  if (!ids_.empty()) ids_.clear();
}

std::error_code Broker::journal_staged() {
  const alert::RecordHeader& last = records_.back().header;
  if (const auto error = journal_.reserve(last.sequence)) return error;
  for (const Change& change : owed_) gather({}, change, last.accepted_ns);
  for (std::size_t i = 0; i < staged_.size(); ++i)
    journal_.add(records_[i].header, records_[i].body, staged_[i].annex);
  return commit(last.accepted_ns);
}

void Broker::deliver(std::size_t staged) {
  const alert::RecordView& record = records_[staged];
  const RaisedAs& as = staged_[staged].as;
  const auto& deliveries = brokerd::deliver(ledger_, as, record);
  for (const Delivery& delivery : deliveries) {
    if (delivery.code != Code::success) continue;
    if (delivery.incarnation == 0) {
      semaphores_.pulse(delivery.recipient);
      continue;
    }
    push_.delivered(delivery.incarnation);
    const bool is_cut = delivery.size < record.body.size();
    mailboxes_.deliver(delivery.incarnation, static_cast<std::uint32_t>(staged),
                       is_cut ? delivery.size : Mailbox::kWhole);
  }
  settled_.emplace_back()->raise = summary(deliveries, record.header.sequence, {record.header.uid, as.id});
}

void Broker::rotate(std::uint64_t now_ns) {
  if (!journal_.wants_new_segment()) return;
  begin_segment(now_ns);
  retain(now_ns);
}

void Broker::set_journal_options(const JournalOptions& options, std::uint64_t now_ns) {
  journal_.set_durability(options.durability);
  journal_.set_segment_bytes(options.segment_bytes);
  retention_ = options.retention;
  retain(now_ns);
}

void Broker::retain(std::uint64_t now_ns) {
  if (!began_ns_) began_ns_ = now_ns;
  if (!retention_.is_limited()) return;
  if (now_ns - *began_ns_ >= kReturnNs) awaited_.clear();
  if (!awaited_.empty()) return;
  record_cursors(now_ns);
  const auto& folder = journal_.folder().path();
  const std::size_t count = expired(past_, journal_.first(), journal_.size(), retention_, now_ns, ledger_);
  if (count == 0) return;
  const std::uint64_t kept = count < past_.size() ? past_[count].first : journal_.first();
  const auto start = mailslots_of_checkpoint(folder / alert::segment_name(kept));
  if (!start) return complain("the journal is not shortened: a checkpoint cannot be read", now_ns);
  std::vector<Change> taken;
  for (const MailslotState& then : *start) {
    const Mailslot* slot = ledger_.mailslot(then.name);
    if (slot && slot->state.incarnation == then.incarnation && then.written > slot->state.taken)
      taken.emplace_back(AlertsTaken{then.name, then.written, kept - 1});
  }
  if (!taken.empty() && !change({}, taken, now_ns)) return;
  for (std::size_t i = 0; i < count; ++i)
    if (::unlinkat(journal_.folder().get(), alert::segment_name(past_[i].first).c_str(), 0) == 0)
      ++segments_removed_;
  past_.erase(past_.begin(), past_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<PastSegment> Broker::past_segments() const {
  std::vector<PastSegment> past;
  const auto& folder = journal_.folder().path();
  for (const std::uint64_t first : alert::journal_segments(folder).value_or(std::vector<std::uint64_t>())) {
    struct stat status {};
    if (first >= journal_.first() || ::stat((folder / alert::segment_name(first)).c_str(), &status) != 0) continue;
    past.push_back({first, static_cast<std::uint64_t>(status.st_size),
                    static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000});
  }
  return past;
}

void Broker::begin_segment(std::uint64_t now_ns) {
  const std::uint64_t first = ledger_.totals().sequence + 1;
  std::error_code error = journal_.reserve(first);
  const PastSegment open{journal_.first(), journal_.size(), now_ns};
  const bool takes_place = first == open.first;
  if (!error) error = journal_.begin_segment(first, checkpoint_parts(ledger_, takes_place), stamp({}, now_ns));
  if (error) return complain("no new journal segment: " + error.message(), now_ns);
  if (!takes_place) past_.push_back(open);
  for (auto& [id, session] : sessions_) {  // where it took the place of another one, offsets mean nothing any more
    for (OpenedMailslot& opened : session.opened)
      if (opened.replay.segment == first) opened.replay = {};
    if (session.explanation && session.explanation->segment() == first) session.explanation.reset();
    if (session.audit && session.audit->end.segment == first) session.audit.reset();
  }
}

void Broker::complain(const std::string& sentence, std::uint64_t now_ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (now_ns - complained_ns_ < kSecond) return;
  log(sentence);
  complained_ns_ = now_ns;
}

alert::Receipt Broker::receipt(const Settled& settled) const {
  const RaiseKnown& raise = settled.raise;
  alert::Receipt receipt;
  receipt.journal = ledger_.totals().journal;
  if (raise.sequence > 0)
    receipt.sequence = raise.sequence;
  else
    receipt.recipients = settled.recipients;
  receipt.matched = raise.matched;
  receipt.written = raise.written;
  for (const auto& [recipient, code] : raise.refused)
    receipt.refused.push_back({recipient, code, std::string(reason(static_cast<Code>(code)))});
  return receipt;
}

void Broker::gather(const Caller& caller, const Change& change, std::uint64_t now_ns) {
  std::string text;
  append_json(text, change);
  journal_.add_change(stamp(caller, now_ns), text);
}

std::error_code Broker::commit(std::uint64_t now_ns) {
  if (journal_.is_broken()) begin_segment(now_ns);
  const std::error_code error = journal_.commit();
  if (!error) owed_.clear();
  if (server_state_ != ServerState::none) server_state_ = error ? ServerState::read_only : ServerState::read_write;
  if (error) complain("the journal cannot be written: " + error.message(), now_ns);
  return error;
}

Outcome<alert::Nothing> Broker::change(const Caller& caller, const std::vector<Change>& changes,
                                       std::uint64_t now_ns) {
  settle();
  for (const Change& owed : owed_) gather({}, owed, now_ns);
  for (const Change& change : changes) gather(caller, change, now_ns);
  if (const auto error = commit(now_ns)) return not_written(error);
  for (const Change& change : changes) ledger_.apply(change);
  return alert::Nothing{};
}

void Broker::owe(const Caller& caller, const std::vector<Change>& changes, std::uint64_t now_ns) {
  if (changes.empty() || change(caller, changes, now_ns)) return;
  for (const Change& change : changes) {
    ledger_.apply(change);
    if (const auto* cursor = std::get_if<CursorMoved>(&change))  // only the last one of a mailslot matters
      std::erase_if(owed_, [&](const Change& other) {
        const auto* before = std::get_if<CursorMoved>(&other);
        return before && before->mailslot == cursor->mailslot;
      });
    owed_.push_back(change);
  }
}

std::error_code Broker::close(std::uint64_t now_ns) {
  settle();
  record_cursors(now_ns);
  return journal_.close(ledger_.totals().sequence);
}

}  // namespace brokerd
