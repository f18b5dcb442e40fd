// A structure as JSON text: what is written at once says what the library says of the same.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/json_fields.hpp"

namespace {

struct Inner {
  std::string text;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("text", s.text);
  }
};

struct Sample {
  std::string text;
  std::uint64_t large = 0;
  std::uint16_t small = 0;
  std::int32_t below = 0;
  bool flag = false;
  std::optional<std::string> missing{};
  std::optional<std::uint32_t> given{};
  std::vector<Inner> list{};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("text", s.text), p("large", s.large), p("small", s.small), p("below", s.below), p("flag", s.flag),
        p("missing", s.missing), p("given", s.given), p("list", s.list);
  }
};

std::string text_of(const Sample& sample) {
  std::string text;
  alert::append_json(text, sample);
  return text;
}

TEST(JsonText, HasTheMembersInTheirOrderAndNoMissingOnes) {
  EXPECT_EQ(
      text_of({"a", 1, 2, -3, true, {}, 4, {{"b"}, {"c"}}}),
      R"({"text":"a","large":1,"small":2,"below":-3,"flag":true,"given":4,"list":[{"text":"b"},{"text":"c"}]})");
}

TEST(JsonText, SaysOfAnyStringWhatTheLibrarySays) {
  std::vector<std::string> strings = {
      "",        "\"",           "\\",       "\\\\\"\"",           "\\mailslot\\jobs",
      "a\"b\\c", "ends with \\", "\xC3\xA4", "a\"then \xC3\xA4\\", std::string("\0", 1),
      "line\n",  "\x7f",         "\x1f"};
  for (int c = 1; c < 0x80; ++c) strings.push_back({'a', static_cast<char>(c), '\\'});
  for (const std::string& string : strings) {
    Sample sample{string};
    sample.list = {{string}};
    EXPECT_EQ(alert::Json::parse(text_of(sample)), alert::to_json(sample)) << string;
  }
}

TEST(JsonText, HasEveryNumberWhole) {
  const Sample most{"", std::numeric_limits<std::uint64_t>::max(), 65'535,
                    std::numeric_limits<std::int32_t>::min()};
  EXPECT_EQ(alert::Json::parse(text_of(most)), alert::to_json(most));
  EXPECT_EQ(alert::Json::parse(text_of({})), alert::to_json(Sample{}));
}

}  // namespace
