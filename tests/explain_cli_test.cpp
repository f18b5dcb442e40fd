// alertctl explain: why an alert was written to a recipient, or not.

#include <map>

#include <nlohmann/json.hpp>

#include "alert/control/mailslot.hpp"
#include "configured.hpp"
#include "rewritten.hpp"

namespace {

using nlohmann::json;
using test::Broker;
using test::Configured;
using test::kNobody;
using Words = std::vector<std::string>;

constexpr const char* kBox = "\\mailslot\\box";

/// The verdict as JSON, with the exit status in it.
json explained(const Broker& broker, std::uint64_t sequence, const std::string& recipient, Words more = {}) {
  Words words{"explain", std::to_string(sequence), recipient, "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const auto done = broker.ctl(words);
  json answer = done.out.empty() ? json{{"said", done.err}} : json::parse(done.out);
  answer["exit"] = done.status;
  for (const char* echoed : {"sequence", "recipient"}) answer.erase(echoed);
  return answer;
}

struct Explained : testing::Test {
  explicit Explained(const std::string& configuration = "") : here(configuration) {
    ctl({"make", "box"});
    ctl({"start", "ADMIN", "box"});
  }
  void ctl(const Words& words) const { EXPECT_EQ(here.broker->ctl(words).status, 0) << words[0]; }
  void raise(int count = 1) const {
    alert::Client client = here.broker->connect();
    for (int i = 0; i < count; ++i)
      EXPECT_TRUE(client.call(alert::Raise{"ADMIN", "lm20", std::string(2 * 52, '0'), {}, {}}));
  }
  [[nodiscard]] json why(std::uint64_t sequence, const std::string& recipient = "box", Words more = {}) const {
    return explained(*here.broker, sequence, recipient, std::move(more));
  }
  Configured here;
};

struct ExplainedAmongSmallSegments : Explained {
  ExplainedAmongSmallSegments() : Explained("[journal]\nsegment_bytes = 1024\n") {}
};

}  // namespace

TEST_F(Explained, WrittenIsReadOrPendingByTheConsumersCursor) {
  raise(2);
  ctl({"read", "box", "--count", "1"});
  EXPECT_EQ(why(1), (json{{"done", true},
                          {"verdict", "written"},
                          {"event", "ADMIN"},
                          {"size", 52},
                          {"incarnation", 1},
                          {"ordinal", 1},
                          {"place", "read"},
                          {"created", 0},
                          {"registration", {{"from", 0}, {"maxdata", 65475}}},
                          {"exit", 0}}));
  EXPECT_EQ(why(2)["place"], "pending");
}

TEST_F(Explained, CutAtMaxdata) {
  ctl({"make", "short"});
  ctl({"start", "ADMIN", "short", "--maxdata", "40"});
  raise();
  EXPECT_EQ(why(1, "short")["cut"], 40);
  EXPECT_FALSE(why(1).contains("cut"));
}

TEST_F(Explained, RefusedWithTheJournaledReason) {
  ctl({"make", "little", "--max-message", "50"});
  ctl({"start", "ADMIN", "little"});
  ctl({"start", "ADMIN", "missing"});
  raise();
  const json little = why(1, "little");
  EXPECT_EQ(little["exit"], 3);
  EXPECT_EQ(little["verdict"], "refused");
  EXPECT_EQ(little["code"], 111);
  EXPECT_EQ(why(1, "missing")["code"], 3);
  EXPECT_EQ(why(1, "missing")["reason"], "no such recipient");
}

TEST_F(Explained, NotRegisteredThenWithTheRegistrationsAroundIt) {
  raise();
  ctl({"stop", "ADMIN", "box"});
  raise();
  ctl({"start", "ADMIN", "box", "--maxdata", "99"});
  const json between = why(2);
  EXPECT_EQ(between["exit"], 1);
  EXPECT_EQ(between["verdict"], "not_registered");
  EXPECT_EQ(between["before"], (json{{"from", 0}, {"to", 1}, {"maxdata", 65475}}));
  EXPECT_EQ(between["after"], (json{{"from", 2}, {"maxdata", 99}}));
  EXPECT_EQ(why(1)["registration"], (json{{"from", 0}, {"to", 1}, {"maxdata", 65475}}));
}

TEST_F(Explained, RegisteredForOtherEventsOnly) {
  ctl({"raise", "print", "--job", "1"});
  EXPECT_EQ(why(1)["verdict"], "other_event");
  EXPECT_EQ(why(1)["event"], "PRINTING");
  EXPECT_EQ(why(1)["registered_for"], (json{"ADMIN"}));
}

TEST_F(Explained, ASemaphoreIsWrittenToWithEachPulse) {
  raise();
  ctl({"start", "ADMIN", "\\sem\\go"});
  raise();
  EXPECT_EQ(why(1, "\\sem\\go")["verdict"], "no_recipient");
  EXPECT_EQ(why(2, "\\SEM\\GO")["verdict"], "written");
  EXPECT_FALSE(why(2, "\\sem\\go").contains("place"));
}

TEST_F(Explained, TheMailslotsIncarnationDidNotExistThen) {
  raise();
  ctl({"make", "late"});
  EXPECT_EQ(why(1, "late")["verdict"], "no_recipient");
  EXPECT_EQ(why(1, "late")["created"], 1);
  EXPECT_EQ(why(1, "nobody")["exit"], 1);
}

TEST_F(Explained, WrittenToAnIncarnationThatIsGone) {
  raise();
  ctl({"rm", "box"});
  EXPECT_EQ(why(1)["place"], "deleted");
  ctl({"make", "box"});
  EXPECT_EQ(why(1)["place"], "deleted");
  EXPECT_EQ(why(1)["incarnation"], 1);
}

TEST_F(Explained, ANumberThatWasNotGivenYet) {
  raise();
  EXPECT_EQ(why(2), (json{{"done", true}, {"verdict", "not_given"}, {"last", 1}, {"exit", 1}}));
}

TEST_F(Explained, RefusesWhatCannotBeAsked) {
  raise();
  EXPECT_EQ(why(0)["exit"], 2);
  EXPECT_EQ(why(1, "a*b")["exit"], 2);
  EXPECT_EQ(why(1, "box", {"--as-of", "yesterday"})["exit"], 2);
  EXPECT_EQ(here.ask(alert::Explain{0, kBox}), 87);
  EXPECT_EQ(here.ask(alert::Explain{1, kBox, 1, 1}), 87);
  EXPECT_EQ(here.ask(alert::Explain{1, "\\pipe\\x"}), 123);
}

TEST_F(Explained, IsInTheHandOfAConsumerAndRedeliveredOnceThatCrashed) {
  raise(2);
  auto box = alert::Mailslot::open(here.broker->connect(), kBox, alert::Mailslot::Mode::consume);
  ASSERT_TRUE(box && box->read(alert::Mailslot::kForever));
  EXPECT_EQ(why(1)["place"], "in_hand");
  EXPECT_EQ(why(2)["place"], "pending");
  here.broker->kill();
  ASSERT_TRUE(here.broker->start());
  EXPECT_EQ(why(1)["place"], "redelivered");
}

TEST_F(ExplainedAmongSmallSegments, AsOfAPastSequence) {
  raise(10);
  ctl({"read", "box"});
  raise(10);
  EXPECT_EQ(why(3)["place"], "read");
  EXPECT_EQ(why(3, "box", {"--as-of", "4"})["place"], "pending");
  EXPECT_EQ(why(3, "box", {"--as-of", "10"})["place"], "read");
  EXPECT_EQ(why(3, "box", {"--as-of", "2"})["verdict"], "not_given");
  EXPECT_EQ(why(3, "box", {"--as-of", "20"}), why(3));
}

TEST_F(ExplainedAmongSmallSegments, AsOfAPastTime) {
  raise(3);
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const auto ns = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(before).count());
  ctl({"read", "box"});
  raise(10);
  alert::Client client = here.broker->connect();
  const auto then = client.call(alert::Explain{3, kBox, {}, ns});
  ASSERT_TRUE(then && then->done);
  EXPECT_EQ(then->place, "pending");
  EXPECT_EQ(client.call(alert::Explain{4, kBox, {}, ns})->verdict, "not_given");
  EXPECT_EQ(here.ask(alert::Explain{3, kBox, {}, 1}), 87);  // before the journal began
  EXPECT_EQ(why(3, "box", {"--as-of", "2100-01-01"})["place"], "read");
}

