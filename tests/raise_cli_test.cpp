// alertctl raise: what it sends, and what it says about it.

#include <ctime>

#include "post.hpp"
#include "vectors.hpp"

namespace {

using nlohmann::json;
using test::admin_line;
using test::Finished;
using test::has;
using test::Post;
using test::Words;
using test::operator+;

/// `fields` without what every alert has.
json own_fields(const json& alert) {
  json fields = alert.at("fields");
  for (const char* name : {"alrt_timestamp", "alrt_eventname", "alrt_servicename"}) fields.erase(name);
  return fields;
}

}  // namespace

TEST(RaiseByWords, AnAdminAlertHasItsCodeAndStrings) {
  const json alert = Post({"ADMIN"}).raised({"admin", "2377", "disk full", "C:"});
  EXPECT_EQ(alert.at("class"), "admin");
  EXPECT_EQ(own_fields(alert),
            (json{{"alrtad_errcode", 2377}, {"alrtad_numstrings", 2}, {"mergestrings", {"disk full", "C:"}}}));
}

TEST(RaiseByWords, AUserAlertHasItsNames) {
  const json alert = Post({"USER"}).raised({"user", "7", "a", "--user", "MIRA", "--computer", "\\\\DESK"});
  EXPECT_EQ(own_fields(alert), (json{{"alrtus_errcode", 7},
                                     {"alrtus_numstrings", 1},
                                     {"mergestrings", {"a"}},
                                     {"username", "MIRA"},
                                     {"computername", "\\\\DESK"}}));
}

TEST(RaiseByWords, APrintAlertHasItsJobAndFiveStrings) {
  const json alert =
      Post({"PRINTING"})
          .raised({"print", "--job", "17", "--status", "3", "--submitted", "99", "--size", "70000", "--computer",
                   "DESK", "--user", "MIRA", "--queue", "LASER", "--destination", "LPT1", "--text", "paper out"});
  EXPECT_EQ(own_fields(alert), (json{{"alrtpr_jobid", 17},
                                     {"alrtpr_status", 3},
                                     {"alrtpr_submitted", 99},
                                     {"alrtpr_size", 70000},
                                     {"computername", "DESK"},
                                     {"username", "MIRA"},
                                     {"queuename", "LASER"},
                                     {"destname", "LPT1"},
                                     {"status_string", "paper out"}}));
}

TEST(RaiseByWords, AnErrlogAlertHasItsCodeAndOffset) {
  const json alert = Post({"ERRORLOG"}).raised({"errlog", "3100", "--offset", "65536"});
  EXPECT_EQ(own_fields(alert), (json{{"alrter_errcode", 3100}, {"alrter_offset", 65536}}));
}

TEST(RaiseByWords, AMessageAlertHasItsText) {
  EXPECT_EQ(own_fields(Post({"MESSAGE"}).raised({"message", "back at nine"})),
            (json{{"msg_text", "back at nine"}}));
}

TEST(RaiseByWords, TextThatIsTheNameOfAClassIsText) {
  Post post({"MESSAGE"});
  EXPECT_EQ(own_fields(post.raised({"message", "admin"})), (json{{"msg_text", "admin"}}));
  EXPECT_EQ(own_fields(post.raised({"--service", "X", "message", "admin"})), (json{{"msg_text", "admin"}}));
}

TEST(RaiseByWords, ACustomAlertHasItsNameAndPayload) {
  const json alert = Post({"COFFEE"}).raised({"custom", "Coffee", "--payload-hex", "00ff10"});
  EXPECT_EQ(alert.at("class"), "custom");
  EXPECT_EQ(alert.at("fields").at("alrt_eventname"), "Coffee");
  EXPECT_EQ(own_fields(alert), (json{{"payload_hex", "00ff10"}}));
}

TEST(RaiseByWords, TheHeaderHasTheTimeTheEventAndTheProgram) {
  const std::time_t before = std::time(nullptr);
  const json fields = Post({"MESSAGE"}).raised({"message", "a"}).at("fields");
  EXPECT_GE(fields.at("alrt_timestamp"), before);
  EXPECT_LE(fields.at("alrt_timestamp"), std::time(nullptr));
  EXPECT_EQ(fields.at("alrt_eventname"), "MESSAGE");
  EXPECT_EQ(fields.at("alrt_servicename"), "ALERTCTL");
}

TEST(RaiseByWords, ServiceAndProfileAreChosenByOptionsBeforeOrAfterTheClass) {
  const Post post({"MESSAGE"});
  for (const Words& words : {Words{"--profile", "nt", "--service", "NETRUN", "message", "a"},
                             Words{"message", "a", "--profile", "nt", "--service", "NETRUN"}}) {
    const json alert = post.raised(words);
    EXPECT_EQ(alert.at("profile"), "nt");
    EXPECT_EQ(alert.at("fields").at("alrt_servicename"), "NETRUN");
  }
}

