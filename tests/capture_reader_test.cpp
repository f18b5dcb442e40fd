// Captures of other programs: pcap and pcapng in each of their forms, and as Wireshark's tools rewrite them.

#include "alert/capture/capture_reader.hpp"

#include "alert/capture/frame.hpp"
#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "process.hpp"

namespace {

using alert::ByteOrder;
using alert::Bytes;
using alert::CapturedPacket;
using alert::CaptureReader;
using alert::FileWindow;
using alert::LinkType;
using capture::Buffer;
using capture::Built;
using Strings = std::vector<std::string>;

constexpr ByteOrder kOrders[] = {ByteOrder::little, ByteOrder::big};
constexpr std::uint64_t kSecond = 1'000'000'000;

enum class From { file, pipe };

/// A capture on disk or in a pipe, which holds up to 64 KiB.
CaptureReader reader_of(Bytes bytes, From from = From::file) {
  if (from == From::file) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("capture", alert::as_text(bytes));
    return CaptureReader(FileWindow(alert::Descriptor(::open(path.c_str(), O_RDONLY))));
  }
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::close(ends[1]);
  return CaptureReader(FileWindow(alert::Descriptor(ends[0])));
}

/// "number time link data", with the original size where that is another one.
std::string line(const CapturedPacket& packet) {
  std::string text = std::to_string(packet.number) + " " + (packet.ns ? std::to_string(*packet.ns) : "?") + " " +
                     std::to_string(static_cast<unsigned>(packet.link)) + " " +
                     std::string(alert::as_text(packet.data));
  if (packet.original_size != packet.data.size()) text += " of " + std::to_string(packet.original_size);
  return text;
}

/// Each packet as a line, each error as "CODE at OFFSET"; "lost" where the reader was.
Strings read(CaptureReader reader) {
  Strings all;
  for (;;) {
    const auto packet = reader.next();
    if (packet && !*packet) return all;
    all.push_back(packet ? line(**packet) : golden::verdict(packet.error()));
    if (reader.is_lost()) {
      all.push_back("lost");
      return all;
    }
  }
}
Strings read(const Buffer& bytes, From from = From::file) { return read(reader_of(bytes, from)); }

