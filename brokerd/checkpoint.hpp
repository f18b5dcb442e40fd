#pragma once
// A state as the journal tells it at the start of a segment, in parts of a record each:
//
//     {"changes": [...], "part": 1, "parts": 0}        another one follows
//     {"changes": [...], "part": 2, "parts": 2}        the last
//
// with `"takes_place": true` in those of a segment that replaces one. (Earlier brokers wrote into every part how
// many there are.)

#include <cstdint>

#include "brokerd/journal_writer.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

/// The ledger is the caller's, and not to be changed before the checkpoint is written.
[[nodiscard]] Checkpoint checkpoint(const Ledger& ledger, bool takes_place = false);
/// A number that equal states share: the CRC-32 of what a checkpoint tells of them.
[[nodiscard]] std::uint32_t digest(const Ledger& ledger);

}  // namespace brokerd
