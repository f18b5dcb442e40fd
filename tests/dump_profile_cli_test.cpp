// alertctl dump: in which profile bytes are read that do not come with one, and how it says why.

#include <set>

#include "capture_bytes.hpp"
#include "dumped.hpp"

namespace {

using golden::Vector;
using test::dump;
using test::Finished;
using test::has;
using test::json;
using test::json_lines;
using test::wire_of;
using test::Words;

/// An nt event of one letter and no service is, byte for byte, an lm20 alert with a payload of zeros.
const std::set<std::string> kAmbiguous{"nt-custom-one-char"};

/// The alerts as files, for one process to read.
Words files_of(const std::vector<const Vector*>& vectors, const test::TemporaryFolder& folder) {
  Words files;
  for (const Vector* v : vectors) files.push_back(folder.file(v->name, std::string(alert::as_text(v->bytes))));
  return files;
}
std::vector<const Vector*> clear_ones() {
  std::vector<const Vector*> all;
  for (const auto* vectors : {&golden::alerts().valid, &golden::alerts().trailing})
    for (const Vector& v : *vectors)
      if (!kAmbiguous.contains(v.name)) all.push_back(&v);
  return all;
}

std::string explained(const std::string& name, const Words& options = {}) {
  Words words{"-", "--explain"};
  words.insert(words.end(), options.begin(), options.end());
  return dump(words, wire_of(name)).out;
}

/// A UDP 138 datagram to this mailslot in a capture.
std::string captured_write(const std::string& mailslot, const std::string& payload) {
  constexpr std::size_t kNameInSmb = 69;
  const std::string slot = mailslot + std::string(1, '\0');
  const std::string name = " " + std::string(32, 'A') + std::string(1, '\0');
  capture::Built smb(alert::ByteOrder::little);
  smb.u32(0x424D53FF).u8(0x25).zeros(27).u8(17).zeros(22).u16(payload.size()).u16(kNameInSmb + slot.size());
  smb.u8(3).u8(0).u16(1).u16(1).u16(2).u16(0).text(slot).text(payload);
  const capture::Buffer body = smb;
  capture::Built datagram;
  datagram.u8(0x10).u8(2).u16(7).u32(0xC0000201).u16(138).u16(2 * name.size() + body.size()).u16(0);
  datagram.text(name).text(name).bytes(body);
  auto file = capture::pcap(alert::ByteOrder::little, capture::kMicroseconds, alert::LinkType::raw);
  capture::add_record(file, 1, 2, capture::ipv4(capture::udp(datagram)));
  const capture::Buffer bytes = file;
  return std::string(alert::as_text(bytes));
}

}  // namespace

TEST(DumpProfile, OfEveryGoldenAlertIsFoundInItsBytes) {
  const test::TemporaryFolder folder;
  Words words = files_of(clear_ones(), folder);
  words.insert(words.end(), {"--json", "--format", "raw"});
  const Finished dumped = dump(words);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  const auto lines = json_lines(dumped);
  ASSERT_EQ(lines.size(), clear_ones().size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    SCOPED_TRACE(clear_ones()[i]->name);
    EXPECT_EQ(lines[i].at("profile"), name(clear_ones()[i]->profile));
    EXPECT_EQ(lines[i].at("class"), clear_ones()[i]->class_name);
    EXPECT_FALSE(lines[i].contains("ambiguous"));
  }
}

TEST(DumpProfile, OfAmbiguousBytesIsSaidToBeSoAndBothReadingsAreShown) {
  for (const std::string& name : kAmbiguous) {
    const auto lines = json_lines(dump({"-", "--json"}, wire_of(name)));
    ASSERT_EQ(lines.size(), 2u) << name;
    EXPECT_EQ(lines[0].at("profile"), "lm20");
    EXPECT_EQ(lines[1].at("profile"), "nt");
    for (const json& line : lines) {
      EXPECT_EQ(line.at("ambiguous"), true);
      EXPECT_EQ(line.at("fields").at("alrt_eventname"), "X");
    }
    for (const std::string& text : {dump({"-"}, wire_of(name)).out, explained(name)}) {
      EXPECT_TRUE(text.starts_with("ambiguous: both profiles make as much sense: --profile lm20 or nt chooses\n"))
          << text;
      EXPECT_TRUE(has(text, "\nlm20 custom, 200 bytes\n") && has(text, "\nnt custom, 200 bytes\n")) << text;
    }
  }
}

