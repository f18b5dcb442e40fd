#pragma once
// The broker's voice: one line to stderr, escaped, and never a wait for whoever reads it.

#include <string_view>

namespace brokerd {

/// Drops the line when stderr cannot take it now. Bytes outside printable ASCII appear as \xNN.
void log(std::string_view line) noexcept;

}  // namespace brokerd
