// Pasted text: what it was saved as, and where in it something is.

#include "alert/capture/pasted_text.hpp"

#include "vectors.hpp"

namespace {

std::optional<std::string> text_in(std::string_view bytes) { return alert::pasted_text(alert::as_bytes(bytes)); }

std::string utf16(std::string_view ascii, bool is_big) {
  std::string wide;
  for (const char c : ascii) {
    if (is_big) wide += '\0';
    wide += c;
    if (!is_big) wide += '\0';
  }
  return wide;
}

}  // namespace

TEST(PastedText, IsTakenAsItIsWithoutItsByteOrderMark) {
  EXPECT_EQ(text_in("41 42\r\n\t43\n"), "41 42\r\n\t43\n");
  EXPECT_EQ(text_in("\xEF\xBB\xBF"
                    "41"),
            "41");
  EXPECT_EQ(text_in("41 \xE2\x80\xA6"), "41 \xE2\x80\xA6");
  EXPECT_EQ(text_in(""), "");
}

TEST(PastedText, OfUtf16IsReadInBothOrdersWithAndWithoutAMark) {
  for (const bool is_big : {false, true}) {
    EXPECT_EQ(text_in(utf16("41 42\r\n", is_big)), "41 42\r\n");
    EXPECT_EQ(text_in((is_big ? "\xFE\xFF" : "\xFF\xFE") + utf16("41 42\r\n", is_big)), "41 42\r\n");
  }
  EXPECT_EQ(text_in(std::string("\xFF\xFE"
                                "4\0\x26\x20"
                                "1\0",
                                8)),
            "4?1");
  EXPECT_EQ(text_in(utf16("41 42", false) + "4"), std::nullopt) << "half a unit";
  EXPECT_EQ(text_in(utf16("41", false) + "\x26\x20"), std::nullopt) << "without a mark it could be anything";
}

TEST(PastedText, IsNoAlert) {
  for (const auto* vectors : {&golden::alerts().valid, &golden::alerts().trailing})
    for (const golden::Vector& v : *vectors) EXPECT_EQ(alert::pasted_text(v.bytes), std::nullopt) << v.name;
}

TEST(PastedText, CountsLinesAndCharactersFromOne) {
  const auto place = [](std::string_view text, std::size_t offset) {
    const alert::TextPlace found = alert::place_in(text, offset);
    return std::pair(found.line, found.column);
  };
  EXPECT_EQ(place("ab\ncd", 0), std::pair(1UL, 1UL));
  EXPECT_EQ(place("ab\ncd", 2), std::pair(1UL, 3UL));
  EXPECT_EQ(place("ab\ncd", 3), std::pair(2UL, 1UL));
  EXPECT_EQ(place("\xC3\xA9\xC3\xA9x", 4), std::pair(1UL, 3UL));
  EXPECT_EQ(place("ab\n", 3), std::pair(2UL, 1UL)) << "the end";
}
