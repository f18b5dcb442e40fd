// alertctl dump of pastes: none of them becomes another alert than it shows, and what is wrong is said with
// its place.

#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using alert::as_text;
using test::dump;
using test::Finished;
using test::has;
using test::json_lines;
using test::output_of;
using test::wire_of;
using test::Words;

/// What dump says of the bytes of this alert after a shell has put them through `filter`.
Finished dumped_after(const std::string& filter, const std::string& wire, const Words& options = {}) {
  Words words{"-", "--json", "--hex"};
  words.insert(words.end(), options.begin(), options.end());
  return dump(words, output_of({"sh", "-c", filter}, wire));
}

std::string hex_of(std::string_view wire) { return golden::to_hex(wire); }

void expect_refused(const Finished& dumped, std::string_view sentence) {
  EXPECT_EQ(dumped.status, 4) << dumped.out;
  EXPECT_FALSE(has(dumped.out, "fields")) << dumped.out;
  EXPECT_TRUE(has(dumped.err, "alertctl: -: " + std::string(sentence))) << dumped.err;
}

std::string utf16(const std::string& ascii) {
  std::string wide("\xFF\xFE");
  for (const char c : ascii) wide += {c, '\0'};
  return wide;
}

}  // namespace

TEST(PastedWords, AreReadInTheOrderInWhichTheyAreAnAlert) {
  for (const std::string name : {"lm20-print-basic", "nt-print-basic"})
    for (const std::string filter : {"hexdump", "hexdump -x", "od -x", "od -tx2 --endian=big", "od -tx4",
                                     "od -Ax -tx4z --endian=big", "od -tx8", "xxd -g4 | cut -c-45"}) {
      const Finished dumped = dumped_after(filter, wire_of(name));
      EXPECT_EQ(dumped.status, 0) << filter << dumped.err;
      ASSERT_EQ(json_lines(dumped).size(), 1u) << filter;
      EXPECT_EQ(json_lines(dumped)[0].at("hex"), hex_of(wire_of(name))) << filter;
    }
}

TEST(PastedWords, OfADatagramAreReadInItsOrder) {
  const std::string datagram(as_text(golden::datagram_named("dg-nt-alert").bytes));
  for (const std::string filter : {"hexdump", "od -tx2 --endian=big"}) {
    const Finished dumped = dumped_after(filter, datagram);
    EXPECT_EQ(dumped.status, 0) << filter << dumped.err;
    EXPECT_TRUE(has(dumped.out, "\"source\":\"SENDER\"")) << filter << dumped.out;
  }
}

TEST(PastedWords, AreRefusedWhereNothingTellsTheirOrder) {
  const std::string wire = wire_of("lm20-custom-releasememory");
  for (const std::string filter : {"hexdump", "od -x", "od -tx2 --endian=big", "od -An -v -tx2"})
    expect_refused(dumped_after(filter, wire),
                   "in words of 2 bytes, and nothing tells which byte of them is first; "
                   "make it with xxd or od -tx1");
  expect_refused(dumped_after("od -tx4", wire), "in words of 4 bytes");
  expect_refused(dumped_after("xxd -e", wire),
                 "line 1, column 1: words with the last byte first, as xxd -e prints");
}

TEST(PastedColumns, ThatAreNotBytesAreNeverAnAlert) {
  for (const std::string filter : {"od", "od -tx1c", "od -td1", "hexdump -d", "xxd -b"})
    for (const std::string format : {"auto", "hex"})
      expect_refused(dumped_after(filter, wire_of("lm20-custom-releasememory"), {"--format", format}),
                     "line 1, column 1: a dump whose columns are not single bytes in hexadecimal");
}

TEST(PastedDump, WithASpoiltFirstLineIsRefused) {
  for (const std::string filter :
       {"xxd | tail -n +2", "xxd | sed '1s/^/$ /'", "xxd | sed '1s/^0*//'", "xxd | sed '1s/: /; /'",
        "hexdump -C | tail -n +2", "od -tx1 | sed '1s/^0*//'", "od -Ad -tx1z | tail -n +2"})
    expect_refused(dumped_after(filter, wire_of("lm20-custom-releasememory")),
                   "the dump starts at offset 16, what is before it is not there");
}

TEST(PastedDump, OfAPartIsTakenWhereTheFormIsInsistedOn) {
  const std::string wire = wire_of("lm20-print-basic");
  for (const std::string filter : {"xxd -s 24", "od -j 24 -tx1"}) {
    const Finished dumped = dumped_after(filter, std::string(24, '-') + wire, {"--format", "hex"});
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    EXPECT_EQ(json_lines(dumped).at(0).at("hex"), hex_of(wire));
    EXPECT_TRUE(has(dumped.err, "-: the dump starts at offset 24, what is before it is not there")) << dumped.err;
  }
}

