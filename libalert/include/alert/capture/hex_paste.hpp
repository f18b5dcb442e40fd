#pragma once
// Bytes as people paste them: the hexadecimal output of xxd, hexdump, od, tcpdump and Wireshark, C
// arrays, and digits in any grouping.
//
// A line of a dump is an offset, groups of digits, and behind a gap of two blanks or more perhaps the
// same bytes as characters, which may look like digits. (Programs that put no colon behind the offset
// leave such a gap in the middle too.) The offsets have to agree with the bytes; that tells the radix.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/wire/hex.hpp"

namespace alert {

inline constexpr std::size_t kLargestPaste = 16 * 1024 * 1024;  // characters
inline constexpr std::size_t kMostRepeated = 1024 * 1024;       // bytes that asterisks may stand for

namespace detail {

using Blocks = std::vector<std::vector<std::byte>>;

struct DumpLine {
  std::string_view offset;
  std::vector<std::byte> bytes;
  std::size_t group = 0;  // digits in each, where no colon is behind the offset
};

[[nodiscard]] inline std::optional<std::uint64_t> number(std::string_view digits, unsigned radix) noexcept {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const int digit = hex_digit(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= radix || value >> 48) return std::nullopt;
    value = value * radix + static_cast<unsigned>(digit);
  }
  return value;
}

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

[[nodiscard]] constexpr std::size_t digits_at_front(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && hex_digit(text[count]) >= 0) ++count;
  return count;
}

/// The line of a dump; none where it is something else.
[[nodiscard]] inline std::optional<DumpLine> dump_line(std::string_view text) {
  constexpr std::size_t kMostBytes = 256;  // what xxd -c allows
  text = without_blanks(text);
  if (text.starts_with("0x")) text.remove_prefix(2);
  DumpLine line;
  line.offset = text.substr(0, digits_at_front(text));
  if (line.offset.size() < 4 || line.offset.size() > 16) return std::nullopt;
  text.remove_prefix(line.offset.size());
  const bool has_colon = text.starts_with(':');
  if (has_colon) text.remove_prefix(1);
  if (!text.empty() && !is_blank(text.front())) return std::nullopt;

  for (bool is_first = true; !text.empty(); is_first = false) {
    const std::size_t blanks = std::min(text.find_first_not_of(" \t\r"), text.size());
    const std::string_view group = text.substr(blanks, digits_at_front(text.substr(blanks)));
    const std::size_t behind = blanks + group.size();
    const bool ends_clean = behind == text.size() || is_blank(text[behind]);
    const bool is_middle = !has_colon && blanks == 2 && line.bytes.size() == 8;
    // Without a colon: single bytes, or od's and hexdump's 16-bit numbers in this machine's order.
    const bool is_word = !has_colon && group.size() == 4 && (line.offset.size() == 6 || line.offset.size() == 7);
    if (group.empty() || !ends_clean || (blanks > 1 && !is_first && !is_middle && !is_word)) {
      if (blanks == 1) return std::nullopt;  // words of a sentence
      break;
    }
    if (is_first && !has_colon) line.group = group.size();
    if (group.size() % 2 != 0 || (!has_colon && group.size() != 2 && !is_word)) return std::nullopt;
    if (!has_colon && group.size() != line.group) return std::nullopt;
    if (line.bytes.size() + group.size() / 2 > kMostBytes) return std::nullopt;
    const auto bytes = *from_hex(group);
    if (is_word)
      line.bytes.insert(line.bytes.end(), bytes.rbegin(), bytes.rend());
    else
      line.bytes.insert(line.bytes.end(), bytes.begin(), bytes.end());
    text.remove_prefix(behind);
  }
  if (line.bytes.empty() && !text.empty()) return std::nullopt;
  return line;
}

/// Puts the lines of dumps together, whose offsets are in one radix.
class DumpJoiner {
 public:
  explicit DumpJoiner(unsigned radix) noexcept : radix_(radix) {}

  /// False where the offset contradicts what came before.
  [[nodiscard]] bool add(DumpLine line) {
    if (line.bytes.empty() && last_.empty()) return true;  // ends nothing: digits, as it seems
    const bool is_of_od = line.offset.size() == 7 && line.group == 2;
    const auto offset = number(line.offset, radix_);
    if (!offset || (is_of_od && radix_ == 16)) return false;  // od's hexadecimal offsets have 6 digits
    if (*offset == 0 && !line.bytes.empty()) finish();
    if (block_.empty() && last_.empty()) base_ = *offset;
    if (!last_.empty() && !line.bytes.empty() && line.group != group_) return false;
    if (!settle(*offset, line.bytes.empty())) return false;
    is_repeated_ = false;
    group_ = line.group;
    last_ = std::move(line.bytes);
    return true;
  }
  /// A line with an asterisk: the line before once more, up to the next offset.
  void repeat() noexcept { is_repeated_ = !last_.empty(); }
  /// Some other line: what comes is another dump.
  void finish() {
    block_.insert(block_.end(), last_.begin(), last_.end());
    last_.clear();
    is_repeated_ = false;
    if (!block_.empty()) blocks_.push_back(std::move(block_));
    block_.clear();
  }
  [[nodiscard]] Blocks take_blocks() {
    finish();
    return std::move(blocks_);
  }

