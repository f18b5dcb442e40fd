#include "brokerd/recovery.hpp"

#include <algorithm>
#include <random>

#include "brokerd/checkpoint.hpp"

namespace brokerd {

namespace {

std::string new_journal_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

/// Whether what follows the last whole block is the beginning of one that was being written when the
/// broker was killed, rather than something that was whole once.
bool is_torn_tail(const std::filesystem::path& file, std::uint64_t end, bool may_have_room) {
  const alert::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const std::uint64_t size = may_have_room ? alert::segment_size(fd.get()) : alert::file_size(fd.get());
  if (size < end || size - end > alert::kLargestBlock) return false;
  const auto left = alert::read_at(fd.get(), end, size - end);
  if (left.size() != size - end) return false;
  if (left.size() >= 4 && alert::load<std::uint32_t>(left.data()) != alert::pcapng::kEnhancedPacket) return false;
  if (left.size() < 8) return true;
  const std::size_t claimed = alert::pcapng::block_length(left);
  if (claimed <= left.size() || claimed > alert::kLargestBlock) return false;
  // Where the segment's mark is at the end of the file, a block ended there: this one or one behind it. Where
  // room is behind it, it may also have ended in what are zeros now.
  const auto front = alert::segment_front(fd.get());
  const auto at_end = alert::block_mark(left, end);
  const auto whole = alert::read_at(fd.get(), end, claimed);
  if (front && whole.size() == claimed && alert::block_mark(whole, end) == front->mark) return false;
  return !front || !at_end || *at_end - front->mark >= left.size();
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// For the log.
std::string unreadable(const std::filesystem::path& folder, const Unreadable& range, alert::Errc why) {
  return (folder / alert::segment_name(range.segment)).string() + ": bytes " + hex(range.from) + " to " +
         hex(range.to) + " cannot be read (" + std::string(alert::meaning(why)) +
         "); registrations, mailslots and cursors that changed there are as before it";
}

std::string lost(const Unreadable& range) {
  if (range.first > range.last) return "no alert was there";
  if (range.first == range.last) return "alert " + std::to_string(range.first) + " is lost";
  return "alerts " + std::to_string(range.first) + " to " + std::to_string(range.last) + " are lost";
}

/// What the broker before vouched for and is not there; empty: nothing.
std::string missing_end(const std::vector<std::uint64_t>& segments, const Bound& bound, std::uint64_t end,
                        std::uint64_t last) {
  if (segments.empty()) return "";
  if (segments.back() < bound.segment) return "segment " + alert::segment_name(*bound.segment) + " is missing";
  const std::string newest = alert::segment_name(segments.back());
  if (segments.back() == bound.segment && end < bound.end)
    return newest + " was at least " + std::to_string(*bound.end) + " bytes long: what is missing is lost";
  if (bound.clean && last + 1 < bound.bound)
    return newest + " ended with number " + std::to_string(bound.bound - 1) + ": what is missing is lost";
  return "";
}

/// The fold of the segments from the newest one on that starts with a whole checkpoint.
tl::expected<Fold, std::string> fold_newest(const std::filesystem::path& path,
                                            const std::vector<std::uint64_t>& segments, const Bound& bound) {
  if (segments.empty()) return Fold(Ledger());
  auto first = segments.end();
  std::optional<Ledger> start;
  while (!start && first != segments.begin()) start = checkpoint_of(path / alert::segment_name(*--first));
  if (!start && *first == 1 && !bound.journal.empty()) {  // a journal begins with nothing
    Totals totals;
    totals.journal = bound.journal;
    start.emplace().apply(totals);
  }
  if (!start) return tl::unexpected<std::string>(path.string() + ": no segment with a whole checkpoint");
  Fold fold(std::move(*start), bound.may_have_room());
  for (; first != segments.end(); ++first)
    if (auto error = fold.add(path, *first)) return tl::unexpected<std::string>(std::move(*error));
  return fold;
}

std::error_code append(JournalWriter& writer, Ledger& ledger, const Change& change,
                       const alert::RecordHeader& stamp) {
  std::string text;
  append_json(text, change);
  writer.add_change(stamp, text);
  if (auto error = writer.commit()) return error;
  ledger.apply(change);
  return {};
}

/// What a broker that ended without goodbye left open.
std::vector<Change> ends_of_sessions(const Ledger& ledger) {
  std::vector<Change> changes;
  for (const auto& [id, row] : ledger.table().rows())
    if (row.session) changes.emplace_back(Unregistered{row.event, row.recipient, ledger.totals().sequence});
  for (const auto& [name, slot] : ledger.mailslots()) {
    const MailslotState& s = slot.state;
    if (s.session)
      changes.emplace_back(MailslotDeleted{name});
    else if (s.attached)  // its cursor may be older than what it has read since
      changes.emplace_back(CursorMoved{name, s.read, s.read_sequence, s.written, false});
  }
  return changes;
}

/// Without sessions, registrations alone keep a semaphore; those of a broker that knew no semaphores
/// have none yet.
std::vector<Change> semaphores_kept(const Ledger& ledger) {
  std::vector<Change> changes;
  for (const auto& [name, semaphore] : ledger.semaphores())
    if (ledger.table().of_recipient(name).empty()) changes.emplace_back(SemaphoreReleased{name});
  for (const auto& [id, row] : ledger.table().rows()) {
    const bool is_first = ledger.table().of_recipient(row.recipient).front() == &row;
    if (is_first && alert::is_semaphore_name(row.recipient) && !ledger.semaphore(row.recipient))
      changes.emplace_back(SemaphoreState{row.recipient, row.uid, 0});
  }
  return changes;
}

}  // namespace

tl::expected<Recovered, std::string> recover(JournalFolder folder, std::uint64_t now_ns, const std::string& boot) {
  const auto path = folder.path();
  const auto segments = alert::journal_segments(path);
  if (!segments) return tl::unexpected<std::string>(path.string() + ": " + segments.error().message());
  const auto known = read_bound(folder);
  if (!known) return tl::unexpected<std::string>(known.error());

  std::vector<std::string> notes;
  Bound bound = known->value_or(Bound{});
  bool numbers_are_certain = bound.clean || (!boot.empty() && bound.boot == boot);

  auto folded = fold_newest(path, *segments, bound);
  if (!folded) return tl::unexpected<std::string>(folded.error());
  Fold& fold = *folded;
  const auto newest = segments->empty() ? path : path / alert::segment_name(segments->back());
  const std::string missing = missing_end(*segments, bound, fold.end(), fold.ledger().totals().sequence);
  std::optional<Unreadable> broken_end = fold.broken_end();
  if (broken_end && fold.holes().empty() && numbers_are_certain && missing.empty() &&
      is_torn_tail(newest, fold.end(), bound.may_have_room())) {
    notes.push_back(newest.string() + ": a turn that was being written at " + hex(fold.end()) + " is cut off");
    broken_end.reset();
  }
  if (broken_end || !fold.holes().empty() || !missing.empty()) numbers_are_certain = false;
  if (!missing.empty()) notes.push_back(path.string() + ": " + missing);
  if (!segments->empty() && !*known) {
    numbers_are_certain = false;
    bound.bound = std::max(fold.ledger().totals().sequence, segments->back()) + JournalWriter::kNumbersAhead;
    notes.push_back(path.string() + ": the file `bound` is missing");
  }

  Ledger& ledger = fold.ledger();
  if (segments->empty()) {
    Totals totals;
    totals.journal = bound.journal.empty() ? new_journal_id() : bound.journal;
    totals.sequence = bound.bound > 0 ? bound.bound - 1 : 0;  // segments were removed: never reuse a number
    ledger.apply(totals);
  }
  const std::uint64_t last = ledger.totals().sequence;
  alert::RecordHeader stamp;
  stamp.accepted_ns = now_ns;
  stamp.sequence = last;

  bound.journal = ledger.totals().journal;
  // A bound that still holds is left alone: there may be no room for another, and readers can be served without.
  // (A clean one reserves nothing, and is written before the first number is given.)
  const bool goes_on = numbers_are_certain && !segments->empty();
  const bool holds = goes_on && (bound.clean || last + 1 < bound.bound);
  // Until a segment is open for writing, the next start must not take this boot's word for anything.
  bound.boot = numbers_are_certain ? boot : "";
  std::uint64_t resume_at = numbers_are_certain ? last + 1 : std::max(bound.bound, last + 1);
  if (!goes_on && !segments->empty()) resume_at = std::max(resume_at, segments->back() + 1);  // its name is taken
  if (!holds) {
    bound.clean = false;
    bound.bound = resume_at + JournalWriter::kNumbersAhead;
    if (auto error = write_bound(folder, bound))
      return tl::unexpected<std::string>(path.string() + ": cannot write `bound`: " + error.message());
  }

  JournalWriter writer(std::move(folder), bound);
  std::error_code error;
  if (goes_on) {
    error = writer.continue_segment(segments->back(), fold.end());
  } else {
    std::vector<Change> told;
    if (broken_end) {
      broken_end->last = resume_at - 1;
      ledger.apply(*broken_end);
      notes.push_back(unreadable(path, *broken_end, fold.why()));
      told.emplace_back(*broken_end);
    }
    for (const Fold::Hole& hole : fold.holes()) {
      notes.push_back(unreadable(path, hole.range, hole.why) + ": " + lost(hole.range));
      told.emplace_back(hole.range);
    }
    if (!segments->empty() && resume_at > last + 1) {
      const NumbersSkipped skipped{last + 1, resume_at - 1,
                                   "some may have been used: the end of the journal is damaged or was lost"};
      notes.push_back(path.string() + ": numbers " + std::to_string(skipped.first) + " to " +
                      std::to_string(skipped.last) + " are passed over: " + skipped.reason);
      ledger.apply(skipped);
      told.emplace(told.begin(), skipped);
    }
    stamp.sequence = ledger.totals().sequence;
    std::error_code none;
    if (bound.may_have_room() && !broken_end) std::filesystem::resize_file(newest, fold.end(), none);
    error = writer.begin_segment(stamp.sequence + 1, checkpoint(ledger), stamp);
    for (const Change& change : told)
      if (!error) error = append(writer, ledger, change, stamp);
  }
  std::vector<Change> owed;
  const auto record = [&](const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (error || (owed.empty() && !append(writer, ledger, change, stamp))) continue;
      ledger.apply(change);
      owed.push_back(change);
    }
  };
  record(ends_of_sessions(ledger));
  record(semaphores_kept(ledger));
  if (!error) error = writer.confirm(boot);
  if (error) return tl::unexpected<std::string>(path.string() + ": cannot write: " + error.message());
  return Recovered{std::move(ledger), std::move(writer), std::move(notes), std::move(owed)};
}

}  // namespace brokerd
