#pragma once
// Which class an event name stands for.

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "alert/wire/bytes.hpp"
#include "alert/wire/known_profile.hpp"
#include "alert/wire/other_info.hpp"

namespace alert {

template <class Text>
[[nodiscard]] constexpr std::string_view class_name(const OtherInfo<Text>& info) noexcept {
  return std::visit([](const auto& i) { return std::decay_t<decltype(i)>::kClass; }, info);
}

/// Whether wire text spells `ascii`, ASCII letters compared without case.
[[nodiscard]] constexpr bool spells(Profile profile, std::string_view wire, std::string_view ascii) noexcept {
  const std::size_t step = unit(profile);
  if (wire.size() != ascii.size() * step) return false;
  for (std::size_t i = 0; i < ascii.size(); ++i) {
    if (upper(wire[i * step]) != upper(ascii[i])) return false;
    if (step == 2 && wire[i * step + 1] != 0) return false;
  }
  return true;
}

namespace detail {

/// Four units of text as one number.
template <class U>
using FourUnits = std::conditional_t<sizeof(U) == 1, std::uint32_t, std::uint64_t>;
template <class U>
[[nodiscard]] constexpr FourUnits<U> four_units(std::string_view letters) noexcept {
  FourUnits<U> four = 0;
  for (std::size_t i = 4; i-- > 0;) four = four << 8 * sizeof(U) | static_cast<U>(letters[i]);
  return four;
}

/// `spells` for the name of a class. A name of four to eight capitals is its first and its last four
/// units, and the bit that tells small letters from capitals can be left out of both.
template <class U, class Info>
[[nodiscard]] inline bool spells_event(std::string_view wire) noexcept {
  constexpr std::string_view kName = Info::kEvent;
  static_assert(kName.size() >= 4 && kName.size() <= 8);
  static_assert(kName.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == kName.npos);
  constexpr std::size_t kTail = kName.size() - 4;
  constexpr auto kFirst = four_units<U>(kName.substr(0, 4));
  constexpr auto kLast = four_units<U>(kName.substr(kTail));
  constexpr auto kNotCase = static_cast<FourUnits<U>>(~four_units<U>("    "));
  if (wire.size() != kName.size() * sizeof(U)) return false;
  const std::byte* const text = as_bytes(wire).data();
  const auto first = load<FourUnits<U>>(text);
  const auto last = load<FourUnits<U>>(text + kTail * sizeof(U));
  return (first & kNotCase) == kFirst && (last & kNotCase) == kLast;
}

/// Calls `f(std::type_identity<Info>())` with the trailer of the class that an event name stands for.
template <class Text, Profile kProfile, class F>
constexpr void with_class_of(KnownProfile<kProfile>, std::string_view eventname, F&& f) noexcept {
  const bool is_named = any_named_class<Text>([&]<class Info>(std::type_identity<Info> info) {
    if (!spells_event<Unit<kProfile>, Info>(eventname)) return false;
    f(info);
    return true;
  });
  if (!is_named) f(std::type_identity<CustomOtherInfo<Text>>());
}

}  // namespace detail

/// The empty trailer of the class that an event name stands for.
template <class Text>
[[nodiscard]] OtherInfo<Text> other_info_for(Profile profile, std::string_view eventname) noexcept {
  OtherInfo<Text> info;
  detail::with_known(profile, [&](auto known) {
    detail::with_class_of<Text>(known, eventname,
                                [&]<class Info>(std::type_identity<Info>) { info.template emplace<Info>(Info{}); });
  });
  return info;
}

}  // namespace alert
