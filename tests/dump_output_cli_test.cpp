// alertctl dump: what people see of an alert, whole or damaged, and what must not reach their terminal.

#include <cctype>
#include <map>

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using alert::Profile;
using test::dump;
using test::Finished;
using test::has;
using test::json;
using test::TemporaryFolder;
using test::wire_of;
using test::wire_with;
using test::Words;

/// What the readable block of an alert shows of a field.
std::string shown(const std::string& out, const std::string& field) {
  for (const std::string& line : test::lines(out)) {
    if (!line.starts_with("  " + field + " ")) continue;
    return line.substr(line.find_first_not_of(' ', 2 + field.size()));
  }
  return "no such field in:\n" + out;
}
std::string shown(const std::string& golden, const json& changes, const std::string& field,
                  const test::Process::Environment& environment = {}) {
  return shown(dump({"-"}, wire_with(golden, changes), environment).out, field);
}

/// The lines of --explain: where each field starts, and its note.
std::map<std::size_t, std::string> notes(const std::string& out) {
  std::map<std::size_t, std::string> all;
  for (const std::string& line : test::lines(out)) {
    const std::size_t digits = line.find_first_not_of(' ');
    const std::size_t note = line.find("  ", line.find_first_not_of(' ', line.find(' ', digits)));
    if (digits == 0 || note == std::string::npos || !std::isdigit(static_cast<unsigned char>(line[digits])))
      continue;
    all[std::stoul(line.substr(digits))] = line.substr(line.find_first_not_of(' ', note));
  }
  return all;
}

/// Whether a terminal shows all of it as characters.
bool is_harmless(const std::string& text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F) return false;
  for (const std::string steering : {"\xC2\x80", "\xC2\x9B", "\xC2\x9F", "\xE2\x80\xAE", "\xE2\x81\xA6"})
    if (has(text, steering)) return false;
  return true;
}

}  // namespace

TEST(DumpOutput, NamesTheBitsOfThePrintStatus) {
  for (const auto& [status, names] : std::map<unsigned, std::string>{{0x0000, "QS_QUEUED"},
                                                                     {0x0001, "QS_PAUSED"},
                                                                     {0x0002, "QS_SPOOLING"},
                                                                     {0x0003, "QS_PRINTING"},
                                                                     {0x0004, "QS_QUEUED | COMPLETE"},
                                                                     {0x0008, "QS_QUEUED | INTERV"},
                                                                     {0x0010, "QS_QUEUED | ERROR"},
                                                                     {0x0020, "QS_QUEUED | DESTOFFLINE"},
                                                                     {0x0040, "QS_QUEUED | DESTPAUSED"},
                                                                     {0x0080, "QS_QUEUED | NOTIFY"},
                                                                     {0x0100, "QS_QUEUED | DESTNOPAPER"},
                                                                     {0x8000, "QS_QUEUED | DELETED"},
                                                                     {0x9003, "QS_PRINTING | DELETED | 0x1000"}}) {
    for (const auto& [golden, prefix] : {std::pair("lm20-print-basic", "PRJ_"), {"nt-print-basic", "PRJOB_"}}) {
      std::string expected = std::to_string(status) + "  " + prefix + names;
      for (std::size_t at = 0; (at = expected.find("| ", at)) != std::string::npos;) {
        at += 2;
        if (expected[at] != '0') expected.insert(at, prefix);
      }
      EXPECT_EQ(shown(golden, {{"alrtpr_status", status}}, "alrtpr_status"), expected);
    }
  }
  EXPECT_EQ(shown("lm20-print-basic", {{"alrtpr_status", 0x0E00}}, "alrtpr_status"),
            "3584  PRJ_QS_QUEUED | PRJ_DESTFORMCHG | PRJ_DESTCRTCHG | PRJ_DESTPENCHG");
  EXPECT_EQ(shown("nt-print-basic", {{"alrtpr_status", 0x0E00}}, "alrtpr_status"), "3584  PRJOB_QS_QUEUED | 0xe00");
}

