// alertctl dump and pack: captured bytes into words or JSON, and JSON into bytes.

#include <cctype>

#include "dumped.hpp"

namespace {

using test::alertctl;
using test::bytes_of;
using test::dump;
using test::Finished;
using test::has;
using test::Journal;
using test::json;
using test::json_lines;
using test::TemporaryFolder;
using test::wire_of;
using test::Words;

const Words kTexts{"one", "two", "three"};

std::string hex_of(const std::string& name) { return golden::to_hex(wire_of(name)); }

/// The bytes in the lines of --explain, "OFFSET  HEX  NOTE", whose offsets must continue each other.
std::string explained_hex(const std::string& out) {
  std::string hex;
  for (const std::string& line : test::lines(out)) {
    const std::size_t digits = line.find_first_not_of(' ');
    if (digits == std::string::npos || !std::isdigit(static_cast<unsigned char>(line[digits]))) continue;
    const std::size_t end = line.find(' ', digits);
    EXPECT_EQ(line.substr(digits, end - digits), std::to_string(hex.size() / 2)) << line;
    const std::size_t bytes = line.find_first_not_of(' ', end);
    hex += line.substr(bytes, std::min(line.find(' ', bytes), line.size()) - bytes);
  }
  return hex;
}

Finished explain(const std::string& hex, const std::string& profile) {
  return dump({"-", "--explain", "--format", "hex", "--profile", profile}, hex);
}

}  // namespace

TEST(Dump, ReadsHexadecimalTextHoweverItIsBroken) {
  std::string paste;
  for (const char c : hex_of("lm20-admin-n4")) {
    paste += static_cast<char>(std::toupper(c));
    if (paste.size() % 7 == 5) paste += "\r\n";
  }
  const Finished dumped = dump({"-", "--json"}, paste);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(json_lines(dumped).at(0).at("fields"), golden::vector_named("lm20-admin-n4").fields);
}

TEST(Dump, ReadsRawBytesFromStandardInputAndFiles) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", wire_of("lm20-print-basic"));
  const auto lines = json_lines(dump({"-", file, "--json"}, wire_of("lm20-user-n3")));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("class"), "user");
  EXPECT_EQ(lines[1].at("class"), "print");
}

TEST(Dump, FindsTheProfileThatFits) {
  for (const std::string name : {"lm20-user-n3", "lm20-admin-long", "nt-user-n3", "nt-custom-header-only"}) {
    const Finished dumped = dump({"-", "--json"}, wire_of(name));
    EXPECT_EQ(dumped.status, 0) << name << ": " << dumped.err;
    EXPECT_TRUE(has(dumped.out, "\"profile\":\"" + name.substr(0, name.find('-')) + "\""))
        << name << ": " << dumped.out;
  }
}

TEST(Dump, AsksForTheProfileWhereNoneFits) {
  for (const std::string input : {"00", "0000: 41"}) {
    const Finished dumped = dump({"-"}, input);
    EXPECT_EQ(dumped.status, 4);
    EXPECT_TRUE(has(dumped.err, "--profile lm20 or nt")) << dumped.err;
  }
}

TEST(Dump, OfWhatIsNotHexadecimalExitsFour) {
  for (const std::string text : {"", "0g", "abc", "not an alert"}) {
    const Finished dumped = dump({"-", "--format", "hex"}, text);
    EXPECT_EQ(dumped.status, 4);
    EXPECT_TRUE(has(dumped.err, "alertctl: -: ")) << dumped.err;
  }
}

TEST(Dump, OfAMissingFileNamesItAndExitsFive) {
  for (const std::string format : {"auto", "raw", "hex", "journal"}) {
    const Finished dumped = dump({"/nowhere/capture", "--format", format});
    EXPECT_EQ(dumped.status, 5) << format;
    EXPECT_EQ(dumped.err, "alertctl: /nowhere/capture: No such file or directory\n");
  }
}