TEST(RaiseByWords, TheCodePageDecidesTheBytesOfText) {
  const std::string hex = Post({"MESSAGE"}).raised({"message", "\xC3\xB8", "--codepage", "cp850"}).at("hex");
  EXPECT_TRUE(hex.ends_with("9b00")) << hex;
}

TEST(RaiseByWords, NineStringsAreTakenAndTenAreAUsageError) {
  const Post post({"ADMIN"});
  const Words nine{"admin", "1", "a", "b", "c", "d", "e", "f", "g", "h", "i"};
  EXPECT_EQ(post.raise(nine).status, 0);
  const Finished ten = post.raise(nine + Words{"j"});
  EXPECT_EQ(ten.status, 2);
  EXPECT_TRUE(has(ten.err, "at most 9 strings")) << ten.err;
  EXPECT_EQ(post.accepted(), 1u);
}

TEST(RaiseByWords, WordsThatDoNotFitTheirFieldAreRefusedAndNothingIsRaised) {
  const Post post({});
  const std::vector<Words> wrong{{"custom", "SEVENTEEN_LETTERS"},
                                 {"custom", "a/b"},
                                 {"custom", ""},
                                 {"custom", "ADMIN"},
                                 {"admin", "65536"},
                                 {"message", "a", "--service", "SIXTEEN_LETTERS_"},
                                 {"message", "\xE6\x97\xA5"},
                                 {"message", std::string(65'475, 'a')}};
  for (const Words& words : wrong) {
    const Finished refused = post.raise(words);
    EXPECT_EQ(refused.status, 2) << words[0] << " " << words[1].substr(0, 20) << ": " << refused.err;
    EXPECT_EQ(refused.out, "");
  }
  EXPECT_EQ(post.accepted(), 0u);
}

TEST(RaiseByWords, AComplaintNamesTheWordNotItsOffset) {
  const Finished refused = Post({}).raise({"custom", "SEVENTEEN_LETTERS"});
  EXPECT_TRUE(has(refused.err, "SEVENTEEN_LETTERS")) << refused.err;
  EXPECT_TRUE(has(refused.err, "16")) << refused.err;
}

TEST(RaiseReceipt, NamesTheJournalTheSequenceAndTheCounts) {
  const Post post({"ADMIN"});
  const json first = post.receipt({"admin", "1"}), second = post.receipt({"message", "a"});
  EXPECT_EQ(first.at("journal").get<std::string>().size(), 32u);
  EXPECT_EQ(second.at("journal"), first.at("journal"));
  EXPECT_EQ(first.at("sequence"), 1);
  EXPECT_EQ(second.at("sequence"), 2);
  EXPECT_EQ(first.at("matched"), 1);
  EXPECT_EQ(first.at("written"), 1);
  EXPECT_EQ(second.at("matched"), 0);
  EXPECT_EQ(first.at("refused"), json::array());
}

TEST(RaiseReceipt, NamesWhoDidNotGetItAndWhy) {
  const Post post({"ADMIN"});
  post->ctl({"make", "small", "--max-message", "42"});
  for (const char* recipient : {"small", "missing"}) post->ctl({"start", "ADMIN", recipient});
  const json receipt = post.receipt({"admin", "1", "a"});
  EXPECT_EQ(receipt.at("matched"), 3);
  EXPECT_EQ(receipt.at("written"), 1);
  EXPECT_EQ(receipt.at("refused").at(0).at("recipient"), "\\mailslot\\small");
  EXPECT_EQ(receipt.at("refused").at(0).at("code"), 111);
  EXPECT_EQ(receipt.at("refused").at(1).at("recipient"), "\\mailslot\\missing");
  EXPECT_EQ(receipt.at("refused").at(1).at("code"), 3);
}

TEST(RaiseReceipt, SaysTheSameInWords) {
  const Post post({});
  post->ctl({"start", "ADMIN", "missing"});
  EXPECT_EQ(post.raise({"admin", "1"}).out,
            "alert 1: matched 1, written 0\n  refused by \\mailslot\\missing: no such recipient\n");
}

TEST(RaiseMustDeliver, FailsWhenNothingMatchedOrAMatchWasNotWritten) {
  const Post post({"ADMIN"});
  EXPECT_EQ(post.raise({"admin", "1", "--must-deliver"}).status, 0);
  EXPECT_EQ(post.raise({"message", "a", "--must-deliver"}).status, 1);
  post->ctl({"start", "ADMIN", "missing"});
  EXPECT_EQ(post.raise({"admin", "1", "--must-deliver"}).status, 1);
  EXPECT_EQ(post.raise({"admin", "1"}).status, 0);
}

TEST(RaiseRequire, CountsTheMailslotsThatWereWritten) {
  test::Broker broker;
  for (const std::string box : {"one", "two"}) {
    broker.ctl({"make", box});
    broker.ctl({"start", "ADMIN", box});
  }
  broker.ctl({"start", "ADMIN", "\\mailslot\\none"});
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "2"}).status, 0);
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "3"}).status, 1);
  EXPECT_EQ(broker.ctl({"raise", "admin", "1", "--require", "2", "--dry-run"}).status, 0);
}