TEST(DumpOutput, NamesErrorCodesWhereTheyHaveAName) {
  const std::string none = "no message number: the strings are the message";
  for (const auto& [golden, field] : {std::pair<std::string, std::string>{"lm20-admin-n4", "alrtad_errcode"},
                                      {"nt-admin-n4", "alrtad_errcode"},
                                      {"lm20-errlog-basic", "alrter_errcode"},
                                      {"nt-errlog-sign", "alrter_errcode"},
                                      {"lm20-user-n3", "alrtus_errcode"},
                                      {"nt-user-n3", "alrtus_errcode"}}) {
    SCOPED_TRACE(golden);
    EXPECT_EQ(shown(golden, {{field, 2432}}, field), "2432  NERR_NoSuchAlert");
    EXPECT_EQ(shown(golden, {{field, 5}}, field), "5  ERROR_ACCESS_DENIED");
    EXPECT_EQ(shown(golden, {{field, 3101}}, field), "3101");
    EXPECT_EQ(shown(golden, {{field, 0}}, field), "0");
    EXPECT_EQ(shown(golden, {{field, 0xFFFF}}, field), "65535  " + none);
  }
  EXPECT_EQ(shown("nt-admin-n4", {{"alrtad_errcode", 0xFFFFFFFF}}, "alrtad_errcode"), "4294967295  " + none);
}

TEST(DumpOutput, GivesTimesInLocalTimeAndUtc) {
  constexpr std::uint32_t kSummer = 1784073600, kWinter = 1767225600, kBehind2038 = 4294967295;
  const auto time = [](std::uint32_t seconds, const std::string& zone) {
    const std::string text =
        shown("lm20-message-128", {{"alrt_timestamp", seconds}}, "alrt_timestamp", {{"TZ", zone}});
    return text.substr(text.find("  ") + 2);
  };
  EXPECT_EQ(time(kSummer, "Europe/Berlin"), "2026-07-15 02:00:00 +0200, 2026-07-15 00:00:00 UTC");
  EXPECT_EQ(time(kWinter, "Europe/Berlin"), "2026-01-01 01:00:00 +0100, 2026-01-01 00:00:00 UTC");
  EXPECT_EQ(time(kSummer, "UTC"), "2026-07-15 00:00:00 UTC");
  EXPECT_EQ(time(kBehind2038, "UTC"), "2106-02-07 06:28:15 UTC");
  EXPECT_EQ(time(0, "UTC"), "1970-01-01 00:00:00 UTC");
  EXPECT_TRUE(
      shown("lm20-print-basic", {{"alrtpr_submitted", kSummer}}, "alrtpr_submitted", {{"TZ", "Europe/Berlin"}})
          .ends_with("  2026-07-15 02:00:00 +0200, 2026-07-15 00:00:00 UTC"));
}

TEST(DumpOutput, GivesTheTimesOfPacketsInLocalTimeAndUtc) {
  auto file = capture::pcap(alert::ByteOrder::little, capture::kMicroseconds, alert::LinkType::raw);
  const auto datagram = capture::udp(golden::datagram_named("dg-alert-aligned").bytes);
  capture::add_record(file, 1784073600, 5, capture::ipv4(datagram));
  const capture::Buffer bytes = file;
  const auto heading = [&](const std::string& zone) {
    return test::lines(dump({"-"}, alert::as_text(bytes), {{"TZ", zone}}).out).at(0);
  };
  EXPECT_EQ(heading("Europe/Berlin"),
            "packet 1  2026-07-15T02:00:00.000005000+0200, 2026-07-15T00:00:00.000005000Z");
  EXPECT_EQ(heading("UTC"), "packet 1  2026-07-15T00:00:00.000005000Z");
}

TEST(DumpOutput, GivesTheTimesOfRecordsInLocalTimeAndUtc) {
  const test::Broker broker;
  broker.ctl({"raise", "message", "one"});
  const std::string accepted = test::only_line(dump({broker.journal(), "--json"})).at("accepted");
  const auto heading = [&](const std::string& zone) {
    return test::lines(dump({broker.journal()}, {}, {{"TZ", zone}}).out).at(0);
  };
  EXPECT_TRUE(heading("UTC").starts_with("#1  " + accepted + "  uid "));
  EXPECT_TRUE(has(heading("Asia/Kolkata"), "+0530, " + accepted + "  uid ")) << heading("Asia/Kolkata");
}

TEST(DumpOutput, CountsOneByteAsOne) {
  EXPECT_TRUE(has(dump({"-", "--profile", "lm20"}, "00").out, "lm20 unknown class, 1 byte\n"));
  EXPECT_TRUE(has(dump({"-", "--profile", "lm20"}, wire_of("lm20-custom-one-char") + "x").out,
                  "payload_hex         1 byte  78\n"));
}

