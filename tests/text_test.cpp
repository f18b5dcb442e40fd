// Wire text to UTF-8 and back: nothing is lost without being told.

#include "alert/wire/text.hpp"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "vectors.hpp"

namespace {

using alert::Profile;
using alert::TextCodec;
using golden::to_hex;
using golden::verdict;

TextCodec codec(const std::string& codepage) { return TextCodec::open(Profile::lm20, codepage).value(); }
TextCodec nt_codec() { return TextCodec::open(Profile::nt, "").value(); }

std::string bytes(std::string_view hex) { return std::string(alert::as_text(golden::from_hex(hex))); }
std::string utf8(TextCodec from, std::string_view wire_hex) { return from.to_utf8(bytes(wire_hex)).utf8; }
bool exact(TextCodec from, std::string_view wire_hex) { return from.to_utf8(bytes(wire_hex)).exact; }
std::string wire_hex(TextCodec to, std::string_view text) { return to_hex(to.to_wire(text).value()); }
std::string refusal(TextCodec to, std::string_view text) { return verdict(to.to_wire(text)); }

constexpr std::string_view kReplacement = "\uFFFD";

TEST(TextCodec, ConvertsBothWaysInItsCodePage) {
  struct Sample {
    const char* codepage;
    const char* wire;
    const char* text;
  };
  for (const auto& [codepage, wire, text] : {
           Sample{"cp437", "81828ee19cb0b2dbfe", "üéÄß£░▓█■"},
           Sample{"cp850", "90b7d49b9d80a9b8", "ÉÀÈøØÇ®©"},
           Sample{"cp866", "8fe0a8a2a5e22c20aca8e0fc", "Привет, мир№"},
           Sample{"cp932", "955c8ea6835c837cb1b2b3", "表示ソポｱｲｳ"},
       }) {
    SCOPED_TRACE(codepage);
    EXPECT_EQ(utf8(codec(codepage), wire), text);
    EXPECT_TRUE(exact(codec(codepage), wire));
    EXPECT_EQ(wire_hex(codec(codepage), text), to_hex(bytes(wire)));
  }
}

TEST(TextCodec, KeepsEveryByteOfASingleBytePage) {
  for (const char* const codepage : {"cp437", "cp850", "cp866"}) {
    auto page = codec(codepage);
    for (unsigned byte = 1; byte <= 0xFF; ++byte) {
      const std::string wire(1, static_cast<char>(byte));
      const auto text = page.to_utf8(wire);
      ASSERT_TRUE(text.exact) << codepage << ' ' << byte;
      ASSERT_EQ(page.to_wire(text.utf8), wire) << codepage << ' ' << byte;
    }
  }
}

TEST(TextCodec, ReadsTheDefaultPageAsIconvDoes) {
  auto page = codec(std::string(alert::kDefaultCodepage));
  auto asked = codec("IBM437");  // another name of it, of which nothing is known beforehand
  for (unsigned byte = 0; byte <= 0xFF; ++byte) {
    const std::string wire(1, static_cast<char>(byte));
    ASSERT_EQ(page.to_utf8(wire).utf8, asked.to_utf8(wire).utf8) << byte;
  }
}

TEST(TextCodec, LeavesPlainAsciiAsItIs) {
  std::string ascii;
  for (char c = 1; c < 0x7F; ++c) ascii.push_back(c);
  for (const char* const codepage : {"cp437", "cp850", "cp866", "cp932"}) {
    EXPECT_EQ(codec(codepage).to_utf8(ascii).utf8, ascii) << codepage;
    EXPECT_EQ(codec(codepage).to_wire(ascii), ascii) << codepage;
  }
}

TEST(TextCodec, FollowsACodePageWhereAsciiBytesMeanSomethingElse) {
  EXPECT_EQ(utf8(codec("shift_jis"), "5c7e"), "¥‾");
  EXPECT_EQ(wire_hex(codec("shift_jis"), "¥"), "5c");
}

TEST(TextCodec, SeesNoBackslashInTheTrailByteOfACp932Character) {
  for (const char* const wire : {"955c", "835c", "5c955c5c"}) {
    const std::string text = utf8(codec("cp932"), wire);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\\'), std::string_view(wire).size() == 4 ? 0 : 2) << wire;
    EXPECT_EQ(wire_hex(codec("cp932"), text), wire);
  }
}

TEST(TextCodec, ReplacesUndecodableBytesAndSaysSo) {
  const std::string r(kReplacement);
  const std::pair<const char*, std::string> samples[] = {
      {"81", r}, {"8120", r + ' '}, {"61fd62", 'a' + r + 'b'}, {"fcfc", r + r}, {"955c81", "表" + r}};
  for (const auto& [wire, text] : samples) {
    EXPECT_EQ(utf8(codec("cp932"), wire), text) << wire;
    EXPECT_FALSE(exact(codec("cp932"), wire)) << wire;
  }
}

TEST(TextCodec, ForgetsTheTextThatItRefused) {
  auto page = codec("iso-2022-jp");  // which shifts in and out of its second character set
  EXPECT_EQ(verdict(page.to_wire("表€")), "bad_text at 3");
  EXPECT_EQ(to_hex(page.to_wire("表").value()), "1b2442493d1b2842");
}

TEST(TextCodec, IsInexactWhereTwoSpellingsMeanOneCharacter) {
  EXPECT_EQ(utf8(codec("cp932"), "ed40"), utf8(codec("cp932"), "fa5c"));
  EXPECT_FALSE(exact(codec("cp932"), "ed40"));
  EXPECT_TRUE(exact(codec("cp932"), "fa5c"));
}

TEST(TextCodec, ConvertsLongTextOfTheWidestCharacters) {
  const std::string wire(65000, '\xDB');
  EXPECT_EQ(codec("cp437").to_utf8(wire).utf8.size(), 3 * wire.size());
  EXPECT_TRUE(codec("cp437").to_utf8(wire).exact);
  EXPECT_EQ(codec("cp932").to_utf8(wire).utf8.size(), 3 * wire.size());
}

TEST(TextCodec, RefusesACharacterThatTheCodePageLacks) {
  EXPECT_EQ(refusal(codec("cp437"), "ab€c"), "bad_text at 2");
  EXPECT_EQ(refusal(codec("cp437"), "éé表"), "bad_text at 4");
  EXPECT_EQ(refusal(codec("cp866"), "é"), "bad_text at 0");
  EXPECT_EQ(refusal(codec("cp932"), "表🌍"), "bad_text at 3");
  EXPECT_EQ(refusal(codec("cp437"), "a\xED\xA0\x80"), "bad_text at 1");
}

TEST(TextCodec, RefusesTextThatIsNotUtf8) {
  for (const char* const bad : {"c0af", "c1bf", "e080af", "e09fbf", "f08080af", "f08fbfbf",  // longer than needed
                                "c3", "e282", "f09f8c", "c328", "e2822e", "f09f8c2e",        // cut
                                "80", "bf", "f4908080", "f5808080", "f8888080", "fe", "ff"}) {
    EXPECT_EQ(refusal(codec("cp437"), "ab" + bytes(bad)), "bad_text at 2") << bad;
    EXPECT_EQ(refusal(nt_codec(), "ab" + bytes(bad)), "bad_text at 2") << bad;
  }
}

TEST(TextCodec, RefusesAnUnknownCodePage) {
  EXPECT_EQ(verdict(TextCodec::open(Profile::lm20, "cp99999").map([](auto&&) { return 0; })), "bad_text at 0");
}

TEST(TextCodec, RefusesACharacterThatWouldNotComeBack) {
  EXPECT_EQ(refusal(codec("cp437"), "a\U000E0041z"), "bad_text at 1");
  EXPECT_EQ(refusal(codec("cp437"), "a\U000E0041"), "bad_text at 1");
  EXPECT_EQ(refusal(codec("cp932"), "A—"), "bad_text at 1");
}

TEST(TextCodec, RefusesACodePageThatIconvWouldTakeLiberally) {
  for (const char* const codepage : {"", "cp437//TRANSLIT", "cp437//IGNORE"})
    EXPECT_FALSE(TextCodec::open(Profile::lm20, codepage)) << codepage;
}

TEST(NtText, IsInexactWithHalfACodeUnit) { EXPECT_FALSE(exact(nt_codec(), "610062")); }

TEST(TextCodec, TakesACodePageByItsNumber) {
  for (const std::string number : {"437", "850", "866", "932", "1252"}) {
    TextCodec by_number = codec(number), by_name = codec("cp" + number);
    for (const std::string_view wire : {"\x81\x40", "\xE0\xE1", "\x9A"})
      EXPECT_EQ(by_number.to_utf8(wire).utf8, by_name.to_utf8(wire).utf8) << number;
  }
  EXPECT_FALSE(TextCodec::open(Profile::lm20, "99999"));
}

TEST(TextCodec, NeedsNoCodePageForNt) { EXPECT_TRUE(TextCodec::open(Profile::nt, "cp99999")); }

TEST(TextCodec, CanBeMoved) {
  auto from = codec("cp866");
  auto to = std::move(from);
  EXPECT_EQ(to.to_utf8("\x8F").utf8, "П");
  to = codec("cp437");
  EXPECT_EQ(to.to_utf8("\x8F").utf8, "Å");
  to = nt_codec();
  EXPECT_EQ(to.to_utf8(bytes("1f04")).utf8, "П");
}

TEST(NtText, IsConvertedBothWays) {
  EXPECT_EQ(utf8(nt_codec(), "1f04400438043204350442042c003cd80ddf"), "Привет,🌍");
  EXPECT_EQ(wire_hex(nt_codec(), "Aé表🌍"), "4100e90068883cd80ddf");
  EXPECT_EQ(utf8(nt_codec(), ""), "");
}

TEST(NtText, KeepsUnpairedSurrogates) {
  for (const char* const wire :
       {"00d8", "ffdb", "00dc", "ffdf", "00dc00d8", "610000d8", "00d86100", "00d800d800dc", "00d800e0"}) {
    EXPECT_TRUE(exact(nt_codec(), wire)) << wire;
    EXPECT_EQ(wire_hex(nt_codec(), utf8(nt_codec(), wire)), wire);
  }
  EXPECT_EQ(to_hex(utf8(nt_codec(), "00d8")), "eda080");
}

TEST(NtText, KeepsEveryCodeUnit) {
  for (unsigned unit = 1; unit <= 0xFFFF; ++unit) {
    const std::string wire{static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    ASSERT_EQ(alert::utf8_to_utf16le(alert::utf16le_to_utf8(wire)), wire) << unit;
  }
}

TEST(CodePoint, IsWhatAppendUtf8Appended) {
  const std::pair<std::uint32_t, std::size_t> limits[] = {{0, 1},       {0x7F, 1},    {0x80, 2},   {0x7FF, 2},
                                                          {0x800, 3},   {0xD800, 3},  {0xDFFF, 3}, {0xFFFF, 3},
                                                          {0x10000, 4}, {0x10FFFF, 4}};
  for (const auto& [value, length] : limits) {
    std::string text;
    alert::append_utf8(text, value);
    EXPECT_EQ(text.size(), length) << value;
    EXPECT_EQ(alert::code_point(text).value, value);
    EXPECT_EQ(alert::code_point(text).length, length);
  }
}

TEST(CodePoint, EndsWithItsText) {
  constexpr std::string_view kFour = "🌍";
  for (std::size_t size = 0; size < kFour.size(); ++size)
    EXPECT_EQ(alert::code_point(kFour.substr(0, size)).length, 0u) << size;
}

TEST(CodePoint, HasNoLengthWhereThereIsNone) {
  EXPECT_EQ(alert::code_point("").length, 0u);
  EXPECT_EQ(alert::code_point("\x80").length, 0u);
  EXPECT_EQ(alert::code_point("\xF4\x90\x80\x80").length, 0u);
}

}  // namespace
