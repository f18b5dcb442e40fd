#pragma once
// Bytes in C source: the initialisers between braces, and string literals with hexadecimal escapes.

#include <charconv>

#include "alert/capture/pasted_text.hpp"
#include "alert/wire/hex.hpp"

namespace alert::detail {

/// Of the same length: blanks where comments were, so that places stay what they are.
[[nodiscard]] inline std::string blanked_comments(std::string_view source) {
  std::string code(source);
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (; from < to; ++from)
      if (code[from] != '\n') code[from] = ' ';
  };
  for (std::size_t at = 0; (at = source.find('/', at)) != std::string_view::npos;) {
    std::size_t end = at + 1;
    if (source.substr(at).starts_with("//")) {
      end = std::min(source.find('\n', at), source.size());
      blank(at, end);
    } else if (source.substr(at).starts_with("/*")) {
      const std::size_t close = source.find("*/", at + 2);
      end = close == std::string_view::npos ? source.size() : close + 2;
      blank(at, end);
    }
    at = end;
  }
  return code;
}

/// Reads the elements of `text` from `at` on.
class CReader {
 public:
  CReader(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) {}

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
  void skip(std::string_view characters) noexcept {
    at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
  }
  [[nodiscard]] bool take(std::string_view word) noexcept {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  /// 0x20, 32 or 040, perhaps with u or l behind; none, and nowhere further, where it is no byte.
  [[nodiscard]] std::optional<std::byte> number() noexcept {
    const std::size_t start = at_;
    const int base = take("0x") || take("0X") ? 16 : text_.substr(at_, 1) == "0" ? 8 : 10;
    unsigned value = 0;
    const char* const end = text_.data() + text_.size();
    const auto [last, error] = std::from_chars(text_.data() + at_, end, value, base);
    at_ = static_cast<std::size_t>(last - text_.data());
    skip("uUlL");
    if (error == std::errc() && value <= 0xFF && !is_word_at(at_)) return static_cast<std::byte>(value);
    at_ = start;
    return std::nullopt;
  }
  /// A character of a literal, or its escape.
  [[nodiscard]] std::optional<std::byte> character() noexcept {
    if (at_end() || text_[at_] == '\n') return std::nullopt;
    if (!take("\\")) return static_cast<std::byte>(text_[at_++]);
    const bool is_hex = take("x");
    const std::size_t most = std::min(text_.size(), at_ + (is_hex ? 2 : 3));
    unsigned value = 0;
    const auto [last, error] = std::from_chars(text_.data() + at_, text_.data() + most, value, is_hex ? 16 : 8);
    if (error == std::errc() && value <= 0xFF) {
      at_ = static_cast<std::size_t>(last - text_.data());
      return static_cast<std::byte>(value);
    }
    constexpr std::string_view kLetters = "abfnrtv\\'\"?", kMeant = "\a\b\f\n\r\t\v\\'\"?";
    const std::size_t letter = is_hex || at_end() ? std::string_view::npos : kLetters.find(text_[at_]);
    if (letter == std::string_view::npos) return std::nullopt;
    ++at_;
    return static_cast<std::byte>(kMeant[letter]);
  }

 private:
  [[nodiscard]] bool is_word_at(std::size_t at) const noexcept {
    return at < text_.size() && (hex_digit(text_[at]) >= 0 || text_[at] == '.');
  }

  std::string_view text_;
  std::size_t at_;
};

using CBytes = tl::expected<std::vector<std::byte>, PasteError>;

/// What is between quotes, up to and with the closing one. The zero that C adds is not among them.
[[nodiscard]] inline CBytes string_literal(CReader& in) {
  std::vector<std::byte> bytes;
  while (!in.take("\"")) {
    const std::size_t start = in.at();
    const auto byte = in.character();
    if (!byte) return paste_failure(PasteFault::no_byte, start);
    bytes.push_back(*byte);
  }
  return bytes;
}

/// What is between braces, up to and with the closing one.
[[nodiscard]] inline CBytes initialisers(CReader& in) {
  constexpr std::string_view kBetween = " \t\r\n,";
  std::vector<std::byte> bytes;
  for (in.skip(kBetween); !in.take("}"); in.skip(kBetween)) {
    const std::size_t start = in.at();
    if (in.take("\"")) {
      const auto literal = string_literal(in);
      if (!literal) return literal;
      bytes.insert(bytes.end(), literal->begin(), literal->end());
      continue;
    }
    const bool is_quoted = in.take("'");
    const auto byte = is_quoted ? in.character() : in.number();
    if (!byte || (is_quoted && !in.take("'"))) return paste_failure(PasteFault::no_byte, start);
    bytes.push_back(*byte);
  }
  return bytes;
}

/// Each array of a C source, or where there is none its string literals, as one; empty where it has neither.
[[nodiscard]] inline tl::expected<Blocks, PasteError> c_arrays(std::string_view source) {
  const std::string code = blanked_comments(source);
  Blocks blocks;
  for (std::size_t open = 0; (open = code.find('{', open)) != std::string::npos;) {
    CReader in(code, open + 1);
    auto bytes = initialisers(in);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!bytes->empty()) blocks.push_back(std::move(*bytes));
    open = in.at();
  }
  if (!blocks.empty() || code.find("\\x") == std::string::npos) return blocks;
  std::vector<std::byte> all;
  for (std::size_t open = 0; (open = code.find('"', open)) != std::string::npos;) {
    CReader in(code, open + 1);
    const auto bytes = string_literal(in);
    if (!bytes) return tl::unexpected(bytes.error());
    all.insert(all.end(), bytes->begin(), bytes->end());
    open = in.at();
  }
  if (!all.empty()) blocks.push_back(std::move(all));
  return blocks;
}

}  // namespace alert::detail
