#pragma once
// Text that somebody pasted: its characters whatever they were saved as, its lines, and what can be wrong
// with it.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/wire/bytes.hpp"

namespace alert {

inline constexpr std::size_t kLargestPaste = 16 * 1024 * 1024;  // bytes of text

using Blocks = std::vector<std::vector<std::byte>>;

enum class PasteFault {
  empty,           // nothing but blanks
  no_hex,          // nothing in it looks like bytes
  character,       // bytes up to a character that belongs to none
  asterisk,        // which stands for lines that are not there, without offsets that tell how many
  odd_digits,      // a group of digits that is not whole bytes
  no_byte,         // an element of a C array above 255, or none at all
  offset,          // a dump's offset is not where the bytes before it end
  interruption,    // a dump goes on behind a line that is not part of it
  columns,         // a dump whose columns are not bytes in hexadecimal
  reversed_words,  // a dump whose words are last byte first, as its characters show
};

/// `offset` is the first character of the text that is not acceptable.
struct PasteError {
  PasteFault fault;
  std::size_t offset;
  friend bool operator==(const PasteError&, const PasteError&) = default;
};

[[nodiscard]] inline tl::unexpected<PasteError> paste_failure(PasteFault fault, std::size_t offset) noexcept {
  return tl::unexpected<PasteError>(PasteError{fault, offset});
}

/// The characters of UTF-8 (or any other superset of ASCII) or UTF-16, in either order, with or without a
/// byte order mark; what is not ASCII in UTF-16 becomes a question mark. None where the bytes are no text:
/// every alert has a zero in it, of one byte or of one unit.
[[nodiscard]] inline std::optional<std::string> pasted_text(Bytes bytes) {
  const auto is_control = [](unsigned c) { return c < 0x20 && c != '\t' && c != '\r' && c != '\n'; };
  const std::string_view raw = as_text(bytes);
  if (std::ranges::none_of(raw, [&](char c) { return is_control(static_cast<unsigned char>(c)); }))
    return std::string(raw.substr(raw.starts_with("\xEF\xBB\xBF") ? 3 : 0));

  const bool is_big = raw.starts_with("\xFE\xFF") || raw.front() == '\0';
  const bool is_marked = raw.starts_with("\xFE\xFF") || raw.starts_with("\xFF\xFE");
  if (raw.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (std::size_t i = is_marked ? 2 : 0; i < raw.size(); i += 2) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(raw[at])); };
    const unsigned unit = is_big ? byte(i) << 8 | byte(i + 1) : byte(i + 1) << 8 | byte(i);
    if (is_control(unit) || (unit > 0x7F && !is_marked)) return std::nullopt;
    text += unit > 0x7F ? '?' : static_cast<char>(unit);
  }
  return text;
}

/// Where a character of the text is, both counted from 1.
struct TextPlace {
  std::size_t line;
  std::size_t column;  // in characters, where the text is UTF-8
};

[[nodiscard]] inline TextPlace place_in(std::string_view text, std::size_t offset) noexcept {
  const std::string_view before = text.substr(0, offset);
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          static_cast<std::size_t>(std::ranges::count_if(line, starts)) + 1};
}

namespace detail {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `line` with each, without its end, until that returns false.
template <class F>
void for_each_line(std::string_view text, F&& line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!line(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace detail

}  // namespace alert
