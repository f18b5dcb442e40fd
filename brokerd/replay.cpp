#include "brokerd/replay.hpp"

#include <algorithm>

#include "alert/journal/journal.hpp"
#include "brokerd/recovery.hpp"

namespace brokerd {

namespace {

constexpr std::uint64_t kBytesPerStep = 1 << 20;

/// The segment that holds `sequence`, or would; 0 where there is none.
std::uint64_t segment_of(const std::vector<std::uint64_t>& segments, std::uint64_t sequence) {
  const auto behind = std::upper_bound(segments.begin(), segments.end(), sequence);
  if (segments.empty()) return 0;
  return behind == segments.begin() ? segments.front() : *(behind - 1);
}

/// What the ledger says was written and the journal can no longer show.
bool append_gap(const Ledger& ledger, const alert::HistoryPlace& after, std::uint64_t written,
                alert::ReplayWindow& window) {
  const alert::GapBody gap{after.sequence + 1, ledger.totals().sequence, written - after.ordinal,
                           static_cast<std::uint32_t>(alert::GapReason::damaged), 0};
  alert::RecordHeader header;
  header.size = sizeof header + sizeof gap;
  header.kind = static_cast<std::uint16_t>(alert::RecordKind::gap);
  header.ordinal = written;
  header.sequence = gap.last;
  return window.append(header, {reinterpret_cast<const std::byte*>(&gap), sizeof gap});
}

}  // namespace

ReplayStep replay(const std::filesystem::path& folder, const Ledger& ledger, const Mailslot& slot, Reader reader,
                  ReplayPlace& place, alert::HistoryPlace after, alert::ReplayWindow& window) {
  window.clear();
  const auto segments = alert::journal_segments(folder);
  if (!segments) return {after, false};
  if (place.segment == 0 || place.sequence > after.sequence)
    place = {segment_of(*segments, after.sequence + 1), 0, 0};

  std::uint64_t scanned = 0;
  while (place.segment != 0) {
    auto segment = alert::SegmentReader::open(folder / alert::segment_name(place.segment), place.offset);
    while (segment && scanned < kBytesPerStep) {
      const auto next = segment->next();
      if (!next || !*next) break;  // the end, or damage: go on with the next segment
      const alert::RecordView& record = (*next)->record;
      scanned += record.header.size;
      if (record.kind() == alert::RecordKind::alert && record.header.sequence > after.sequence) {
        const auto event = raised_event(record, (*next)->annex);
        const auto due =
            event ? ledger.due(slot, *event, record.header.sequence, record.body.size()) : std::nullopt;
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
    const auto following = std::upper_bound(segments->begin(), segments->end(), place.segment);
    if (following == segments->end()) break;
    place = {*following, 0, after.sequence};
  }
  if (after.ordinal < slot.state.written && !append_gap(ledger, after, slot.state.written, window))
    return {after, false};
  return {{slot.state.written, ledger.totals().sequence}, true};
}

}  // namespace brokerd
