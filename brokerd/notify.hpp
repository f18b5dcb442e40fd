#pragma once
// Tells a service manager that asked (NOTIFY_SOCKET) how the broker is doing.

#include <string_view>

namespace brokerd {

/// `state` as sd_notify(3) defines it, such as "READY=1". Does nothing when nobody asked.
void notify(std::string_view state) noexcept;

}  // namespace brokerd
