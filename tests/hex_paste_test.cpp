// Pasted hexadecimal text: the output of the programs that people have, and what is none.

#include "alert/capture/hex_paste.hpp"

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "process.hpp"

namespace {

using alert::Blocks;
using alert::PasteError;
using alert::PasteFault;
using alert::read_hex_paste;
using golden::Buffer;

Buffer bytes_of(std::string_view text) {
  const auto bytes = alert::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// Without what is open; none where there is an error.
Blocks blocks_of(std::string_view text) {
  auto paste = read_hex_paste(text);
  return paste ? std::move(paste->blocks) : Blocks{};
}
PasteError error_of(std::string_view text) {
  const auto paste = read_hex_paste(text);
  return paste ? PasteError{PasteFault::empty, std::string_view::npos} : paste.error();
}

/// What alertctl will be given: all golden alerts, and bytes whose dumps are awkward.
const Blocks& samples() {
  static const Blocks kSamples = [] {
    Blocks all;
    for (const auto& v : golden::alerts().valid) all.push_back(v.bytes);
    for (const std::size_t size : {1u, 7u, 8u, 9u, 15u, 16u, 17u, 31u, 32u, 33u}) {
      all.push_back(Buffer(size, std::byte{0}));
      all.push_back(bytes_of(std::string("12 34  ab cd  ef  0000  41 42 43").substr(0, size) + "7"));
    }
    for (const std::size_t size : {100u, 1000u}) {  // many equal lines
      Buffer zeros(size);
      all.push_back(zeros);
      zeros[size / 2] = std::byte{'9'};
      all.push_back(zeros);
    }
    Buffer every(256);
    for (unsigned i = 0; i < 256; ++i) every[i] = static_cast<std::byte>(i);
    all.push_back(every);
    return all;
  }();
  return kSamples;
}

/// A few alerts; processes take their time.
const Blocks& alerts() {
  static const Blocks kAlerts{golden::vector_named("lm20-print-basic").bytes,
                              golden::vector_named("lm20-admin-n4").bytes,
                              golden::vector_named("nt-user-n9").bytes};
  return kAlerts;
}

/// Each sample, and what `command`, a filter, says of it.
std::vector<std::pair<Buffer, std::string>> pastes(const std::string& command, const Blocks& of = samples()) {
  const test::TemporaryFolder folder;
  for (std::size_t i = 0; i < of.size(); ++i) (void)folder.file(std::to_string(10000 + i), alert::as_text(of[i]));
  const test::Finished ran =
      test::Process({"sh", "-c", "for f in \"$0\"/*; do " + command + " < $f || exit 1; echo @end@; done",
                     folder.path().string()})
          .finish();
  EXPECT_EQ(ran.status, 0) << command << ": " << ran.err;
  std::vector<std::pair<Buffer, std::string>> all;
  std::string_view out = ran.out;
  for (const Buffer& sample : of) {
    const std::size_t end = std::min(out.find("@end@\n"), out.size());
    all.emplace_back(sample, out.substr(0, end));
    out.remove_prefix(std::min(end + 6, out.size()));
  }
  return all;
}

void expect_read_back(const std::string& command) {
  for (const auto& [bytes, text] : pastes(command))
    EXPECT_EQ(blocks_of(text), Blocks{bytes}) << command << "\n" << text;
}

/// As it stands, or with the words the other way round, where the text leaves that open.
void expect_read_back_in_words(const std::string& command, std::size_t word, const Blocks& of) {
  for (const auto& [bytes, text] : pastes(command, of)) {
    const auto paste = read_hex_paste(text);
    ASSERT_TRUE(paste) << command << "\n" << text;
    if (paste->open_word == 0) {  // zeros, or one byte
      EXPECT_EQ(paste->blocks, Blocks{bytes}) << command << "\n" << text;
      EXPECT_EQ(paste->otherwise, Blocks{}) << command << "\n" << text;
    } else {
      EXPECT_EQ(paste->open_word, word) << command << "\n" << text;
      EXPECT_TRUE(paste->blocks == Blocks{bytes} || paste->otherwise == Blocks{bytes}) << command << "\n" << text;
    }
  }
}

/// Frames with the golden datagrams, and the path of a capture of them.
struct Capture {
  Blocks frames;
  test::TemporaryFolder folder;
  std::string file;
  Capture() {
    auto pcap = capture::pcap(alert::ByteOrder::little, capture::kMicroseconds, alert::LinkType::ethernet);
    for (const auto& d : golden::datagrams()) {
      frames.push_back(capture::ethernet(capture::ipv4(capture::udp(d.bytes))));
      capture::add_record(pcap, 1'700'000'000, 5, frames.back());
    }
    file = folder.file("capture.pcap", alert::as_text(pcap));
  }
  [[nodiscard]] std::string printed(std::vector<std::string> command) const {
    command.insert(command.end(), {"-r", file});
    return test::Process(command).finish().out;
  }
};

}  // namespace

TEST(HexPaste, ReadsWhatXxdPrints) {
  for (const std::string options :
       {"", "-p", "-i", "-g1 -c8", "-u", "-c32", "-p -c 8", "-g4", "-g0", "-c 5", "-a", "-c 256"})
    expect_read_back("xxd " + options);
}

TEST(HexPaste, ReadsWhatHexdumpPrints) {
  for (const std::string options : {"-C", "-Cv"}) expect_read_back("hexdump " + options);
}

TEST(HexPaste, ReadsWhatOdPrints) {
  for (const std::string options : {"-tx1", "-Ax -tx1", "-Ad -tx1", "-An -v -tx1", "-tx1z", "-Ax -tx1z",
                                    "-Ad -v -tx1z", "-w8 -tx1z", "-Ad -w32 -tx1"})
    expect_read_back("od " + options);
}

TEST(HexPaste, LeavesTheOrderOfNumbersOpen) {
  for (const std::string command : {"hexdump", "hexdump -v", "hexdump -x", "od -v -x", "od -Ax -x",
                                    "od -Ad -v -tx2", "od -v -tx2 --endian=big", "od -Ax -tx2z"})
    expect_read_back_in_words(command, 2, samples());
  for (const std::string command : {"od -tx4", "od -Ax -tx4z", "od -Ad -tx4 --endian=big"})
    expect_read_back_in_words(command, 4, alerts());
  for (const std::string command : {"od -tx8", "od -tx8 --endian=big"})
    expect_read_back_in_words(command, 8, alerts());
}

TEST(HexPaste, LeavesTheOrderOfGroupedDigitsOpen) {
  const auto paste = read_hex_paste("4142 4344\n4546 4748\n");
  ASSERT_TRUE(paste);
  EXPECT_EQ(paste->open_word, 2U);
  EXPECT_EQ(paste->blocks, Blocks{bytes_of("ABCDEFGH")});
  EXPECT_EQ(paste->otherwise, Blocks{bytes_of("BADCFEHG")});
  for (const std::string text : {"41 42 43 44", "4142 43", "414243 444546", "41424344"})
    EXPECT_EQ(read_hex_paste(text)->open_word, 0U) << text;
}

TEST(HexPaste, RefusesColumnsThatAreNotBytes) {
  for (const std::string command :
       {"od",      "od -td2",    "od -td1",    "od -tu1",    "od -to1",    "od -b",     "od -c",
        "od -a",   "od -tf4",    "od -tx1c",   "od -tx1a",   "od -tx2c",   "od -Ax -c", "od -Ad -tu4",
        "od -to8", "hexdump -d", "hexdump -o", "hexdump -b", "hexdump -c", "xxd -b",    "xxd -b -c4"})
    for (const auto& [bytes, text] : pastes(command, alerts())) {
      EXPECT_EQ(error_of(text).fault, PasteFault::columns) << command << "\n" << text;
    }
}

TEST(HexPaste, TakesNoColumnsForBytesWithoutOffsetsEither) {
  for (const std::string type : {"o2", "d2", "d1", "u1", "o1", "c", "a", "f4", "x1c", "o4", "u4", "o8", "u8"})
    for (const auto& [bytes, text] : pastes("od -An -v -t" + type, alerts())) {
      EXPECT_EQ(blocks_of(text), Blocks{}) << type << "\n" << text;
    }
}

TEST(HexPaste, SeesByTheCharactersThatWordsAreReversed) {
  for (const std::string options : {"", "-g2", "-g8", "-c32"})
    for (const auto& [bytes, text] : pastes("xxd -e " + options, alerts()))
      EXPECT_EQ(error_of(text), (PasteError{PasteFault::reversed_words, 0})) << options << text;
  EXPECT_EQ(error_of("00000000: 44434241 48474645  ABCDEFGH\n"), (PasteError{PasteFault::reversed_words, 0}));
  EXPECT_EQ(read_hex_paste("00000000: 44434241 48474645\n")->open_word, 4U) << "as xxd -g4 prints, or xxd -e";
  EXPECT_EQ(read_hex_paste("00000000: 4142 4344\n")->open_word, 0U) << "as xxd prints";
}

TEST(HexPaste, GivesEachPacketThatTsharkPrints) {
  const Capture capture;
  EXPECT_EQ(blocks_of(capture.printed({"tshark", "-x"})), capture.frames);
  EXPECT_EQ(blocks_of(capture.printed({"tshark", "-x", "-P"})), capture.frames) << "with a summary of each";
}

TEST(HexPaste, GivesEachPacketThatTcpdumpPrints) {
  const Capture capture;
  EXPECT_EQ(blocks_of(capture.printed({"tcpdump", "-n", "-XX"})), capture.frames);
  EXPECT_EQ(blocks_of(capture.printed({"tcpdump", "-n", "-xx"})), capture.frames);
  Blocks packets;
  for (const Buffer& frame : capture.frames) packets.emplace_back(frame.begin() + 14, frame.end());
  EXPECT_EQ(blocks_of(capture.printed({"tcpdump", "-n", "-X"})), packets);
  EXPECT_EQ(blocks_of(capture.printed({"tcpdump", "-n", "-x"})), packets);
}

TEST(HexPaste, GivesEachArrayOfACSource) {
  EXPECT_EQ(blocks_of("/* Frame (3 bytes) */\nstatic const unsigned char pkt1[3] = {\n"
                      "0x41, 0x42, /* AB */\n0x43 // } the last\n};\n\n"
                      "char b[] = { 7, 255, 'A', '0', 0XfF, };\nint n = 5 / 3;\n"),
            (Blocks{bytes_of("ABC"), golden::from_hex("07ff4130ff")}));
}

TEST(HexPaste, ReadsTheElementsOfACArrayHoweverTheyAreWritten) {
  EXPECT_EQ(blocks_of("{0x41U, 0x42u, 0x43uL, 68, 0105, '\\x46', '\\107', 'H', '\\n', '\\'', '\\\\', '\\0'}"),
            Blocks{golden::from_hex("41424344454647480a275c00")});
  EXPECT_EQ(blocks_of("char a[] = {\"AB\\x43\" \"D\", 0x45};"), Blocks{bytes_of("ABCDE")});
  EXPECT_EQ(blocks_of("const char a[] = \"\\x41\\x42\" // AB\n  \"C\\000\\x0d\\n\";\n"),
            Blocks{golden::from_hex("414243000d0a")});
  EXPECT_EQ(blocks_of("a = b'\\x41'"), Blocks{}) << "not C";
  for (const std::string text :
       {"{0x41, 0x1FF}", "{0x41, '}", "{0x41, ''}", "{0x41, 'AB'}", "{0x41 0x4G}", "{0x41, 08}", "{0x41, \"}",
        "{0x41, '\\x'}", "{0x41, '\\q'}", "{0x41, 1.5}", "{0x41"})
    EXPECT_EQ(error_of(text).fault, PasteFault::no_byte) << text;
}

TEST(HexPaste, ReadsDigitsInAnyGrouping) {
  for (const std::string text : {"414243", "41 42 43", "4142 43", "0x41, 0x42, 0x43", "\\x41\\x42\\x43", "41:42:43",
                                 "41-42-43", "\"\\x41\\x42\"\n\"\\x43\"", " 41\r\n\t42\r\n43\r\n", "4142;43"})
    EXPECT_EQ(blocks_of(text), Blocks{bytes_of("ABC")}) << text;
}

TEST(HexPaste, TakesThePacketsOfSeveralDumpsApart) {
  EXPECT_EQ(blocks_of("0000: 4142\n0002: 43\n0000: 44\n"), (Blocks{bytes_of("ABC"), bytes_of("D")}));
  EXPECT_EQ(blocks_of("the first\n0000: 4142\nand the second\n0000: 4344\n"),
            (Blocks{bytes_of("AB"), bytes_of("CD")}));
}

TEST(HexPaste, TellsWhereAPartOfADumpStarts) {
  const auto part = read_hex_paste("00000100: 4142\n00000102: 43\n");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->blocks, Blocks{bytes_of("ABC")});
  EXPECT_EQ(part->start, 0x100U);
  EXPECT_EQ(read_hex_paste("$ 0000: 4142\n0002: 43\n")->start, 2U) << "a spoilt first line";
  EXPECT_EQ(read_hex_paste("0000: 4142\n0002: 43\n")->start, 0U);
}

TEST(HexPaste, RefusesADumpWithSomethingInTheMiddle) {
  for (const auto& [bytes, text] : pastes("od -tx1 -tx2", alerts()))
    EXPECT_EQ(error_of(text).fault, PasteFault::interruption) << text;
  EXPECT_EQ(error_of("0000: 4142\nbetween\n0002: 43\n"), (PasteError{PasteFault::interruption, 19}));
  EXPECT_EQ(error_of("the first\n0000: 4142\nand the second\n1000: 4344\n"), (PasteError{PasteFault::offset, 36}));
}

TEST(HexPaste, NamesThePlaceOfASpoiltDigit) {
  EXPECT_EQ(error_of("0000: 4142 4344\n0004: 45o6 4748\n"), (PasteError{PasteFault::character, 24}));
  EXPECT_EQ(error_of("0000000 41 42\n0000002 43 4O\n0000004\n"), (PasteError{PasteFault::character, 26}));
  EXPECT_EQ(error_of("41424344o5464748"), (PasteError{PasteFault::character, 8}));
  EXPECT_EQ(error_of("41 42 43\n44 4 45"), (PasteError{PasteFault::odd_digits, 12}));
  EXPECT_EQ(error_of("414"), (PasteError{PasteFault::odd_digits, 0}));
  EXPECT_EQ(error_of("{ 0x41,\n 0x1234 }"), (PasteError{PasteFault::no_byte, 9}));
}

TEST(HexPaste, TellsEmptyTextFromTextWithoutBytes) {
  for (const std::string text : {"", " ", "\r\n\t\n"})
    EXPECT_EQ(error_of(text), (PasteError{PasteFault::empty, 0})) << text;
  for (const std::string text :
       {"hello", "\"", ",;", "{\"class\": \"admin\"}", "face: it is 12 o'clock", "int f() { return 1; }"})
    EXPECT_EQ(error_of(text), (PasteError{PasteFault::no_hex, 0})) << text;
}

TEST(HexPaste, NeverTakesAColumnOfOffsetsForData) {
  EXPECT_EQ(error_of("0000 414243\n0003 444546\n0006\n"), (PasteError{PasteFault::columns, 0}));
  EXPECT_EQ(error_of("above\n0000 414243 0a\n0004 444546 0a\n"), (PasteError{PasteFault::columns, 6}));
  EXPECT_EQ(blocks_of("00001000 41424344\n00001008 41424344\n"), Blocks{}) << "cut out of a dump";
  EXPECT_EQ(blocks_of("000000 41424344 4546474800000000 41424344"), Blocks{}) << "one line, its end is missing";
  EXPECT_EQ(blocks_of("0100: 414"), Blocks{});
}

TEST(HexPaste, OffersEachLineThatCanHoldAnAlertAsABlock) {
  const std::string line(76, '4'), other(80, '5');
  const auto paste = read_hex_paste(line + "\n" + other + "\r\n\n" + line);
  ASSERT_TRUE(paste);
  EXPECT_EQ(paste->blocks, Blocks{golden::from_hex(line + other + line)});
  EXPECT_EQ(paste->otherwise, (Blocks{golden::from_hex(line), golden::from_hex(other), golden::from_hex(line)}));
  EXPECT_EQ(read_hex_paste(line + "\n4445")->otherwise.size(), 2U) << "the last may be cut";
  for (const std::string& text : {line, "4445\n" + line, line + "4\n4" + line})
    EXPECT_EQ(read_hex_paste(text)->otherwise, Blocks{}) << text;
}

TEST(HexPaste, FillsTheLinesThatAnAsteriskStandsFor) {
  EXPECT_EQ(blocks_of("0000000 41 42\n*\n0000010 43\n0000011\n"), Blocks{bytes_of("ABABABABC")}) << "octal";
  EXPECT_EQ(blocks_of("*\n0000000 41 42\n0000002\n*\n"), Blocks{bytes_of("AB")}) << "nothing to repeat";
  EXPECT_EQ(blocks_of("0000: 41\n*\ncut here\n0000: 42\n"), (Blocks{bytes_of("A"), bytes_of("B")}));
}

TEST(HexPaste, RefusesOffsetsThatContradictTheBytes) {
  for (const std::string text :
       {"0000: 41 42\n0005: 43\n", "0000000 41 42\n0000005 43\n0000006\n", "00000000  41 42\n00000001  43\n",
        "0000: 41 42\n0000\n", "0000000 41 42\n*\n0000005\n", "0000010 41 42\n*\n0000010\n"})
    EXPECT_EQ(blocks_of(text), Blocks{}) << text;
}

TEST(HexPaste, GivesNothingForWhatIsNoHexadecimal) {
  for (const std::string text : {"",
                                 " ",
                                 "\n\n",
                                 "hello",
                                 "0g",
                                 "abc",
                                 "0x4",
                                 "{}",
                                 "{ }",
                                 "{,}",
                                 "{0x}",
                                 "{256}",
                                 "{1, two}",
                                 "{1, 2",
                                 "{{1}}",
                                 "int f() { return 1; }",
                                 "added 12 bytes",
                                 "*",
                                 "*\n*\n",
                                 "// 41",
                                 "{\"a\": 1}",
                                 "face: it is 12 o'clock",
                                 "\\x4",
                                 "41 42 \xe2\x80\xa6"})
    EXPECT_EQ(blocks_of(text), Blocks{}) << text;
}

TEST(HexPaste, NeverTakesCharactersForBytes) {
  EXPECT_EQ(blocks_of("00000000: 3132 2033 34  12 34\n"), Blocks{bytes_of("12 34")});
  EXPECT_EQ(blocks_of("0000  31 32 33 34 35 36 37 38  39 61 62 63 64 65 66 30   12345678 9abcdef0\n"),
            Blocks{bytes_of("123456789abcdef0")});
  EXPECT_EQ(blocks_of("00000000  20 20 31 32                                       |  12|\n00000004\n"),
            Blocks{bytes_of("  12")});
}

TEST(HexPaste, OfWhichTheEndIsMissingGivesNothingOrTheBytesBefore) {
  const Buffer whole = bytes_of("an even number of bytes, in more lines than two; " + std::string(63, '1'));
  const test::TemporaryFolder folder;
  const std::string file = folder.file("sample", alert::as_text(whole));
  for (const std::string command : {"xxd", "xxd -p", "xxd -i", "xxd -g1 -c8", "hexdump -C", "hexdump", "od -tx1",
                                    "od -Ad -tx1z", "od -x", "od -An -v -tx1"}) {
    const std::string text = test::Process({"sh", "-c", command + " < " + file}).finish().out;
    const auto all = read_hex_paste(text);
    ASSERT_TRUE(all) << command;
    EXPECT_TRUE(all->blocks == Blocks{whole} || all->otherwise == Blocks{whole}) << command;
    const bool is_otherwise = all->blocks != Blocks{whole};
    for (std::size_t size = text.find('\n'); size < text.size(); ++size) {
      const std::string part = text.substr(0, size);
      const auto cut = read_hex_paste(part);
      if (!cut) continue;
      const Blocks& blocks = is_otherwise && cut->open_word ? cut->otherwise : cut->blocks;
      EXPECT_TRUE(alert::as_text(whole).starts_with(alert::as_text(blocks[0]))) << part;
      EXPECT_EQ(blocks.size(), 1U) << part;
    }
  }
}

TEST(HexPaste, IsNotMadeToGrowByAnAsterisk) {
  for (const std::string end : {"fffffffffffffff0: 42\n", "00ffffff: 42\n", "00ffffff\n"})
    EXPECT_EQ(blocks_of("00000000: 41\n*\n" + end), Blocks{}) << end;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "00000000: 41\n*\n00080000: 42\n";
  EXPECT_EQ(blocks_of(many), Blocks{}) << "half a mebibyte each";
}

TEST(HexPaste, TakesTimeInProportionToItsLength) {
  constexpr std::size_t kMuch = 1024 * 1024;
  EXPECT_EQ(blocks_of(std::string(kMuch, '4')), Blocks{Buffer(kMuch / 2, std::byte{0x44})});
  std::string comments;
  while (comments.size() < kMuch) comments += "//\n";
  EXPECT_EQ(blocks_of(comments + "{1}"), Blocks{golden::from_hex("01")});
  EXPECT_EQ(blocks_of(std::string(kMuch, '{')), Blocks{});
  EXPECT_EQ(blocks_of(std::string(kMuch, ' ') + "x"), Blocks{});
}
