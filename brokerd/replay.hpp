#pragma once
// What a reader missed, out of the journal: the one path for every kind of gap.

#include <cstdint>
#include <filesystem>

#include "alert/control/calls.hpp"
#include "alert/memory/replay_window.hpp"
#include "brokerd/due_behind.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

/// Where in the journal to look for what comes behind `sequence`, or any later one.
struct ReplayPlace {
  std::uint64_t segment = 0;  // 0: not known yet
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;
  std::optional<DueBehind> behind = {};  // damage: what is there, as far as it is counted
};

enum class Reader { consumer, observer };

struct ReplayStep {
  alert::HistoryPlace after;  // how far the search came
  bool at_end = false;        // of the journal
};

/// Fills the window with the records due to `slot` behind `after`, with bounded work: the window's
/// size, and about a megabyte of journal. `place` carries the search from step to step.
[[nodiscard]] ReplayStep replay(const std::filesystem::path& folder, const Ledger& ledger, const Mailslot& slot,
                                Reader reader, ReplayPlace& place, alert::HistoryPlace after,
                                alert::ReplayWindow& window);

}  // namespace brokerd
