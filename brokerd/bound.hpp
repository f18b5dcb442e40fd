#pragma once
// Which numbers may have been given: a file of JSON beside the segments,
//
//     {"journal", "boot", "bound", "clean", "segment", "end", "room"}
//
// No number at or above `bound` has been given yet, and segment `segment` is there and has `end` bytes at least;
// with `room` the newest one may end in zeros. The file is written, synced and renamed into place before a number
// reaches it, in large steps, and before a segment gets its first room. If the broker is killed meanwhile, the old
// file is whole and the segment holds no number at or above it.

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include <tl/expected.hpp>

#include "brokerd/journal_folder.hpp"

namespace brokerd {

/// What the `bound` file says.
struct Bound {
  std::string journal;  // its id, 32 hexadecimal digits
  std::string boot;     // /proc/sys/kernel/random/boot_id when it was written
  std::uint64_t bound = 0;
  bool clean = false;  // the broker ended properly: nothing was lost with the page cache
  std::optional<std::uint64_t> segment = {};
  std::optional<std::uint64_t> end = {};
  std::optional<bool> room = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("journal", s.journal), p("boot", s.boot), p("bound", s.bound), p("clean", s.clean), p("segment", s.segment),
        p("end", s.end), p("room", s.room);
  }
  /// Zeros at the newest segment's end are no damage.
  [[nodiscard]] bool may_have_room() const noexcept { return room.value_or(false); }
};
/// Empty where the system does not say, which is then no boot that anything could be known of.
[[nodiscard]] std::string this_boot();
/// None where there is no such file; an error sentence where it is not one of ours.
[[nodiscard]] tl::expected<std::optional<Bound>, std::string> read_bound(const JournalFolder& folder);
[[nodiscard]] std::error_code write_bound(const JournalFolder& folder, const Bound& bound);

}  // namespace brokerd