TEST(DumpOutput, MarksUndefinedPaddingAndTrailingBytes) {
  const auto dirty = notes(dump({"-", "--explain"}, wire_of("lm20-dirty-ff") + "tail").out);
  EXPECT_EQ(dirty.at(4), "alrt_eventname = \"ADMIN\"");
  EXPECT_EQ(dirty.at(10), "alrt_eventname = undefined, ignored");
  EXPECT_EQ(dirty.at(21), "alrt_pad1 = padding");
  EXPECT_EQ(dirty.at(29), "alrt_servicename = undefined, ignored");
  EXPECT_EQ(dirty.at(46), "trailing");
  const auto nt = notes(dump({"-", "--explain"}, wire_of("nt-dirty-cc")).out);
  EXPECT_EQ(nt.at(16), "alrt_eventname = undefined, ignored");
  EXPECT_TRUE(
      has(dump({"-"}, wire_of("lm20-dirty-ff") + "tail").out, "lm20 admin, 50 bytes, 4 of them trailing\n"));
}

TEST(DumpOutput, OfAnAlertCutAnywhereSaysWhichFieldWasExpectedThere) {
  for (const std::string name :
       {"lm20-admin-n4", "lm20-user-n3", "lm20-print-basic", "lm20-errlog-basic", "lm20-message-128", "nt-admin-n4",
        "nt-user-n3", "nt-print-basic", "nt-errlog-sign", "nt-message-basic"}) {
    SCOPED_TRACE(name);
    const std::string wire = wire_of(name);
    const auto fields = notes(dump({"-", "--explain"}, wire).out);
    ASSERT_GE(fields.size(), 4u);
    const TemporaryFolder folder;
    Words words{"--format", "raw", "--profile", name.substr(0, name.find('-'))};
    for (std::size_t size = 0; size < wire.size(); ++size)
      words.push_back(folder.file(std::to_string(size), wire.substr(0, size)));
    const Finished dumped = dump(words);
    EXPECT_EQ(dumped.status, 4);
    std::size_t size = 0;
    std::string broken;
    for (const std::string& line : test::lines(dumped.out)) {
      if (line.starts_with("  broken: ")) broken = line;
      if (!line.starts_with("  expected: ")) continue;
      const auto& [at, note] = *std::prev(fields.upper_bound(size));
      EXPECT_TRUE(broken.ends_with(" (field at offset " + std::to_string(at) + ")")) << size << broken;
      EXPECT_TRUE(line.starts_with("  expected: " + note.substr(0, note.find(' ')) + ", ")) << size << line;
      const std::string there = size - at == 1 ? "is 1 byte" : "are " + std::to_string(size - at) + " bytes";
      EXPECT_TRUE(line.ends_with("; there " + there)) << size << line;
      ++size;
    }
    EXPECT_EQ(size, wire.size());
  }
}

TEST(DumpOutput, OfAnAlertCutAnywhereHasInJsonWhatCouldBeRead) {
  for (const std::string name : {"lm20-user-n3", "nt-print-basic"}) {
    const golden::Vector& v = golden::vector_named(name);
    const std::string wire = wire_of(name);
    const auto fields = notes(dump({"-", "--explain"}, wire).out);
    const TemporaryFolder folder;
    Words words{"--json", "--format", "raw", "--profile", name.substr(0, name.find('-'))};
    for (std::size_t size = 0; size < wire.size(); ++size)
      words.push_back(folder.file(std::to_string(size), wire.substr(0, size)));
    const auto lines = test::json_lines(dump(words));
    ASSERT_EQ(lines.size(), wire.size());
    for (std::size_t size = 0; size < wire.size(); ++size) {
      SCOPED_TRACE(name + " cut at " + std::to_string(size));
      EXPECT_FALSE(lines[size].contains("fields"));
      const json& error = lines[size].at("error");
      EXPECT_EQ(error.at("size"), size);
      EXPECT_EQ(error.value("class", ""), size < alert::std_alert_size(v.profile) ? "" : v.class_name);
      std::size_t strings = 0;  // of mergestrings, so far
      for (auto field = fields.begin(); field != fields.end(); ++field) {
        const std::string member = field->second.substr(0, field->second.find(' '));
        if (!v.fields.contains(member)) continue;  // padding
        const std::size_t end = std::next(field) == fields.end() ? wire.size() : std::next(field)->first;
        json whole = v.fields.at(member), found = error.at("fields").value(member, json());
        if (whole.is_array()) {
          found = strings < found.size() ? found.at(strings) : json();
          whole = whole.at(strings++);
        }
        const bool is_cut_text = end > size && found.is_string();
        if (is_cut_text) whole = whole.get<std::string>().substr(0, found.get<std::string>().size());
        EXPECT_EQ(found, end <= size || is_cut_text ? whole : json()) << member;
      }
    }
  }
}

