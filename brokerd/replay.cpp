#include "brokerd/replay.hpp"

#include <algorithm>

#include "alert/journal/journal.hpp"
#include "brokerd/fold.hpp"
#include "brokerd/journal_walk.hpp"

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

/// The mailslot's ordinal where a segment begins; none where that cannot be known.
std::optional<std::uint64_t> ordinal_at(const std::filesystem::path& segment, const Mailslot& slot) {
  const auto mailslots = mailslots_of_checkpoint(segment);
  if (!mailslots) return std::nullopt;
  const auto then = std::find_if(mailslots->begin(), mailslots->end(), [&](const MailslotState& one) {
    return one.incarnation == slot.state.incarnation;
  });
  return then == mailslots->end() ? std::nullopt : std::optional(then->written);
}

/// Whether a start went over alerts of this range, and could not count whose they were.
bool is_uncounted(const Ledger& ledger, std::uint64_t first, std::uint64_t last) {
  return std::any_of(ledger.unreadable().begin(), ledger.unreadable().end(), [&](const Unreadable& range) {
    return range.first <= range.last && range.first <= last && range.last >= first;
  });
}

/// Goes on behind the numbers up to `last`, which are in no record any more; false when the window is full.
/// `ordinal` is the mailslot's there, where it is known.
bool pass_missing(std::uint64_t last, std::optional<std::uint64_t> ordinal, const Ledger& ledger,
                  const Mailslot& slot, alert::HistoryPlace& after, alert::ReplayWindow& window) {
  const std::uint64_t first = std::max(after.sequence, slot.state.created) + 1;
  const bool is_known = ordinal && *ordinal >= after.ordinal;
  const std::uint64_t behind = is_known ? *ordinal : after.ordinal;
  const bool is_counted = is_known && !is_uncounted(ledger, first, last);
  const bool is_nothing_lost = first > last || (is_counted && behind == after.ordinal);
  const std::uint64_t count = is_counted ? behind - after.ordinal : 0;
  if (!is_nothing_lost && !append_gap(first, last, count, behind, window)) return false;
  after = {behind, last};
  return true;
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
    const auto file = folder / alert::segment_name(place.segment);
    const auto count_behind = [&](const alert::SegmentReader& here) {
      const auto written = following == segments->end()
                               ? std::optional(slot.state.written)
                               : ordinal_at(folder / alert::segment_name(*following), slot);
      place.behind.emplace(here, end, written);
      place.offset = here.offset();
    };
    auto segment = alert::SegmentReader::open(file, place.offset);
    while (segment && scanned < kBytesPerStep) {
      if (place.behind && !place.behind->step(*segment, ledger, slot, kBytesPerStep)) return {after, false};
      const auto next = segment->next();
      if (!next && segment->pass_broken_block()) {
        scanned += segment->offset() - place.offset;
        place.offset = segment->offset();
        continue;
      }
      if (!next && !place.behind) {
        count_behind(*segment);
        continue;
      }
      if (!next) {
        segment->go_to(place.behind->reached());
        continue;
      }
      if (!*next) break;
      const alert::RecordView& record = (*next)->record;
      scanned += record.header.size;
      if (const auto hole = hole_in(record); hole && hole->last > after.sequence) {
        const std::uint64_t first = std::max(after.sequence, slot.state.created) + 1;
        if (first <= hole->last && !append_gap(first, hole->last, 0, after.ordinal, window)) {
          place = {place.segment, (*next)->offset, after.sequence};
          return {after, false};
        }
        after.sequence = hole->last;
      }
      if (is_numbered(record.kind()) && record.header.sequence > after.sequence + 1 &&
          record.header.sequence < end) {
        const bool is_first = record.header.sequence == place.segment;
        if (!is_first && !place.behind) {
          segment = alert::SegmentReader::open(file, (*next)->offset);
          if (segment) count_behind(*segment);
          continue;
        }
        const auto ordinal = is_first                                     ? ordinal_at(file, slot)
                             : place.behind->reached() <= (*next)->offset ? place.behind->ordinal()
                                                                          : std::nullopt;
        if (!pass_missing(record.header.sequence - 1, ordinal, ledger, slot, after, window)) {
          place.offset = (*next)->offset;
          place.sequence = after.sequence;
          return {after, false};
        }
      }
      if (is_numbered(record.kind()) && record.header.sequence > after.sequence && record.header.sequence < end) {
        const auto as = raised_as(record, (*next)->annex);
        const auto due = as ? brokerd::due(ledger, slot, *as, record) : std::nullopt;
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
      if (is_numbered(record.kind())) place.behind.reset();
      place.offset = segment->offset();
      place.sequence = after.sequence;
    }
    if (scanned >= kBytesPerStep) return {after, false};
    if (following == segments->end()) break;
    place = {*following, 0, after.sequence};
  }
  const std::uint64_t written = slot.state.written;
  const std::uint64_t last = ledger.totals().sequence;
  if (after.ordinal < written && after.sequence < last &&
      !append_gap(after.sequence + 1, last, written - after.ordinal, written, window))
    return {after, false};
  return {{written, last}, true};
}

}  // namespace brokerd
