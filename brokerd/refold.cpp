#include "brokerd/refold.hpp"

#include <algorithm>
#include <cerrno>

#include "brokerd/differences.hpp"

namespace brokerd {

namespace {

std::string numbers(std::uint64_t first, std::uint64_t last) {
  return first == last ? "number " + std::to_string(first)
                       : "numbers " + std::to_string(first) + " to " + std::to_string(last);
}

/// Whether a start went over the damage at this place.
bool is_named(const Ledger& ledger, const JournalPlace& place) {
  return std::any_of(ledger.unreadable().begin(), ledger.unreadable().end(), [&](const Unreadable& range) {
    return range.segment == place.segment && range.from <= place.offset && place.offset <= range.to;
  });
}

}  // namespace

bool Refold::step(std::uint64_t bytes) {
  walk_.allow(bytes);
  for (;;) {
    const auto at = walk_.next();
    const JournalPlace& here = walk_.place();
    const bool is_behind =
        end_ && (here.segment > end_->segment || (here.segment == end_->segment && here.offset >= end_->offset));
    if (at == JournalWalk::At::pause) return true;
    if (at == JournalWalk::At::end || is_behind) {
      finish();
      return false;
    }
    switch (at) {
      case JournalWalk::At::segment: begin_segment(); break;
      case JournalWalk::At::gone: lose_segment(); break;
      case JournalWalk::At::damage: take_damage(walk_.error()); break;
      default: take(walk_.record()); break;
    }
  }
}

void Refold::differ(const JournalPlace& place, std::string sentence) {
  if (differences_.size() >= kMostFindings || told_bytes_ >= kMostBytes) return;
  told_bytes_ += sentence.size();
  differences_.push_back({place, std::move(sentence)});
}

void Refold::note(const JournalPlace& place, std::string sentence) {
  if (notes_.size() < kMostFindings) notes_.push_back({place, std::move(sentence)});
}

void Refold::begin_segment() {
  compare();
  ++counts_.segments;
  said_.emplace();
  said_at_.reset();
  is_whole_ = false;
}

void Refold::lose_segment() {
  --counts_.segments;
  said_.reset();
  has_begun_ = false;
  damage_.reset();
  if (walk_.failure() == std::error_code(ENOENT, std::generic_category()))
    note(walk_.place(), "retention took it meanwhile: the fold begins anew behind it");
  else
    differ(walk_.place(), "cannot be opened: " + walk_.failure().message());
}

void Refold::take(const alert::JournalRecord& journaled) {
  const alert::RecordView& record = journaled.record;
  counts_.bytes += record.header.size;
  if (damage_ && damage_->place.segment == walk_.place().segment) return;  // as at a broker's start
  if (is_numbered(record.kind())) {
    const auto as = raised_as(record, journaled.annex);
    return as ? take_alert(record, *as) : take_damage({alert::Errc::bad_json, journaled.offset});
  }
  if (record.kind() != alert::RecordKind::checkpoint && record.kind() != alert::RecordKind::table_change) return;
  auto told = changes_in(record);
  if (!told) return take_damage({told.error().code, journaled.offset});
  if (record.kind() == alert::RecordKind::checkpoint) return take_checkpoint(std::move(*told));
  for (const Change& change : told->changes) take_change(change);
}

void Refold::take_checkpoint(JournaledChanges told) {
  if (is_whole_) return differ(walk_.place(), "a checkpoint in the midst of a segment");
  if (!said_at_) said_at_ = walk_.place();
  for (const Change& change : told.changes) said_->apply(change);
  if (!told.is_last) return;
  is_whole_ = true;
  if (!has_begun_) {
    fold_ = std::move(*said_);
    said_.reset();
    has_begun_ = true;
    for (std::string& sentence : wrong_sums(fold_)) differ(*said_at_, std::move(sentence));
  } else if (fold_.checkpoint() == said_->checkpoint()) {
    agree();
  } else if (told.takes_place && !damage_) {
    believe();
  }
}

void Refold::take_change(const Change& change) {
  if (!is_whole_) return;
  const auto* hole = std::get_if<NumbersSkipped>(&change);
  if (const std::uint64_t next = fold_.totals().sequence + 1; hole && hole->first > next)
    differ(walk_.place(), numbers(next, hole->first - 1) + " missing before a gap");
  fold_.apply(change);
  if (said_) said_->apply(change);
}

void Refold::take_alert(const alert::RecordView& record, const RaisedAs& as) {
  if (!is_whole_) return;
  compare();
  const std::uint64_t sequence = record.header.sequence;
  const std::uint64_t next = fold_.totals().sequence + 1;
  if (sequence < next) return differ(walk_.place(), numbers(sequence, sequence) + " is there twice");
  if (sequence > next) differ(walk_.place(), numbers(next, sequence - 1) + " missing, and in no gap");
  deliver(fold_, as, record);
  ++counts_.alerts;
}

void Refold::take_damage(const alert::Error& error) {
  const JournalPlace place{walk_.place().segment, error.offset};
  if (damage_ && damage_->place.segment == place.segment) return;  // what follows is not read anyway
  if (damage_) differ(damage_->place, std::move(damage_->sentence));
  damage_ = Finding{place, std::string(meaning(error.code)) + ": what follows is not read"};
  if (error.code == alert::Errc::truncated && walk_.is_newest()) {  // its broker was killed, or is writing now
    note(place, std::move(damage_->sentence));
    damage_.reset();
    end_ = place;
  }
}

void Refold::compare() {
  if (!said_ || !is_whole_) {
    said_.reset();
    return;
  }
  const auto said = said_->checkpoint();
  const auto folded = fold_.checkpoint();
  if (said == folded) return agree();
  if (damage_ && is_named(*said_, damage_->place)) {  // with what a start could read behind it
    fold_ = std::move(*said_);
    return agree();
  }
  const std::uint64_t next = fold_.totals().sequence + 1;
  const std::uint64_t last = said_->totals().sequence;
  const std::string missing = next <= last ? numbers(next, last) + " missing, and in no gap" : "";
  if (damage_) {
    differ(damage_->place, damage_->sentence + (missing.empty() ? "" : ": " + missing));
    damage_.reset();
  } else {
    if (!missing.empty()) differ(*said_at_, missing);
    for (std::string& sentence : brokerd::differences(said, folded, kMostFindings))
      differ(*said_at_, std::move(sentence));
  }
  fold_ = std::move(*said_);
  said_.reset();
}

/// Of what changed before it only its result is there; alerts are in other segments.
void Refold::believe() {
  const std::uint64_t next = fold_.totals().sequence + 1;
  const std::uint64_t last = said_->totals().sequence;
  if (next <= last) return;
  note(*said_at_, "it took the place of a segment with changes of the table: their result is believed");
  fold_ = std::move(*said_);
  agree();
}

void Refold::agree() {
  ++counts_.checkpoints;
  said_.reset();
  if (damage_) note(damage_->place, damage_->sentence + ", and is in a gap that the journal names");
  damage_.reset();
  for (std::string& sentence : wrong_sums(fold_)) differ(*said_at_, std::move(sentence));
}

void Refold::finish() {
  compare();
  if (damage_) differ(damage_->place, std::move(damage_->sentence));
  damage_.reset();
  for (std::string& sentence : wrong_sums(fold_)) differ(walk_.place(), std::move(sentence));
}

}  // namespace brokerd
