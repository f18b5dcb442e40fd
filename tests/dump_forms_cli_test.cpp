// alertctl dump: every form that captured alerts come in, from files, pipes and mailslots.

#include <cstdio>

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using alert::LinkType;
using test::dump;
using test::Finished;
using test::has;
using test::Journal;
using test::json;
using test::json_lines;
using test::only_line;
using test::output_of;
using test::TemporaryFolder;
using test::text_of;
using test::wire_of;
using test::Words;

constexpr auto kOrder = alert::ByteOrder::little;

std::string datagram(const std::string& name) { return text_of(golden::datagram_named(name).bytes); }
capture::Buffer packet(const std::string& name) {
  return capture::ipv4(capture::udp(golden::datagram_named(name).bytes));
}

std::string pcap_of(const Words& datagrams) {
  auto file = capture::pcap(kOrder, capture::kMicroseconds, LinkType::raw);
  for (const std::string& name : datagrams) capture::add_record(file, 1700000000, 5, packet(name));
  return text_of(file);
}
std::string pcapng_of(const Words& datagrams) {
  capture::Built file(kOrder);
  file.bytes(capture::section(kOrder)).bytes(capture::interface(kOrder, LinkType::raw));
  for (const std::string& name : datagrams)
    file.bytes(capture::enhanced_packet(kOrder, 0, 1700000000'000005, packet(name)));
  return text_of(file);
}

/// The same bytes by file, by pipe, and by redirection must be dumped alike; the common output.
std::string dumped_every_way(const std::string& bytes, const Words& options) {
  const TemporaryFolder folder;
  const std::string file = folder.file("bytes", bytes);
  Words words{file, "--json", "--hex"};
  words.insert(words.end(), options.begin(), options.end());
  const Finished from_file = dump(words);
  EXPECT_EQ(from_file.status, 0) << from_file.err;
  words[0] = "-";
  EXPECT_EQ(dump(words, bytes).out, from_file.out) << "from a pipe";
  Words shell{"sh", "-c", R"(exec <"$1"; shift; exec "$@")", "sh", file, test::program("alertctl"), "dump"};
  shell.insert(shell.end(), words.begin(), words.end());
  EXPECT_EQ(output_of(shell), from_file.out) << "redirected";
  return from_file.out;
}

/// As tcpdump -X prints a packet from its IP header on.
std::string tcpdump_x(std::string_view bytes) {
  std::string text = "12:00:00.000005 IP 192.0.2.1.138 > 192.0.2.255.138: UDP, length 218\n";
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    char offset[32];
    std::snprintf(offset, sizeof offset, "\t0x%04zx: ", at);
    std::string characters, hex;
    for (std::size_t i = at; i < std::min(at + 16, bytes.size()); ++i) {
      if (i % 2 == 0) hex += ' ';
      hex += golden::to_hex(bytes.substr(i, 1));
      characters += bytes[i] > 0x20 && bytes[i] < 0x7F ? bytes[i] : '.';
    }
    hex.resize(40, ' ');
    text += offset + hex + "  " + characters + '\n';
  }
  return text;
}

/// Each of these pastes is the bytes of one alert, recognised or not left a choice.
void expect_alert(const std::vector<std::string>& pastes, const std::string& name) {
  const TemporaryFolder folder;
  Words words{"--json", "--hex"};
  for (const std::string& paste : pastes)
    words.push_back(folder.file("paste " + std::to_string(words.size()), paste));
  for (const std::string format : {"auto", "hex"}) {
    Words insisting = words;
    insisting.insert(insisting.end(), {"--format", format});
    const Finished dumped = dump(insisting);
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    const auto found = json_lines(dumped);
    ASSERT_EQ(found.size(), pastes.size()) << dumped.err;
    for (std::size_t i = 0; i < pastes.size(); ++i)
      EXPECT_EQ(found[i].at("hex"), golden::to_hex(wire_of(name))) << pastes[i];
  }
}

}  // namespace

