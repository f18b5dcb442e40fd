// dump --json | pack: alerts from one profile into the other and back, and every byte of a code page.

#include <map>

#include "dumped.hpp"

namespace {

using golden::to_hex;
using golden::Vector;
using test::dump;
using test::Finished;
using test::has;
using test::json;
using test::json_lines;
using test::lines;
using test::TemporaryFolder;
using test::wire_of;
using test::wire_with;
using test::Words;

/// `pack --hex` of JSON lines, with these words behind it.
Finished pack(const Words& input, Words words) {
  std::string text;
  for (const std::string& line : input) text += line + "\n";
  words.insert(words.begin(), {"pack", "--hex"});
  return test::alertctl(words, text);
}

/// `dump --json` of alerts in this profile, a line each.
Words dumped(const Words& wires, const std::string& profile, const std::string& codepage) {
  const TemporaryFolder folder;
  Words words{"--json", "--format", "raw", "--profile", profile, "--codepage", codepage};
  for (const std::string& wire : wires)
    words.push_back(folder.file(std::to_string(words.size()), std::string(alert::as_text(golden::from_hex(wire)))));
  const Finished finished = dump(words);
  EXPECT_EQ(finished.status, 0) << finished.err;
  return lines(finished.out);
}

/// What became of alerts that were dumped as one profile and packed as the other.
Finished converted(const Words& wires, const std::string& from, const std::string& to,
                   const std::string& codepage) {
  return pack(dumped(wires, from, codepage), {"--to", to, "--codepage", codepage});
}

/// The golden alerts of a profile by their code page, where encoding gives the same bytes.
std::map<std::string, std::vector<const Vector*>> canonical(alert::Profile profile) {
  std::map<std::string, std::vector<const Vector*>> groups;
  for (const Vector& v : golden::alerts().valid)
    if (v.profile == profile && v.canonical) groups[v.codepage].push_back(&v);
  return groups;
}
Words wires_of(const std::vector<const Vector*>& vectors) {
  Words wires;
  for (const Vector* v : vectors) wires.push_back(to_hex(alert::as_text(v->bytes)));
  return wires;
}

/// Whether an nt alert has a counterpart in lm20, by the widths in the fact sheet.
bool fits_lm20(const json& fields) {
  auto codec = alert::TextCodec::open(alert::Profile::lm20, "cp437").value();
  for (const auto& [name, value] : fields.items()) {
    const bool is_narrow = name.ends_with("_errcode") || name.ends_with("_jobid") || name == "alrtpr_status";
    if (is_narrow && value > 0xFFFF && !(name.ends_with("_errcode") && value == 0xFFFFFFFF)) return false;
    json texts = value.is_array() ? value : json::array({value});
    for (const json& text : texts) {
      if (!text.is_string()) continue;
      const auto wire = codec.to_wire(text.get_ref<const std::string&>());
      if (!wire || (name == "alrt_servicename" && wire->size() > 15)) return false;
    }
  }
  return true;
}

std::string line_of(std::string_view golden, const json& changes) {
  const Vector& v = golden::vector_named(golden);
  json fields = v.fields;
  fields.update(changes);
  return json{{"profile", name(v.profile)}, {"class", v.class_name}, {"fields", fields}}.dump();
}

/// One alert dumped and packed again in its own profile, as bytes.
std::string there_and_back(const std::string& wire, const std::string& profile, const std::string& codepage) {
  const Finished dumped =
      dump({"-", "--json", "--format", "raw", "--profile", profile, "--codepage", codepage}, wire);
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  const Finished packed = test::alertctl({"pack", "--codepage", codepage}, dumped.out);
  EXPECT_EQ(packed.status, 0) << packed.err;
  return packed.out;
}

}  // namespace

TEST(Convert, OfEveryLm20AlertToNtAndBackIsTheSame) {
  for (const auto& [codepage, vectors] : canonical(alert::Profile::lm20)) {
    SCOPED_TRACE(codepage);
    const Words wires = wires_of(vectors);
    const Finished nt = converted(wires, "lm20", "nt", codepage);
    EXPECT_EQ(nt.status, 0) << nt.err;
    const Finished lm20 = converted(lines(nt.out), "nt", "lm20", codepage);
    EXPECT_EQ(lm20.status, 0) << lm20.err;
    EXPECT_EQ(lines(lm20.out), wires);
  }
}

TEST(Convert, KeepsTheTextAndTheNumbers) {
  const Words nt = lines(converted({to_hex(wire_of("lm20-print-basic"))}, "lm20", "nt", "cp437").out);
  const json line = json::parse(dumped(nt, "nt", "cp437").at(0));
  EXPECT_EQ(line.at("profile"), "nt");
  EXPECT_EQ(line.at("fields"), golden::vector_named("lm20-print-basic").fields);
}