TEST_F(ExplainedAmongSmallSegments, EveryAlertOfALongJournalIsWhereItIs) {
  raise(20);
  ctl({"read", "box", "--count", "7"});
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const json answer = why(n);
    EXPECT_EQ(answer["ordinal"], n);
    EXPECT_EQ(answer["place"], n <= 7 ? "read" : "pending") << n;
  }
}

TEST(ExplainedByRetention, TookItWhetherItWasReadOrNot) {
  const Configured here("[journal]\nsegment_bytes = 1024\nretain_bytes = 8192\nretain_unread = 1\n");
  for (const char* name : {"box", "other"}) {
    here.broker->ctl({"make", name});
    here.broker->ctl({"start", "ADMIN", name});
  }
  alert::Client client = here.broker->connect();
  auto other = alert::Mailslot::open(here.broker->connect(), "\\mailslot\\other", alert::Mailslot::Mode::consume);
  for (int i = 0; i < 80; ++i) {
    ASSERT_TRUE(client.call(alert::Raise{"ADMIN", "lm20", std::string(2 * 52, '0'), {}, {}}));
    ASSERT_TRUE(other && other->read(alert::Mailslot::kForever));
  }
  const json lost = explained(*here.broker, 1, "box");
  EXPECT_EQ(lost["verdict"], "retention");
  EXPECT_EQ(lost["exit"], 1);
  EXPECT_GT(lost["first"], 1);
  EXPECT_EQ(lost["place"], "lost");
  EXPECT_EQ(lost["registered_for"], (json{"ADMIN"}));
  EXPECT_EQ(explained(*here.broker, 1, "other")["place"], "read");
  here.broker->ctl({"make", "late"});
  EXPECT_EQ(explained(*here.broker, 1, "late")["verdict"], "no_recipient");
  EXPECT_EQ(explained(*here.broker, 1, "box", {"--as-of", "2"})["exit"], 2);
}

