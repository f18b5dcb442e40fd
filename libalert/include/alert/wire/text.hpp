#pragma once
// Wire text (OEM code page or UTF-16LE) to UTF-8 and back, without losing anything silently.
//
// UTF-8 here may carry an unpaired surrogate in its three-byte form (WTF-8), because a WCHAR string
// may: whoever prints it writes U+FFFD, whoever writes JSON writes the \ud800 escape.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <iconv.h>

#include "alert/wire/bytes.hpp"
#include "alert/wire/names.hpp"

namespace alert {

inline constexpr std::string_view kDefaultCodepage = "cp437";

/// Appends one code point, surrogates included.
inline void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xE0 | c >> 12);
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
    }
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

/// One code point of (W)UTF-8 and its length in bytes; length 0 where the bytes are not UTF-8.
struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};
[[nodiscard]] inline CodePoint code_point(std::string_view text) noexcept {
  if (text.empty()) return {0, 0};
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {0, 0};
  std::uint32_t value = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {0, 0};
    value = value << 6 | (at(i) & 0x3Fu);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10FFFF) return {0, 0};
  return {value, length};
}

[[nodiscard]] constexpr bool is_surrogate(std::uint32_t c) noexcept { return c >= 0xD800 && c <= 0xDFFF; }

[[nodiscard]] inline std::string utf16le_to_utf8(std::string_view wire) {
  std::string out;
  out.reserve(wire.size());
  const auto at = [&](std::size_t i) -> std::uint32_t { return load<std::uint16_t>(as_bytes(wire).data() + i); };
  for (std::size_t i = 0; i + 1 < wire.size(); i += 2) {
    std::uint32_t c = at(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < wire.size() && at(i + 2) >= 0xDC00 && at(i + 2) <= 0xDFFF) {
      c = 0x10000 + ((c - 0xD800) << 10) + (at(i + 2) - 0xDC00);
      i += 2;
    }
    append_utf8(out, c);
  }
  return out;
}

[[nodiscard]] inline Result<std::string> utf8_to_utf16le(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  const auto put = [&](std::uint32_t unit) {
    out.push_back(static_cast<char>(unit & 0xFF));
    out.push_back(static_cast<char>(unit >> 8));
  };
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = code_point(text.substr(i));
    if (c.length == 0) return failure(Errc::bad_text, i);
    if (c.value >= 0x10000) put(0xD800 + ((c.value - 0x10000) >> 10));
    put(c.value >= 0x10000 ? 0xDC00 + ((c.value - 0x10000) & 0x3FF) : c.value);
    i += c.length;
  }
  return out;
}

/// UTF-8 for the outside; `exact` is false where going back would give other bytes
/// (undecodable ones appear as U+FFFD).
struct OutsideText {
  std::string utf8;
  bool exact;
};

/// The text conversion of one profile; for lm20 through iconv, in the code page it was opened with.
class TextCodec {
 public:
  /// By a name that iconv knows, or by number (932 is cp932). Refuses (bad_text) what it does not know.
  [[nodiscard]] static Result<TextCodec> open(Profile profile, std::string codepage) {
    if (profile == Profile::nt) return TextCodec(profile, {});
    // iconv reads "" as the locale's page and what follows a slash as leave to lose text
    if (codepage.empty() || codepage.find('/') != std::string::npos) return failure(Errc::bad_text, 0);
    if (codepage.find_first_not_of("0123456789") == std::string::npos) codepage.insert(0, "cp");
    TextCodec codec(profile, std::move(codepage));
    codec.ascii_ = codec.codepage_ == kDefaultCodepage;  // is known to
    if (codec.ascii_) return codec;
    if (!codec.has_opened()) return failure(Errc::bad_text, 0);
    std::string ascii;
    for (char c = 1; c < 0x7F; ++c) ascii.push_back(c);
    ascii.push_back(0x7F);
    const auto same = convert(codec.in_, ascii, Undecodable::refuse);
    codec.ascii_ = same && *same == ascii;
    return codec;
  }
  TextCodec(TextCodec&& other) noexcept
      : profile_(other.profile_),
        codepage_(std::move(other.codepage_)),
        in_(std::exchange(other.in_, kNone)),
        out_(std::exchange(other.out_, kNone)),
        ascii_(other.ascii_) {}
  TextCodec& operator=(TextCodec&& other) noexcept {
    std::swap(profile_, other.profile_);
    std::swap(codepage_, other.codepage_);
    std::swap(in_, other.in_);
    std::swap(out_, other.out_);
    std::swap(ascii_, other.ascii_);
    return *this;
  }
  ~TextCodec() {
    if (in_ != kNone) iconv_close(in_);
    if (out_ != kNone) iconv_close(out_);
  }

