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
/// "2026-11-21T02:00:00.000000000Z", with the local time before it where that is another.
[[nodiscard]] std::string instant_text(std::uint64_t ns);

/// "1 byte", "2 bytes".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