TEST(Dump, GoesOnBehindAFileItCannotRead) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", wire_of("lm20-user-n3"));
  const Finished dumped = dump({folder / "missing", file, "--json"});
  EXPECT_NE(dumped.status, 0);
  EXPECT_EQ(json_lines(dumped).size(), 1u);
}

TEST(Dump, OfAFolderWithoutAJournalSaysSo) {
  const TemporaryFolder folder;
  const Finished dumped = dump({folder.path().string()});
  EXPECT_EQ(dumped.status, 4);
  EXPECT_TRUE(has(dumped.err, folder.path().string() + ": no journal segment in this folder")) << dumped.err;
}

TEST(Dump, OfABrokenAlertShowsWhatCouldBeReadAndWhereItBroke) {
  const Finished dumped = dump({"-", "--profile", "nt"}, hex_of("nt-admin-n4").substr(0, 2 * 240));
  EXPECT_EQ(dumped.status, 4);
  EXPECT_TRUE(has(dumped.out, "alrt_eventname      \"ADMIN\"")) << dumped.out;
  EXPECT_TRUE(has(dumped.out, "broken: no terminating zero before the end of the field (field at offset "))
      << dumped.out;
}

TEST(DumpExplain, ShowsEveryByteOnceInOrder) {
  for (const char* name : {"lm20-admin-n4", "lm20-print-basic", "lm20-errlog-sign", "nt-user-n6", "nt-print-max",
                           "nt-errlog-order", "nt-message-unicode", "nt-custom-evmax"}) {
    const Finished dumped = explain(hex_of(name), name[0] == 'n' ? "nt" : "lm20");
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    EXPECT_EQ(explained_hex(dumped.out), hex_of(name)) << name << "\n" << dumped.out;
  }
}

TEST(DumpExplain, MarksPaddingAndTrailingBytes) {
  const std::string out = explain(hex_of("lm20-admin-n4") + "aabbcc", "lm20").out;
  EXPECT_TRUE(has(out, "alrt_eventname = \"ADMIN\"\n")) << out;
  EXPECT_TRUE(has(out, "    21  00                                alrt_pad1 = padding\n")) << out;
  EXPECT_TRUE(has(out, "    65  aabbcc                            trailing\n")) << out;
}

TEST(DumpExplain, ShowsTheBytesBehindTheBreakToo) {
  for (const golden::Malformed& bad : golden::alerts().malformed) {
    if (!has(bad.name, "user")) continue;
    const std::string hex = golden::to_hex(alert::as_text(bad.bytes));
    const Finished dumped = explain(hex, std::string(name(bad.profile)));
    EXPECT_EQ(dumped.status, 4) << bad.name;
    EXPECT_EQ(explained_hex(dumped.out), hex) << bad.name << "\n" << dumped.out;
    EXPECT_TRUE(has(dumped.out, "broken: ")) << bad.name;
  }
}

TEST(Dump, DoesNotInventFieldsThatABrokenAlertDoesNotHave) {
  const Finished dumped = dump({"-", "--profile", "nt"}, hex_of("nt-admin-n4").substr(0, 2 * 200));
  EXPECT_EQ(dumped.status, 4);
  EXPECT_TRUE(has(dumped.out, "broken: the bytes end inside this field (field at offset 200)")) << dumped.out;
  EXPECT_TRUE(has(dumped.out, "expected: alrtad_errcode, 4 bytes; there are 0 bytes\n")) << dumped.out;
  EXPECT_FALSE(has(dumped.out, "  alrtad_errcode ")) << dumped.out;
}

TEST(DumpExplain, EscapesForeignText) {
  std::string hex = hex_of("lm20-message-empty");
  hex.insert(hex.size() - 2, golden::to_hex("\x1b[31m"));
  const Finished dumped = explain(hex, "lm20");
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_FALSE(has(dumped.out, "\x1b")) << dumped.out;
  EXPECT_TRUE(has(dumped.out, "\"\\x1b[31m\"")) << dumped.out;
}

