#pragma once
// Dumps: lines of an offset, groups of hexadecimal digits, and behind a gap of two blanks or more perhaps
// the same bytes as characters, which may look like digits. (Programs that put no colon behind the offset
// leave such a gap in the middle too.) The offsets have to agree with the bytes; that tells the radix.

#include <array>

#include "alert/capture/pasted_text.hpp"
#include "alert/wire/hex.hpp"

namespace alert {

inline constexpr std::size_t kMostRepeated = 1024 * 1024;  // bytes that asterisks may stand for

namespace detail {

/// What a group of several bytes shows first.
enum class FirstByte { lowest_address, highest_address };

struct DumpLine {
  std::string_view offset;
  bool has_colon = false;
  std::size_t group = 0;  // digits in the first
  std::vector<std::byte> bytes;
  bool shows_printed = false;   // the characters at its end are those of the bytes as printed,
  bool shows_reversed = false;  // or with each group read backwards
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

[[nodiscard]] constexpr std::size_t digits_at_front(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && hex_digit(text[count]) >= 0) ++count;
  return count;
}

/// The digits in front of a line that can be an offset; empty where there are none.
[[nodiscard]] inline std::string_view offset_of(std::string_view line) noexcept {
  line = without_blanks(line);
  if (line.starts_with("0x")) line.remove_prefix(2);
  const std::size_t size = digits_at_front(line);
  const bool ends_clean = size == line.size() || is_blank(line[size]) || line[size] == ':';
  return line.substr(0, ends_clean && size >= 4 && size <= 16 ? size : 0);
}

/// Whether `characters` are these bytes, with points for some, and not points alone.
[[nodiscard]] inline bool shows(std::string_view characters, Bytes bytes) noexcept {
  bool has_letter = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (characters[i] == '.') continue;
    if (static_cast<std::byte>(characters[i]) != bytes[i]) return false;
    has_letter = has_letter || characters[i] != ' ';
  }
  return has_letter;
}

inline void reverse_words(std::vector<std::byte>& bytes, std::size_t word) {
  for (std::size_t at = 0; at < bytes.size(); at += word) {
    const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    std::reverse(start, start + static_cast<std::ptrdiff_t>(std::min(word, bytes.size() - at)));
  }
}

[[nodiscard]] constexpr bool is_word(std::size_t digits) noexcept {
  return digits == 4 || digits == 8 || digits == 16;
}

/// The line of a dump, its words as printed; otherwise the column where it is none.
[[nodiscard]] inline tl::expected<DumpLine, std::size_t> dump_line(std::string_view whole) {
  constexpr std::size_t kMostBytes = 256;  // what xxd -c allows
  DumpLine line;
  line.offset = offset_of(whole);
  if (line.offset.empty()) return tl::unexpected<std::size_t>(0);
  std::string_view text = whole.substr(static_cast<std::size_t>(line.offset.end() - whole.begin()));
  const auto column = [&] { return whole.size() - text.size(); };
  line.has_colon = text.starts_with(':');
  if (line.has_colon) text.remove_prefix(1);
  if (line.has_colon && !text.empty() && !is_blank(text.front())) return tl::unexpected(column());

  for (bool is_first = true; !text.empty(); is_first = false) {
    const std::size_t blanks = std::min(text.find_first_not_of(" \t\r"), text.size());
    const std::string_view group = text.substr(blanks, digits_at_front(text.substr(blanks)));
    const std::size_t behind = blanks + group.size();
    const bool ends_clean = behind == text.size() || is_blank(text[behind]);
    const bool is_middle = !line.has_colon && blanks == 2 && line.bytes.size() == 8;
    // Without a colon: single bytes, or the numbers of od and hexdump.
    const bool is_number =
        !line.has_colon && is_word(group.size()) && (line.offset.size() == 6 || line.offset.size() == 7);
    if (group.empty() || !ends_clean || (blanks > 1 && !is_first && !is_middle && !is_number)) {
      if (blanks != 1 || behind == text.size()) break;
      text.remove_prefix(behind);
      return tl::unexpected(column());  // words of a sentence, or a spoilt digit
    }
    if (is_first) line.group = group.size();
    const bool is_whole = group.size() % 2 == 0 && line.bytes.size() + group.size() / 2 <= kMostBytes;
    const bool is_fit = line.has_colon || ((group.size() == 2 || is_number) && group.size() == line.group);
    text.remove_prefix(blanks);
    if (!is_whole || !is_fit) return tl::unexpected(column());
    const auto bytes = *from_hex(group);
    line.bytes.insert(line.bytes.end(), bytes.begin(), bytes.end());
    text.remove_prefix(group.size());
  }
  const std::string_view rest = without_blanks(text);
  if (line.bytes.empty() && !rest.empty()) return tl::unexpected(column());
  const std::string_view trimmed = whole.substr(0, whole.find_last_not_of('\r') + 1);
  if (line.has_colon && is_word(line.group) && !rest.empty() && text.size() > line.bytes.size()) {
    const std::string_view characters =
        trimmed.substr(trimmed.size() - std::min(trimmed.size(), line.bytes.size()));
    auto reversed = line.bytes;
    reverse_words(reversed, line.group / 2);
    if (characters.size() == reversed.size() && reversed != line.bytes) {
      line.shows_printed = shows(characters, line.bytes);
      line.shows_reversed = !line.shows_printed && shows(characters, reversed);
    }
  }
  return line;
}

/// The blocks of a text with dumps in it.
struct Dumped {
  Blocks blocks;
  std::uint64_t start = 0;    // the first offset; that of other blocks is 0
  bool has_colon = false;     // behind some offset
  std::size_t open_word = 0;  // bytes in each group, where nothing tells which of them is first
};

/// Puts the lines of dumps together, whose offsets are in one radix.
class DumpJoiner {
 public:
  DumpJoiner(unsigned radix, FirstByte first) noexcept : radix_(radix), first_(first) {}

