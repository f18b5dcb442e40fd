// Pasted hexadecimal text: the output of the programs that people have, and what is none.

#include "alert/capture/hex_paste.hpp"

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "process.hpp"

namespace {

using alert::read_hex_paste;
using golden::Buffer;
using Blocks = std::vector<Buffer>;

Buffer bytes_of(std::string_view text) {
  const auto bytes = alert::as_bytes(text);
  return {bytes.begin(), bytes.end()};
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

/// Each sample, and what `command`, a filter, says of it.
std::vector<std::pair<Buffer, std::string>> pastes(const std::string& command) {
  const test::TemporaryFolder folder;
  for (std::size_t i = 0; i < samples().size(); ++i)
    (void)folder.file(std::to_string(10000 + i), alert::as_text(samples()[i]));
  const test::Finished ran =
      test::Process({"sh", "-c", "for f in \"$0\"/*; do " + command + " < $f || exit 1; echo @end@; done",
                     folder.path().string()})
          .finish();
  EXPECT_EQ(ran.status, 0) << command << ": " << ran.err;
  std::vector<std::pair<Buffer, std::string>> all;
  std::string_view out = ran.out;
  for (const Buffer& sample : samples()) {
    const std::size_t end = std::min(out.find("@end@\n"), out.size());
    all.emplace_back(sample, out.substr(0, end));
    out.remove_prefix(std::min(end + 6, out.size()));
  }
  return all;
}

void expect_read_back(const std::string& command) {
  for (const auto& [bytes, text] : pastes(command))
    EXPECT_EQ(read_hex_paste(text), Blocks{bytes}) << command << "\n" << text;
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
  for (const std::string options : {"-C", "-Cv", "", "-v", "-x"}) expect_read_back("hexdump " + options);
}

TEST(HexPaste, ReadsWhatOdPrints) {
  for (const std::string options : {"-tx1", "-Ax -tx1", "-Ad -tx1", "-An -v -tx1", "-tx1z", "-Ax -tx1z",
                                    "-Ad -v -tx1z", "-v -x", "-Ax -x", "-w8 -tx1z", "-Ad -w32 -tx1"})
    expect_read_back("od " + options);
}

TEST(HexPaste, GivesEachPacketThatTsharkPrints) {
  const Capture capture;
  EXPECT_EQ(read_hex_paste(capture.printed({"tshark", "-x"})), capture.frames);
  EXPECT_EQ(read_hex_paste(capture.printed({"tshark", "-x", "-P"})), capture.frames) << "with a summary of each";
}

TEST(HexPaste, GivesEachPacketThatTcpdumpPrints) {
  const Capture capture;
  EXPECT_EQ(read_hex_paste(capture.printed({"tcpdump", "-n", "-XX"})), capture.frames);
  EXPECT_EQ(read_hex_paste(capture.printed({"tcpdump", "-n", "-xx"})), capture.frames);
  Blocks packets;
  for (const Buffer& frame : capture.frames) packets.emplace_back(frame.begin() + 14, frame.end());
  EXPECT_EQ(read_hex_paste(capture.printed({"tcpdump", "-n", "-X"})), packets);
  EXPECT_EQ(read_hex_paste(capture.printed({"tcpdump", "-n", "-x"})), packets);
}

TEST(HexPaste, GivesEachArrayOfACSource) {
  EXPECT_EQ(read_hex_paste("/* Frame (3 bytes) */\nstatic const unsigned char pkt1[3] = {\n"
                           "0x41, 0x42, /* AB */\n0x43 // } the last\n};\n\n"
                           "char b[] = { 7, 255, 'A', '0', 0XfF, };\nint n = 5 / 3;\n"),
            (Blocks{bytes_of("ABC"), golden::from_hex("07ff4130ff")}));
}

TEST(HexPaste, ReadsDigitsInAnyGrouping) {
  for (const std::string text :
       {"414243", "41 42 43", "4 1 4 2 4 3", "0x41, 0x42, 0x43", "\\x41\\x42\\x43", "41:42:43", "41-42-43",
        "\"\\x41\\x42\"\n\"\\x43\"", " 41\r\n\t42\r\n43\r\n", "4142;43"})
    EXPECT_EQ(read_hex_paste(text), Blocks{bytes_of("ABC")}) << text;
}

TEST(HexPaste, TakesThePacketsOfSeveralDumpsApart) {
  EXPECT_EQ(read_hex_paste("0000: 4142\n0002: 43\n0000: 44\n"), (Blocks{bytes_of("ABC"), bytes_of("D")}));
  EXPECT_EQ(read_hex_paste("the first\n0000: 4142\nand the second\n0100: 4344\n"),
            (Blocks{bytes_of("AB"), bytes_of("CD")}));
}

TEST(HexPaste, StartsWhereItsFirstOffsetIs) {
  EXPECT_EQ(read_hex_paste("00000100: 4142\n00000102: 43\n"), Blocks{bytes_of("ABC")});
}

TEST(HexPaste, FillsTheLinesThatAnAsteriskStandsFor) {
  EXPECT_EQ(read_hex_paste("0000000 41 42\n*\n0000010 43\n0000011\n"), Blocks{bytes_of("ABABABABC")}) << "octal";
  EXPECT_EQ(read_hex_paste("*\n0000000 41 42\n0000002\n*\n"), Blocks{bytes_of("AB")}) << "nothing to repeat";
  EXPECT_EQ(read_hex_paste("0000: 41\n*\ncut here\n0000: 42\n"), (Blocks{bytes_of("A"), bytes_of("B")}));
}

TEST(HexPaste, RefusesOffsetsThatContradictTheBytes) {
  for (const std::string text :
       {"0000: 41 42\n0005: 43\n", "0000000 41 42\n0000005 43\n0000006\n", "00000000  41 42\n00000001  43\n",
        "0000: 41 42\n0000\n", "0000000 41 42\n*\n0000005\n", "0000010 41 42\n*\n0000010\n"})
    EXPECT_EQ(read_hex_paste(text), Blocks{}) << text;
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
    EXPECT_EQ(read_hex_paste(text), Blocks{}) << text;
}

TEST(HexPaste, NeverTakesCharactersForBytes) {
  EXPECT_EQ(read_hex_paste("00000000: 3132 2033 34  12 34\n"), Blocks{bytes_of("12 34")});
  EXPECT_EQ(read_hex_paste("0000  31 32 33 34 35 36 37 38  39 61 62 63 64 65 66 30   12345678 9abcdef0\n"),
            Blocks{bytes_of("123456789abcdef0")});
  EXPECT_EQ(read_hex_paste("00000000  20 20 31 32                                       |  12|\n00000004\n"),
            Blocks{bytes_of("  12")});
}

TEST(HexPaste, OfWhichTheEndIsMissingGivesNothingOrTheBytesBefore) {
  const Buffer whole = bytes_of("an even number of bytes, in more lines than two; " + std::string(63, '1'));
  const test::TemporaryFolder folder;
  const std::string file = folder.file("sample", alert::as_text(whole));
  for (const std::string command : {"xxd", "xxd -p", "xxd -i", "xxd -g1 -c8", "hexdump -C", "hexdump", "od -tx1",
                                    "od -Ad -tx1z", "od -x", "od -An -v -tx1"}) {
    const std::string text = test::Process({"sh", "-c", command + " < " + file}).finish().out;
    EXPECT_EQ(read_hex_paste(text), Blocks{whole}) << command;
    for (std::size_t size = text.find('\n'); size < text.size(); ++size) {
      const std::string part = text.substr(0, size);
      const Blocks blocks = read_hex_paste(part);
      if (blocks.empty()) continue;
      EXPECT_TRUE(alert::as_text(whole).starts_with(alert::as_text(blocks[0]))) << part;
      EXPECT_EQ(blocks.size(), 1U) << part;
    }
  }
}

TEST(HexPaste, IsNotMadeToGrowByAnAsterisk) {
  for (const std::string end : {"fffffffffffffff0: 42\n", "00ffffff: 42\n", "00ffffff\n"})
    EXPECT_EQ(read_hex_paste("00000000: 41\n*\n" + end), Blocks{}) << end;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "00000000: 41\n*\n00080000: 42\n";
  EXPECT_EQ(read_hex_paste(many), Blocks{}) << "half a mebibyte each";
}

TEST(HexPaste, TakesTimeInProportionToItsLength) {
  constexpr std::size_t kMuch = 1024 * 1024;
  EXPECT_EQ(read_hex_paste(std::string(kMuch, '4')), Blocks{Buffer(kMuch / 2, std::byte{0x44})});
  std::string comments;
  while (comments.size() < kMuch) comments += "//\n";
  EXPECT_EQ(read_hex_paste(comments + "{1}"), Blocks{golden::from_hex("01")});
  EXPECT_EQ(read_hex_paste(std::string(kMuch, '{')), Blocks{});
  EXPECT_EQ(read_hex_paste(std::string(kMuch, ' ') + "x"), Blocks{});
}
