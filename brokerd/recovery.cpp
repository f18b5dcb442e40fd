#include "brokerd/recovery.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "brokerd/journaled_changes.hpp"

namespace brokerd {

namespace {

using alert::Errc;

constexpr std::size_t kPartBytes = 48 * 1024;  // of a checkpoint; the record's limit is 65475

std::string new_journal_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

/// The fold of one segment, as far as it can be read.
struct Fold {
  Ledger ledger;
  std::uint64_t end = 0;  // where the last whole record ends
  std::optional<alert::Error> damage;
  bool has_checkpoint = false;
};

bool apply_record(Fold& fold, const alert::JournalRecord& journaled) {
  const alert::RecordView& record = journaled.record;
  switch (record.kind()) {
    case alert::RecordKind::checkpoint:
    case alert::RecordKind::table_change: {
      const auto told = changes_in(record);
      if (!told) return false;
      for (const Change& change : told->changes) fold.ledger.apply(change);
      if (record.kind() == alert::RecordKind::checkpoint) fold.has_checkpoint = told->is_last;
      return true;
    }
    case alert::RecordKind::alert: {
      const auto as = raised_as(record, journaled.annex);
      if (!as || record.header.sequence <= fold.ledger.totals().sequence) return false;
      fold.ledger.deliver(as->event, record.header.sequence, record.body.size(), {record.header.uid, as->id});
      return true;
    }
    case alert::RecordKind::message: {
      const auto mailslot = written_to(journaled.annex);
      if (!mailslot || record.header.sequence <= fold.ledger.totals().sequence) return false;
      fold.ledger.write(*mailslot, record.header.sequence, record.body.size());
      return true;
    }
    default: return true;
  }
}

tl::expected<Fold, std::string> fold_segment(const std::filesystem::path& file) {
  auto segment = alert::SegmentReader::open(file);
  if (!segment) return tl::unexpected<std::string>(file.string() + ": " + segment.error().message());
  Fold fold;
  for (;;) {
    const auto next = segment->next();
    if (!next) {
      fold.damage = next.error();
      return fold;
    }
    if (!*next) return fold;
    if (!apply_record(fold, **next)) {
      fold.damage = alert::Error{Errc::bad_json, (*next)->offset};
      return fold;
    }
    fold.end = segment->offset();
  }
}

/// Whether what follows the last whole block is the beginning of one that was being written when the
/// broker was killed, rather than a block that was whole once.
bool is_torn_tail(const std::filesystem::path& file, std::uint64_t end) {
  const alert::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0 || static_cast<std::uint64_t>(size) <= end) return false;
  const std::uint64_t left = static_cast<std::uint64_t>(size) - end;
  std::uint32_t head[2] = {0, 0};
  std::uint32_t last = 0;
  const ssize_t head_bytes = ::pread(fd.get(), head, sizeof head, static_cast<off_t>(end));
  if (head_bytes >= 4 && head[0] != alert::pcapng::kEnhancedPacket) return false;
  if (left < sizeof head) return true;
  if (head[1] <= left || head[1] > 2 * alert::kLargestRecord) return false;
  if (::pread(fd.get(), &last, sizeof last, size - 4) != 4) return false;
  if (last < alert::pcapng::kBlockOverhead || last > left) return true;
  // A block that ends at the end of the file was whole once: either this one, with its opening length
  // changed, or one behind it.
  if (::pread(fd.get(), head, sizeof head, size - static_cast<off_t>(last)) != sizeof head) return false;
  return last != left && (head[0] != alert::pcapng::kEnhancedPacket || head[1] != last);
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::error_code append(JournalWriter& writer, Ledger& ledger, const Change& change, alert::RecordHeader stamp) {
  const std::string body = to_json(change).dump();
  stamp.kind = static_cast<std::uint16_t>(alert::RecordKind::table_change);
  stamp.size = static_cast<std::uint32_t>(sizeof stamp + body.size());
  writer.add(stamp, alert::as_bytes(body));
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

std::optional<Ledger> checkpoint_of(const std::filesystem::path& file) {
  auto segment = alert::SegmentReader::open(file);
  Fold fold;
  while (segment && !fold.has_checkpoint) {
    const auto next = segment->next();
    if (!next || !*next || (*next)->record.kind() != alert::RecordKind::checkpoint || !apply_record(fold, **next))
      return std::nullopt;
  }
  return fold.has_checkpoint ? std::optional(std::move(fold.ledger)) : std::nullopt;
}

std::vector<std::string> checkpoint_parts(const Ledger& ledger) {
  std::vector<std::string> lists{""};
  for (const Change& change : ledger.checkpoint()) {
    const std::string text = to_json(change).dump();
    if (!lists.back().empty() && lists.back().size() + text.size() > kPartBytes) lists.emplace_back();
    lists.back() += (lists.back().empty() ? "" : ",") + text;
  }
  std::vector<std::string> parts;
  for (const std::string& list : lists)
    parts.push_back("{\"part\":" + std::to_string(parts.size() + 1) + ",\"parts\":" + std::to_string(lists.size()) +
                    ",\"changes\":[" + list + "]}");
  return parts;
}

std::uint32_t digest(const Ledger& ledger) {
  std::uint32_t crc = 0;
  for (const std::string& part : checkpoint_parts(ledger)) crc = alert::pcapng::crc32(alert::as_bytes(part), crc);
  return crc;
}

tl::expected<Recovered, std::string> recover(JournalFolder folder, std::uint64_t now_ns,
                                              const std::string& boot) {
  const auto path = folder.path();
  const auto segments = alert::journal_segments(path);
  if (!segments) return tl::unexpected<std::string>(path.string() + ": " + segments.error().message());
  const auto known = read_bound(folder);
  if (!known) return tl::unexpected<std::string>(known.error());

  std::vector<std::string> notes;
  Fold fold;
  Bound bound = known->value_or(Bound{});
  bool numbers_are_certain = bound.clean || (!boot.empty() && bound.boot == boot);
  std::optional<std::uint64_t> current;  // the segment to go on with

  // The newest segment that starts with a whole checkpoint carries the state.
  for (auto first = segments->rbegin(); first != segments->rend() && !fold.has_checkpoint; ++first) {
    const auto file = path / alert::segment_name(*first);
    auto folded = fold_segment(file);
    if (!folded) return tl::unexpected<std::string>(folded.error());
    const bool torn = folded->damage && numbers_are_certain && is_torn_tail(file, folded->end);
    if (torn)
      notes.push_back(file.string() + ": a turn that was being written at " + hex(folded->end) + " is cut off");
    if (folded->damage && !torn) {
      numbers_are_certain = false;
      notes.push_back(file.string() + ": " + std::string(alert::meaning(folded->damage->code)) + " at " +
                      hex(folded->damage->offset) + ": what follows is kept and not read");
    }
    if (first == segments->rbegin()) {
      if (folded->has_checkpoint && (!folded->damage || torn)) current = *first;
      if (!folded->has_checkpoint) numbers_are_certain = false;
    }
    fold = std::move(*folded);
  }
  if (!segments->empty() && !fold.has_checkpoint)
    return tl::unexpected<std::string>(path.string() + ": no segment with a whole checkpoint");
  if (!segments->empty() && !*known) {
    numbers_are_certain = false;
    bound.bound = std::max(fold.ledger.totals().sequence, segments->back()) + JournalWriter::kNumbersAhead;
    notes.push_back(path.string() + ": the file `bound` is missing");
  }

  Ledger& ledger = fold.ledger;
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
  const bool holds = numbers_are_certain && current && (bound.clean || last + 1 < bound.bound);
  // Until a segment is open for writing, the next start must not take this boot's word for anything.
  bound.boot = numbers_are_certain ? boot : "";
  std::uint64_t resume_at = numbers_are_certain ? last + 1 : std::max(bound.bound, last + 1);
  if (!current && !segments->empty()) resume_at = std::max(resume_at, segments->back() + 1);  // its name is taken
  if (!holds) {
    bound.clean = false;
    bound.bound = resume_at + JournalWriter::kNumbersAhead;
    if (auto error = write_bound(folder, bound))
      return tl::unexpected<std::string>(path.string() + ": cannot write `bound`: " + error.message());
  }

  JournalWriter writer(std::move(folder), bound);
  std::error_code error;
  if (current && numbers_are_certain) {
    error = writer.continue_segment(*current, fold.end);
  } else {
    std::optional<NumbersSkipped> skipped;
    if (!segments->empty() && resume_at > last + 1)
      skipped = NumbersSkipped{last + 1, resume_at - 1,
                               "some may have been used: the end of the journal is damaged or was lost"};
    if (skipped) ledger.apply(*skipped);
    error = writer.begin_segment(ledger.totals().sequence + 1, checkpoint_parts(ledger), stamp);
    if (skipped && !error) {
      notes.push_back(path.string() + ": numbers " + std::to_string(skipped->first) + " to " +
                      std::to_string(skipped->last) + " are passed over: " + skipped->reason);
      error = append(writer, ledger, *skipped, stamp);
    }
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