TEST_F(Explained, ADamagedPlaceIsNamedAndItsNumbers) {
  raise(2);
  const std::string segment = here.broker->journal() + "/" + alert::segment_name(1);
  const auto third = std::filesystem::file_size(segment);
  raise(2);
  ASSERT_EQ(here.broker->stop(), 0);
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(third + 60));
  file.put('\xFF');
  file.close();
  ASSERT_TRUE(here.broker->start());
  raise();
  const json answer = why(3);
  EXPECT_EQ(answer["verdict"], "damaged");
  EXPECT_EQ(answer["exit"], 1);
  EXPECT_EQ(answer["first"], 3);
  EXPECT_TRUE(answer["where"].get<std::string>().starts_with(alert::segment_name(1) + " at 0x")) << answer;
  EXPECT_EQ(why(2)["verdict"], "written");
  json behind = why(4);
  EXPECT_EQ(behind["verdict"], "written") << "it is whole, whatever is before it";
  EXPECT_EQ(behind["place"], "pending");
  EXPECT_FALSE(behind.contains("ordinal")) << behind;
  ctl({"read", "box"});
  EXPECT_EQ(why(4)["place"], "read");
}

TEST_F(Explained, WithoutARecipientEachIsAskedAbout) {
  ctl({"make", "other"});
  ctl({"start", "ADMIN", "\\sem\\go"});
  ctl({"start", "ADMIN", "missing"});
  raise();
  const auto done = here.broker->ctl({"explain", "1", "--json"});
  EXPECT_EQ(done.status, 0);
  std::map<std::string, std::string> verdicts;
  for (const std::string& line : test::lines(done.out)) {
    const json answer = json::parse(line);
    EXPECT_EQ(answer["sequence"], 1);
    verdicts[answer["recipient"]] = answer["verdict"];
  }
  EXPECT_EQ(verdicts, (std::map<std::string, std::string>{{"\\mailslot\\box", "written"},
                                                          {"\\mailslot\\missing", "refused"},
                                                          {"\\mailslot\\other", "not_registered"},
                                                          {"\\sem\\go", "written"}}));
  ctl({"stop", "ADMIN", "box"});
  ctl({"stop", "ADMIN", "\\sem\\go"});
  raise();
  EXPECT_EQ(here.broker->ctl({"explain", "2"}).status, 3) << "matched, and refused";
  ctl({"stop", "ADMIN", "missing"});
  raise();
  EXPECT_EQ(here.broker->ctl({"explain", "3"}).status, 1);
  EXPECT_EQ(here.broker->ctl({"explain", "1", "--recipient", "box"}).status, 0);
}

