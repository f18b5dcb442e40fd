// The golden alerts through the command line: dump, pack, raise and read, as an operator would.

#include <map>
#include <set>
#include <utility>

#include "process.hpp"
#include "vectors.hpp"

namespace {

using golden::json;
using golden::Malformed;
using golden::Vector;

std::string text(const golden::Buffer& bytes) { return std::string(alert::as_text(bytes)); }
std::string hex(const golden::Buffer& bytes) { return golden::to_hex(alert::as_text(bytes)); }
std::string profile_of(const auto& golden) { return std::string(name(golden.profile)); }

/// Alerts that one process can take together.
struct Group {
  std::string profile;
  std::string codepage;
  std::vector<const Vector*> vectors;
};
std::vector<Group> groups_of(const std::vector<Vector>& vectors) {
  std::map<std::pair<std::string, std::string>, std::vector<const Vector*>> found;
  for (const Vector& v : vectors) found[{profile_of(v), v.codepage}].push_back(&v);
  std::vector<Group> groups;
  for (auto& [key, members] : found) groups.push_back({key.first, key.second, std::move(members)});
  return groups;
}

/// The lines of one `dump --json` over all alerts of a group.
std::vector<std::string> dumped(const Group& group, const test::TemporaryFolder& folder) {
  std::vector<std::string> words{"dump",      "--json",      "--format",   "raw",
                                 "--profile", group.profile, "--codepage", group.codepage};
  for (const Vector* v : group.vectors) words.push_back(folder.file(v->name, text(v->bytes)));
  const test::Finished dump = test::alertctl(words);
  EXPECT_EQ(dump.status, 0) << dump.err;
  std::vector<std::string> lines = test::lines(dump.out);
  EXPECT_EQ(lines.size(), group.vectors.size()) << group.profile << " in " << group.codepage;
  lines.resize(group.vectors.size());
  return lines;
}

/// The lines of one `pack --hex` over these lines.
std::vector<std::string> packed(const std::vector<std::string>& lines, const std::string& codepage) {
  std::string input;
  for (const std::string& line : lines) input += line + "\n";
  const test::Finished pack = test::alertctl({"pack", "--hex", "--codepage", codepage}, input);
  EXPECT_EQ(pack.status, 0) << pack.err;
  std::vector<std::string> result = test::lines(pack.out);
  EXPECT_EQ(result.size(), lines.size());
  result.resize(lines.size());
  return result;
}

/// `dump --json` of one alert given as hexadecimal text.
std::string dump_line(const std::string& hex, const std::string& profile, const std::string& codepage) {
  const std::vector<std::string> words{"dump", "-", "--json", "--profile", profile, "--codepage", codepage};
  return test::lines(test::alertctl(words, hex + "\n").out).at(0);
}

std::vector<const Vector*> well_formed() {
  std::vector<const Vector*> all;
  for (const Vector& v : golden::alerts().valid) all.push_back(&v);
  for (const Vector& v : golden::alerts().trailing) all.push_back(&v);
  return all;
}

void expect_dumps_as_written_down(const std::vector<Vector>& vectors) {
  const test::TemporaryFolder folder;
  for (const Group& group : groups_of(vectors)) {
    const auto lines = dumped(group, folder);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      SCOPED_TRACE(group.vectors[i]->name);
      const json line = json::parse(lines[i]);
      EXPECT_EQ(line.at("profile"), group.profile);
      EXPECT_EQ(line.at("class"), group.vectors[i]->class_name);
      EXPECT_EQ(line.at("size"), group.vectors[i]->bytes.size());
      EXPECT_EQ(line.at("trailing"), group.vectors[i]->trailing);
      EXPECT_EQ(line.at("fields"), group.vectors[i]->fields);
    }
  }
}

}  // namespace

TEST(GoldenAlertsOnTheCommandLine, DumpPrintsTheFieldsOfEveryValidOne) {
  expect_dumps_as_written_down(golden::alerts().valid);
}

TEST(GoldenAlertsOnTheCommandLine, DumpAcceptsAndCountsTrailingBytes) {
  expect_dumps_as_written_down(golden::alerts().trailing);
}

TEST(GoldenAlertsOnTheCommandLine, DumpSaysWhatIsWrongWithEveryMalformedOneAndExitsFour) {
  const test::TemporaryFolder folder;
  for (const Malformed& bad : golden::alerts().malformed) {
    SCOPED_TRACE(bad.name + ": " + bad.reason);
    const auto expected = alert::decode(bad.profile, bad.bytes);
    const auto file = folder.file(bad.name, text(bad.bytes));
    const auto dump = test::alertctl({"dump", "--format", "raw", "--json", "--profile", profile_of(bad), file});
    EXPECT_EQ(dump.status, 4);
    const json error = json::parse(dump.out).at("error");
    EXPECT_EQ(error.at("code"), name(expected.error().code));
    EXPECT_EQ(error.at("offset"), expected.error().offset);
    EXPECT_EQ(error.at("message"), meaning(expected.error().code));
  }
}

TEST(GoldenAlertsOnTheCommandLine, PackMakesTheBytesOfEveryCanonicalOne) {
  for (const Group& group : groups_of(golden::alerts().valid)) {
    std::vector<std::string> lines;
    for (const Vector* v : group.vectors)
      lines.push_back(json{{"profile", group.profile}, {"class", v->class_name}, {"fields", v->fields}}.dump());
    const auto wires = packed(lines, group.codepage);
    for (std::size_t i = 0; i < wires.size(); ++i)
      EXPECT_EQ(wires[i] == hex(group.vectors[i]->bytes), group.vectors[i]->canonical) << group.vectors[i]->name;
  }
}

