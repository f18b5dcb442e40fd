// alertctl make, rm, start, stop, table, mailslots, stats: the alert table from a shell.

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace {

using nlohmann::json;
using test::Broker;
using test::Finished;
using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<json> rows(const Broker& broker, const std::string& verb) {
  const Finished listing = broker.ctl({verb, "--json"});
  EXPECT_EQ(listing.status, 0) << listing.err;
  std::vector<json> rows;
  for (const std::string& line : test::lines(listing.out)) rows.push_back(json::parse(line));
  return rows;
}

void expect(const Broker& broker, const Words& words, int status) {
  const Finished done = broker.ctl(words);
  EXPECT_EQ(done.status, status) << words[0] << " " << words[1] << ": " << done.err;
  EXPECT_EQ(done.err.empty(), status == 0) << done.err;
}

}  // namespace

TEST(AlertctlMake, MakesAMailslotOnce) {
  const Broker broker;
  expect(broker, {"make", "box"}, 0);
  expect(broker, {"make", "box"}, 1);
  expect(broker, {"make", "\\mailslot\\BOX"}, 1);
  EXPECT_EQ(rows(broker, "mailslots").size(), 1u);
}

TEST(AlertctlMake, TakesAMessageSizeAndACapacity) {
  const Broker broker;
  expect(broker, {"make", "box", "--max-message", "1000", "--capacity", "8192"}, 0);
  const json row = rows(broker, "mailslots").at(0);
  EXPECT_EQ(row.at("max_message"), 1000);
  EXPECT_EQ(row.at("capacity"), 8192);
  EXPECT_EQ(row.at("session"), false);
}

TEST(AlertctlMake, RefusesBadNamesAndSizes) {
  const Broker broker;
  for (const std::string name : {"", "a*b", "\\sem\\a", "\\mailslot\\", "a\\\\b", "a/b"})
    expect(broker, {"make", name}, 2);
  expect(broker, {"make", std::string(300, 'a')}, 2);
  expect(broker, {"make", "box", "--max-message", "0"}, 2);
  expect(broker, {"make", "box", "--max-message", "65476"}, 2);
  expect(broker, {"make", "box", "--capacity", "1000000000"}, 2);
  EXPECT_TRUE(rows(broker, "mailslots").empty());
}

TEST(AlertctlRm, DeletesWhatIsThere) {
  const Broker broker;
  expect(broker, {"rm", "box"}, 1);
  expect(broker, {"make", "box"}, 0);
  expect(broker, {"rm", "box"}, 0);
  EXPECT_TRUE(rows(broker, "mailslots").empty());
}

TEST(AlertctlRm, NamesTheMailslotThatIsNotThere) {
  EXPECT_TRUE(has(Broker().ctl({"rm", "box"}).err, "\\mailslot\\box"));
}

TEST(AlertctlStart, RegistersAPairOnceInWhateverCase) {
  const Broker broker;
  expect(broker, {"start", "ADMIN", "box"}, 0);
  expect(broker, {"start", "admin", "\\MAILSLOT\\Box"}, 1);
  expect(broker, {"start", "ADMIN", "crate"}, 0);
  EXPECT_EQ(rows(broker, "table").size(), 2u);
}

TEST(AlertctlStart, TakesASemaphoreAndAMaxdata) {
  const Broker broker;
  expect(broker, {"start", "ADMIN", "\\sem\\go"}, 0);
  expect(broker, {"start", "ADMIN", "box", "--maxdata", "50"}, 0);
  EXPECT_EQ(rows(broker, "table").at(0).at("recipient"), "\\sem\\go");
  EXPECT_EQ(rows(broker, "table").at(1).at("maxdata"), 50);
}

TEST(AlertctlStart, RefusesBadNames) {
  const Broker broker;
  for (const std::string event : {"", "SEVENTEEN_LETTERS", "a/b", "a,b", "a\x01"})
    expect(broker, {"start", event, "box"}, 2);
  for (const std::string recipient : {"", "\\pipe\\a", "\\mailslot\\a*", "a|b"})
    expect(broker, {"start", "ADMIN", recipient}, 2);
  EXPECT_TRUE(rows(broker, "table").empty());
}

TEST(AlertctlStop, EndsARegistrationOnce) {
  const Broker broker;
  expect(broker, {"stop", "ADMIN", "box"}, 1);
  expect(broker, {"start", "ADMIN", "box"}, 0);
  expect(broker, {"stop", "Admin", "BOX"}, 0);
  expect(broker, {"stop", "ADMIN", "box"}, 1);
  EXPECT_TRUE(rows(broker, "table").empty());
}

