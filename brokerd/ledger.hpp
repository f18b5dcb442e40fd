#pragma once
// The ledger: the broker's state as the fold of its journal. Pure: no clock, file or socket.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alert/wire/names.hpp"
#include "brokerd/alert_table.hpp"
#include "brokerd/change.hpp"
#include "brokerd/objects.hpp"
#include "brokerd/raise_ids.hpp"

namespace brokerd {

/// What happens to one alert at one recipient.
struct Delivery {
  std::string_view recipient;  // of the row; valid until the table changes
  alert::Code code;            // success: written
  std::uint64_t incarnation;   // of the mailslot, when written; 0: a semaphore, pulsed
  std::uint32_t size;          // bytes of the alert that fit its maxdata
};

/// Why a recipient that was matched did not get an alert.
[[nodiscard]] std::string_view reason(alert::Code code) noexcept;

/// What a raiser is told of some deliveries: the refused ones by name, as many as a receipt has.
struct Tally {
  std::uint64_t matched = 0;
  std::uint64_t written = 0;
  std::vector<RaiseKnown::Refused> refused{};
};
[[nodiscard]] Tally tally(const std::vector<Delivery>& deliveries);

struct Mailslot {
  MailslotState state;
  std::vector<PastRegistration> past;
};

/// How many alerts that count as lost a consumer has read after all when it has come to ordinal `at`:
/// they were in its ring, or its journaled cursor was older than it. What it was told is a gap it has not.
[[nodiscard]] std::uint64_t found_again(const MailslotState& slot, std::uint64_t at) noexcept;

/// written = read + pending + lost, when the consumer has come to ordinal `at`.
struct Account {
  std::uint64_t read;
  std::uint64_t pending;
  std::uint64_t lost;
};
[[nodiscard]] inline Account account(const MailslotState& slot, std::uint64_t at) noexcept {
  const std::uint64_t behind = at > slot.taken ? at : slot.taken;
  const std::uint64_t lost = slot.lost - found_again(slot, at);
  return {behind - lost, slot.written - behind, lost};
}

class Ledger {
 public:
  Ledger() = default;
  Ledger(Ledger&&) = default;  // and no copies: what it looks up by is inside
  Ledger& operator=(Ledger&&) = default;

  /// One change of the table. Total: a change that does not fit the state is ignored.
  void apply(const Change& change);

  /// One alert. Counts it and says, for each matching row in order, what becomes of it.
  /// The result is valid until the next call. `sequence` is larger than every one before. What became
  /// of a raise with an id is remembered.
  const std::vector<Delivery>& deliver(std::string_view event, std::uint64_t sequence, std::size_t size,
                                       const RaiseId& id = {});
  /// The same for `count` alerts at once, the last of which has this sequence and none of which is larger.
  /// Precondition: `size` <= never_cut(event), or there is one.
  const std::vector<Delivery>& deliver_alike(std::string_view event, std::uint64_t last_sequence, std::size_t size,
                                             std::uint64_t count);
  /// An alert that has no more bytes than this has all of them wherever it is written, and fits wherever there is a
  /// mailslot.
  [[nodiscard]] std::size_t never_cut(std::string_view event) { return targets(event).never_cut; }
  /// One message for a mailslot, counted likewise: one delivery.
  const std::vector<Delivery>& write(std::string_view mailslot, std::uint64_t sequence, std::size_t size);
  /// The same for an alert that is not raised: nothing is counted.
  [[nodiscard]] std::vector<Delivery> preview(std::string_view event, std::size_t size) const;

  /// How many bytes of this alert were due to the mailslot, if it was written to it.
  [[nodiscard]] std::optional<std::uint32_t> due(const Mailslot& mailslot, std::string_view event,
                                                 std::uint64_t sequence, std::size_t size) const;