TEST_F(Explained, TellsPeopleTheSame) {
  raise(2);
  ctl({"read", "box", "--count", "1"});
  EXPECT_EQ(here.broker->ctl({"explain", "2", "box"}).out,
            "alert 2 (ADMIN, 52 bytes) was written to \\mailslot\\box\n"
            "  number 2 in incarnation 1\n  pending\n  registered: from alert 1 on\n");
  EXPECT_EQ(here.broker->ctl({"explain", "9", "box"}).out,
            "alert 9 has not been raised, the last one is 2; a raise that is refused gets no number\n");
}

TEST(ExplainedInSteps, ALongJournalStallsNobodyAndTakesItsShareOfTheQuota) {
  Configured here("[limits]\ninquiries = 1\n");
  here.broker->ctl({"make", "box"});
  here.broker->ctl({"start", "BIG", "box"});
  std::string alerts;
  const std::string payload(2 * 60'000, '0');
  for (int i = 0; i < 40; ++i)
    alerts += R"({"class":"custom","fields":{"alrt_eventname":"BIG","alrt_servicename":"S","payload_hex":")" +
              payload + "\"}}\n";
  ASSERT_EQ(here.broker->ctl({"raise", "--stdin"}, alerts).status, 0);
  alert::Client first = here.broker->connect();
  const alert::Explain call{40, kBox};
  ASSERT_FALSE(first.call(call)->done);
  EXPECT_EQ(here.ask(call), 1816);
  EXPECT_EQ(here.ask(alert::Audit{}), 1816);
  EXPECT_EQ(here.ask(alert::Stats{}), 0);
  auto answer = first.call(call);
  for (int steps = 0; answer && !answer->done && steps < 10; ++steps) answer = first.call(call);
  EXPECT_EQ(answer->ordinal, 40u);
  EXPECT_EQ(here.ask(call), 0);
}

/// Nobody asks root's broker, which serves the host.
struct ExplainedToOthers : testing::Test {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
    here.emplace("[[rule]]\nallow = false\nverb = \"start\"\nevent = \"SECRET\"\nuser = 65534\n",
                 Words{"--system"});
  }
  /// The verdict and the event that nobody is told about alert 1.
  std::string told(const std::string& recipient) {
    const std::string file = here->folder / "said";
    std::filesystem::permissions(here->folder.path(), std::filesystem::perms{0777});
    test::as_nobody([&] {
      const auto reply = here->broker->connect().call(alert::Explain{1, recipient});
      std::ofstream(file) << (reply ? reply->verdict + " " + reply->event.value_or("") : reply.error().message);
      return 0;
    });
    std::string text;
    std::ifstream said(file);
    std::getline(said, text);
    return text;
  }
  std::optional<Configured> here;
};

TEST_F(ExplainedToOthers, AForeignRecipientIsRefused) {
  here->broker->ctl({"make", "box"});
  here->broker->ctl({"start", "ADMIN", "\\sem\\go"});
  here->broker->ctl({"raise", "admin", "7"});
  EXPECT_EQ(here->ask_as_nobody(alert::Explain{1, kBox}), 5);
  EXPECT_EQ(here->ask_as_nobody(alert::Explain{1, "\\sem\\go"}), 5);
  EXPECT_EQ(here->ask_as_nobody(alert::Audit{}), 5);
}

TEST_F(ExplainedToOthers, ANameOfAFormerOwnerTellsNothingOfHim) {
  here->broker->ctl({"make", "box"});
  here->broker->ctl({"start", "PRINTING", "box"});
  here->broker->ctl({"raise", "print", "--job", "1"});
  here->broker->ctl({"rm", "box"});
  here->broker->ctl({"stop", "PRINTING", "box"});
  ASSERT_EQ(here->ask_as_nobody(alert::MakeMailslot{kBox, {}, {}, {}}), 0);
  EXPECT_EQ(told(kBox), "no_recipient ");
}

TEST_F(ExplainedToOthers, AnEventThatARuleKeepsFromThemIsNotNamed) {
  ASSERT_EQ(here->ask_as_nobody(alert::MakeMailslot{kBox, {}, {}, {}}), 0);
  here->broker->ctl({"raise", "custom", "SECRET"});
  EXPECT_EQ(told(kBox), "policy ");
  EXPECT_EQ(explained(*here->broker, 1, "box")["event"], "SECRET");
}