TEST(GoldenAlertsOnTheCommandLine, ADumpedLinePacksBackIntoTheAlertAndWhatTrailedIt) {
  const test::TemporaryFolder folder;
  for (const auto* vectors : {&golden::alerts().valid, &golden::alerts().trailing})
    for (const Group& group : groups_of(*vectors)) {
      const auto wires = packed(dumped(group, folder), group.codepage);
      for (std::size_t i = 0; i < wires.size(); ++i) {
        const Vector& v = *group.vectors[i];
        if (v.canonical || v.trailing > 0) {
          EXPECT_EQ(wires[i], hex(v.bytes)) << v.name;
        }
      }
    }
}

TEST(GoldenAlertsOnTheCommandLine, RaisedBytesAreReadUnchanged) {
  const test::Broker broker;
  ASSERT_EQ(broker.ctl({"make", "box"}).status, 0);
  std::set<std::string> events;
  std::string all;
  for (const Vector* v : well_formed()) {
    SCOPED_TRACE(v->name);
    const std::string event = v->fields.at("alrt_eventname");
    if (events.insert(event).second) broker.ctl({"start", event, "box"});
    const auto file = broker.folder().file(v->name, text(v->bytes));
    const auto raise = broker.ctl({"raise", "--wire", file, "--profile", profile_of(*v), "--must-deliver"});
    EXPECT_EQ(raise.status, 0) << raise.err;
    all += text(v->bytes);
  }
  EXPECT_EQ(golden::to_hex(broker.ctl({"read", "box", "--peek", "--raw"}).out), golden::to_hex(all));
  const auto lines = test::lines(broker.ctl({"read", "box", "--json", "--hex"}).out);
  ASSERT_EQ(lines.size(), well_formed().size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(json::parse(lines[i]).at("hex"), hex(well_formed()[i]->bytes)) << well_formed()[i]->name;
}

TEST(GoldenAlertsOnTheCommandLine, RaisingAMalformedOneExitsFourAndChangesNothing) {
  const test::Broker broker;
  for (const Malformed& bad : golden::alerts().malformed) {
    SCOPED_TRACE(bad.name + ": " + bad.reason);
    const auto file = broker.folder().file(bad.name, text(bad.bytes));
    const auto raise = broker.ctl({"raise", "--wire", file, "--profile", profile_of(bad), "--event", "ADMIN"});
    EXPECT_EQ(raise.status, 4);
    EXPECT_EQ(raise.out, "");
    EXPECT_NE(raise.err.find("not a well-formed " + profile_of(bad) + " alert"), std::string::npos) << raise.err;
  }
  const json stats = json::parse(broker.ctl({"stats", "--json"}).out);
  EXPECT_EQ(stats.at("accepted"), 0);
  EXPECT_EQ(stats.at("sequence"), 0);
}

TEST(TextOnTheCommandLine, AnUnpairedSurrogateSurvivesDumpAndPack) {
  const std::string line =
      R"({"profile": "nt", "class": "message", "fields": {"alrt_timestamp": 1, "alrt_servicename": "S",)"
      R"( "msg_text": "a\ud83db \ud83d\ude00 \udc00"}})";
  const std::string wire = packed({line}, "cp437").at(0);
  EXPECT_NE(wire.find("61003dd8620020003dd800de200000dc0000"), std::string::npos) << wire;
  const std::string dumped = dump_line(wire, "nt", "cp437");
  EXPECT_NE(dumped.find(R"("a\ud83db )"), std::string::npos) << dumped;
  EXPECT_EQ(packed({dumped}, "cp437").at(0), wire);
}

TEST(TextOnTheCommandLine, PrivateUseCharactersSurviveDumpAndPack) {
  const std::string line =
      "{\"profile\": \"nt\", \"class\": \"message\", \"fields\": {\"alrt_timestamp\": 1, \"alrt_servicename\": "
      "\"S\","
      " \"msg_text\": \"\xF4\x8F\xA0\xBD \xEE\x80\x80\"}}";  // U+10F83D U+E000
  const std::string wire = packed({line}, "cp437").at(0);
  EXPECT_EQ(packed({dump_line(wire, "nt", "cp437")}, "cp437").at(0), wire);
}

TEST(TextOnTheCommandLine, UndecodableBytesAreGivenAsHexAndSurviveDumpAndPack) {
  const std::string bad_text = "6f6b8120ff";  // in cp932 a lead byte before a space, and a byte that is none
  std::string wire = hex(golden::vector_named("lm20-message-empty").bytes);
  wire.insert(wire.size() - 2, bad_text);
  const std::string dumped = dump_line(wire, "lm20", "cp932");
  EXPECT_EQ(json::parse(dumped).at("raw_hex"), (json{{"msg_text", bad_text}})) << dumped;
  EXPECT_EQ(packed({dumped}, "cp932").at(0), wire);
}

TEST(TextOnTheCommandLine, UndecodableMergeStringsSurviveWithTheDecodableOnesBesideThem) {
  std::string wire = hex(golden::vector_named("lm20-admin-n0").bytes);
  wire.replace(wire.size() - 4, 4, "0300");  // numstrings
  wire +=
      "676f6f6400"
      "81ff00"
      "00";
  const std::string dumped = dump_line(wire, "lm20", "cp932");
  EXPECT_EQ(json::parse(dumped).at("raw_hex").at("mergestrings"), (json{"676f6f64", "81ff", ""})) << dumped;
  EXPECT_EQ(packed({dumped}, "cp932").at(0), wire);
}