TEST(DumpProfile, OfAmbiguousBytesIsNoMatterWhereTheyAreNotWanted) {
  EXPECT_EQ(dump({"-", "--event", "ADMIN"}, wire_of("nt-custom-one-char")).out, "");
}

TEST(DumpProfile, OfAmbiguousBytesIsTheOneAskedFor) {
  for (const std::string profile : {"lm20", "nt"}) {
    const json line = test::only_line(dump({"-", "--json", "--profile", profile}, wire_of("nt-custom-one-char")));
    EXPECT_EQ(line.at("profile"), profile);
    EXPECT_FALSE(line.contains("ambiguous"));
  }
}

TEST(DumpProfile, ComesWithItsReasonInExplain) {
  for (const auto& [name, start] : std::vector<std::pair<std::string, std::string>>{
           {"lm20-print-basic", "lm20 (its event name is that of the class print), 85 bytes\n"},
           {"nt-user-n3", "nt (its event name is that of the class user), 272 bytes\n"},
           {"lm20-custom-releasememory",
            "lm20 (its event name reads as text of 13 characters, and of 0 in the other profile), 40 bytes\n"},
           {"nt-custom-evmax",
            "nt (its event name reads as text of 16 characters, and of 1 in the other profile), 201 bytes\n"},
           {"lm20-custom-one-char", "lm20 (only so it is a whole alert), 38 bytes\n"}})
    EXPECT_TRUE(has(explained(name), start)) << explained(name);
  EXPECT_TRUE(has(explained("lm20-print-basic", {"--profile", "lm20"}), "lm20 (as told), 85 bytes\n"));
}

TEST(DumpProfile, IsTheOneAskedForEvenAgainstTheBytes) {
  const json line = test::only_line(dump({"-", "--json", "--profile", "lm20"}, wire_of("nt-user-n3")));
  EXPECT_EQ(line.at("profile"), "lm20");
  EXPECT_EQ(line.at("class"), "custom");
  EXPECT_EQ(line.at("fields").at("alrt_eventname"), "U");
  const Finished damaged = dump({"-", "--json", "--profile", "nt"}, wire_of("lm20-print-basic"));
  EXPECT_EQ(damaged.status, 4);
  EXPECT_EQ(test::only_line(damaged).at("error").at("code"), "truncated");
}

TEST(DumpProfile, OfBytesWithoutSenseInEitherIsAskedForAndTheFileIsNamed) {
  const test::TemporaryFolder folder;
  const std::string controls(300, '\x01');
  const std::string zeros(200, '\0'), packed = "\x1F\x8B\x08\x08\x02\x01" + zeros;  // whole, but no names
  for (const std::string& bytes : {std::string(1, '\0'), std::string(37, '\0'), controls, zeros, packed}) {
    const auto file = folder.file("capture", bytes);
    for (const std::string how : {"--json", "--explain"}) {
      const Finished dumped = dump({file, "--format", "raw", how});
      EXPECT_EQ(dumped.status, 4) << bytes.size();
      EXPECT_EQ(dumped.err, "alertctl: " + file + ": could be either profile, or none: say --profile lm20 or nt\n");
    }
  }
}