TEST(DumpJournal, PrintsEveryAlertOfAFolderOrASegment) {
  const Journal journal(kTexts);
  for (const std::string& path : {journal.broker.journal(), journal.segment}) {
    const Finished dumped = dump({path, "--json"});
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    const auto lines = json_lines(dumped);
    ASSERT_EQ(lines.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lines[i].at("sequence"), i + 1);
    EXPECT_EQ(lines[2].at("fields").at("msg_text"), "three");
    EXPECT_EQ(lines[0].at("uid"), ::getuid());
    EXPECT_EQ(lines[0].at("origin").get<std::string>().size(), 32u);
    EXPECT_TRUE(lines[0].contains("accepted") && lines[0].contains("pid"));
  }
}

TEST(DumpJournal, ComesThroughStandardInputToo) {
  const Journal journal(kTexts);
  const Finished dumped = dump({"-", "--json"}, bytes_of(journal.segment));
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(json_lines(dumped).size(), 3u);
}

TEST(DumpJournal, WorksWhileTheBrokerRuns) {
  const test::Broker broker;
  broker.ctl({"raise", "message", "one"});
  const Finished dumped = dump({broker.journal()});
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_TRUE(has(dumped.out, "#1  ") && has(dumped.out, "msg_text            \"one\"")) << dumped.out;
}

TEST(DumpJournal, CutShortPrintsWhatIsWholeAndSaysWhereItEnds) {
  const Journal journal(kTexts);
  std::filesystem::resize_file(journal.segment, std::filesystem::file_size(journal.segment) - 4);
  const Finished dumped = dump({journal.segment, "--json"});
  EXPECT_EQ(dumped.status, 4);
  EXPECT_GE(json_lines(dumped).size(), 2u);
  EXPECT_TRUE(has(dumped.err, journal.segment + ": ") && has(dumped.err, " at offset ")) << dumped.err;
}

TEST(DumpJournal, SaysForWhichEventAnAlertWasRaisedWhenItsHeaderNamesAnother) {
  const test::Broker broker;
  const auto file = broker.folder().file("wire", wire_of("lm20-admin-n4"));
  ASSERT_EQ(broker.ctl({"raise", "--wire", file, "--event", "MINE"}).status, 0);
  EXPECT_TRUE(has(dump({broker.journal(), "--json"}).out, "\"MINE\""));
}

TEST(Pack, WritesTheBytesThemselvesWithoutHex) {
  const auto& v = golden::vector_named("nt-admin-n4");
  const json line{{"profile", "nt"}, {"class", "admin"}, {"fields", v.fields}};
  const Finished pack = alertctl({"pack"}, line.dump() + "\n");
  EXPECT_EQ(golden::to_hex(pack.out), hex_of("nt-admin-n4"));
}

TEST(Pack, FillsInTheEventTheTimeAndTheNumberOfStrings) {
  const Finished pack = alertctl({"pack"}, R"({"class": "admin", "fields": {"alrt_servicename": "HOOK",)"
                                           R"( "alrtad_errcode": 1, "mergestrings": ["a", "b"]}})"
                                           "\n");
  const json fields = json_lines(dump({"-", "--json"}, pack.out)).at(0).at("fields");
  EXPECT_EQ(fields.at("alrt_eventname"), "ADMIN");
  EXPECT_EQ(fields.at("alrtad_numstrings"), 2);
  EXPECT_GT(fields.at("alrt_timestamp"), 0);
}