TEST(PastedDump, ThatIsNearlyOneNamesLineAndColumn) {
  const std::string wire = wire_of("lm20-print-basic");
  expect_refused(dumped_after("xxd | sed '2s/5350/5o50/'", std::string(22, '-') + "SP"),
                 "line 2, column 27: not a hexadecimal digit");
  expect_refused(dumped_after("xxd | sed 2d", wire),
                 "line 2, column 1: this offset is not where the bytes before it end");
  expect_refused(dumped_after("xxd | sed '2i and so on'", wire),
                 "line 3, column 1: the dump goes on behind something that is no part of it");
  expect_refused(dumped_after("xxd -p | sed '2s/./x/5'", wire), "line 2, column 5: not a hexadecimal digit");
  expect_refused(dumped_after("(echo {; xxd -i; echo }) | sed '3s/0x/0y/'", wire),
                 "line 3, column 4: expected a byte");
  expect_refused(dump({"-"}, "\"caf\xC3\xA9\" 4142434445464748494a4b4c4d4e4f"),
                 "line 1, column 5: not a hexadecimal digit");
  expect_refused(dump({"-"}, "41 42 4\n"), "line 1, column 7: an odd number of hexadecimal digits");
}

TEST(PastedDigits, BetweenThePromptsOfAShellAreReadWithoutThem) {
  const std::string wire = wire_of("nt-print-basic");
  const test::TemporaryFolder folder;
  Words words{"--json", "--hex"};
  for (const std::string program :
       {"xxd -p", "xxd -p -c0", "xxd -i", "od -An -v -tx1", "xxd", "xxd -u -g1", "hexdump -C", "od -tx1",
        "od -Ax -tx1z", "hexdump", "echo 'char a[] = {'; xxd -i; echo '};'"})
    for (const auto& [before, behind] : std::vector<std::pair<std::string, std::string>>{
             {"jdoe@ws1:~/alerts$ xxd bad0.bin", "jdoe@ws1:~/alerts$ "},
             {"[root@ws1 /]# od -An -tx1 < 0a.bin", ""},
             {"```", "```"}})
      words.push_back(folder.file(
          std::to_string(words.size()),
          output_of({"sh", "-c", "echo '" + before + "'; " + program + "; echo '" + behind + "'"}, wire)));
  const Finished dumped = dump(words);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(json_lines(dumped).size(), words.size() - 2);
  for (const auto& line : json_lines(dumped)) EXPECT_EQ(line.at("hex"), hex_of(wire));
}

TEST(PastedDigits, WithSomethingElseInTheirMiddleAreRefused) {
  const std::string wire = wire_of("nt-print-basic");
  expect_refused(dumped_after("xxd -p | sed '2i and so on'", wire), "line 2, column 2: not a hexadecimal digit");
  expect_refused(dumped_after("echo '$ xxd -p a.bin'; xxd -p | sed '1s/./x/7'", wire),
                 "line 2, column 7: not a hexadecimal digit");
  expect_refused(dumped_after("od -An -tx1", wire),
                 "line 6, column 1: an asterisk, and no offsets that tell how many lines it stands for");
}

TEST(PastedText, WithoutBytesIsToldFromNothing) {
  for (const Words& options : {Words{"-"}, {"-", "--format", "hex"}}) {
    expect_refused(dump(options, "hello, world\n"), "is text, but no bytes in hexadecimal");
    expect_refused(dump(options, "\n \n"), "is empty");
    expect_refused(dump(options), "is empty");
  }
  expect_refused(dump({"-", "--format", "raw"}), "is empty");
  expect_refused(dump({"-", "--format", "hex"}, wire_of("lm20-print-basic")), "is no text");
  EXPECT_TRUE(has(dump({"-", "--json"}, "41 42 4\n").out, R"({"error":{"code":"bad_text","offset":6)"));
}

TEST(PastedText, IsNotWhatABeginningOfAnAlertLooksLikeToo) {
  for (const std::string name : {"lm20-print-basic", "nt-print-basic"})
    for (const std::string profile : {"lm20", "nt"}) {
      const test::TemporaryFolder folder;
      Words raw{"--json", "--profile", profile}, hex = raw;
      for (std::size_t size = 4; size < 22; ++size) {
        const std::string cut = wire_of(name).substr(0, size);
        raw.push_back(folder.file("raw" + std::to_string(size), cut));
        hex.push_back(folder.file("hex" + std::to_string(size), hex_of(cut)));
      }
      const Finished dumped = dump(raw);
      EXPECT_EQ(dumped.status, 4);
      EXPECT_EQ(dumped.out, dump(hex).out);
      raw.insert(raw.end(), {"--format", "raw"});
      EXPECT_EQ(dumped.out, dump(raw).out);
    }
}

