// alertctl dump: mailslot datagrams alone and inside packet captures, beside other readers of the same.

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using alert::LinkType;
using golden::Datagram;
using golden::datagrams;
using test::dump;
using test::Finished;
using test::has;
using test::json;
using test::json_lines;
using test::output_of;
using test::TemporaryFolder;
using test::text_of;
using test::Words;

constexpr auto kOrder = alert::ByteOrder::little;
constexpr std::uint16_t kMoreFragments = 0x2000;

capture::Buffer packet(const capture::Buffer& datagram, const capture::Ipv4& fields = {}) {
  return capture::ipv4(capture::udp(datagram), fields);
}
const capture::Buffer& an_alert() { return golden::datagram_named("dg-alert-aligned").bytes; }

/// A capture of these IP packets, a second and a microsecond apart.
std::string pcap_of(const std::vector<capture::Buffer>& packets) {
  auto file = capture::pcap(kOrder, capture::kMicroseconds, LinkType::ethernet);
  std::uint32_t at = 0;
  for (const auto& packet : packets) {
    capture::add_record(file, 1700000000 + at, at, capture::ethernet(packet));
    ++at;
  }
  return text_of(file);
}
std::string pcap_of_every_datagram() {
  std::vector<capture::Buffer> packets;
  for (const Datagram& d : datagrams()) packets.push_back(packet(d.bytes));
  return pcap_of(packets);
}

/// An IP packet as a frame of the link.
capture::Buffer framed(LinkType link, const capture::Buffer& packet) {
  capture::Built frame;
  switch (link) {
    case LinkType::ethernet: return capture::ethernet(packet);
    case LinkType::linux_sll: return frame.zeros(14).u16(0x0800).bytes(packet);
    case LinkType::linux_sll2: return frame.u16(0x0800).zeros(18).bytes(packet);
    case LinkType::null: return frame.u32(0x02000000).bytes(packet);
    case LinkType::loop: return frame.u32(2).bytes(packet);
    default: return packet;
  }
}

/// The fields of a golden datagram from its JSON line, under their names there.
json datagram_fields(const json& line) {
  json fields;
  for (const auto& [name, member] : std::map<std::string, std::string>{{"msg_type", "msg_type"},
                                                                       {"dgm_id", "dgm_id"},
                                                                       {"source_ip", "source_ip"},
                                                                       {"source_port", "source_port"},
                                                                       {"source_name", "source"},
                                                                       {"source_suffix", "source_suffix"},
                                                                       {"dest_name", "dest_name"},
                                                                       {"dest_suffix", "dest_suffix"},
                                                                       {"scope", "scope"},
                                                                       {"mailslot", "mailslot"},
                                                                       {"priority", "priority"},
                                                                       {"class", "class_of_service"},
                                                                       {"payload_offset", "payload_offset"}})
    fields[name] = line.value(member, json());
  fields["payload_hex"] = line.contains("hex") ? line.at("hex") : line.value("payload_hex", json());
  return fields;
}

/// What is the same however a capture is written: all but the place.
std::vector<json> places_aside(const Finished& dumped) {
  auto lines = json_lines(dumped);
  for (json& line : lines) line.erase("packet");
  return lines;
}

}  // namespace

TEST(GoldenDatagramsOnTheCommandLine, AreShownWithEveryFieldWhenAccepted) {
  for (const Datagram& d : datagrams()) {
    if (!d.is_accepted) continue;
    SCOPED_TRACE(d.name);
    for (const std::string format : {"auto", "datagram"}) {
      for (const std::string& input : {text_of(d.bytes), golden::to_hex(text_of(d.bytes))}) {
        if (format == "datagram" && input != text_of(d.bytes)) continue;
        const Finished dumped = dump({"-", "--json", "--hex", "--format", format}, input);
        EXPECT_EQ(dumped.status, 0) << dumped.err;
        EXPECT_EQ(datagram_fields(test::only_line(dumped)), d.fields);
      }
    }
  }
}