TEST(DumpProfile, OfBytesWithoutSenseInEitherShowsWhatCouldBeReadInBoth) {
  const std::string cut = wire_of("lm20-print-basic").substr(0, 7);
  const json line = test::only_line(dump({"-", "--json", "--hex"}, cut));
  EXPECT_EQ(line.at("error").at("code"), "no_profile");
  EXPECT_EQ(line.at("hex"), golden::to_hex(cut));
  std::string blocks;
  for (const std::string profile : {"lm20", "nt"}) {
    const json& reading = line.at("readings").at(profile == "nt" ? 1 : 0);
    EXPECT_EQ(reading, test::only_line(dump({"-", "--json", "--profile", profile}, cut)));
    EXPECT_EQ(reading.at("error").at("offset"), 4);
    blocks += dump({"-", "--profile", profile}, cut).out;
  }
  EXPECT_EQ(line.at("readings").size(), 2u);
  EXPECT_EQ(dump({"-"}, cut).out, blocks);
}

TEST(DumpProfile, OfNothingIsNoQuestion) {
  for (const std::string form : {"auto", "raw", "hex", "datagram", "pcap", "pcapng", "journal"})
    for (const Words& profile : {Words{}, {"--profile", "lm20"}, {"--profile", "nt"}}) {
      Words words{"-", "--json", "--format", form};
      words.insert(words.end(), profile.begin(), profile.end());
      const Finished dumped = dump(words);
      EXPECT_EQ(dumped.status, 4) << form;
      EXPECT_EQ(dumped.err, "alertctl: -: is empty\n") << form;
      EXPECT_EQ(test::only_line(dumped).at("error").at("code"), "truncated") << form;
    }
}

TEST(DumpProfile, IsKnownToTheJournalWhateverTheOption) {
  const test::Broker broker;
  broker.ctl({"raise", "message", "one"});
  broker.ctl({"raise", "message", "two", "--profile", "nt"});
  for (const Words& options : {Words{}, {"--profile", "lm20"}, {"--profile", "nt"}}) {
    Words words{broker.journal(), "--json"};
    words.insert(words.end(), options.begin(), options.end());
    const auto lines = json_lines(dump(words));
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].at("profile"), "lm20");
    EXPECT_EQ(lines[1].at("profile"), "nt");
  }
}

TEST(DumpProfile, IsNotInventedForTheDatagramsOfOtherProtocols) {
  std::string logon("\x12\0\0\0", 4);  // as Windows NT asks for a domain controller: the same place has a name
  for (const char c : std::string("WORKSTATION")) logon += std::string{c, '\0'};
  const Finished dumped = dump({"-", "--json"}, captured_write("\\MAILSLOT\\NET\\NTLOGON", logon));
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  const json line = test::only_line(dumped);
  EXPECT_FALSE(line.contains("profile") || line.contains("error")) << line;
  EXPECT_TRUE(line.contains("payload_hex")) << line;
}

TEST(DumpProfile, AskedForIsNotThatOfMessagesAndOtherProtocols) {
  const std::string message("FROM\0TO\0a text that is long enough for an alert of the older profile\0", 69);
  for (const auto& [mailslot, payload] : {std::pair<std::string, std::string>{"\\MAILSLOT\\MESSNGR", message},
                                          {"\\MAILSLOT\\BROWSE", "\x02\x01host"}})
    for (const std::string profile : {"lm20", "nt"}) {
      const Finished dumped = dump({"-", "--json", "--profile", profile}, captured_write(mailslot, payload));
      EXPECT_EQ(dumped.status, 0) << dumped.err;
      EXPECT_TRUE(test::only_line(dumped).contains("payload_hex")) << dumped.out;
    }
}

TEST(DumpProfile, OfADamagedAlertInADatagramIsFoundByItsClass) {
  const std::string cut = wire_of("nt-user-n3").substr(0, 230);
  const Finished dumped = dump({"-", "--json"}, captured_write("\\MAILSLOT\\ALERT", cut));
  EXPECT_EQ(dumped.status, 4);
  EXPECT_EQ(test::only_line(dumped).at("profile"), "nt");
  EXPECT_EQ(test::only_line(dumped).at("mailslot"), "\\MAILSLOT\\ALERT");
}
