#pragma once
// From the folder on disk to a broker's state: the fold of the newest segments, and where to go on.

#include <string>
#include <vector>

#include "brokerd/fold.hpp"
#include "brokerd/journal_writer.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

struct Recovered {
  Ledger ledger;
  JournalWriter writer;
  std::vector<std::string> notes;  // what an operator wants to know about this start
  std::vector<Change> owed;        // applied, and not journaled for want of room: for Broker::take_over
};

/// Folds, decides where numbering goes on, and opens the segment to write to. `now_ns` stamps what
/// has to be written. Sessions of the old life end; what an attached consumer may have seen is marked.
[[nodiscard]] tl::expected<Recovered, std::string> recover(JournalFolder folder, std::uint64_t now_ns,
                                                           const std::string& boot = this_boot());

}  // namespace brokerd