TEST(PastedText, WithoutBytesCanBeInsistedOnAsAnAlert) {
  const std::string text = "timePRI";
  expect_refused(dump({"-"}, text), "is text, but no bytes in hexadecimal (--format raw: take it as it is)");
  const Finished dumped = dump({"-", "--format", "raw", "--profile", "lm20"}, text);
  EXPECT_TRUE(has(dumped.out, "\"PRI\"  (cut)")) << dumped.out;
}

TEST(PastedText, OfOtherEncodingsIsRead) {
  const std::string wire = wire_of("nt-print-basic");
  for (const std::string program : {"xxd", "hexdump -C", "xxd -p", "xxd -i"}) {
    const std::string text = output_of({"sh", "-c", program}, wire);
    for (const std::string& saved : {"\xEF\xBB\xBF" + text, utf16(text), utf16(text).substr(2)}) {
      const Finished dumped = dump({"-", "--json", "--hex"}, saved);
      EXPECT_EQ(dumped.status, 0) << dumped.err;
      ASSERT_EQ(json_lines(dumped).size(), 1u) << program;
      EXPECT_EQ(json_lines(dumped)[0].at("hex"), hex_of(wire)) << program;
    }
  }
}

TEST(PastedLines, AreAnAlertEachAsPackWritesThem) {
  const auto& all = golden::alerts().valid;
  std::string lines;
  for (const golden::Vector& v : all) lines += golden::to_hex(as_text(v.bytes)) + "\n";
  const Finished dumped = dump({"-", "--json", "--hex"}, lines);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  std::vector<std::string> hex;
  for (const auto& line : json_lines(dumped))  // an ambiguous one is there in both profiles
    if (!line.contains("ambiguous") || line.at("profile") == "lm20") hex.push_back(line.at("hex"));
  ASSERT_EQ(hex.size(), all.size());
  for (std::size_t i = 0; i < hex.size(); ++i) EXPECT_EQ(hex[i], golden::to_hex(as_text(all[i].bytes)));
}

TEST(PastedLines, GoThroughPackAndBack) {
  std::string lines;
  for (const std::string name : {"lm20-print-basic", "nt-user-n9", "lm20-custom-releasememory", "lm20-print-basic"})
    lines += hex_of(wire_of(name)) + "\n";
  const Finished dumped = dump({"-", "--json"}, lines);
  EXPECT_EQ(test::alertctl({"pack", "--hex"}, dumped.out).out, lines);
}

TEST(PastedLines, OfOneWrappedAlertAreOne) {
  for (const std::string name : {"lm20-print-basic", "nt-user-n9", "nt-print-extremes", "lm20-admin-n4"})
    for (const std::string width : {"60", "77", "80", "416"}) {
      const Finished dumped = dumped_after("xxd -p | tr -d '\\n' | fold -w " + width, wire_of(name));
      EXPECT_EQ(dumped.status, 0) << name << width << dumped.err;
      ASSERT_EQ(json_lines(dumped).size(), 1u) << name << width;
      EXPECT_EQ(json_lines(dumped)[0].at("hex"), hex_of(wire_of(name))) << name << width;
    }
}

TEST(PastedLines, OfWhichOneIsDamagedKeepTheOthers) {
  const std::string whole = hex_of(wire_of("lm20-print-basic"));
  const Finished dumped = dump({"-", "--json"}, whole + "\n" + whole.substr(0, 90) + "\n" + whole + "\n");
  EXPECT_EQ(dumped.status, 4);
  ASSERT_EQ(json_lines(dumped).size(), 3u) << dumped.out;
  EXPECT_TRUE(json_lines(dumped)[1].contains("error"));
  EXPECT_TRUE(json_lines(dumped)[2].contains("fields"));
}

TEST(PastedLines, OfDatagramsAreOneEach) {
  std::string lines;
  for (const std::string name : {"dg-alert-aligned", "dg-nt-alert"})
    lines += golden::to_hex(as_text(golden::datagram_named(name).bytes)) + "\n";
  const Finished dumped = dump({"-", "--json"}, lines);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(json_lines(dumped).size(), 2u) << dumped.out;
}