TEST(AlertctlStop, RefusesBadNames) {
  const Broker broker;
  expect(broker, {"stop", "a/b", "box"}, 2);
  expect(broker, {"stop", "ADMIN", ""}, 2);
}

TEST(AlertctlTable, PrintsARowForEachRegistrationInOrder) {
  const Broker broker;
  for (const std::string event : {"USER", "ADMIN"}) broker.ctl({"start", event, "box"});
  const auto table = rows(broker, "table");
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table[0], (json{{"event", "USER"},
                            {"recipient", "\\mailslot\\box"},
                            {"maxdata", 65475},
                            {"uid", ::getuid()},
                            {"session", false},
                            {"from", 0}}));
  const auto text = test::lines(broker.ctl({"table"}).out);
  ASSERT_EQ(text.size(), 3u);
  EXPECT_TRUE(text[0].starts_with("EVENT ") && text[1].starts_with("USER ") && text[2].starts_with("ADMIN "));
}

TEST(AlertctlTable, GoesOnBehindAPage) {
  const Broker broker;
  alert::Client client = broker.connect();
  for (std::size_t i = 0; i <= alert::kRowsPerPage; ++i)
    ASSERT_TRUE(client.call(alert::Start{"ADMIN", "\\mailslot\\" + std::to_string(i), {}, {}}));
  EXPECT_EQ(rows(broker, "table").size(), alert::kRowsPerPage + 1);
}

TEST(AlertctlMailslots, CountsWhatWasWrittenReadAndIsPending) {
  const Broker broker;
  broker.ctl({"make", "box", "--max-message", "50"});
  broker.ctl({"start", "ADMIN", "box"});
  for (const std::string text : {"a", "b", "a text that is too long"}) broker.ctl({"raise", "admin", "1", text});
  broker.ctl({"read", "box", "--count", "1"});
  const json row = rows(broker, "mailslots").at(0);
  EXPECT_EQ(row.at("mailslot"), "\\mailslot\\box");
  EXPECT_EQ(row.at("written"), 2);
  EXPECT_EQ(row.at("read"), 1);
  EXPECT_EQ(row.at("pending"), 1);
  EXPECT_EQ(row.at("refused"), 1);
  EXPECT_EQ(row.at("consumer"), false);
  EXPECT_TRUE(has(broker.ctl({"mailslots"}).out, "\\mailslot\\box "));
}

TEST(AlertctlStats, MatchedIsWrittenAndRefused) {
  const Broker broker;
  broker.ctl({"make", "box"});
  for (const std::string recipient : {"box", "missing"}) broker.ctl({"start", "ADMIN", recipient});
  for (int i = 0; i < 2; ++i) broker.ctl({"raise", "admin", "1"});
  const json stats = rows(broker, "stats").at(0);
  EXPECT_EQ(stats.at("accepted"), 2);
  EXPECT_EQ(stats.at("matched"), 4);
  EXPECT_EQ(stats.at("written"), 2);
  EXPECT_EQ(stats.at("refused"), 2);
  EXPECT_EQ(stats.at("registrations"), 2);
  EXPECT_TRUE(has(broker.ctl({"stats"}).out, "accepted        2\n"));
}

TEST(AlertctlListings, NamesMadeByOthersNeverReachTheTerminalUnescaped) {
  const Broker broker;
  const std::string escape =
                        "\xC2\x9B"
                        "2J",
                    turn = "\xE2\x80\xAE";  // U+009B, which terminals take for ESC [; U+202E
  expect(broker, {"make", "a" + escape + turn}, 0);
  expect(broker, {"start", "b" + escape + turn, "a" + escape + turn}, 0);
  for (const std::string verb : {"table", "mailslots"}) {
    const std::string out = broker.ctl({verb}).out;
    EXPECT_TRUE(has(out, "a\\x9b2j\\u202e")) << out;
    EXPECT_FALSE(has(out, "\xC2\x9B") || has(out, turn)) << out;
    const std::string as_json = broker.ctl({verb, "--json"}).out;
    EXPECT_TRUE(has(as_json, "a\\u009b2j\\u202e")) << as_json;
    EXPECT_FALSE(has(as_json, "\xC2\x9B") || has(as_json, turn)) << as_json;
    EXPECT_TRUE(has(json::parse(as_json).at(verb == "table" ? "recipient" : "mailslot"),
                    "a\xC2\x9B"
                    "2j" +
                        turn));
  }
}
