#pragma once
// A profile that the compiler knows, so that it makes each profile its own code.

#include <cstdint>
#include <type_traits>

#include "alert/wire/names.hpp"

namespace alert::detail {

template <Profile kProfile>
using KnownProfile = std::integral_constant<Profile, kProfile>;

/// Calls `f(KnownProfile<...>())`.
template <class F>
constexpr decltype(auto) with_known(Profile profile, F&& f) noexcept {
  return profile == Profile::lm20 ? f(KnownProfile<Profile::lm20>()) : f(KnownProfile<Profile::nt>());
}

/// One unit of its text.
template <Profile kProfile>
using Unit = std::conditional_t<kProfile == Profile::lm20, std::uint8_t, std::uint16_t>;

}  // namespace alert::detail