TEST(DumpOutput, OfADamagedAlertIsTheSameInJsonAndInWords) {
  for (const Profile profile : {Profile::lm20, Profile::nt}) {
    const TemporaryFolder folder;
    Words words{"--format", "raw", "--profile", std::string(name(profile))};
    for (const golden::Malformed& bad : golden::alerts().malformed)
      if (bad.profile == profile) words.push_back(folder.file(bad.name, std::string(alert::as_text(bad.bytes))));
    const std::string text = dump(words).out;
    words.push_back("--json");
    std::size_t at = 0;
    for (const json& line : test::json_lines(dump(words))) {
      const std::string block = text.substr(at, text.find("\n\n", at) + 1 - at);
      at += block.size() + 1;
      const json& error = line.at("error");
      EXPECT_TRUE(has(block, "  expected: " + error.at("expected").get<std::string>() + "; there ")) << block;
      EXPECT_TRUE(has(block, " (field at offset " + error.at("offset").dump() + ")\n")) << block;
      for (const auto& [field, value] : error.at("fields").items())
        EXPECT_TRUE(value.is_array() || shown(block, field).starts_with(value.dump())) << field << "\n" << block;
    }
    EXPECT_EQ(at, text.size());
  }
}

TEST(DumpOutput, OfMoreBytesThanAnAlertCanHaveSaysWhereItShouldEnd) {
  const std::string wire = wire_of("lm20-custom-releasememory") + std::string(alert::kLargestAlert, 'x');
  const Finished dumped = dump({"-", "--format", "raw", "--profile", "lm20"}, wire);
  EXPECT_EQ(dumped.status, 4);
  EXPECT_TRUE(has(dumped.out, "(field at offset 65475)\n  expected: the end; there are 40 bytes\n")) << dumped.out;
}

TEST(DumpOutput, ShowsWhatThereIsOfACutName) {
  const std::string out = dump({"-", "--profile", "lm20"}, wire_of("lm20-print-basic").substr(0, 7)).out;
  EXPECT_EQ(shown(out, "alrt_eventname"), "\"PRI\"  (cut)");
  EXPECT_TRUE(has(out, "(field at offset 4)\n  expected: alrt_eventname, at most 16 characters and a zero;"))
      << out;
  std::string endless = wire_of("nt-message-basic");
  for (std::size_t at = 4; at < 38; at += 2) endless[at] = 'x';
  const std::string unterminated = dump({"-", "--profile", "nt"}, endless).out;
  EXPECT_EQ(shown(unterminated, "alrt_eventname"), '"' + std::string(17, 'x') + "\"  (cut)");
  EXPECT_TRUE(has(unterminated, "no terminating zero before the end of the field (field at offset 4)\n"));
}

TEST(DumpOutput, OfADamagedAlertShowsTheFieldsInFrontOfTheDamage) {
  const std::string wire = wire_of("lm20-print-basic");
  const std::string out = dump({"-"}, wire.substr(0, 60)).out;
  for (const char* field : {"alrt_timestamp", "alrt_eventname", "alrt_servicename", "alrtpr_jobid", "alrtpr_size"})
    EXPECT_EQ(shown(out, field), shown(dump({"-"}, wire).out, field));
  EXPECT_TRUE(has(out, "  (cut)\n  broken: no terminating zero before the end of the field")) << out;
}

TEST(DumpOutput, EscapesWhateverSteersATerminal) {
  const std::string evil =
      "a\x1b[31m\r\n\x07\x7f\xC2\x9B"
      "31m\xE2\x80\xAE"
      "b\xE2\x81\xA6\\\"";
  for (const auto& [name, field] :
       {std::pair("nt-message-basic", "msg_text"), {"nt-print-basic", "queuename"}, {"nt-user-n3", "username"}}) {
    const std::string wire = wire_with(name, {{field, evil}});
    for (const std::string how : {"--explain", "--profile=nt", "--json"}) {
      const Finished dumped = dump({"-", how}, wire);
      EXPECT_TRUE(is_harmless(dumped.out)) << how << ": " << dumped.out;
      if (how == "--json") continue;
      EXPECT_EQ(shown(dumped.out, field), R"("a\x1b[31m\x0d\x0a\x07\x7f\x9b31m\u202eb\u2066\\\"")") << how;
    }
    EXPECT_EQ(test::only_line(dump({"-", "--json"}, wire)).at("fields").at(field), evil);
  }
}

TEST(DumpOutput, EscapesFileNamesInComplaints) {
  const Finished dumped = dump({"/nowhere/\x1b[31m\xC2\x9B"});
  EXPECT_EQ(dumped.status, 5);
  EXPECT_EQ(dumped.err, "alertctl: /nowhere/\\x1b[31m\\x9b: No such file or directory\n");
}