 private:
  /// The line before ends at `offset`, and is there again up to it where an asterisk says so. At the
  /// end the last 16-bit number may be half there.
  bool settle(std::uint64_t offset, bool is_end) {
    if (offset < base_ + block_.size()) return false;
    const std::uint64_t due = offset - base_ - block_.size();
    const bool is_half_word = is_end && due + 1 == last_.size();
    if (is_repeated_) {
      if (due < last_.size() || due % last_.size() != 0 || due > may_repeat_) return false;
      may_repeat_ -= due;
    } else if (due != last_.size() && !is_half_word) {
      return false;
    }
    for (std::uint64_t i = 0; i < due; ++i) block_.push_back(last_[i % last_.size()]);
    last_.clear();
    return true;
  }

  unsigned radix_;
  std::size_t group_ = 0;
  bool is_repeated_ = false;
  std::uint64_t may_repeat_ = kMostRepeated;
  std::uint64_t base_ = 0;  // the offset of the first line
  std::vector<std::byte> block_;
  std::vector<std::byte> last_;  // the line that waits for the next offset
  Blocks blocks_;
};

template <class F>
void for_each_line(std::string_view text, F&& line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Dumps with offsets in this radix; none where their lines contradict each other, empty where there are
/// no such lines.
[[nodiscard]] inline std::optional<Blocks> dumps(std::string_view text, unsigned radix) {
  DumpJoiner joiner(radix);
  bool is_consistent = true;
  for_each_line(text, [&](std::string_view line) {
    const std::string_view words = without_blanks(line);
    if (!is_consistent || words.empty()) return;
    if (words == "*") return joiner.repeat();
    if (auto dumped = dump_line(line))
      is_consistent = joiner.add(std::move(*dumped));
    else
      joiner.finish();  // a packet's heading
  });
  return is_consistent ? std::optional(joiner.take_blocks()) : std::nullopt;
}

[[nodiscard]] inline std::string without_comments(std::string_view text) {
  std::string code;
  while (!text.empty()) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    code += text.substr(0, slash);
    text.remove_prefix(slash);
    if (text.starts_with("//")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    } else if (!text.empty()) {
      code += '/';
      text.remove_prefix(1);
    }
  }
  return code;
}

/// The initialisers between braces: 0x10, 16 or 'A' each.
[[nodiscard]] inline Blocks arrays(std::string_view source) {
  const std::string code = without_comments(source);
  std::string_view text = code;
  Blocks blocks;
  for (std::size_t open; (open = text.find('{')) != std::string_view::npos;) {
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return {};
    std::string_view inside = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    std::vector<std::byte>& bytes = blocks.emplace_back();
    while (!inside.empty()) {
      const std::size_t end = std::min(inside.find_first_of(",\n"), inside.size());
      std::string_view item = inside.substr(0, end);
      inside.remove_prefix(std::min(end + 1, inside.size()));
      item = without_blanks(item);
      if (item.empty()) continue;
      const bool is_hex = item.starts_with("0x") || item.starts_with("0X");
      const auto value = item.size() == 3 && item.front() == '\'' && item.back() == '\''
                             ? std::optional<std::uint64_t>(static_cast<unsigned char>(item[1]))
                             : number(item.substr(is_hex ? 2 : 0), is_hex ? 16 : 10);
      if (!value || *value > 0xFF) return {};
      bytes.push_back(static_cast<std::byte>(*value));
    }
    if (bytes.empty()) blocks.pop_back();
  }
  return blocks;
}

/// Pairs of digits; blanks, commas, colons, dashes, 0x and \x may stand between.
[[nodiscard]] inline Blocks digits(std::string_view text) {
  std::string found;
  while (!text.empty()) {
    if ((text.starts_with("0x") || text.starts_with("\\x")) && found.size() % 2 == 0) {
      text.remove_prefix(2);
    } else if (hex_digit(text[0]) >= 0) {
      found += text[0];
      text.remove_prefix(1);
    } else if (std::string_view(" \t\r\n,:-;\"").find(text[0]) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return {};
    }
  }
  auto bytes = from_hex(found);
  if (!bytes || bytes->empty()) return {};
  return {std::move(*bytes)};
}

}  // namespace detail

/// The byte blocks of a paste, in order (tcpdump -X gives one for each packet); none where the text
/// is not hexadecimal. Precondition: text.size() <= kLargestPaste.
[[nodiscard]] inline std::vector<std::vector<std::byte>> read_hex_paste(std::string_view text) {
  bool contradicts = false;
  for (const unsigned radix : {16u, 8u, 10u}) {
    auto blocks = detail::dumps(text, radix);
    if (blocks && !blocks->empty()) return std::move(*blocks);
    contradicts = contradicts || !blocks;
  }
  if (contradicts) return {};  // offsets are no bytes
  if (auto blocks = detail::digits(text); !blocks.empty()) return blocks;
  return detail::arrays(text);
}

}  // namespace alert