TEST(RaiseDryRun, ChangesNothing) {
  const Post post({"ADMIN"});
  const json receipt = post.receipt({"admin", "1", "--dry-run"});
  EXPECT_EQ(receipt.at("matched"), 1);
  EXPECT_EQ(receipt.at("written"), 1);
  EXPECT_FALSE(receipt.contains("sequence"));
  EXPECT_EQ(post.accepted(), 0u);
  EXPECT_EQ(post->ctl({"read", "box"}).status, 1);
}

TEST(RaiseDryRun, SaysWhoWouldGetIt) {
  const Finished preview = Post({"ADMIN"}).raise({"admin", "1", "--dry-run"});
  EXPECT_TRUE(has(preview.out, "\\mailslot\\box")) << preview.out;
}

TEST(RaiseDryRun, AnswersWhetherItWouldBeDelivered) {
  const Post post({});
  EXPECT_EQ(post.raise({"admin", "1", "--dry-run", "--must-deliver"}).status, 1);
}

TEST(RaiseFields, TakesAFileWithOneObject) {
  const Post post({"ADMIN"});
  const auto file = post->folder().file("alert.json", admin_line(5));
  const json alert = post.raised({"--fields", file});
  EXPECT_EQ(alert.at("fields").at("alrtad_errcode"), 5);
  EXPECT_EQ(alert.at("fields").at("alrt_eventname"), "ADMIN");
  EXPECT_EQ(alert.at("fields").at("alrt_servicename"), "HOOK");
}

TEST(RaiseFields, TakesALineOfReadAsItIs) {
  const Post post({"ADMIN"});
  const json first = post.raised({"admin", "5", "again", "--profile", "nt"});
  const json second = post.raised({"--fields", post->folder().file("alert.json", first.dump())});
  EXPECT_EQ(second.at("hex"), first.at("hex"));
}

TEST(RaiseFields, AMissingFileIsASystemErrorAndABrokenOneIsDamaged) {
  const Post post({});
  EXPECT_EQ(post.raise({"--fields", "/nowhere/alert.json"}).status, 5);
  const Finished broken = post.raise({"--fields", post->folder().file("alert.json", "{\"class\": \"admin\"}")});
  EXPECT_EQ(broken.status, 4);
  EXPECT_TRUE(has(broken.err, "alert.json: fields: missing")) << broken.err;
}

TEST(RaiseWire, AnotherEventReachesThoseWhoRegisteredForIt) {
  const Post post({"MINE"});
  const auto& golden = golden::vector_named("lm20-admin-n4");
  const auto file = post->folder().file("wire", alert::as_text(golden.bytes));
  const json alert = post.raised({"--wire", file, "--event", "mine"});
  EXPECT_EQ(alert.at("class"), "admin");
  EXPECT_EQ(alert.at("hex"), golden::to_hex(alert::as_text(golden.bytes)));
}

TEST(RaiseWire, TakesStandardInput) {
  const Post post({"ADMIN"});
  const auto& golden = golden::vector_named("nt-admin-n4");
  EXPECT_EQ(post.raise({"--wire", "-", "--profile", "nt"}, alert::as_text(golden.bytes)).status, 0);
  EXPECT_EQ(post.pending().at(0).at("hex"), golden::to_hex(alert::as_text(golden.bytes)));
}

TEST(RaiseWire, AMissingFileIsASystemError) {
  const Finished missing = Post({}).raise({"--wire", "/nowhere/alert"});
  EXPECT_EQ(missing.status, 5);
  EXPECT_TRUE(has(missing.err, "/nowhere/alert: No such file or directory")) << missing.err;
}

TEST(RaiseWire, AnEventNameWithAnUnpairedSurrogateFaresAsItDoesInFields) {
  const Post post({});
  const std::string line = R"({"profile": "nt", "class": "custom", "fields": {"alrt_timestamp": 1,)"
                           R"( "alrt_eventname": "A\ud83d", "alrt_servicename": "S", "payload_hex": ""}})";
  const std::string wire = test::alertctl({"pack"}, line).out;
  const Finished as_wire = post.raise({"--wire", "-", "--profile", "nt"}, wire);
  const Finished as_fields = post.raise({"--fields", "-"}, line);
  EXPECT_EQ(as_wire.status, as_fields.status) << as_wire.err << as_fields.err;
  EXPECT_FALSE(has(as_wire.err, "json.exception")) << as_wire.err;
}
