#pragma once
// Alerts made for a test, in either profile.

#include <string>
#include <string_view>

#include "alert/wire/alert.hpp"
#include "alert/wire/text.hpp"

namespace test {

inline constexpr alert::Profile kProfiles[] = {alert::Profile::lm20, alert::Profile::nt};

[[nodiscard]] inline std::string wire(alert::Profile profile, std::string_view ascii) {
  return profile == alert::Profile::nt ? alert::utf8_to_utf16le(ascii).value() : std::string(ascii);
}

/// An alert of the class that `event` names, with everything else empty or zero.
[[nodiscard]] inline alert::Alert empty_alert(alert::Profile profile, std::string_view event) {
  alert::Alert alert{profile, {}, {}};
  alert.header.alrt_eventname = wire(profile, event);
  alert.other_info = alert::other_info_for<std::string>(profile, alert.header.alrt_eventname);
  return alert;
}

}  // namespace test
