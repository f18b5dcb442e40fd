#pragma once
// The changes that a table record of the journal tells.

#include <vector>

#include "alert/wire/record.hpp"
#include "brokerd/change.hpp"

namespace brokerd {

struct JournaledChanges {
  std::vector<Change> changes;  // in their order
  bool is_last = true;          // false: more parts of the same checkpoint follow
  bool takes_place = false;     // of a segment with changes alone, which are nowhere else
};

/// bad_json for a body that no broker wrote. Precondition: a table change or a part of a checkpoint.
[[nodiscard]] alert::Result<JournaledChanges> changes_in(const alert::RecordView& record);

}  // namespace brokerd
