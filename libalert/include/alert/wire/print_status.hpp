#pragma once
// The bits of alrtpr_status, by name. Source: the fact sheet, section 3 (ALERT.H, lmalert.h).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/wire/names.hpp"

namespace alert {

/// Bits 0 and 1 are a number: the state of the job in its queue.
inline constexpr std::uint32_t kPrintQueueStatus = 0x0003;
inline constexpr std::array<std::string_view, 4> kPrintQueueStates{"QS_QUEUED", "QS_PAUSED", "QS_SPOOLING",
                                                                   "QS_PRINTING"};

struct PrintStatusBit {
  std::uint32_t bit;
  std::string_view name;  // behind PRJ_ in lm20, PRJOB_ in nt
  bool is_nt;             // whether nt has it too
};
inline constexpr std::array<PrintStatusBit, 11> kPrintStatusBits{{
    {0x0004, "COMPLETE", true},
    {0x0008, "INTERV", true},
    {0x0010, "ERROR", true},
    {0x0020, "DESTOFFLINE", true},
    {0x0040, "DESTPAUSED", true},
    {0x0080, "NOTIFY", true},
    {0x0100, "DESTNOPAPER", true},
    {0x0200, "DESTFORMCHG", false},
    {0x0400, "DESTCRTCHG", false},
    {0x0800, "DESTPENCHG", false},
    {0x8000, "DELETED", true},
}};

/// The names, joined by " | "; bits without one as a hexadecimal number at the end.
[[nodiscard]] inline std::string print_status_names(Profile profile, std::uint32_t status) {
  const std::string prefix = profile == Profile::nt ? "PRJOB_" : "PRJ_";
  std::string names = prefix + std::string(kPrintQueueStates[status & kPrintQueueStatus]);
  std::uint32_t unnamed = status & ~kPrintQueueStatus;
  for (const PrintStatusBit& bit : kPrintStatusBits) {
    if (!(status & bit.bit) || (profile == Profile::nt && !bit.is_nt)) continue;
    names += " | " + prefix + std::string(bit.name);
    unnamed &= ~bit.bit;
  }
  if (unnamed == 0) return names;
  names += " | 0x";
  constexpr std::string_view kDigits = "0123456789abcdef";
  int shift = 28;
  while ((unnamed >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) names += kDigits[unnamed >> shift & 0xF];
  return names;
}

}  // namespace alert