  /// The fault, where the offset contradicts what came before.
  [[nodiscard]] std::optional<PasteFault> add(DumpLine line) {
    if (line.bytes.empty() && last_.empty()) return std::nullopt;  // ends nothing: digits, as it seems
    const bool is_of_od = line.offset.size() == 7 && !line.has_colon && (line.group == 2 || line.group > 4);
    const auto offset = number(line.offset, radix_);
    if (line.has_colon && radix_ == 8) return PasteFault::offset;          // xxd and tcpdump have no such
    if (!offset || (is_of_od && radix_ == 16)) return PasteFault::offset;  // od's hexadecimal offsets have 6 digits
    if (*offset == 0 && !line.bytes.empty()) finish();
    if (last_.empty()) {
      if (!dumped_.blocks.empty() && *offset != 0)
        return *offset == base_ + dumped_.blocks.back().size() ? PasteFault::interruption : PasteFault::offset;
      base_ = *offset;
      if (dumped_.blocks.empty()) dumped_.start = base_;
    }
    const bool is_other = !line.bytes.empty() && !line.has_colon && line.group != group_;
    if (!last_.empty() && (is_other || !settle(*offset, line.bytes.empty()))) return PasteFault::offset;
    is_repeated_ = false;
    offset_size_ = line.offset.size();
    if (!line.bytes.empty()) see(line);
    last_ = std::move(line.bytes);
    return std::nullopt;
  }
  /// Whether this looks like the offset of another line,
  [[nodiscard]] bool is_like(std::string_view offset) const noexcept {
    return !last_.empty() && offset.size() == offset_size_;
  }
  /// and whether it is the next one's.
  [[nodiscard]] bool is_due(std::string_view offset) const noexcept {
    return number(offset, radix_) == base_ + block_.size() + last_.size();
  }
  /// A line with an asterisk: the line before once more, up to the next offset.
  void repeat() noexcept { is_repeated_ = !last_.empty(); }
  /// Some other line: what comes is another dump.
  void finish() {
    block_.insert(block_.end(), last_.begin(), last_.end());
    last_.clear();
    is_repeated_ = false;
    if (!block_.empty()) dumped_.blocks.push_back(std::move(block_));
    block_.clear();
  }
  [[nodiscard]] Dumped take() {
    finish();
    // Groups of two bytes behind a colon are as xxd and tcpdump print them; longer ones take -g4 or -e.
    const bool is_open = is_number_ || (longest_ >= 4 && !is_shown_);
    dumped_.open_word = is_open ? longest_ : 0;
    return std::move(dumped_);
  }