  [[nodiscard]] OutsideText to_utf8(std::string_view wire) {
    if (profile_ == Profile::nt) return {utf16le_to_utf8(wire), wire.size() % 2 == 0};
    if (ascii_ && is_ascii(wire)) return {std::string(wire), true};
    if (!has_opened()) return {{}, false};
    OutsideText result{convert(in_, wire, Undecodable::replace).value_or(std::string()), false};
    const auto back = convert(out_, result.utf8, Undecodable::refuse);
    result.exact = back && *back == wire;
    return result;
  }

  /// Refuses (bad_text, offset into `text`) what is not UTF-8 or not in the code page.
  [[nodiscard]] Result<std::string> to_wire(std::string_view text) {
    if (profile_ == Profile::nt) return utf8_to_utf16le(text);
    if (ascii_ && is_ascii(text)) return std::string(text);
    if (!has_opened()) return failure(Errc::bad_text, 0);
    auto wire = convert(out_, text, Undecodable::refuse);
    if (!wire) return wire;
    // iconv drops some characters (U+E0000..E007F) and writes look-alikes for others, and says nothing.
    const std::string back = convert(in_, *wire, Undecodable::replace).value_or(std::string());
    if (back == text) return wire;
    const auto differ = std::mismatch(text.begin(), text.end(), back.begin(), back.end()).first;
    auto at = static_cast<std::size_t>(differ - text.begin());
    while (at > 0 && (at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)) --at;
    return failure(Errc::bad_text, at);
  }

 private:
  enum class Undecodable { replace, refuse };
  inline static const iconv_t kNone = reinterpret_cast<iconv_t>(-1);

  TextCodec(Profile profile, std::string codepage) noexcept : profile_(profile), codepage_(std::move(codepage)) {}

  /// iconv loads a page as a library: a program that has nothing but ASCII to say never needs it.
  bool has_opened() {
    if (in_ == kNone) in_ = iconv_open("UTF-8", codepage_.c_str());
    if (out_ == kNone) out_ = iconv_open(codepage_.c_str(), "UTF-8");
    return in_ != kNone && out_ != kNone;
  }

  static bool is_ascii(std::string_view text) noexcept {
    for (const char c : text)
      if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
  }

  static Result<std::string> convert(iconv_t with, std::string_view text, Undecodable undecodable) {
    std::string out(text.size() * 4 + 16, '\0');
    char* from = const_cast<char*>(text.data());
    std::size_t left = text.size();
    char* to = out.data();
    std::size_t room = out.size();
    iconv(with, nullptr, nullptr, nullptr, nullptr);
    while (left > 0) {
      if (iconv(with, &from, &left, &to, &room) != static_cast<std::size_t>(-1)) break;
      if (errno == E2BIG || undecodable == Undecodable::refuse) return failure(Errc::bad_text, text.size() - left);
      constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
      if (room < kReplacement.size()) return failure(Errc::bad_text, text.size() - left);
      to = std::copy(kReplacement.begin(), kReplacement.end(), to);
      room -= kReplacement.size();
      ++from;
      --left;
    }
    if (iconv(with, nullptr, nullptr, &to, &room) == static_cast<std::size_t>(-1))
      return failure(Errc::bad_text, text.size());
    out.resize(static_cast<std::size_t>(to - out.data()));
    return out;
  }

  Profile profile_;
  std::string codepage_;
  iconv_t in_ = kNone;   // from there to UTF-8
  iconv_t out_ = kNone;  // and back
  bool ascii_ = false;   // the page agrees with ASCII: for that iconv is not asked
};

}  // namespace alert
