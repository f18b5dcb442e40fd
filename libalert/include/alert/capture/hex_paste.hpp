#pragma once
// Bytes as people paste them: the hexadecimal output of xxd, hexdump, od, tcpdump and Wireshark, C
// arrays, and digits in any grouping of whole bytes.

#include "alert/capture/c_array.hpp"
#include "alert/capture/hex_digits.hpp"
#include "alert/capture/hex_dump.hpp"
#include "alert/capture/pasted_text.hpp"

namespace alert {

/// The byte blocks of a paste, in order (tcpdump -X gives one for each packet), and what the text leaves
/// open.
struct HexPaste {
  Blocks blocks;
  /// Where the groups may be numbers in either byte order: the blocks with each of them the other way
  /// round. Where each line of digits may be a block of its own: those.
  Blocks otherwise;
  std::size_t open_word = 0;  // bytes in each group, where it is their order that is open
  std::uint64_t start = 0;    // the first offset of a dump; where it is not 0, its beginning is missing
};

namespace detail {

/// The bytes of dumps whose offsets are in one of three radices; no blocks where there are none.
[[nodiscard]] inline tl::expected<HexPaste, PasteError> dumps_in_any_radix(std::string_view text) {
  std::optional<PasteError> furthest;
  for (const unsigned radix : {16u, 8u, 10u}) {
    auto dumped = dumps(text, radix, FirstByte::lowest_address);
    if (!dumped) {
      if (!furthest || furthest->offset < dumped.error().offset) furthest = dumped.error();
      continue;
    }
    const bool is_digits = dumped->start != 0 && !dumped->has_colon && !offset_column(text);
    if (dumped->blocks.empty() || is_digits) break;  // in no radix a dump
    HexPaste paste{std::move(dumped->blocks), {}, dumped->open_word, dumped->start};
    if (paste.open_word) paste.otherwise = dumps(text, radix, FirstByte::highest_address)->blocks;
    return paste;
  }
  if (furthest) return tl::unexpected(*furthest);
  return HexPaste();
}

/// Whether somebody meant it as bytes and a few characters are wrong.
[[nodiscard]] inline bool is_nearly_hex(std::string_view text) noexcept {
  std::size_t digits = 0, others = 0;
  for (const char c : text)
    if (c != '\n' && !is_blank(c)) ++(hex_digit(c) >= 0 ? digits : others);
  return digits > 3 * others;
}

/// Without the lines before and behind the digits: the command that printed them, the next prompt, a fence.
/// (Lines between digits may be spoilt ones, and are never passed over.)
[[nodiscard]] inline std::string_view without_surroundings(std::string_view text) noexcept {
  constexpr std::string_view kBetween = " \t\r,;:-\"\\xX";
  std::size_t start = text.size(), end = 0;
  for_each_line(text, [&](std::string_view line) {
    std::size_t digits = 0, others = 0;
    for (const char c : line)
      if (hex_digit(c) >= 0)
        ++digits;
      else if (kBetween.find(c) == std::string_view::npos)
        ++others;
    if (digits > 3 * others) {
      start = std::min(start, static_cast<std::size_t>(line.data() - text.data()));
      end = static_cast<std::size_t>(line.data() - text.data()) + line.size();
    }
    return true;
  });
  return text.substr(std::min(start, end), end - std::min(start, end));
}

[[nodiscard]] inline HexPaste pasted_digits(Digits found) {
  HexPaste paste{{std::move(found.bytes)}, std::move(found.lines), found.open_word, 0};
  if (paste.open_word == 0) return paste;
  paste.otherwise = paste.blocks;
  reverse_words(paste.otherwise[0], paste.open_word);
  return paste;
}

[[nodiscard]] inline tl::expected<HexPaste, PasteError> digits_or_arrays(std::string_view text) {
  auto found = digits(text);
  if (found) return pasted_digits(std::move(*found));
  auto arrays = c_arrays(text);
  if (arrays && !arrays->empty()) return HexPaste{std::move(*arrays), {}, 0, 0};
  const bool is_c = text.find("0x") != std::string_view::npos || text.find("\\x") != std::string_view::npos;
  if (!arrays && is_c) return tl::unexpected(arrays.error());
  if (const std::string_view inner = without_surroundings(text); !inner.empty() && inner.size() < text.size()) {
    found = digits(inner);
    if (found) return pasted_digits(std::move(*found));
    found.error().offset += static_cast<std::size_t>(inner.data() - text.data());
  }
  if (found.error().fault == PasteFault::character && !is_c && !is_nearly_hex(text))
    return paste_failure(PasteFault::no_hex, 0);
  return tl::unexpected(found.error());
}

}  // namespace detail

/// Bytes that are not certain are none: offsets are never data, and where the columns of a dump are
/// anything but bytes there is an error. Precondition: text.size() <= kLargestPaste.
[[nodiscard]] inline tl::expected<HexPaste, PasteError> read_hex_paste(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return paste_failure(PasteFault::empty, 0);
  auto paste = detail::dumps_in_any_radix(text);
  if (!paste || paste->blocks.empty()) {
    const bool is_other = paste || paste.error().fault == PasteFault::offset;
    if (const auto column = is_other ? detail::offset_column(text) : std::nullopt)
      return paste_failure(PasteFault::columns, *column);
    if (paste) paste = detail::digits_or_arrays(text);
  }
  if (paste && paste->open_word && paste->otherwise == paste->blocks) {
    paste->open_word = 0;
    paste->otherwise.clear();
  }
  return paste;
}

}  // namespace alert