 private:
  void see(DumpLine& line) {
    group_ = line.group;
    dumped_.has_colon = dumped_.has_colon || line.has_colon;
    if (!is_word(group_)) return;
    is_number_ = is_number_ || !line.has_colon;
    is_shown_ = is_shown_ || line.shows_printed;
    longest_ = std::max(longest_, group_ / 2);
    if (first_ == FirstByte::highest_address) reverse_words(line.bytes, group_ / 2);
  }
  /// The line before ends at `offset`, and is there again up to it where an asterisk says so. At the
  /// end only a part of the last number may be there.
  bool settle(std::uint64_t offset, bool is_end) {
    if (offset < base_ + block_.size()) return false;
    const std::uint64_t due = offset - base_ - block_.size();
    const bool is_part =
        is_end && is_word(group_) && due > 0 && due < last_.size() && due + group_ / 2 > last_.size();
    if (is_repeated_) {
      if (due < last_.size() || due % last_.size() != 0 || due > may_repeat_) return false;
      may_repeat_ -= due;
    } else if (due != last_.size() && !is_part) {
      return false;
    }
    const std::size_t start = block_.size();
    block_.resize(start + due);
    std::copy_n(last_.begin(), std::min<std::uint64_t>(last_.size(), due), block_.data() + start);
    for (std::uint64_t done = last_.size(); done < due; done *= 2)  // one byte may be there a million times
      std::copy_n(block_.data() + start, std::min(done, due - done), block_.data() + start + done);
    last_.clear();
    return true;
  }

  unsigned radix_;
  FirstByte first_;
  std::size_t offset_size_ = 0;
  std::size_t group_ = 0;
  std::size_t longest_ = 0;  // bytes of a word
  bool is_number_ = false;   // of od or hexdump, in the order of the machine that they ran on
  bool is_shown_ = false;    // the characters confirm the order
  bool is_repeated_ = false;
  std::uint64_t may_repeat_ = kMostRepeated;
  std::uint64_t base_ = 0;  // the offset of the first line
  std::vector<std::byte> block_;
  std::vector<std::byte> last_;  // the line that waits for the next offset
  Dumped dumped_;
};

/// Dumps with offsets in this radix; no blocks where there are no such lines.
[[nodiscard]] inline tl::expected<Dumped, PasteError> dumps(std::string_view text, unsigned radix,
                                                            FirstByte first = FirstByte::lowest_address) {
  DumpJoiner joiner(radix, first);
  std::optional<PasteError> error;
  for_each_line(text, [&](std::string_view line) {
    const auto fail = [&](PasteFault fault, std::size_t column) {
      error = PasteError{fault, static_cast<std::size_t>(line.data() - text.data()) + column};
    };
    const std::string_view words = without_blanks(line);
    if (words.empty()) return true;
    if (words == "*") return joiner.repeat(), true;
    auto dumped = dump_line(line);
    const std::string_view offset = offset_of(line);
    const std::size_t at_offset = offset.empty() ? 0 : static_cast<std::size_t>(offset.data() - line.data());
    if (!dumped && joiner.is_like(offset)) {
      const bool is_spoilt = joiner.is_due(offset);
      fail(is_spoilt ? PasteFault::character : PasteFault::offset, is_spoilt ? dumped.error() : at_offset);
    } else if (!dumped) {
      joiner.finish();  // a packet's heading
    } else if (dumped->shows_reversed) {
      fail(PasteFault::reversed_words, at_offset);
    } else if (const auto fault = joiner.add(std::move(*dumped))) {
      fail(*fault, at_offset);
    }
    return !error;
  });
  if (error) return tl::unexpected(*error);
  return joiner.take();
}

/// The first line of a column that steps as offsets do, evenly but for the last step, whatever is behind
/// them; none where there is no such column.
[[nodiscard]] inline std::optional<std::size_t> offset_column(std::string_view text) {
  constexpr std::uint64_t kMostBytes = 256;
  for (const unsigned radix : {16u, 8u, 10u}) {
    std::optional<std::size_t> first;
    std::uint64_t value = 0, step = 0;
    std::size_t size = 0, steps = 0;
    bool is_even = true, has_columns = false, is_last = false, is_repeated = false;
    for_each_line(text, [&](std::string_view line) {
      is_repeated = is_repeated || without_blanks(line) == "*";
      const std::string_view offset = offset_of(line);
      if (offset.empty() || (first && offset.size() != size)) return true;
      const auto here = number(offset, radix);
      if (!here || is_last) return is_even = false;
      if (first) {
        const std::uint64_t due = *here - value;
        is_even = *here > value && (is_repeated || due <= kMostBytes) && (step == 0 || due <= step || is_repeated);
        is_last = step != 0 && due < step;
        if (step == 0 && !is_repeated) step = due;
        ++steps;
      } else {
        first = static_cast<std::size_t>(line.data() - text.data());
        size = offset.size();
      }
      has_columns =
          has_columns || static_cast<std::size_t>(offset.end() - line.begin()) < without_blanks(line).size();
      is_repeated = false;
      value = *here;
      return is_even;
    });
    if (first && is_even && has_columns && steps > 0) return first;
  }
  return std::nullopt;
}

}  // namespace detail

}  // namespace alert