TEST(GoldenDatagramsOnTheCommandLine, ExitFourAndShowNothingWhenIgnored) {
  for (const Datagram& d : datagrams()) {
    if (d.is_accepted) continue;
    SCOPED_TRACE(d.name);
    for (const std::string format : {"auto", "datagram"}) {
      const Finished dumped = dump({"-", "--format", format}, text_of(d.bytes));
      EXPECT_EQ(dumped.status, 4);
      EXPECT_EQ(dumped.out, "");
      EXPECT_TRUE(has(dumped.err, "alertctl: -: ")) << dumped.err;
    }
  }
}

TEST(GoldenDatagramsOnTheCommandLine, InsideACaptureAreShownOrCounted) {
  const Finished dumped = dump({"-", "--json", "--hex"}, pcap_of_every_datagram());
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  std::map<std::size_t, json> by_packet;
  for (const json& line : json_lines(dumped)) by_packet[line.at("packet")] = datagram_fields(line);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < datagrams().size(); ++i) {
    const Datagram& d = datagrams()[i];
    EXPECT_EQ(by_packet.contains(i + 1), d.is_accepted) << d.name;
    EXPECT_EQ(by_packet.contains(i + 1) ? by_packet[i + 1] : json::object(), d.fields) << d.name;
    accepted += d.is_accepted;
  }
  EXPECT_EQ(json_lines(dumped).size(), accepted) << dumped.out;
  const auto count = [](std::size_t n) { return std::to_string(n); };
  EXPECT_TRUE(has(dumped.err, "alertctl: -: " + count(datagrams().size()) + " packets, " + count(accepted) +
                                  " mailslot datagrams, " + count(datagrams().size() - accepted) +
                                  " others on port 138 (first: packet "))
      << dumped.err;
}