TEST(Convert, OfAnNtAlertToLm20IsTheSameBackWhereItFitsAndRefusedWhereNot) {
  const auto groups = canonical(alert::Profile::nt);
  std::vector<const Vector*> fitting, unfit;
  for (const Vector* v : groups.at("cp437")) (fits_lm20(v->fields) ? fitting : unfit).push_back(v);
  const Finished lm20 = converted(wires_of(fitting), "nt", "lm20", "cp437");
  EXPECT_EQ(lm20.status, 0) << lm20.err;
  EXPECT_EQ(lines(converted(lines(lm20.out), "lm20", "nt", "cp437").out), wires_of(fitting));

  const Finished refused = converted(wires_of(unfit), "nt", "lm20", "cp437");
  EXPECT_EQ(refused.status, 4);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(lines(refused.err).size(), unfit.size()) << refused.err;
  EXPECT_GT(fitting.size(), unfit.size());
  EXPECT_GT(unfit.size(), 0u);
}

TEST(Convert, NamesWhatDoesNotFitAndWritesNothingForThatLine) {
  const std::vector<std::pair<std::string, std::string>> unfit{
      {line_of("nt-message-basic", {{"alrt_servicename", "SIXTEENCHARACTER"}}),
       "alrt_servicename (\"SIXTEENCHARACTER\", at most 15 characters): "},
      {line_of("nt-print-basic", {{"alrtpr_jobid", 65536}}), "alrtpr_jobid: the number does not fit"},
      {line_of("nt-print-basic", {{"alrtpr_status", 0x10000}}), "alrtpr_status: the number does not fit"},
      {line_of("nt-errlog-sign", {{"alrter_errcode", 65536}}), "alrter_errcode: the number does not fit"},
      {line_of("nt-message-basic", {{"msg_text", "ab\u65e5"}}),
       "fields.msg_text: has a character at byte 2 that the code page does not have"},
      {line_of("nt-user-n3", {{"mergestrings", {"a", "\u20ac", "c"}}}), "fields.mergestrings: has a character"},
      {R"({"profile": "nt", "class": "message", "fields": {"alrt_servicename": "S", "msg_text": "\ud800"}})",
       "fields.msg_text: has a character"}};
  const std::string good = line_of("nt-message-basic", json::object());
  Words input;
  for (const auto& [line, complaint] : unfit) input.insert(input.end(), {line, good});
  const Finished packed = pack(input, {"--to", "lm20"});
  EXPECT_EQ(packed.status, 4);
  const std::string alert = lines(pack({good}, {"--to", "lm20"}).out).at(0);
  EXPECT_EQ(lines(packed.out), Words(unfit.size(), alert));
  const auto complaints = lines(packed.err);
  ASSERT_EQ(complaints.size(), unfit.size()) << packed.err;
  for (std::size_t i = 0; i < unfit.size(); ++i)
    EXPECT_TRUE(has(complaints[i], "line " + std::to_string(2 * i + 1) + ": " + unfit[i].second)) << complaints[i];
}

TEST(Convert, SaysOfOpaqueBytesThatTheyGoOverUnchanged) {
  const Words custom{line_of("lm20-custom-releasememory", json::object())};
  const std::string payload = golden::vector_named("lm20-custom-releasememory").fields.at("payload_hex");
  const Finished nt = pack(custom, {"--to", "nt"});
  EXPECT_EQ(nt.status, 0);
  EXPECT_TRUE(nt.out.ends_with(payload + "\n")) << nt.out;
  EXPECT_EQ(nt.err, "alertctl: line 1: payload_hex: opaque bytes, taken over unchanged\n");
  EXPECT_EQ(pack(custom, {"--to", "lm20"}).err, "") << "nothing is converted";
  EXPECT_EQ(pack({line_of("lm20-custom-releasememory", {{"payload_hex", ""}})}, {"--to", "nt"}).err, "");

  const Finished tail = converted({to_hex(wire_of("lm20-message-128") + "tail")}, "lm20", "nt", "cp437");
  EXPECT_EQ(tail.status, 0);
  EXPECT_TRUE(tail.out.ends_with(to_hex("tail") + "\n")) << tail.out;
  EXPECT_EQ(tail.err, "alertctl: line 1: trailing_hex: opaque bytes, taken over unchanged\n");
}

TEST(Convert, RefusesBytesThatAreNoText) {
  std::string wire = wire_of("lm20-message-empty");
  wire.insert(wire.size() - 1, "ok\x81\xff");
  const Finished refused = converted({to_hex(wire)}, "lm20", "nt", "cp932");
  EXPECT_EQ(refused.status, 4);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err,
            "alertctl: line 1: fields.msg_text: raw_hex: bytes that are no text cannot be converted\n");
}