Buffer joined(const std::vector<Buffer>& parts) {
  Buffer all;
  for (const Buffer& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Buffer bytes_of(std::string_view text) { return Built().text(text); }

/// A section with one interface in front of these blocks.
Buffer pcapng(ByteOrder order, const std::vector<Buffer>& blocks) {
  return joined({capture::section(order), capture::interface(order, LinkType::raw), joined(blocks)});
}

}  // namespace

TEST(Pcap, IsReadInBothByteOrdersAndResolutions) {
  for (const ByteOrder order : kOrders) {
    auto micro = capture::pcap(order, capture::kMicroseconds, LinkType::ethernet);
    capture::add_record(micro, 1, 999'999, bytes_of("one"));
    capture::add_record(micro, 4'294'967'295, 0, bytes_of("two"));
    EXPECT_EQ(read(micro), (Strings{"1 1999999000 1 one", "2 4294967295000000000 1 two"}));
    auto nano = capture::pcap(order, capture::kNanoseconds, LinkType::raw);
    capture::add_record(nano, 1, 999'999'999, bytes_of("one"));
    EXPECT_EQ(read(nano), Strings{"1 1999999999 101 one"});
  }
}

TEST(Pcap, SaysHowLongAPacketWasBeforeTheCaptureCutIt) {
  auto file = capture::pcap(ByteOrder::little, capture::kMicroseconds, LinkType::raw);
  capture::add_record(file, 1, 0, bytes_of("cut"), 1500);
  capture::add_record(file, 1, 0, {}, 7);
  EXPECT_EQ(read(file), (Strings{"1 1000000000 101 cut of 1500", "2 1000000000 101  of 7"}));
}

TEST(Pcap, HasItsLinkTypeInTheLowHalfOfTheField) {
  Buffer file = capture::pcap(ByteOrder::little, capture::kMicroseconds, LinkType::linux_sll2);
  file[23] = std::byte{0xF4};  // a frame check sequence of so many bytes
  EXPECT_EQ(reader_of(file).next().value(), std::nullopt);
  auto packet = Built(ByteOrder::little).bytes(file);
  capture::add_record(packet, 0, 0, bytes_of("x"));
  EXPECT_EQ(read(packet), Strings{"1 0 276 x"});
}

TEST(Pcap, WhosePacketIsTooLargeToBeOneIsLost) {
  auto file = capture::pcap(ByteOrder::little, capture::kMicroseconds, LinkType::raw);
  capture::add_record(file, 1, 0, bytes_of("one"));
  const Buffer bad = Built(ByteOrder::little).bytes(file).u32(1).u32(0).u32(1024 * 1024 + 1).u32(0).zeros(100);
  EXPECT_EQ(read(bad), (Strings{"1 1000000000 101 one", "bad_length at 51", "lost"}));
}

TEST(Pcapng, IsReadInBothByteOrders) {
  for (const ByteOrder order : kOrders)
    EXPECT_EQ(read(pcapng(order, {capture::enhanced_packet(order, 0, 1'500'000, bytes_of("one")),
                                  capture::enhanced_packet(order, 0, 5'000'000'000'000, bytes_of("four"))})),
              (Strings{"1 1500000000 101 one", "2 5000000000000000 101 four"}));
}

TEST(Pcapng, StartsAnewWithEachSection) {
  const auto of = [](ByteOrder order, LinkType link, std::string_view text) {
    return joined({capture::section(order), capture::interface(order, link),
                   capture::enhanced_packet(order, 0, 1'000'000, bytes_of(text))});
  };
  EXPECT_EQ(read(joined({of(ByteOrder::little, LinkType::ethernet, "one"), of(ByteOrder::big, LinkType::raw, "two"),
                         of(ByteOrder::little, LinkType::null, "three")})),
            (Strings{"1 1000000000 1 one", "2 1000000000 101 two", "3 1000000000 0 three"}));
  EXPECT_EQ(read(joined({of(ByteOrder::big, LinkType::raw, "one"), capture::section(ByteOrder::little),
                         capture::enhanced_packet(ByteOrder::little, 0, 0, bytes_of("of nobody"))})),
            (Strings{"1 1000000000 101 one", "bad_length at 124"}))
      << "the interfaces of the section before are gone";
}

TEST(Pcapng, CountsTimeAsEachInterfaceDoes) {
  for (const ByteOrder order : kOrders) {
    std::vector<Buffer> parts{capture::section(order)};
    struct {
      std::optional<std::uint8_t> resolution;
      std::optional<std::int64_t> offset_s;
      std::uint64_t time, ns;
    } const cases[] = {
        {{}, {}, 1'000'001, kSecond + 1000},
        {std::uint8_t{0}, {}, 3, 3 * kSecond},
        {std::uint8_t{3}, {}, 1'001, kSecond + 1'000'000},
        {std::uint8_t{6}, {}, 1'000'001, kSecond + 1000},
        {std::uint8_t{9}, {}, kSecond + 1, kSecond + 1},
        {std::uint8_t{12}, {}, 1'000'000'002'999, kSecond + 2},
        {std::uint8_t{127}, {}, ~0ULL, 0},
        {std::uint8_t{0x80 | 10}, {}, 1024 + 512, kSecond + kSecond / 2},
        {std::uint8_t{0x80 | 32}, {}, (1ULL << 32) + 1, kSecond},
        {std::uint8_t{0xFF}, {}, ~0ULL, 0},
        {std::uint8_t{9}, 1'700'000'000, 5, 1'700'000'000 * kSecond + 5},
        {std::uint8_t{6}, -1, 2'000'000, kSecond},
    };
    Strings expected;
    for (const auto& each : cases)
      parts.push_back(capture::interface(order, LinkType::raw, 0, each.resolution, each.offset_s));
    for (std::uint32_t i = 0; i < std::size(cases); ++i) {
      parts.push_back(capture::enhanced_packet(order, i, cases[i].time, bytes_of("x")));
      expected.push_back(std::to_string(i + 1) + " " + std::to_string(cases[i].ns) + " 101 x");
    }
    EXPECT_EQ(read(joined(parts)), expected);
  }
}

TEST(Pcapng, HasSimplePacketsWithoutATimeAndOnlyAsLongAsTheSnapLength) {
  for (const ByteOrder order : kOrders) {
    const Buffer file =
        joined({capture::section(order), capture::interface(order, LinkType::ethernet, 5),
                capture::interface(order, LinkType::raw, 100), capture::simple_packet(order, 3, bytes_of("abc")),
                capture::simple_packet(order, 9, bytes_of("abcde"))});
    EXPECT_EQ(read(file), (Strings{"1 ? 1 abc", "2 ? 1 abcde of 9"})) << "of the first interface";
    EXPECT_EQ(read(pcapng(order, {capture::simple_packet(order, 6, bytes_of("abcdef")),
                                  capture::simple_packet(order, 9, bytes_of("abcdef"))})),
              (Strings{"1 ? 101 abcdef", "truncated at 88"}));
  }
}

TEST(Pcapng, HasObsoletePackets) {
  for (const ByteOrder order : kOrders)
    EXPECT_EQ(read(pcapng(order, {capture::obsolete_packet(order, 0, 1'000'000, bytes_of("old")),
                                  capture::obsolete_packet(order, 1, 0, bytes_of("of nobody"))})),
              (Strings{"1 1000000000 101 old", "bad_length at 96"}));
}

TEST(Pcapng, SkipsBlocksItDoesNotKnowHoweverLarge) {
  for (const ByteOrder order : kOrders) {
    const Buffer packet = capture::enhanced_packet(order, 0, 0, bytes_of("x"));
    EXPECT_EQ(read(pcapng(order, {capture::block(order, 0x0BAD, {}), capture::block(order, 5, Buffer(21)), packet,
                                  capture::block(order, 0x80000001, Buffer(3 * 1024 * 1024)), packet})),
              (Strings{"1 0 101 x", "2 0 101 x"}));
  }
}

TEST(Pcapng, GoesOnBehindAPacketThatIsBad) {
  const auto order = ByteOrder::little;
  const Buffer good = capture::enhanced_packet(order, 0, 0, bytes_of("x"));
  const Buffer of_nobody = capture::enhanced_packet(order, 7, 0, bytes_of("x"));
  const auto hashed = [&](std::uint32_t crc) {
    return capture::enhanced_packet(order, 0, 0, bytes_of("xyz"),
                                    Bytes(Built(order).u16(3).u16(5).u8(2).u32(crc).zeros(3).u32(0)));
  };
  const std::uint32_t crc = alert::pcapng::crc32(bytes_of("xyz"));
  EXPECT_EQ(read(pcapng(order, {of_nobody, good, hashed(crc), hashed(crc + 1), good})),
            (Strings{"bad_length at 60", "1 0 101 x", "2 0 101 xyz", "bad_checksum at 204", "3 0 101 x"}));
  Buffer lying = good;
  lying[20] = std::byte{200};  // its captured size
  EXPECT_EQ(read(pcapng(order, {lying, good})), (Strings{"truncated at 80", "1 0 101 x"}));
}

TEST(Pcapng, IsLostOnceAndForAllBehindABlockThatItSkipped) {
  const auto order = ByteOrder::little;
  Buffer cut = capture::enhanced_packet(order, 0, 0, bytes_of("x"));
  cut.pop_back();
  EXPECT_EQ(read(pcapng(order, {capture::block(order, 5, {}), cut})), (Strings{"truncated at 68", "lost"}));
}

TEST(Pcapng, WhoseLengthsContradictIsLost) {
  const auto order = ByteOrder::little;
  const Buffer good = capture::enhanced_packet(order, 0, 0, bytes_of("x"));
  for (const std::size_t at : {std::size_t{4}, good.size() - 4}) {
    Buffer bad = good;
    bad[at] ^= std::byte{1};
    const std::size_t start = 52;
    EXPECT_EQ(read(pcapng(order, {bad, good})), (Strings{"bad_length at " + std::to_string(start + at), "lost"}));
  }
  const Buffer huge = Built(order).u32(6).u32(1024 * 1024 + 4).zeros(100);
  EXPECT_EQ(read(pcapng(order, {huge})), (Strings{"bad_length at 56", "lost"}));
  const Buffer no_order = Built(order).u32(alert::pcapng::kSectionHeader).u32(28).u32(0x12345678).zeros(16);
  EXPECT_EQ(read(pcapng(order, {good, no_order})), (Strings{"1 0 101 x", "bad_magic at 96", "lost"}));
}

TEST(CaptureReader, RecognisesCapturesByTheirFirstTwelveBytes) {
  for (const ByteOrder order : kOrders) {
    const std::vector<Buffer> captures{capture::pcap(order, capture::kMicroseconds, LinkType::raw),
                                       capture::pcap(order, capture::kNanoseconds, LinkType::raw),
                                       capture::section(order)};
    for (const Buffer& file : captures) {
      EXPECT_TRUE(CaptureReader::recognises(Buffer(file.begin(), file.begin() + 12)));
      EXPECT_FALSE(CaptureReader::recognises(Buffer(file.begin(), file.begin() + 11)));
    }
  }
  for (const std::string text : {"", "a text, not a capture", "\n\r\r\nsomething else"}) {
    EXPECT_FALSE(CaptureReader::recognises(bytes_of(text)));
    EXPECT_EQ(read(bytes_of(text)), (Strings{"bad_magic at 0", "lost"}));
  }
}

TEST(CaptureReader, GivesTheWholePacketsOfAFileThatIsCutAnywhere) {
  for (const ByteOrder order : kOrders) {
    auto pcap = capture::pcap(order, capture::kNanoseconds, LinkType::raw);
    for (const std::string_view text : {"one", "two!"}) capture::add_record(pcap, 0, 5, bytes_of(text));
    const std::vector<Buffer> files{
        pcap, pcapng(order, {capture::enhanced_packet(order, 0, 0, bytes_of("one")),
                             capture::block(order, 5, Buffer(4)), capture::simple_packet(order, 3, bytes_of("two")),
                             capture::obsolete_packet(order, 0, 0, bytes_of("three"))})};
    for (const Buffer& file : files) {
      const Strings whole = read(file);
      std::size_t packets = 0;
      for (std::size_t size = 0; size < file.size(); ++size) {
        const Buffer part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        for (const From from : {From::file, From::pipe}) {
          Strings found = read(part, from);
          if (!found.empty() && found.back() == "lost") {
            const std::string& error = found[found.size() - 2];
            const std::size_t at = std::stoul(error.substr(error.rfind(' ')));
            EXPECT_LE(at, size) << error;
            found.resize(found.size() - 2);
          }
          ASSERT_LE(found.size(), whole.size());
          EXPECT_EQ(found, Strings(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(found.size())));
          EXPECT_GE(found.size(), packets);
          packets = found.size();
        }
      }
      EXPECT_EQ(packets, whole.size() - 1);
    }
  }
}

TEST(CaptureReader, ReadsAPipeAsItReadsAFile) {
  const auto order = ByteOrder::big;
  std::vector<Buffer> blocks;
  for (std::uint32_t i = 0; i < 100; ++i) {
    blocks.push_back(capture::enhanced_packet(order, i % 2, i, bytes_of(std::string(i, 'x'))));
    blocks.push_back(capture::block(order, 5, Buffer(i)));
  }
  const Buffer file = pcapng(order, blocks);
  const Strings found = read(file);
  EXPECT_EQ(found.size(), 100U);
  EXPECT_EQ(read(file, From::pipe), found);
}

TEST(CaptureReader, KnowsWhereItIs) {
  auto file = capture::pcap(ByteOrder::little, capture::kMicroseconds, LinkType::raw);
  capture::add_record(file, 0, 0, bytes_of("one"));
  capture::add_record(file, 0, 0, bytes_of("two"));
  CaptureReader reader = reader_of(file);
  EXPECT_TRUE(reader.must_read());
  EXPECT_EQ((*reader.next())->offset, 24U);
  EXPECT_EQ(reader.offset(), 43U);
  EXPECT_FALSE(reader.must_read());
  EXPECT_EQ((*reader.next())->offset, 43U);
  EXPECT_TRUE(reader.must_read());
}

TEST(CaptureReader, SaysWhyAFileCannotBeRead) {
  const test::TemporaryFolder folder;
  CaptureReader reader{FileWindow(alert::Descriptor(::open(folder.path().c_str(), O_RDONLY)))};
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.error(), std::errc::is_a_directory);
}

namespace {

/// The golden datagrams in a capture, and what other programs make of it.
class Rewritten {
 public:
  Rewritten() {
    auto nano = capture::pcap(ByteOrder::big, capture::kNanoseconds, LinkType::ethernet);
    auto sll = capture::pcap(ByteOrder::little, capture::kMicroseconds, LinkType::linux_sll);
    std::uint32_t fraction = 999'999'001;
    for (const auto& d : golden::datagrams()) {
      const Buffer packet = capture::ipv4(capture::udp(d.bytes));
      capture::add_record(nano, 1'700'000'000, fraction++, capture::ethernet(packet));
      capture::add_record(sll, 1'700'000'000, fraction++ / 1000, Built().zeros(14).u16(0x0800).bytes(packet));
    }
    (void)folder_.file("nano", alert::as_text(nano));
    (void)folder_.file("sll", alert::as_text(sll));
  }

  /// Runs `command` in the folder; its last word is the file that it makes.
  std::string made_by(const Strings& command) {
    Strings words{"sh", "-c", "cd \"$0\" && exec \"$@\"", folder_.path().string()};
    words.insert(words.end(), command.begin(), command.end());
    const test::Finished ran = test::Process(words).finish();
    EXPECT_EQ(ran.status, 0) << command[0] << ": " << ran.err;
    return folder_ / command.back();
  }

 private:
  test::TemporaryFolder folder_;
};

/// "number seconds.nanoseconds UDP payload in hex" of each packet.
Strings told_by_tshark(const std::string& file) {
  const test::Finished ran = test::Process({"tshark", "-r", file, "-T", "fields", "-E", "separator= ", "-e",
                                            "frame.number", "-e", "frame.time_epoch", "-e", "udp.payload"})
                                 .finish();
  EXPECT_EQ(ran.status, 0) << ran.err;
  return test::lines(ran.out);
}
Strings told_by_us(const std::string& file) {
  Strings all;
  CaptureReader reader{FileWindow(alert::Descriptor(::open(file.c_str(), O_RDONLY)))};
  for (;;) {
    const auto packet = reader.next();
    if (!packet) return {golden::verdict(packet.error())};
    if (!*packet) return all;
    const CapturedPacket& found = **packet;
    std::string fraction = std::to_string(found.ns.value() % kSecond);
    fraction.insert(0, 9 - fraction.size(), '0');
    const alert::Frame frame = alert::read_frame(found.link, found.data);
    all.push_back(std::to_string(found.number) + " " + std::to_string(*found.ns / kSecond) + "." + fraction + " " +
                  golden::to_hex(alert::as_text(frame.payload)));
  }
}

}  // namespace

TEST(CaptureReader, ReadsWhatEditcapRewritesAsTsharkDoes) {
  Rewritten captures;
  for (const std::string from : {"nano", "sll"})
    for (const std::string format : {"pcap", "nsecpcap", "pcapng"}) {
      const std::string file = captures.made_by({"editcap", "-F", format, from, from + "." + format});
      EXPECT_EQ(told_by_us(file), told_by_tshark(file)) << file;
      EXPECT_EQ(told_by_us(file).size(), golden::datagrams().size());
    }
}

TEST(CaptureReader, ReadsWhatEditcapCutsAsTsharkDoes) {
  Rewritten captures;
  for (const auto& [format, snap] :
       std::map<std::string, std::string>{{"pcap", "42"}, {"nsecpcap", "43"}, {"pcapng", "100"}}) {
    const std::string file = captures.made_by({"editcap", "-F", format, "-s", snap, "nano", "cut." + format});
    EXPECT_EQ(told_by_us(file), told_by_tshark(file)) << file;
  }
}

TEST(CaptureReader, ReadsWhatMergecapJoinsAsTsharkDoes) {
  Rewritten captures;
  (void)captures.made_by({"editcap", "-F", "pcapng", "-t", "1000", "nano", "later"});
  for (const Strings& way :
       std::vector<Strings>{{"-w"}, {"-I", "none", "-w"}, {"-a", "-w"}, {"-a", "-I", "all", "-w"}}) {
    Strings command{"mergecap", "-F", "pcapng", "nano", "sll", "later"};
    command.insert(command.end(), way.begin(), way.end());
    command.push_back("merged");
    const std::string file = captures.made_by(command);
    EXPECT_EQ(told_by_us(file), told_by_tshark(file)) << way[0];
    EXPECT_EQ(told_by_us(file).size(), 3 * golden::datagrams().size());
  }
}
