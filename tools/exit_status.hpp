#pragma once
// The exit statuses of alertctl, and which failure gets which.

#include "alert/control/client.hpp"

enum ExitStatus {
  kDone = 0,     // done
  kNo = 1,       // the answer is no: nothing there, nothing matched, exists already
  kUsage = 2,    // the command line or a name on it
  kRefused = 3,  // by policy or quota
  kDamaged = 4,  // bytes or JSON that are not what they should be
  kSystem = 5,   // no broker, or the system failed
};

inline constexpr const char* kExitStatuses =
    "Exit status: 0 done, 1 the answer is no, 2 usage, 3 refused by policy or quota,\n"
    "4 damaged or malformed data, 5 no broker or system.";

[[nodiscard]] constexpr ExitStatus exit_status(alert::Code code) noexcept {
  using alert::Code;
  switch (code) {
    case Code::success: return kSystem;  // a failure without a number is the system's
    case Code::file_not_found:
    case Code::node_not_found:
    case Code::group_not_found:
    case Code::resource_not_found:
    case Code::resource_type_not_found:
    case Code::network_not_found:
    case Code::net_interface_not_found:
    case Code::dir_not_empty:
    case Code::path_not_found:
    case Code::broken_pipe:
    case Code::sem_timeout:
    case Code::busy:
    case Code::already_exists:
    case Code::alert_exists:
    case Code::no_such_alert: return kNo;
    case Code::access_denied:
    case Code::not_enough_quota:
    case Code::too_many_alerts: return kRefused;
    case Code::sharing_paused:
    case Code::node_shutting_down:
    case Code::write_fault:
    case Code::not_enough_memory: return kSystem;
    default: return kUsage;
  }
}
