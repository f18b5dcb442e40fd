#pragma once
// How two states that should be one differ, in sentences.

#include <string>
#include <vector>

#include "brokerd/ledger.hpp"

namespace brokerd {

/// At most `most` sentences; none where the states are equal. `said` is what a checkpoint or a running
/// broker says, `folded` what follows from the journal.
[[nodiscard]] std::vector<std::string> differences(const std::vector<Change>& said,
                                                   const std::vector<Change>& folded, std::size_t most);

/// What does not add up within one state: matched = written + refused, and for each mailslot
/// written = read + pending + lost.
[[nodiscard]] std::vector<std::string> wrong_sums(const Ledger& ledger);

}  // namespace brokerd
