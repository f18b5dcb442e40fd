#pragma once
// The fold of the journal's newest segments, over whatever cannot be read in them.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alert/journal/journal.hpp"
#include "brokerd/ledger.hpp"
#include "brokerd/raised_as.hpp"

namespace brokerd {

/// What an alert or message of so many bytes does to a state.
const std::vector<Delivery>& deliver(Ledger& ledger, const RaisedAs& as, std::uint32_t uid, std::uint64_t sequence,
                                     std::size_t size);
/// What a numbered record does to it.
const std::vector<Delivery>& deliver(Ledger& ledger, const RaisedAs& as, const alert::RecordView& record);
/// How many of its bytes were due to the mailslot, if it was written to it.
[[nodiscard]] std::optional<std::uint32_t> due(const Ledger& ledger, const Mailslot& slot, const RaisedAs& as,
                                               const alert::RecordView& record);

/// The state that a segment starts with; none where its checkpoint cannot be read.
[[nodiscard]] std::optional<Ledger> checkpoint_of(const std::filesystem::path& segment);

/// Only its mailslots, for which most of a large one need not be understood.
[[nodiscard]] std::optional<std::vector<MailslotState>> mailslots_of_checkpoint(
    const std::filesystem::path& segment);

class Fold {
 public:
  /// From a state, which the checkpoint of the first segment that is added says again. `may_have_room`: zeros at a
  /// segment's end are room for what would have come, and otherwise damage.
  explicit Fold(Ledger start, bool may_have_room = false)
      : ledger_(std::move(start)), may_have_room_(may_have_room) {}

  /// Applies all of a segment that can be read; the error is a sentence. Where something cannot, the
  /// ledger counts its numbers as unreadable. To be called in the order of the segments.
  [[nodiscard]] std::optional<std::string> add(const std::filesystem::path& folder, std::uint64_t segment);

  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
  /// Where the last whole record of the last segment ends.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  /// What follows the last whole record and cannot be read; nobody knows which numbers it had.
  [[nodiscard]] const std::optional<Unreadable>& broken_end() const noexcept { return hole_; }
  /// The other ranges that it went over, and why they cannot be read.
  struct Hole {
    Unreadable range;
    alert::Errc why;
  };
  [[nodiscard]] const std::vector<Hole>& holes() const noexcept { return holes_; }
  /// Why the last hole, or the broken end, cannot be read.
  [[nodiscard]] alert::Errc why() const noexcept { return why_; }

 private:
  [[nodiscard]] bool apply(const alert::JournalRecord& record);
  void open_hole(alert::DamagedRange range, alert::Errc why);
  void close_hole(const alert::RecordHeader& behind);
  void deliver(const RaisedAs& as, const alert::RecordView& record);
  void recount(const CursorMoved& cursor);

  Ledger ledger_;
  bool may_have_room_;
  std::uint64_t segment_ = 0;
  std::uint64_t end_ = 0;
  std::optional<Unreadable> hole_;
  alert::Errc why_{};
  std::vector<Hole> holes_;
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> behind_hole_;  // what each mailslot got since
};

}  // namespace brokerd