TEST(Convert, KeepsNoMessageNumberWhatItIs) {
  for (const std::uint32_t none : {0xFFFFu, 0xFFFFFFFFu}) {
    const Finished lm20 = pack({line_of("nt-admin-n4", {{"alrtad_errcode", none}})}, {"--to", "lm20"});
    ASSERT_EQ(lm20.status, 0) << lm20.err;
    EXPECT_EQ(lines(lm20.out).at(0).substr(2 * 38, 4), "ffff");
    const Words nt = lines(converted(lines(lm20.out), "lm20", "nt", "cp437").out);
    const Finished read = dump({"-", "--profile", "nt"}, nt.at(0));
    EXPECT_TRUE(has(read.out, "  no message number: the strings are the message\n")) << read.out;
  }
  const Finished untouched = pack({line_of("nt-admin-n4", {{"alrtad_errcode", 0xFFFFFFFF}})}, {"--to", "nt"});
  EXPECT_EQ(lines(untouched.out).at(0).substr(2 * 200, 8), "ffffffff");
}

TEST(Convert, OfTheLargestAlertFullOfControlsIsTheSame) {
  constexpr std::size_t kHeader = 38, kNtHeader = 200;
  const std::size_t room = alert::kLargestAlert - kHeader - 1;
  for (const char filling : {'\x01', '\x1f', '\x7f', '"', '\xff'}) {
    const std::string wire =
        wire_of("lm20-message-empty").substr(0, kHeader) + std::string(room, filling) + std::string(1, '\0');
    ASSERT_EQ(wire.size(), alert::kLargestAlert);
    EXPECT_TRUE(there_and_back(wire, "lm20", "cp437") == wire) << int(filling);
    EXPECT_TRUE(there_and_back(wire, "lm20", "cp932") == wire) << int(filling);
  }
  for (const std::string& unit : {std::string("\x01\0", 2), std::string("\x9b\0", 2), std::string("\0\xd8", 2)}) {
    std::string wire = wire_of("nt-message-empty").substr(0, kNtHeader);
    while (wire.size() + 4 <= alert::kLargestAlert) wire += unit;
    wire += std::string(2, '\0');
    EXPECT_TRUE(there_and_back(wire, "nt", "cp437") == wire) << to_hex(unit);
  }
}

TEST(CodePages, KeepEveryByteAloneAndAmongOthers) {
  for (const std::string codepage : {"cp437", "cp850", "cp866", "cp932"}) {
    SCOPED_TRACE(codepage);
    std::string all = wire_of("lm20-message-empty");
    all.pop_back();
    for (int byte = 0x01; byte <= 0xFF; ++byte) all += static_cast<char>(byte);
    all += '\0';
    Words wires{to_hex(all)};
    for (int byte = 0x01; byte <= 0xFF; byte += 3) {
      std::string wire = wire_of("lm20-admin-n0");
      wire[wire.size() - 2] = 3;  // numstrings
      for (int i = 0; i < 3; ++i) wire += std::string{static_cast<char>(byte + i), '\0'};
      wires.push_back(to_hex(wire));
    }
    const Words json_of_all = dumped(wires, "lm20", codepage);
    EXPECT_EQ(lines(pack(json_of_all, {"--codepage", codepage}).out), wires);

    auto codec = alert::TextCodec::open(alert::Profile::lm20, codepage).value();
    for (std::size_t i = 1; i < wires.size(); ++i) {
      bool is_text = true;
      for (std::size_t byte = 3 * i - 2; byte <= 3 * i; ++byte)
        is_text = is_text && codec.to_utf8(std::string(1, static_cast<char>(byte))).exact;
      EXPECT_EQ(json::parse(json_of_all[i]).contains("raw_hex"), !is_text) << i;
    }
    EXPECT_EQ(json::parse(json_of_all[0]).contains("raw_hex"), codepage == "cp932");
  }
}

TEST(CodePages, ThatNobodyKnowsAreAUsageError) {
  for (const Words& words : {Words{"dump", "-", "--codepage", "tea"}, {"pack", "--codepage", "tea"}}) {
    const Finished finished = test::alertctl(words, "x");
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.err, "alertctl: unknown code page tea\n");
  }
}

TEST(CodePages, MayBeAnyThatIconvKnows) {
  const std::string wire = wire_with("lm20-message-empty", {{"msg_text", "\x01"}});
  for (const std::string codepage : {"cp1252", "iso-8859-15", "koi8-r", "utf-8", "shift_jis"})
    EXPECT_EQ(there_and_back(wire, "lm20", codepage), wire) << codepage;
}
