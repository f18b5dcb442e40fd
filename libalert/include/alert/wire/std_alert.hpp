#pragma once
// The fixed header that every alert starts with.
//
//     field               lm20 offset, size        nt offset, size
//     alrt_timestamp         0   4                   0     4      seconds since 1970, UTC, unsigned
//     alrt_eventname         4  17  chars            4    34      17 WCHAR
//     alrt_pad1             21   1                   -     -      undefined; written as zero
//     alrt_servicename      22  16  chars           38   162      81 WCHAR
//     other info            38                     200

#include <cstddef>
#include <cstdint>

#include "alert/wire/names.hpp"

namespace alert {

[[nodiscard]] constexpr std::size_t pad1_size(Profile profile) noexcept { return profile == Profile::lm20 ? 1 : 0; }
[[nodiscard]] constexpr std::size_t std_alert_size(Profile profile) noexcept {
  return 4 + unit(profile) * (kEventLength + 1) + pad1_size(profile) +
         unit(profile) * (service_length(profile) + 1);
}
static_assert(std_alert_size(Profile::lm20) == 38);
static_assert(std_alert_size(Profile::nt) == 200);

template <class Text>
struct StdAlert {
  std::uint32_t alrt_timestamp = 0;
  Text alrt_eventname{};
  Text alrt_servicename{};

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.wide("alrt_timestamp", self.alrt_timestamp);
    pass.name("alrt_eventname", self.alrt_eventname, kEventLength);
    pass.padding("alrt_pad1", pad1_size(pass.profile()));
    pass.name("alrt_servicename", self.alrt_servicename, service_length(pass.profile()));
  }
};

}  // namespace alert
