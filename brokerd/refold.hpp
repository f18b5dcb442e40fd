#pragma once
// Reruns a journal and compares every checkpoint in it with its own fold.

#include <optional>
#include <string>
#include <vector>

#include "brokerd/fold.hpp"
#include "brokerd/journal_walk.hpp"
#include "brokerd/journaled_changes.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

/// The first segment's checkpoint is where the fold begins: what was before it is nowhere any more.
/// From there on every number is there once or in a journaled gap, and every checkpoint is what the fold
/// says, or becomes it with what its segment journals first: gaps, and changes that an unwritable
/// journal owed. Behind a difference the checkpoint is believed, so that one is not reported as many.
class Refold {
 public:
  static constexpr std::size_t kMostFindings = 64;  // of either kind; the rest is not told
  static constexpr std::size_t kMostBytes = 64 * 1024;

  struct Finding {
    JournalPlace place;
    std::string sentence;
  };
  struct Counts {
    std::uint64_t segments = 0;
    std::uint64_t checkpoints = 0;  // compared, and equal
    std::uint64_t alerts = 0;
    std::uint64_t bytes = 0;
  };

  /// Up to `end`, or as far as the journal goes.
  Refold(std::filesystem::path folder, std::uint64_t first_segment, std::optional<JournalPlace> end = {})
      : walk_(std::move(folder), first_segment), end_(end) {}

  /// Reads about so many bytes more; false once the end is reached.
  [[nodiscard]] bool step(std::uint64_t bytes = JournalWalk::kBytesPerTurn);

  /// The fold of what was read so far; changes that are not journaled yet may be added.
  [[nodiscard]] Ledger& ledger() noexcept { return fold_; }
  /// What does not add up, in the order of the journal, and what else there is to tell.
  [[nodiscard]] const std::vector<Finding>& differences() const noexcept { return differences_; }
  [[nodiscard]] const std::vector<Finding>& notes() const noexcept { return notes_; }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  [[nodiscard]] const JournalPlace& place() const noexcept { return walk_.place(); }
  void differ(const JournalPlace& place, std::string sentence);

 private:
  void note(const JournalPlace& place, std::string sentence);
  void begin_segment();
  void lose_segment();
  void take(const alert::JournalRecord& record);
  void take_checkpoint(JournaledChanges told);
  void take_change(const Change& change);
  void take_alert(const alert::RecordView& record, const RaisedAs& as);
  void take_damage(const alert::Error& error);
  /// What a segment starts with is complete: now its checkpoint and the fold have to be one.
  void compare();
  void believe();
  void agree();
  void finish();

  JournalWalk walk_;
  std::optional<JournalPlace> end_;
  Ledger fold_;
  bool has_begun_ = false;      // the fold
  std::optional<Ledger> said_;  // by the segment's checkpoint, where the fold does not say the same yet
  bool is_whole_ = false;       // that checkpoint was read to its end
  std::optional<JournalPlace> said_at_;
  std::optional<Finding> damage_;  // not accounted for yet
  Counts counts_;
  std::vector<Finding> differences_;
  std::vector<Finding> notes_;
  std::size_t told_bytes_ = 0;  // of the differences
};

}  // namespace brokerd
