#include "brokerd/fold.hpp"

#include <algorithm>

#include "brokerd/journaled_changes.hpp"
#include "brokerd/raised_as.hpp"

namespace brokerd {

const std::vector<Delivery>& deliver(Ledger& ledger, const RaisedAs& as, std::uint32_t uid, std::uint64_t sequence,
                                     std::size_t size) {
  if (!as.mailslot.empty()) return ledger.write(as.mailslot, sequence, size);
  return ledger.deliver(as.event, sequence, size, {uid, as.id});
}

const std::vector<Delivery>& deliver(Ledger& ledger, const RaisedAs& as, const alert::RecordView& record) {
  return deliver(ledger, as, record.header.uid, record.header.sequence, record.body.size());
}

std::optional<std::uint32_t> due(const Ledger& ledger, const Mailslot& slot, const RaisedAs& as,
                                 const alert::RecordView& record) {
  const std::uint64_t sequence = record.header.sequence;
  if (as.mailslot.empty()) return ledger.due(slot, as.event, sequence, record.body.size());
  const bool is_due = sequence > slot.state.created && as.mailslot == slot.state.name;
  return is_due ? std::optional(static_cast<std::uint32_t>(record.body.size())) : std::nullopt;
}

std::optional<Ledger> checkpoint_of(const std::filesystem::path& file) {
  auto segment = alert::SegmentReader::open(file);
  std::optional<Ledger> ledger;
  while (segment) {
    const auto next = segment->next();
    if (!next && ledger) return std::nullopt;  // a part of it is damaged
    if (!next) {
      segment->pass_damage();  // of the segment's front
      continue;
    }
    if (!*next || (*next)->record.kind() != alert::RecordKind::checkpoint) return std::nullopt;
    const auto told = changes_in((*next)->record);
    if (!told || told->changes.empty()) return std::nullopt;
    if (!ledger && !std::holds_alternative<Totals>(told->changes.front()))
      return std::nullopt;  // not its first part
    if (!ledger) ledger.emplace();
    for (const Change& change : told->changes) ledger->apply(change);
    if (told->is_last) return ledger;
  }
  return std::nullopt;
}

std::optional<std::vector<MailslotState>> mailslots_of_checkpoint(const std::filesystem::path& file) {
  static const std::string kNeedle = "\"change\":\"" + std::string(MailslotState::kChange) + "\"";
  static const std::string kRows = "[{\"change\":\"" + std::string(Registration::kChange) + "\"";
  constexpr std::size_t kFront = 256;  // of a part: where its first change begins
  auto segment = alert::SegmentReader::open(file);
  if (!segment) return std::nullopt;
  std::vector<MailslotState> mailslots;
  bool has_checkpoint = false;
  for (;;) {
    const auto next = segment->next();
    if (!next) return std::nullopt;
    if (!*next || (*next)->record.kind() != alert::RecordKind::checkpoint) break;
    has_checkpoint = true;
    const std::string_view text = alert::as_text((*next)->record.body);
    if (text.substr(0, kFront).find(kRows) != std::string_view::npos) break;
    if (text.find(kNeedle) == std::string_view::npos) continue;
    const auto told = changes_in((*next)->record);
    if (!told) return std::nullopt;
    for (const Change& change : told->changes)
      if (const auto* mailslot = std::get_if<MailslotState>(&change)) mailslots.push_back(*mailslot);
  }
  return has_checkpoint ? std::optional(std::move(mailslots)) : std::nullopt;
}

std::optional<std::string> Fold::add(const std::filesystem::path& folder, std::uint64_t first) {
  const auto file = folder / alert::segment_name(first);
  auto segment = alert::SegmentReader::open(file);
  if (!segment) return file.string() + ": " + segment.error().message();
  segment_ = first;
  end_ = 0;
  for (;;) {
    const auto next = segment->next();
    if (!next) {
      open_hole(segment->pass_damage(), next.error().code);
    } else if (!*next) {
      const alert::DamagedRange room{segment->offset(), segment->file_size()};
      if (room.from < room.to && !may_have_room_) open_hole(room, alert::Errc::bad_length);
      break;
    } else if (apply(**next)) {
      end_ = segment->offset();
    } else {
      open_hole({(*next)->offset, segment->offset()}, alert::Errc::bad_json);
    }
  }
  return std::nullopt;
}

bool Fold::apply(const alert::JournalRecord& journaled) {
  const alert::RecordView& record = journaled.record;
  switch (record.kind()) {
    case alert::RecordKind::table_change: {
      const auto told = changes_in(record);
      if (!told) return false;
      close_hole(record.header);
      for (const Change& change : told->changes) {
        if (const auto* cursor = std::get_if<CursorMoved>(&change)) recount(*cursor);
        ledger_.apply(change);
      }
      return true;
    }
    case alert::RecordKind::alert:
    case alert::RecordKind::message: {
      const auto as = raised_as(record, journaled.annex);
      if (!as || record.header.sequence <= ledger_.totals().sequence) return false;
      if (!hole_ && record.header.sequence > ledger_.totals().sequence + 1)  // records are missing
        open_hole({journaled.offset, journaled.offset}, alert::Errc::truncated);
      close_hole(record.header);
      deliver(*as, record);
      return true;
    }
    default: close_hole(record.header); return true;  // a checkpoint says what the fold knows already
  }
}

void Fold::open_hole(alert::DamagedRange range, alert::Errc why) {
  const std::uint64_t first = ledger_.totals().sequence + 1;
  if (hole_ && hole_->segment == segment_ && hole_->to == range.from) {
    hole_->to = range.to;
    return;
  }
  if (hole_) close_hole({});
  hole_ = Unreadable{segment_, range.from, range.to, first, 0};
  why_ = why;
}

void Fold::close_hole(const alert::RecordHeader& behind) {
  if (!hole_) return;
  const bool has_number = is_numbered(static_cast<alert::RecordKind>(behind.kind));
  hole_->last = std::max(behind.sequence - has_number, hole_->first - 1);
  ledger_.apply(*hole_);
  holes_.push_back({*hole_, why_});
  hole_.reset();
  behind_hole_.clear();
}

void Fold::deliver(const RaisedAs& as, const alert::RecordView& record) {
  const std::uint64_t sequence = record.header.sequence;
  const auto& deliveries = brokerd::deliver(ledger_, as, record);
  if (holes_.empty()) return;
  for (const Delivery& delivery : deliveries)
    if (delivery.code == alert::Code::success && delivery.incarnation != 0)
      behind_hole_[std::string(delivery.recipient)].push_back(sequence);
}

/// A cursor tells how many alerts its mailslot got up to a place: those of the hole can be counted then.
void Fold::recount(const CursorMoved& cursor) {
  const Mailslot* slot = ledger_.mailslot(cursor.mailslot);
  if (!slot || holes_.empty()) return;
  const auto& since = behind_hole_[cursor.mailslot];
  const auto read = std::upper_bound(since.begin(), since.end(), cursor.read_sequence) - since.begin();
  const std::uint64_t known = slot->state.written - since.size() + static_cast<std::uint64_t>(read);
  if (cursor.read > known) ledger_.count_unreadable(cursor.mailslot, cursor.read - known);
}

}  // namespace brokerd