  [[nodiscard]] const Mailslot* mailslot(std::string_view name) const noexcept;
  [[nodiscard]] const std::map<std::string, Mailslot, std::less<>>& mailslots() const noexcept {
    return mailslots_;
  }
  [[nodiscard]] const RaiseIds& raise_ids() const noexcept { return raise_ids_; }
  [[nodiscard]] const SemaphoreState* semaphore(std::string_view name) const noexcept;
  [[nodiscard]] const std::map<std::string, SemaphoreState, std::less<>>& semaphores() const noexcept {
    return semaphores_;
  }
  [[nodiscard]] const Objects& objects() const noexcept { return objects_; }
  [[nodiscard]] const AlertTable& table() const noexcept { return table_; }
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }

  /// So many alerts were written to the mailslot that cannot be read any more.
  void count_unreadable(std::string_view mailslot, std::uint64_t alerts);
  /// What could not be read when a broker started, in the order of the journal: the last ones.
  [[nodiscard]] const std::vector<Unreadable>& unreadable() const noexcept { return unreadable_; }
  static constexpr std::size_t kMostUnreadable = 64;

  /// The changes that make this state out of nothing: the mailslots before the rows, of which there may be
  /// very many.
  [[nodiscard]] std::vector<Change> checkpoint() const;
  /// The same, each given to `take` as what it is.
  template <class Take>
  void for_each_of_checkpoint(Take&& take) const {
    take(totals_);
    for (const Unreadable& range : unreadable_) take(range);  // before what they would change
    for (const auto& [sequence, raise] : raise_ids_.all()) take(raise);
    for (const auto& [name, slot] : mailslots_) {
      take(slot.state);
      for (const PastRegistration& row : slot.past) take(row);
    }
    for (const auto& [name, semaphore] : semaphores_) take(semaphore);
    for (const auto& [id, row] : table_.rows()) take(row);
    for (const Change& change : objects_.checkpoint()) std::visit(take, change);
  }

 private:
  /// Where a row leads: neither for a name that nobody has made.
  struct Target {
    const Registration* row;
    Mailslot* slot;
    SemaphoreState* semaphore;
  };
  [[nodiscard]] static Delivery judge(const Registration& row, const Mailslot* slot, bool is_semaphore,
                                      std::size_t size);
  struct Targets {
    std::vector<Target> rows;
    std::size_t never_cut = alert::kLargestAlert;
  };
  using TargetsOfEvents = TextMap<Targets>;
  [[nodiscard]] const Targets& targets(std::string_view event);

  void apply_one(const Totals& totals);
  void apply_one(const MailslotState& mailslot);
  void apply_one(const MailslotDeleted& deleted);
  void apply_one(const SemaphoreState& semaphore);
  void apply_one(const SemaphoreReleased& released);
  void apply_one(const Registration& row);
  void apply_one(const Unregistered& row);
  void apply_one(const PastRegistration& row);
  void apply_one(const CursorMoved& cursor);
  void apply_one(const NumbersSkipped& skipped);
  void apply_one(const RaiseKnown& raise);
  void apply_one(const AlertsTaken& taken);
  void apply_one(const GapTold& gap);
  void apply_one(const Unreadable& range);
  void apply_one(const ObjectState& object) { objects_.apply(object); }
  void apply_one(const ObjectChanged& change) { objects_.apply(change); }
  void apply_one(const ObjectDeleted& deleted) { objects_.apply(deleted); }
  void apply_one(const ObjectSequences& sequences) { objects_.apply(sequences); }

  Totals totals_;
  AlertTable table_;
  RaiseIds raise_ids_;
  std::map<std::string, Mailslot, std::less<>> mailslots_;
  std::map<std::string, SemaphoreState, std::less<>> semaphores_;
  TargetsOfEvents targets_;                              // that were raised since the table changed
  const TargetsOfEvents::value_type* latest_ = nullptr;  // of targets_: of the event that was raised last
  std::vector<Unreadable> unreadable_;
  Objects objects_;
  std::vector<Delivery> deliveries_;
};

}  // namespace brokerd
