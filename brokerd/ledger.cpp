#include "brokerd/ledger.hpp"

#include <algorithm>

namespace brokerd {

std::uint64_t found_again(const MailslotState& slot, std::uint64_t at) noexcept {
  const std::uint64_t to = std::min(at, slot.taken);
  if (to <= slot.read) return 0;
  const std::uint64_t told_from = std::max(slot.told_after.value_or(0), slot.read);
  const std::uint64_t told_to = std::min(slot.told.value_or(0), to);
  const std::uint64_t told = told_to > told_from ? told_to - told_from : 0;
  return std::min(to - slot.read - told, slot.lost);
}

void Ledger::apply(const Change& change) {
  if (!std::holds_alternative<CursorMoved>(change)) {
    targets_.clear();
    latest_ = nullptr;
  }
  std::visit([this](const auto& c) { apply_one(c); }, change);
}

void Ledger::apply_one(const Totals& totals) {
  *this = Ledger();
  totals_ = totals;
}

void Ledger::apply_one(const MailslotState& mailslot) {
  mailslots_[mailslot.name] = Mailslot{mailslot, {}};
  totals_.incarnations = std::max(totals_.incarnations, mailslot.incarnation);
}

void Ledger::apply_one(const MailslotDeleted& deleted) { mailslots_.erase(deleted.name); }

void Ledger::apply_one(const SemaphoreState& semaphore) { semaphores_[semaphore.name] = semaphore; }

void Ledger::apply_one(const SemaphoreReleased& released) { semaphores_.erase(released.name); }

void Ledger::apply_one(const Registration& row) {
  if (table_.find(row.event, row.recipient)) return;
  table_.add(row);
  totals_.registrations = std::max(totals_.registrations, row.id);
}

void Ledger::apply_one(const Unregistered& ended) {
  const auto row = table_.remove(ended.event, ended.recipient);
  if (!row) return;
  const auto found = mailslots_.find(row->recipient);
  if (found == mailslots_.end()) return;
  const std::uint64_t from = std::max(row->from, found->second.state.created);
  if (from < ended.to) found->second.past.push_back({row->recipient, row->event, row->maxdata, from, ended.to});
}

void Ledger::apply_one(const PastRegistration& row) {
  const auto found = mailslots_.find(row.mailslot);
  if (found != mailslots_.end()) found->second.past.push_back(row);
}

void Ledger::apply_one(const CursorMoved& cursor) {
  const auto found = mailslots_.find(cursor.mailslot);
  if (found == mailslots_.end()) return;
  MailslotState& state = found->second.state;
  state.lost -= found_again(state, cursor.read);
  state.read = cursor.read;
  state.read_sequence = cursor.read_sequence;
  state.handed = cursor.handed;
  state.attached = cursor.attached;
}

void Ledger::apply_one(const NumbersSkipped& skipped) {
  totals_.sequence = std::max(totals_.sequence, skipped.last);
  totals_.skipped = std::max(totals_.skipped, skipped.last);
}

void Ledger::apply_one(const RaiseKnown& raise) { raise_ids_.remember(raise); }

void Ledger::apply_one(const AlertsTaken& taken) {
  const auto found = mailslots_.find(taken.mailslot);
  if (found == mailslots_.end()) return;
  MailslotState& state = found->second.state;
  const std::uint64_t known = std::max(state.read, state.taken);
  if (taken.ordinal > state.written || taken.ordinal < state.taken) return;
  if (taken.ordinal > known) state.lost += taken.ordinal - known;
  state.taken = taken.ordinal;
  state.taken_sequence = std::max(state.taken_sequence, taken.sequence);
}

void Ledger::apply_one(const GapTold& gap) {
  const auto found = mailslots_.find(gap.mailslot);
  if (found == mailslots_.end()) return;
  MailslotState& state = found->second.state;
  const bool goes_on = state.told.value_or(0) > state.read;  // the one before is still to be passed
  state.told_after = goes_on ? std::min(gap.after, *state.told_after) : gap.after;
  state.told = goes_on ? std::max(gap.to, *state.told) : gap.to;
}

void Ledger::apply_one(const Unreadable& range) {
  if (std::find(unreadable_.begin(), unreadable_.end(), range) != unreadable_.end()) return;
  if (unreadable_.size() == kMostUnreadable) {  // the next one's numbers reach down to those of the oldest
    unreadable_[1].first = std::min(unreadable_[0].first, unreadable_[1].first);
    unreadable_.erase(unreadable_.begin());
  }
  unreadable_.push_back(range);
  if (range.first <= range.last) {
    totals_.sequence = std::max(totals_.sequence, range.last);
    totals_.skipped = std::max(totals_.skipped, range.last);
  }
  // Nobody knows who came and read meanwhile: what is delivered again is marked, unless a later cursor tells.
  for (auto& [name, slot] : mailslots_) slot.state.attached = true;
}

void Ledger::count_unreadable(std::string_view mailslot, std::uint64_t alerts) {
  const auto found = mailslots_.find(mailslot);
  if (found == mailslots_.end()) return;
  found->second.state.written += alerts;
  totals_.written += alerts;
  totals_.matched += alerts;
}

Delivery Ledger::judge(const Registration& row, const Mailslot* slot, bool is_semaphore, std::size_t size) {
  using enum alert::Code;
  if (!slot) return {row.recipient, is_semaphore ? success : path_not_found, 0, 0};
  const auto cut = static_cast<std::uint32_t>(std::min<std::size_t>(size, row.maxdata));
  return {row.recipient, cut > slot->state.max_message ? buffer_overflow : success, slot->state.incarnation, cut};
}

const Ledger::Targets& Ledger::targets(std::string_view event) {
  static const Targets kNone;
  if (latest_ && latest_->first == event) return latest_->second;
  if (const auto known = targets_.find(event); known != targets_.end()) {
    latest_ = &*known;
    return known->second;
  }
  const auto& rows = table_.matching(event);
  if (rows.empty()) return kNone;
  Targets& targets = targets_[std::string(event)];
  for (const Registration* row : rows) {
    const auto slot = mailslots_.find(row->recipient);
    const auto semaphore = semaphores_.find(row->recipient);
    targets.rows.push_back({row, slot == mailslots_.end() ? nullptr : &slot->second,
                            semaphore == semaphores_.end() ? nullptr : &semaphore->second});
    if (slot == mailslots_.end()) continue;
    const std::size_t fits = std::min<std::size_t>(row->maxdata, slot->second.state.max_message);
    targets.never_cut = std::min(targets.never_cut, fits);
  }
  return targets;
}

const std::vector<Delivery>& Ledger::deliver(std::string_view event, std::uint64_t sequence, std::size_t size,
                                             const RaiseId& id) {
  deliver_alike(event, sequence, size, 1);
  if (id.id.empty()) return deliveries_;
  Tally told = tally(deliveries_);
  raise_ids_.remember({std::string(id.id), id.uid, sequence, told.matched, told.written, std::move(told.refused)});
  return deliveries_;
}

const std::vector<Delivery>& Ledger::deliver_alike(std::string_view event, std::uint64_t last_sequence,
                                                   std::size_t size, std::uint64_t count) {
  deliveries_.clear();
  totals_.sequence = last_sequence;
  totals_.accepted += count;
  for (const auto& [row, slot, semaphore] : targets(event).rows) {
    const Delivery& delivery = deliveries_.emplace_back(judge(*row, slot, semaphore != nullptr, size));
    const bool written = delivery.code == alert::Code::success;
    totals_.matched += count;
    (written ? totals_.written : totals_.refused) += count;
    if (slot)
      (written ? slot->state.written : slot->state.refused) += count;
    else if (semaphore)
      semaphore->pulses += count;
  }
  return deliveries_;
}

const std::vector<Delivery>& Ledger::write(std::string_view mailslot, std::uint64_t sequence, std::size_t size) {
  deliveries_.clear();
  totals_.sequence = sequence;
  ++totals_.accepted;
  ++totals_.matched;
  const auto slot = mailslots_.find(mailslot);
  if (slot == mailslots_.end()) {  // of a journal that nobody wrote like this
    ++totals_.refused;
    return deliveries_;
  }
  MailslotState& state = slot->second.state;
  ++totals_.written;
  ++state.written;
  deliveries_.push_back({state.name, alert::Code::success, state.incarnation, static_cast<std::uint32_t>(size)});
  return deliveries_;
}

std::vector<Delivery> Ledger::preview(std::string_view event, std::size_t size) const {
  std::vector<Delivery> deliveries;
  for (const Registration* row : table_.matching(event))
    deliveries.push_back(judge(*row, mailslot(row->recipient), semaphore(row->recipient) != nullptr, size));
  return deliveries;
}

std::optional<std::uint32_t> Ledger::due(const Mailslot& slot, std::string_view event, std::uint64_t sequence,
                                         std::size_t size) const {
  std::optional<std::uint32_t> maxdata;
  if (sequence <= slot.state.created) return std::nullopt;
  if (const Registration* row = table_.find(event, slot.state.name); row && sequence > row->from)
    maxdata = row->maxdata;
  for (const PastRegistration& past : slot.past)
    if (past.event == event && sequence > past.from && sequence <= past.to) maxdata = past.maxdata;
  if (!maxdata) return std::nullopt;
  const auto cut = static_cast<std::uint32_t>(std::min<std::size_t>(size, *maxdata));
  return cut > slot.state.max_message ? std::nullopt : std::optional(cut);
}

std::string_view reason(alert::Code code) noexcept {
  switch (code) {
    case alert::Code::path_not_found: return "no such recipient";
    case alert::Code::buffer_overflow: return "larger than the mailslot's messages";
    default: return "refused";
  }
}

Tally tally(const std::vector<Delivery>& deliveries) {
  Tally result{deliveries.size()};
  for (const Delivery& delivery : deliveries) {
    if (delivery.code == alert::Code::success)
      ++result.written;
    else if (result.refused.size() < alert::kNamesInReceipt)
      result.refused.push_back({std::string(delivery.recipient), static_cast<std::uint16_t>(delivery.code)});
  }
  return result;
}

const Mailslot* Ledger::mailslot(std::string_view name) const noexcept {
  const auto found = mailslots_.find(name);
  return found == mailslots_.end() ? nullptr : &found->second;
}

const SemaphoreState* Ledger::semaphore(std::string_view name) const noexcept {
  const auto found = semaphores_.find(name);
  return found == semaphores_.end() ? nullptr : &found->second;
}

std::vector<Change> Ledger::checkpoint() const {
  std::vector<Change> changes;
  for_each_of_checkpoint([&](const auto& change) { changes.emplace_back(change); });
  return changes;
}

}  // namespace brokerd
