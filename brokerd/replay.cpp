#include "brokerd/replay.hpp"

#include <algorithm>

#include "alert/journal/journal.hpp"
#include "brokerd/journal_walk.hpp"
#include "brokerd/recovery.hpp"

namespace brokerd {

namespace {

constexpr std::uint64_t kBytesPerStep = 1 << 20;

/// Tells that `count` alerts (0: nobody knows) between two sequences are gone.
bool append_gap(std::uint64_t first, std::uint64_t last, std::uint64_t count, std::uint64_t ordinal,
                alert::ReplayWindow& window, alert::GapReason reason = alert::GapReason::damaged) {
  const alert::GapBody gap{first, last, count, static_cast<std::uint32_t>(reason), 0};
  alert::RecordHeader header;
  header.size = sizeof header + sizeof gap;
  header.kind = static_cast<std::uint16_t>(alert::RecordKind::gap);
  header.ordinal = ordinal;
  header.sequence = gap.last;
  return window.append(header, {reinterpret_cast<const std::byte*>(&gap), sizeof gap});
}

/// The hole in the numbering that a table record tells of.
std::optional<NumbersSkipped> hole_in(const alert::RecordView& record) {
  if (record.kind() != alert::RecordKind::table_change) return std::nullopt;
  const std::string_view text = alert::as_text(record.body);
  if (text.find(NumbersSkipped::kChange) == std::string_view::npos) return std::nullopt;
  auto json = alert::parse_json(text);
  if (!json) return std::nullopt;
  const auto change = change_from_json(std::move(*json));
  const auto* hole = change ? std::get_if<NumbersSkipped>(&*change) : nullptr;
  return hole ? std::optional(*hole) : std::nullopt;
}

/// How many bytes of this record were due to the mailslot, if it was written to it.
std::optional<std::uint32_t> due_to(const Ledger& ledger, const Mailslot& slot,
                                    const alert::JournalRecord& journaled) {
  const alert::RecordView& record = journaled.record;
  if (record.kind() == alert::RecordKind::message) {
    const bool is_due =
        record.header.sequence > slot.state.created && written_to(journaled.annex) == slot.state.name;
    return is_due ? std::optional(static_cast<std::uint32_t>(record.body.size())) : std::nullopt;
  }
  const auto as = raised_as(record, journaled.annex);
  return as ? ledger.due(slot, as->event, record.header.sequence, record.body.size()) : std::nullopt;
}

bool is_numbered(alert::RecordKind kind) noexcept {
  return kind == alert::RecordKind::alert || kind == alert::RecordKind::message;
}

}  // namespace

ReplayStep replay(const std::filesystem::path& folder, const Ledger& ledger, const Mailslot& slot, Reader reader,
                  ReplayPlace& place, alert::HistoryPlace after, alert::ReplayWindow& window) {
  window.clear();
  const auto segments = alert::journal_segments(folder);
  if (!segments) return {after, false};
  if (const MailslotState& s = slot.state; after.ordinal < s.taken) {
    const std::uint64_t last = std::max(after.sequence, s.taken_sequence);
    (void)append_gap(after.sequence + 1, last, s.taken - after.ordinal, s.taken, window,
                     alert::GapReason::retention);  // the window is empty: it fits
    after = {s.taken, last};
  }
  if (place.segment == 0 || place.sequence > after.sequence)
    place = {segment_of(*segments, after.sequence + 1), 0, 0};

  std::uint64_t scanned = 0;
  while (place.segment != 0) {
    const auto following = std::upper_bound(segments->begin(), segments->end(), place.segment);
    // What a broken segment has beyond the next one's beginning was refused.
    const std::uint64_t end = following == segments->end() ? ~std::uint64_t{0} : *following;
    auto segment = alert::SegmentReader::open(folder / alert::segment_name(place.segment), place.offset);
    while (segment && scanned < kBytesPerStep) {
      const auto next = segment->next();
      if (!next || !*next) break;  // the end, or damage: go on with the next segment
      const alert::RecordView& record = (*next)->record;
      scanned += record.header.size;
      if (const auto hole = hole_in(record);
          hole && hole->last > after.sequence && hole->first > slot.state.created) {
        if (!append_gap(hole->first, hole->last, 0, after.ordinal, window)) {
          place = {place.segment, (*next)->offset, after.sequence};
          return {after, false};
        }
        after.sequence = hole->last;
      }
      if (is_numbered(record.kind()) && record.header.sequence > after.sequence && record.header.sequence < end) {
        const auto due = due_to(ledger, slot, **next);
        if (due) {
          alert::RecordHeader header = record.header;
          header.ordinal = after.ordinal + 1;
          header.size = static_cast<std::uint32_t>(sizeof header) + *due;
          if (*due < record.body.size()) header.flags |= alert::kCutAtMaxdata;
          if (reader == Reader::consumer && header.ordinal <= slot.state.handed)
            header.flags |= alert::kRedelivered;
          if (!window.append(header, record.body.first(*due))) {
            place = {place.segment, (*next)->offset, after.sequence};
            return {after, false};
          }
          ++after.ordinal;
        }
        after.sequence = record.header.sequence;
      }
      place.offset = segment->offset();
      place.sequence = after.sequence;
    }
    if (scanned >= kBytesPerStep) return {after, false};
    if (following == segments->end()) break;
    place = {*following, 0, after.sequence};
  }
  const std::uint64_t written = slot.state.written;
  const std::uint64_t last = ledger.totals().sequence;
  if (after.ordinal < written && !append_gap(after.sequence + 1, last, written - after.ordinal, written, window))
    return {after, false};
  return {{written, last}, true};
}

}  // namespace brokerd