TEST(DumpForms, AreRecognisedAsWellAsTakenByName) {
  const Journal journal({"one", "two"});
  const Words datagrams{"dg-alert-aligned", "dg-nt-alert"};
  struct Form {
    std::string name;
    std::string bytes;
    std::size_t alerts;
  };
  for (const Form& form : {Form{"raw", wire_of("lm20-print-basic"), 1},
                           {"raw", wire_of("nt-print-basic"), 1},
                           {"hex", golden::to_hex(wire_of("nt-print-basic")), 1},
                           {"hex", golden::to_hex(datagram("dg-nt-alert")), 1},
                           {"datagram", datagram("dg-nt-alert"), 1},
                           {"pcap", pcap_of(datagrams), 2},
                           {"pcapng", pcapng_of(datagrams), 2},
                           {"journal", test::bytes_of(journal.segment), 2}}) {
    SCOPED_TRACE(form.name);
    const std::string recognised = dumped_every_way(form.bytes, {});
    EXPECT_EQ(test::lines(recognised).size(), form.alerts) << recognised;
    EXPECT_EQ(dumped_every_way(form.bytes, {"--format", form.name}), recognised);
  }
}

TEST(DumpForms, AreNotMistakenForAnotherWhenNamed) {
  const std::string hex = golden::to_hex(wire_of("lm20-print-basic"));
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>{"pcap", hex},
                                    {"pcapng", wire_of("nt-print-basic")},
                                    {"journal", hex},
                                    {"datagram", wire_of("lm20-print-basic")},
                                    {"hex", wire_of("lm20-print-basic")}}) {
    const Finished dumped = dump({"-", "--format", name}, bytes);
    EXPECT_EQ(dumped.status, 4) << name;
    EXPECT_EQ(dumped.out, "") << name;
    EXPECT_TRUE(has(dumped.err, "alertctl: -: ")) << dumped.err;
  }
  EXPECT_EQ(dump({"-", "--format", "tea"}, hex).status, 2);
}

TEST(DumpPastes, OfEveryUsualProgramGiveTheBytes) {
  const TemporaryFolder folder;
  for (const std::string name : {"lm20-print-basic", "lm20-admin-n4", "nt-user-n9", "nt-print-extremes"}) {
    const std::string file = folder.file("alert", wire_of(name));
    std::vector<std::string> pastes;
    for (const Words& command : {Words{"xxd"},
                                 {"xxd", "-u"},
                                 {"xxd", "-p"},
                                 {"xxd", "-g1"},
                                 {"xxd", "-g4", "-c32"},
                                 {"xxd", "-i"},
                                 {"hexdump"},
                                 {"hexdump", "-C"},
                                 {"hexdump", "-vC"},
                                 {"od", "-tx1"},
                                 {"od", "-v", "-tx1"},
                                 {"od", "-Ax", "-tx1"},
                                 {"od", "-Ad", "-tx1"},
                                 {"od", "-An", "-v", "-tx1"},
                                 {"od", "-tx1z"},
                                 {"od", "-x"},
                                 {"od", "-Ax", "-x"}}) {
      Words words = command;
      words.push_back(file);
      pastes.push_back(output_of(words));
    }
    expect_alert(pastes, name);
  }
}

TEST(DumpPastes, OfACArrayGiveTheBytes) {
  std::string array = "/* what came in */\nstatic const unsigned char alert[] = {\n";
  for (const char byte : wire_of("lm20-user-n3"))
    array += (byte > 0x3F && byte != 0x7F ? "'" + std::string(1, byte) + "'"
                                          : std::to_string(static_cast<unsigned char>(byte))) +
             ", ";
  expect_alert({array + "};  // the end\n"}, "lm20-user-n3");
}

TEST(DumpPastes, OfBareDigitsMayBeBrokenAnywhere) {
  const std::string hex = golden::to_hex(wire_of("lm20-user-n3"));
  std::string spaced, colons, escaped, prefixed;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::string byte = hex.substr(i, 2);
    spaced += byte + (i % 20 == 18 ? "\r\n" : " ");
    colons += (i ? ":" : "") + byte;
    escaped += "\\x" + byte;
    prefixed += "0x" + byte + ", ";
  }
  expect_alert({hex, spaced, colons, escaped, "\"" + escaped + "\";\n", prefixed}, "lm20-user-n3");
}

TEST(DumpPastes, OfTcpdumpGiveEveryPacket) {
  const std::string paste =
      tcpdump_x(text_of(packet("dg-alert-aligned"))) + tcpdump_x(text_of(packet("dg-nt-alert")));
  const Finished dumped = dump({"-", "--json"}, paste);
  EXPECT_EQ(dumped.status, 0) << dumped.err << paste;
  const auto lines = json_lines(dumped);
  ASSERT_EQ(lines.size(), 2u) << paste;
  EXPECT_EQ(lines[0].at("profile"), "lm20");
  EXPECT_EQ(lines[1].at("profile"), "nt");
  for (const json& line : lines) EXPECT_EQ(line.at("source"), "SENDER");
}

