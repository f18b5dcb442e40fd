#pragma once
// Why one alert was written to one recipient, or not: out of the journal, in steps.

#include <optional>
#include <string>
#include <vector>

#include "alert/control/inquiries.hpp"
#include "brokerd/fold.hpp"
#include "brokerd/journal_walk.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

/// Folds what concerns the recipient and nothing else, so that it stays small whatever the table holds:
/// first up to the alert, then, where another moment than now is asked about, up to that.
class Explanation {
 public:
  /// `call.recipient` is canonical, `call.sequence` was given, `last` is the latest one that was.
  Explanation(const std::filesystem::path& folder, alert::Explain call, std::uint64_t last);

  [[nodiscard]] const alert::Explain& call() const noexcept { return call_; }
  [[nodiscard]] std::uint64_t segment() const noexcept { return walk_.place().segment; }  // where it reads
  /// One turn's work; false once conclude() may be called.
  [[nodiscard]] bool step();

  /// The journal does not reach back to the moment that is asked about.
  [[nodiscard]] bool is_too_early() const noexcept { return is_too_early_; }
  /// Who owned the recipient, or had registered it where it did not exist, when the alert was raised.
  [[nodiscard]] std::optional<std::uint32_t> owner() const noexcept { return owner_; }

  /// `now`: the running state; `cursor`: where the mailslot's consumer is, if there is one.
  [[nodiscard]] alert::Explain::Reply conclude(const Ledger& now, const std::optional<CursorMoved>& cursor) const;

 private:
  enum class Phase { alert, moment, done };

  void take(const alert::JournalRecord& journaled);
  void take_alert(const alert::RecordView& record, const RaisedAs& as);
  void take_change(const Change& change);
  void begin_moment();
  [[nodiscard]] bool is_behind_moment(const alert::RecordHeader& header) const noexcept;
  [[nodiscard]] bool concerns(const Change& change) const;
  [[nodiscard]] std::vector<alert::RegisteredInterval> intervals(const Ledger& then) const;
  void tell_registrations(alert::Explain::Reply& reply, const Ledger& then) const;
  [[nodiscard]] std::vector<std::string> events_then(const Ledger& then) const;

  std::filesystem::path folder_;
  alert::Explain call_;
  std::string needle_;  // the recipient as it stands in JSON
  Phase phase_ = Phase::alert;
  JournalWalk walk_;
  Ledger fold_;  // of what concerns the recipient
  bool has_moment_ = false;
  bool is_too_early_ = false;
  bool is_behind_damage_ =
      false;                 // of its segment: what changed there is not known, nor how many alerts there were
  std::uint64_t first_ = 0;  // where the journal begins

  alert::Explain::Reply reply_;  // as far as the alert itself decides it
  std::optional<std::uint32_t> owner_;
  std::optional<std::uint64_t> incarnation_;
  std::vector<PastRegistration> past_;  // of the event, as of the alert
  std::optional<Registration> row_;     // that matched
};

}  // namespace brokerd
