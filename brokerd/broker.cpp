#include "brokerd/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include <sys/stat.h>
#include <unistd.h>

#include "alert/wire/alert.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/text.hpp"
#include "brokerd/checkpoint.hpp"
#include "brokerd/fold.hpp"
#include "brokerd/log.hpp"

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

bool is_utf8(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return std::all_of(text.begin(), text.end(), is_ascii) || alert::utf8_to_utf16le(text).has_value();
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

alert::RecordHeader Broker::stamp(const Caller& caller, std::uint64_t now_ns) const noexcept {
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
  const bool is_judged = judged_.session != 0 && judged_.session == caller.session.id &&
                         judged_.uid == caller.uid && judged_.given == raising.event;
  if (!is_judged) {
    if (raising.event.empty()) return refuse(Code::invalid_parameter, "the event has no name");
    if (!is_utf8(raising.event)) return refuse(Code::invalid_name, "the event name is not UTF-8");
    if (!alert::is_event_name(raising.event))
      return refuse(Code::invalid_name, "the event name is longer than 16 characters or has a forbidden one");
  }
  if (!raising.id.empty()) {
    if (!is_raise_id(raising.id))
      return refuse(Code::invalid_parameter, "the id is not 32 lower-case hexadecimal digits");
    if (const auto first = receipt_of(caller, raising.id)) return *first;  // it costs no rate again
  }
  if (!is_judged) {
    std::string event = alert::canonical_event(raising.event);
    if (auto judged = judge(caller, Verb::raise, event); !judged) return tl::unexpected<Refusal>(judged.error());
    judged_ = {caller.session.id, caller.uid, std::string(raising.event), std::move(event)};
  }
  const std::string& event = judged_.event;
  const auto decoded = alert::decode(raising.profile, raising.wire);
  if (!decoded)
    return refuse(Code::invalid_parameter, "not a well-formed " + std::string(name(raising.profile)) +
                                               " alert: " + std::string(alert::meaning(decoded.error().code)) +
                                               " at offset " + std::to_string(decoded.error().offset));
  if (is_dry) return preview(event, raising.wire.size());
  if (auto judged = judge_rate(caller, raising.wire.size(), now_ns); !judged)
    return tl::unexpected<Refusal>(judged.error());
  const bool goes_like_the_last = raising.id.empty() && !origins_.empty() && origins_.back().as.id.empty() &&
                                  origins_.back().as.event == event;  // which a message has not
  if (!goes_like_the_last) origins_.push_back({{event, std::string(raising.id)}, caller.uid});
  if (!raising.id.empty()) ids_.emplace(raising.id);
  alert::RecordHeader header = numbered(caller, alert::RecordKind::alert, raising.wire, now_ns);
  header.profile = static_cast<std::uint8_t>(raising.profile);
  return stage(header, raising.wire,
               annex_for(raising.profile, decoded->alert.header.alrt_eventname, origins_.back().as));
}

alert::RecordHeader Broker::numbered(const Caller& caller, alert::RecordKind kind, alert::Bytes body,
                                     std::uint64_t now_ns) const noexcept {
  alert::RecordHeader header = stamp(caller, now_ns);
  header.size = static_cast<std::uint32_t>(sizeof header + body.size());
  header.kind = static_cast<std::uint16_t>(kind);
  header.sequence = header.origin_sequence = next_sequence();
  return header;
}

Broker::Ticket Broker::stage(const alert::RecordHeader& header, alert::Bytes body, std::string_view annex) {
  if (staged_.empty())
    for (const Change& change : owed_) gather({}, change, header.accepted_ns);
  const std::size_t at = journal_.add(header, body, annex);
  staged_.push_back({at, header.size, static_cast<std::uint32_t>(origins_.size() - 1)});
  return settled_.size() + staged_.size() - 1;
}

Broker::Ticket Broker::preview(std::string_view event, std::size_t size) {
  settle();
  const auto deliveries = ledger_.preview(event, size);
  Settled preview{0, tally(deliveries)};
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
  Settled first{known->sequence, {known->matched, known->written, known->refused}};
  settle();
  settled_.emplace_back(std::move(first));
  return settled_.size() - 1;
}

void Broker::settle() {
  if (staged_.empty()) return;
  settled_.reserve(settled_.size() + staged_.size());
  if (const std::error_code error = journal_staged()) {
    refuse_staged(error);
  } else {
    for (const Staged& staged : staged_) records_.push_back(journal_.gathered().subspan(staged.at, staged.size));
    for (std::size_t i = 0; i < staged_.size();) i += deliver(i);
    mailboxes_.publish(records_);
    semaphores_.publish();
  }
  staged_.clear();
  origins_.clear();
  records_.clear();
  if (!ids_.empty()) ids_.clear();
}

std::error_code Broker::journal_staged() {
  const std::uint64_t last = next_sequence() - 1;
  const auto now_ns = alert::load<alert::RecordHeader>(journal_.gathered().data() + staged_.back().at).accepted_ns;
  const std::error_code error = journal_.reserve(last);
  if (error) journal_.drop();
  return error ? error : commit(now_ns);
}

void Broker::refuse_staged(const std::error_code& error) {
  refused_raises_ += staged_.size();
  for (std::size_t i = 0; i < staged_.size(); ++i) {
    settled_.emplace_back(not_written(error));
    if (const Mailslot* slot = ledger_.mailslot(origins_[staged_[i].origin].as.mailslot))
      room_.give_back(slot->state.incarnation, ledger_.totals().sequence + 1 + i);
  }
}

Broker::Alike Broker::alike(std::size_t first) {
  const RaisedAs& as = origins_[staged_[first].origin].as;
  const auto body_size = [&](std::size_t i) { return staged_[i].size - sizeof(alert::RecordHeader); };
  Alike run{1, body_size(first)};
  if (!as.mailslot.empty() || !as.id.empty()) return run;
  const std::size_t most = ledger_.never_cut(as.event);
  if (run.size > most) return run;
  for (std::size_t i = first + 1; i < staged_.size(); ++i, ++run.count) {
    if (staged_[i].origin != staged_[first].origin || body_size(i) > most) break;
    run.size = std::max(run.size, body_size(i));
  }
  return run;
}

std::size_t Broker::deliver(std::size_t first) {
  const auto& [as, uid] = origins_[staged_[first].origin];
  const auto [count, size] = alike(first);
  const std::uint64_t sequence = ledger_.totals().sequence + 1;
  const auto& deliveries = count > 1 ? ledger_.deliver_alike(as.event, sequence + count - 1, size, count)
                                     : brokerd::deliver(ledger_, as, uid, sequence, size);
  for (const Delivery& delivery : deliveries) {
    if (delivery.code != Code::success) continue;
    if (delivery.incarnation == 0) {
      semaphores_.pulse(delivery.recipient, count);
      continue;
    }
    push_.delivered(delivery.incarnation);
    mailboxes_.deliver(delivery.incarnation, {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count),
                                              delivery.size < size ? delivery.size : Mailbox::kWhole});
  }
  const Tally told = tally(deliveries);
  for (std::size_t i = 0; i < count; ++i) settled_.emplace_back(Settled{sequence + i, told});
  return count;
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
  if (!error) error = journal_.begin_segment(first, checkpoint(ledger_, takes_place), stamp({}, now_ns));
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
  alert::Receipt receipt;
  receipt.journal = ledger_.totals().journal;
  if (settled.sequence > 0)
    receipt.sequence = settled.sequence;
  else
    receipt.recipients = settled.recipients;
  receipt.matched = settled.told.matched;
  receipt.written = settled.told.written;
  for (const auto& [recipient, code] : settled.told.refused)
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