TEST(DumpPastes, OfTsharkGiveEveryPacket) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", pcap_of({"dg-alert-aligned", "dg-nt-alert"}));
  const Finished dumped = dump({"-", "--json"}, output_of({"tshark", "-x", "-r", file}));
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  EXPECT_EQ(json_lines(dumped).size(), 2u);
}

TEST(DumpPastes, WhoseOffsetsContradictTheBytesAreDamaged) {
  std::string paste = output_of({"xxd"}, wire_of("lm20-print-basic"));
  paste.erase(paste.find("00000010"), paste.find("00000020") - paste.find("00000010"));
  const Finished dumped = dump({"-", "--format", "hex"}, paste);
  EXPECT_EQ(dumped.status, 4);
  EXPECT_EQ(dumped.out, "");
}

TEST(DumpJournals, AmongForeignPacketsMergedByMergecapGiveBoth) {
  const Journal journal({"one", "two", "three"});
  const auto& folder = journal.broker.folder();
  const auto foreign = folder.file("foreign.pcap", pcap_of({"dg-alert-aligned", "dg-bad-opcode"}));
  const auto merged = folder / "merged.pcapng";
  output_of({"mergecap", "-w", merged, journal.segment, foreign});
  const Finished dumped = dump({merged, "--json"});
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  std::vector<std::string> texts;
  std::size_t datagrams = 0;
  for (const json& line : json_lines(dumped)) {
    if (line.contains("sequence")) texts.push_back(line.at("fields").at("msg_text"));
    datagrams += line.contains("mailslot");
  }
  EXPECT_EQ(texts, (Words{"one", "two", "three"}));
  EXPECT_EQ(datagrams, 1u);
  EXPECT_TRUE(has(dumped.err, "packets, 1 mailslot datagram, 1 other on port 138")) << dumped.err;
}

TEST(DumpMailslots, ShowWhatIsPendingAndConsumeNothing) {
  const test::Broker broker;
  broker.ctl({"make", "jobs"});
  broker.ctl({"start", "MESSAGE", "jobs"});
  for (const char* text : {"one", "two", "three"}) broker.ctl({"raise", "message", text});
  const Finished first = broker.ctl({"dump", "--mailslot", "jobs", "--json"});
  EXPECT_EQ(first.status, 0) << first.err;
  ASSERT_EQ(json_lines(first).size(), 3u) << first.out;
  EXPECT_EQ(json_lines(first)[2].at("fields").at("msg_text"), "three");
  EXPECT_EQ(json_lines(first)[2].at("sequence"), 3);
  EXPECT_EQ(broker.ctl({"dump", "--mailslot", "\\mailslot\\jobs", "--json"}).out, first.out);

  const json slot = json::parse(broker.ctl({"mailslots", "--json"}).out);
  EXPECT_EQ(slot.at("read"), 0) << slot;
  const Finished read = broker.ctl({"read", "jobs", "--json"});
  EXPECT_EQ(read.out, first.out);
}

TEST(DumpMailslots, TakeTheFiltersAndFormsOfFiles) {
  const test::Broker broker;
  broker.ctl({"make", "jobs"});
  broker.ctl({"start", "MESSAGE", "jobs"});
  for (const char* text : {"one", "two", "three"}) broker.ctl({"raise", "message", text});
  const Finished second = broker.ctl({"dump", "--mailslot", "jobs", "--seq", "2", "--explain"});
  EXPECT_TRUE(has(second.out, "msg_text = \"two\"") && has(second.out, "as its record says")) << second.out;
  EXPECT_FALSE(has(second.out, "three") || has(second.out, "one\"")) << second.out;
}

TEST(DumpMailslots, ThatAreNotThereAreNamed) {
  const test::Broker broker;
  const Finished dumped = broker.ctl({"dump", "--mailslot", "tea"});
  EXPECT_EQ(dumped.status, 1);
  EXPECT_TRUE(has(dumped.err, "\\mailslot\\tea: ")) << dumped.err;
  EXPECT_EQ(dump({"--mailslot", "tea", "--socket", broker.folder() / "nowhere"}).status, 5);
  EXPECT_EQ(dump({}).status, 2);
  EXPECT_EQ(dump({"--mailslot", "tea", "-"}).status, 2);
}
