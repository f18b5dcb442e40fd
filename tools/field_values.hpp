#pragma once
// What the numbers in an alert mean to people.

#include <cstdint>
#include <string>
#include <string_view>

#include "alert/wire/names.hpp"

/// A number with its meaning behind it, where its field gives it one: a time, print status bits, an
/// error code that the fact sheet knows.
[[nodiscard]] std::string number_text(alert::Profile profile, std::string_view field, std::uint32_t value);

/// "2026-11-21 02:00:00 UTC", with the local time before it where that is another.
[[nodiscard]] std::string time_text(std::uint64_t seconds);
