#pragma once
// Digits without offsets: pairs in any grouping of whole bytes; commas, semicolons, quotes, 0x and \x may
// stand between groups, colons and dashes inside of them.

#include "alert/capture/hex_dump.hpp"
#include "alert/capture/pasted_text.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/std_alert.hpp"

namespace alert::detail {

struct Digits {
  std::vector<std::byte> bytes;
  Blocks lines;               // the same line by line, where each can hold an alert; or empty
  std::size_t open_word = 0;  // bytes of each group, where all are of 2, 4 or 8
};

/// Joins groups of digits. A group is whole bytes unless it has its line for itself: text that a program
/// wrapped. (Single digits in columns are od's decimal numbers.)
class DigitJoiner {
 public:
  /// The fault of this group, if it has one, or of the one before, and its offset.
  [[nodiscard]] std::optional<PasteError> add(std::string_view group, std::size_t offset) {
    const bool is_first = groups_in_line_++ == 0;
    if (group.size() % 2 != 0 && !odd_) odd_ = offset;
    if (odd_ && !is_first) return PasteError{PasteFault::odd_digits, *odd_};
    // 0000000 and columns: an offset, although no other line is there to tell.
    const bool is_zero = digits_.size() == line_start_ + first_size_ && first_size_ >= 4 &&
                         digits_.find_first_not_of('0', line_start_) == std::string::npos;
    if (groups_in_line_ == 2 && is_zero && group.size() != first_size_ &&
        (group.size() == 2 || is_word(group.size())))
      return PasteError{PasteFault::columns, offset};
    if (is_first) first_size_ = group.size();
    if (digits_.empty()) size_ = group.size();
    is_even_ = is_even_ && group.size() == size_;
    is_octal_ = is_octal_ && group.find_first_not_of("01234567") == std::string_view::npos;
    has_columns_ = has_columns_ || !is_first;
    digits_ += group;
    return std::nullopt;
  }
  void end_line() {
    const std::string_view line = std::string_view(digits_).substr(line_start_);
    if (line.empty()) return;
    if (digits_.size() % 2 != 0 || line.size() % 2 != 0 || is_short_) can_be_lines_ = false;
    if (can_be_lines_) lines_.push_back(*from_hex(line));
    is_short_ = line.size() < 2 * std_alert_size(Profile::lm20);
    groups_in_line_ = first_size_ = 0;
    line_start_ = digits_.size();
    if (odd_ && digits_.size() % 2 == 0) odd_.reset();
  }
  [[nodiscard]] tl::expected<Digits, PasteError> take(std::size_t text_size) {
    constexpr std::size_t kByte = 2;
    if (digits_.empty()) return paste_failure(PasteFault::no_hex, 0);
    if (digits_.size() % 2 != 0) return paste_failure(PasteFault::odd_digits, odd_.value_or(text_size));
    const bool is_grouped = has_columns_ && is_even_ && size_ != kByte;
    if (is_grouped && is_octal_ && !is_word(size_)) return paste_failure(PasteFault::columns, 0);
    if (!can_be_lines_ || lines_.size() == 1) lines_.clear();
    return Digits{*from_hex(digits_), std::move(lines_), is_grouped && is_word(size_) ? size_ / 2 : 0};
  }

 private:
  std::string digits_;
  std::size_t line_start_ = 0;
  std::size_t groups_in_line_ = 0;
  std::size_t first_size_ = 0;      // of the first group in this line,
  std::size_t size_ = 0;            // and in all of the text
  std::optional<std::size_t> odd_;  // where half a byte waits for its other half
  bool has_columns_ = false, is_even_ = true, is_octal_ = true;
  bool is_short_ = false, can_be_lines_ = true;
  Blocks lines_;
};

[[nodiscard]] inline tl::expected<Digits, PasteError> digits(std::string_view text) {
  DigitJoiner joiner;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t size = digits_at_front(text.substr(at));
    const bool is_prefix = text.substr(at).starts_with("0x") || text.substr(at).starts_with("0X") ||
                           text.substr(at).starts_with("\\x");
    const bool is_inside = at > 0 && hex_digit(text[at - 1]) >= 0 && digits_at_front(text.substr(at + 1, 1)) > 0;
    if (is_prefix && digits_at_front(text.substr(at + 2, 1)) > 0) {
      at += 2;
    } else if (size > 0) {
      if (const auto error = joiner.add(text.substr(at, size), at)) return tl::unexpected(*error);
      at += size;
    } else if (std::string_view(" \t\r\n,;\"").find(c) != std::string_view::npos ||
               (is_inside && (c == ':' || c == '-'))) {
      if (c == '\n') joiner.end_line();
      ++at;
    } else {
      const std::size_t start = text.substr(0, at).rfind('\n') + 1;
      const bool is_repeat = without_blanks(text.substr(start, text.find('\n', at) - start)) == "*";
      return paste_failure(is_repeat ? PasteFault::asterisk : PasteFault::character, at);
    }
  }
  joiner.end_line();
  return joiner.take(text.size());
}

}  // namespace alert::detail
