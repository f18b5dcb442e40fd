#pragma once
// The broker's counters in Prometheus' text exposition format.

#include <string>
#include <string_view>
#include <vector>

#include "alert/control/calls.hpp"

/// Ready for node_exporter's textfile folder. Counters of a mailslot's readers and of bounds begin at
/// the broker's start, those of the ledger with the journal.
[[nodiscard]] std::string prometheus(const alert::Stats::Reply& stats,
                                     const std::vector<alert::ListMailslots::Row>& mailslots,
                                     const std::vector<alert::ListSemaphores::Row>& semaphores);