TEST(Pack, NamesTheLineAndTheMemberThatIsWrongAndGoesOn) {
  const std::string good = R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a"}})";
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"tea", "not a JSON object"},
      {"[]", "not a JSON object"},
      {R"({"class": "tea", "fields": {}})", "class: expected admin, user, print, errlog, message or custom"},
      {R"({"class": "message"})", "fields: missing"},
      {R"({"class": "message", "fields": {}})", "fields.alrt_servicename: missing"},
      {R"({"class": "message", "fields": {"alrt_servicename": 1}})", "fields.alrt_servicename: expected a string"},
      {R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a", "tea": 1}})",
       "fields.tea: this class has no such field"},
      {R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "\u65e5"}})",
       "fields.msg_text: has a character"},
      {R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a\u0000b"}})", "contains a zero"},
      {R"({"class": "message", "fields": {"alrt_timestamp": -1}})", "fields.alrt_timestamp: expected a number"},
      {R"({"class": "admin", "fields": {"alrt_servicename": "S", "alrtad_errcode": 1, "alrtad_numstrings": 2, "mergestrings": []}})",
       "fields.mergestrings: not as many strings as numstrings says"},
      {R"({"class": "custom", "fields": {"alrt_eventname": "TEA", "alrt_servicename": "S", "payload_hex": "abc"}})",
       "fields.payload_hex: expected"}};
  std::string input;
  for (const auto& [line, complaint] : wrong) input += line + "\n";
  const Finished pack = alertctl({"pack", "--hex"}, input + good + "\n");
  EXPECT_EQ(pack.status, 4);
  EXPECT_EQ(test::lines(pack.out).size(), 1u);
  const auto complaints = test::lines(pack.err);
  ASSERT_EQ(complaints.size(), wrong.size()) << pack.err;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    EXPECT_TRUE(has(complaints[i], "line " + std::to_string(i + 1) + ": ") && has(complaints[i], wrong[i].second))
        << complaints[i] << "\nexpected: " << wrong[i].second;
}

TEST(Pack, PutsTheBytesBehindAnAlertBackUpToTheLargest) {
  const auto with = [](const std::string& members) {
    return alertctl({"pack", "--hex"}, R"({"class": "message", )" + members +
                                           R"(, "fields": {"alrt_servicename": "S", "msg_text": "a"}})"
                                           "\n");
  };
  constexpr std::size_t kRoom = alert::kLargestAlert - 40;
  const Finished fits = with("\"trailing_hex\": \"" + std::string(2 * kRoom, 'e') + '"');
  EXPECT_EQ(fits.status, 0) << fits.err;
  EXPECT_TRUE(fits.out.ends_with("6100" + std::string(2 * kRoom, 'e') + "\n"));
  for (const auto& [trailing, complaint] : std::vector<std::pair<std::string, std::string>>{
           {'"' + std::string(2 * kRoom + 2, 'e') + '"', "larger than the largest alert"},
           {"\"abc\"", "expected an even number of hexadecimal digits"},
           {"1", "expected an even number of hexadecimal digits"}}) {
    const Finished refused = with("\"trailing_hex\": " + trailing);
    EXPECT_EQ(refused.status, 4);
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(has(refused.err, "line 1: trailing_hex: " + complaint)) << refused.err;
  }
  const Finished custom =
      alertctl({"pack"}, R"({"class": "custom", "trailing_hex": "aa", "fields": )"
                         R"({"alrt_eventname": "TEA", "alrt_servicename": "S", "payload_hex": ""}})"
                         "\n");
  EXPECT_EQ(custom.status, 4);
  EXPECT_TRUE(has(custom.err, "trailing_hex: all behind a custom header is its payload")) << custom.err;
}

TEST(Pack, NamesRawHexThatIsNotWhatItShouldBe) {
  for (const std::string raw :
       {"[]", "\"61\"", "1", "{\"msg_text\": 1}", "{\"msg_text\": \"6\"}", "{\"msg_text\": []}"}) {
    const Finished pack = alertctl({"pack"}, R"({"class": "message", "raw_hex": )" + raw +
                                                 R"(, "fields": {"alrt_servicename": "S", "msg_text": "a"}})"
                                                 "\n");
    EXPECT_EQ(pack.status, 4) << raw << ": " << pack.err;
    EXPECT_TRUE(has(pack.err, "line 1: ") && has(pack.err, "raw_hex")) << raw << ": " << pack.err;
  }
}
