// alertctl audit: the ledger recomputed from the journal, while the broker goes on.

#include <nlohmann/json.hpp>

#include "alert/control/mailslot.hpp"
#include "alert/control/raiser.hpp"
#include "configured.hpp"
#include "rewritten.hpp"

namespace {

using alert::RecordKind;
using nlohmann::json;
using test::Configured;

constexpr const char* kSmall = "[journal]\nsegment_bytes = 1024\n";

struct Audited : testing::Test {
  explicit Audited(const std::string& configuration = kSmall) : here(configuration) {
    for (const char* name : {"box", "other"}) {
      ctl({"make", name});
      ctl({"start", "ADMIN", name});
    }
    ctl({"start", "ADMIN", "missing"});
    ctl({"start", "ADMIN", "\\sem\\go"});
  }
  void ctl(const std::vector<std::string>& words) const {
    EXPECT_EQ(here.broker->ctl(words).status, 0) << words[0];
  }
  void raise(int count) const {
    alert::Client client = here.broker->connect();
    for (int i = 0; i < count; ++i)
      EXPECT_TRUE(client.call(alert::Raise{"ADMIN", "lm20", std::string(2 * 52, '0'), {}, {}}));
  }
  [[nodiscard]] json audit(int status) const {
    const auto done = here.broker->ctl({"audit", "--json"});
    EXPECT_EQ(done.status, status) << done.out << done.err;
    return json::parse(done.out);
  }
  [[nodiscard]] std::filesystem::path segment(std::size_t index) const {
    const std::filesystem::path journal = here.broker->journal();
    return journal / alert::segment_name(alert::journal_segments(journal)->at(index));
  }
  Configured here;
};

struct AuditedWithRetention : Audited {
  AuditedWithRetention() : Audited(std::string(kSmall) + "retain_bytes = 4096\nretain_unread = 1\n") {}
};

}  // namespace

TEST_F(Audited, AddsUpThroughSegmentsCrashesAndEverythingThatChangesTheTable) {
  raise(20);
  ctl({"read", "box", "--count", "2"});
  auto box = alert::Mailslot::open(here.broker->connect(), "\\mailslot\\box", alert::Mailslot::Mode::consume);
  ASSERT_TRUE(box && box->read(alert::Mailslot::kForever));
  here.broker->kill();
  ASSERT_TRUE(here.broker->start());
  ctl({"rm", "other"});
  ctl({"make", "other"});
  ctl({"stop", "ADMIN", "\\sem\\go"});
  raise(20);
  const json outcome = audit(0);
  EXPECT_EQ(outcome["alerts"], 40);
  EXPECT_GE(outcome["segments"], 3);
  EXPECT_EQ(outcome["checkpoints"].get<int>() + 1, outcome["segments"].get<int>());
  EXPECT_TRUE(outcome["differences"].empty());
}

TEST(AuditedByPeople, IsALine) {
  const test::Broker broker;
  EXPECT_EQ(broker.ctl({"audit"}).out, "it adds up: 1 segment, 0 later checkpoints equal, 0 alerts\n");
}

TEST_F(Audited, AddsUpWithWhatCameThroughALane) {
  auto raiser = alert::Raiser::open(here.broker->connect());
  ASSERT_TRUE(raiser);
  const std::vector<std::byte> wire(38);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(raiser->write(alert::Profile::lm20, "ADMIN", wire));
    ASSERT_TRUE(raiser->verdict(alert::Raiser::kForever));
  }
  EXPECT_EQ(audit(0)["alerts"], 20);
}

TEST_F(Audited, AJournalWithoutABrokerIsFoldedByTheBrokersProgram) {
  raise(20);
  const auto good = test::alertctl({"audit", here.broker->journal()});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_TRUE(good.out.find("20 alerts") != std::string::npos) << good.out;
  test::rewrite(segment(1), test::replace(RecordKind::checkpoint, "\"refused\":", "\"refused\":1"));
  const auto bad = test::alertctl({"audit", here.broker->journal()});
  EXPECT_EQ(bad.status, 1);
  EXPECT_TRUE(bad.err.find(segment(1).filename().string() + " at 0x") != std::string::npos) << bad.err;
  EXPECT_EQ(test::alertctl({"audit", here.broker->journal() + "/nothing"}).status, 5);
  EXPECT_EQ(test::alertctl({"audit", here.broker->journal(), "--json"}).status, 2);
}

TEST_F(AuditedWithRetention, AddsUpWhenAConsumerWasToldWhatItLost) {
  raise(40);
  ctl({"read", "box", "--count", "1"});
  raise(20);
  EXPECT_TRUE(audit(0)["differences"].empty());
}

TEST_F(AuditedWithRetention, AddsUpBehindWhatRetentionTook) {
  raise(40);
  EXPECT_LT(audit(0)["alerts"], 40);
}

TEST_F(Audited, NamesTheSegmentWhoseCheckpointDoesNotAddUp) {
  raise(20);
  test::rewrite(segment(1), test::replace(RecordKind::checkpoint, "\"refused\":", "\"refused\":1"));
  const json outcome = audit(1);
  EXPECT_TRUE(outcome["differences"][0]["where"].get<std::string>().starts_with(segment(1).filename().string()))
      << outcome;
  EXPECT_TRUE(here.broker->ctl({"audit"}).out.find("it does not add up") != std::string::npos);
}

TEST_F(Audited, NamesAnAlertThatIsNoLongerThere) {
  raise(3);
  test::rewrite(segment(0), [](alert::RecordHeader& header, std::string&) {
    return header.kind == 1 && header.sequence == 1 ? 0 : 1;
  });
  EXPECT_TRUE(audit(1)["differences"].dump().find("number 1 missing") != std::string::npos);
}

TEST_F(Audited, NamesWhatTheRunningBrokerSaysAndTheJournalDoesNot) {
  ASSERT_EQ(here.broker->stop(), 0);
  ASSERT_TRUE(here.broker->start());
  const std::size_t newest = alert::journal_segments(here.broker->journal())->size() - 1;
  ctl({"start", "PRINTING", "box"});
  test::rewrite(segment(newest), test::replace(RecordKind::table_change, "PRINTING", "PAINTING"));
  const json outcome = audit(1);
  EXPECT_TRUE(outcome["differences"].dump().find("the running broker: registered PRINTING") != std::string::npos)
      << outcome;
}

TEST(AuditedMeanwhile, RaisesGoOnAndWhatTheyWriteIsNoDifference) {
  const Configured here("");
  here.broker->ctl({"make", "box"});
  here.broker->ctl({"start", "BIG", "box"});
  std::string alerts;
  const std::string payload(2 * 60'000, '0');
  for (int i = 0; i < 40; ++i)
    alerts += R"({"class":"custom","fields":{"alrt_eventname":"BIG","alrt_servicename":"S","payload_hex":")" +
              payload + "\"}}\n";
  ASSERT_EQ(here.broker->ctl({"raise", "--stdin"}, alerts).status, 0);
  alert::Client client = here.broker->connect();
  auto outcome = client.call(alert::Audit{});
  ASSERT_FALSE(outcome->done);
  ASSERT_EQ(here.broker->ctl({"raise", "--stdin"}, alerts.substr(0, alerts.find('\n') + 1)).status, 0);
  for (int steps = 0; outcome && !outcome->done && steps < 10; ++steps) outcome = client.call(alert::Audit{});
  ASSERT_TRUE(outcome && outcome->done);
  EXPECT_EQ(outcome->alerts, 40u);
  EXPECT_TRUE(outcome->differences.empty());
}