TEST(DumpCaptures, OfEveryLinkTypeAreRead) {
  for (const LinkType link :
       {LinkType::null, LinkType::ethernet, LinkType::raw_bsd, LinkType::raw_openbsd, LinkType::raw, LinkType::loop,
        LinkType::linux_sll, LinkType::ipv4, LinkType::linux_sll2}) {
    SCOPED_TRACE(static_cast<int>(link));
    const auto frame = framed(link, packet(an_alert()));
    for (const auto order : {alert::ByteOrder::little, alert::ByteOrder::big}) {
      auto pcap = capture::pcap(order, capture::kMicroseconds, link);
      capture::add_record(pcap, 1700000000, 5, frame);
      capture::Built pcapng(order);
      pcapng.bytes(capture::section(order)).bytes(capture::interface(order, link));
      pcapng.bytes(capture::enhanced_packet(order, 0, 1700000000'000005, frame));
      for (const std::string& bytes : {text_of(pcap), text_of(pcapng)}) {
        const json line = test::only_line(dump({"-", "--json"}, bytes));
        EXPECT_EQ(line.value("mailslot", ""), "\\MAILSLOT\\ALERT") << line;
        EXPECT_EQ(line.value("captured", ""), "2023-11-14T22:13:20.000005000Z") << line;
      }
    }
  }
}

TEST(DumpCaptures, OfSeveralSectionsAndInterfacesAreRead) {
  capture::Buffer all;
  for (const auto order : {alert::ByteOrder::little, alert::ByteOrder::big}) {
    capture::Built section(order);
    section.bytes(capture::section(order)).bytes(capture::interface(order, LinkType::ethernet));
    section.bytes(capture::interface(order, LinkType::raw, 0, std::uint8_t{9}));
    section.bytes(capture::enhanced_packet(order, 0, 1700000000'000005, capture::ethernet(packet(an_alert()))));
    section.bytes(capture::enhanced_packet(order, 1, 1700000000'000000005, packet(an_alert())));
    const capture::Buffer bytes = section;
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::string> times;
  for (const json& line : json_lines(dump({"-", "--json"}, text_of(all)))) times.push_back(line.at("captured"));
  const std::string micro = "2023-11-14T22:13:20.000005000Z", nano = "2023-11-14T22:13:20.000000005Z";
  EXPECT_EQ(times, (Words{micro, nano, micro, nano}));
}

TEST(DumpCaptures, CountFragmentsAndSaySo) {
  auto netbios_fragment = an_alert();
  netbios_fragment[1] |= std::byte{0x01};  // more fragments
  const Finished dumped =
      dump({"-", "--json"}, pcap_of({packet(an_alert(), {17, kMoreFragments}), packet(an_alert(), {17, 100}),
                                     packet(netbios_fragment), packet(an_alert())}));
  EXPECT_EQ(dumped.status, 0);
  EXPECT_EQ(json_lines(dumped).size(), 1u);
  EXPECT_EQ(dumped.err, "alertctl: -: 4 packets, 1 mailslot datagram, 3 UDP fragments not put together\n");
}

TEST(DumpCaptures, PassOverWhatIsNotOnPort138) {
  const auto other = capture::ipv4(capture::udp(an_alert(), 1000, 53));
  const Finished dumped = dump({"-"}, pcap_of({other, capture::ipv4(an_alert(), {6})}));
  EXPECT_EQ(dumped.status, 0);
  EXPECT_EQ(dumped.out, "");
  EXPECT_EQ(dumped.err, "alertctl: -: 2 packets, 0 mailslot datagrams\n");
}

TEST(DumpCaptures, CutShortShowWhatIsWholeAndSayWhereTheyEnd) {
  std::string bytes = pcap_of({packet(an_alert()), packet(an_alert())});
  const std::size_t second = 24 + (bytes.size() - 24) / 2;
  bytes.resize(bytes.size() - 1);
  const Finished dumped = dump({"-", "--json"}, bytes);
  EXPECT_EQ(dumped.status, 4);
  ASSERT_EQ(json_lines(dumped).size(), 2u) << dumped.out;
  EXPECT_EQ(json_lines(dumped)[1].at("error").at("offset"), second + 16);
  EXPECT_TRUE(has(dumped.err, " at offset " + std::to_string(second + 16) + "\n")) << dumped.err;
}

TEST(DumpCaptures, RewrittenByEditcapAndMergecapGiveTheSame) {
  const TemporaryFolder folder;
  const auto original = folder.file("original.pcap", pcap_of_every_datagram());
  const auto expected = places_aside(dump({original, "--json", "--hex"}));
  EXPECT_GE(expected.size(), 12u);
  for (const std::string format : {"pcap", "nsecpcap", "pcapng"}) {
    SCOPED_TRACE(format);
    const auto edited = folder / ("edited." + format), merged = folder / ("merged." + format);
    output_of({"editcap", "-F", format, original, edited});
    EXPECT_EQ(places_aside(dump({edited, "--json", "--hex"})), expected);
    const auto front = folder / "front", back = folder / "back";
    output_of({"editcap", "-r", original, front, "1-7"});
    output_of({"editcap", original, back, "1-7"});
    output_of({"mergecap", "-F", format, "-w", merged, back, front});
    EXPECT_EQ(places_aside(dump({merged, "--json", "--hex"})), expected);
  }
}

TEST(DumpCaptures, HaveThePayloadsThatTsharkFinds) {
  const TemporaryFolder folder;
  const auto original = folder.file("original.pcap", pcap_of_every_datagram());
  for (const std::string format : {"pcap", "nsecpcap", "pcapng"}) {
    const auto file = folder / ("edited." + format);
    output_of({"editcap", "-F", format, original, file});
    const auto udp = test::lines(
        output_of({"tshark", "-r", file, "-T", "fields", "-e", "udp.payload", "-d", "udp.port==138,data"}));
    ASSERT_EQ(udp.size(), datagrams().size());
    for (const json& line : json_lines(dump({file, "--json", "--hex"}))) {
      const std::size_t number = line.at("packet");
      const json fields = datagram_fields(line);
      const std::size_t offset = fields.at("payload_offset");
      const std::string payload = fields.at("payload_hex");
      EXPECT_EQ(udp.at(number - 1).substr(2 * offset, payload.size()), payload) << datagrams()[number - 1].name;
    }
  }
}
