// How much of the journal is kept, and that whoever loses by it is told exactly what.

#include <filesystem>

#include <gtest/gtest.h>

#include "alert/journal/journal.hpp"
#include "brokerd/retention.hpp"
#include "process.hpp"

namespace {

using brokerd::Ledger;
using brokerd::MailslotState;
using brokerd::PastSegment;
using brokerd::Retention;

constexpr std::uint64_t kSecond = 1'000'000'000;

/// Four segments of 100 bytes and ten alerts each, ended at 10, 20, 30 and 40 s; 100 bytes are open.
const std::vector<PastSegment> kSegments{
    {1, 100, 10 * kSecond}, {11, 100, 20 * kSecond}, {21, 100, 30 * kSecond}, {31, 100, 40 * kSecond}};

std::size_t expired(const Retention& retention, std::uint64_t now_s = 40, const Ledger& ledger = {}) {
  return brokerd::expired(kSegments, 41, 100, retention, now_s * kSecond, ledger);
}

/// A ledger in which a mailslot of `uid` has read up to this sequence of 40.
Ledger& with_reader(Ledger& ledger, std::uint32_t uid, std::uint64_t read) {
  MailslotState slot;
  slot.name = "\\mailslot\\" + std::to_string(uid);
  slot.uid = uid;
  slot.written = 40;
  slot.read = slot.read_sequence = read;
  ledger.apply(slot);
  return ledger;
}

std::size_t segments_in(const std::string& journal) { return alert::journal_segments(journal)->size(); }

}  // namespace

TEST(Retention, KeepsEverythingWithoutLimits) { EXPECT_EQ(expired({}), 0u); }

TEST(Retention, TakesTheOldestSegmentsBeyondTheSize) {
  EXPECT_EQ(expired({.bytes = 500}), 0u);
  EXPECT_EQ(expired({.bytes = 499}), 1u);
  EXPECT_EQ(expired({.bytes = 300}), 2u);
  EXPECT_EQ(expired({.bytes = 1}), 4u);
}

TEST(Retention, TakesSegmentsThatEndedBeforeTheAge) {
  EXPECT_EQ(expired({.age_s = 30}, 40), 0u);
  EXPECT_EQ(expired({.age_s = 30}, 41), 1u);
  EXPECT_EQ(expired({.age_s = 1}, 100), 4u);
}

TEST(Retention, KeepsWhatIsUnreadWithinTheBudgetOfItsUid) {
  Ledger ledger;
  with_reader(ledger, 1000, 15);  // something in the second segment is unread
  EXPECT_EQ(expired({.bytes = 1, .unread_bytes_per_uid = 300}, 40, ledger), 1u);
  EXPECT_EQ(expired({.bytes = 1, .unread_bytes_per_uid = 299}, 40, ledger), 2u);  // the newest part of it
  EXPECT_EQ(expired({.bytes = 1, .unread_bytes_per_uid = 99}, 40, ledger), 4u);
}

TEST(Retention, CountsOnlyWhatIsBeyondTheLimitsAgainstTheBudget) {
  Ledger ledger;
  with_reader(ledger, 1000, 15);
  EXPECT_EQ(expired({.bytes = 300, .unread_bytes_per_uid = 100}, 40, ledger), 1u);
}

TEST(Retention, IsNotHeldUpByWhoeverHasReadEverything) {
  Ledger ledger;
  with_reader(ledger, 1000, 40);
  EXPECT_EQ(expired({.bytes = 1, .unread_bytes_per_uid = 1000}, 40, ledger), 4u);
}

TEST(Retention, HoldsWhatAnyReaderNeeds) {
  Ledger ledger;
  with_reader(with_reader(ledger, 1000, 35), 1001, 25);
  EXPECT_EQ(expired({.bytes = 1, .unread_bytes_per_uid = 1000}, 40, ledger), 2u);
}

TEST(TakenAlerts, AreLostWhereNobodyHasReadThem) {
  Ledger ledger;
  with_reader(ledger, 1000, 15);
  const std::string name = "\\mailslot\\1000";
  ledger.apply(brokerd::AlertsTaken{name, 20, 20});
  const MailslotState& slot = ledger.mailslot(name)->state;
  EXPECT_EQ(slot.lost, 5u);
  EXPECT_EQ(brokerd::account(slot, slot.read).read, 15u);
  EXPECT_EQ(brokerd::account(slot, slot.read).pending, 20u);
  ledger.apply(brokerd::AlertsTaken{name, 20, 20});
  EXPECT_EQ(slot.lost, 5u);
  ledger.apply(brokerd::GapTold{name, 15, 20});
  ledger.apply(brokerd::CursorMoved{name, 30, 30, 30, false});
  ledger.apply(brokerd::AlertsTaken{name, 28, 28});
  EXPECT_EQ(slot.lost, 5u);
  EXPECT_EQ(brokerd::account(slot, slot.read).read, 25u);
  EXPECT_EQ(brokerd::account(slot, slot.read).pending, 10u);
}

TEST(TakenAlerts, AreNotLostToAReaderThatHasThemInItsRing) {
  Ledger ledger;
  with_reader(ledger, 1000, 15);
  const std::string name = "\\mailslot\\1000";
  ledger.apply(brokerd::AlertsTaken{name, 20, 20});
  const MailslotState& slot = ledger.mailslot(name)->state;
  for (std::uint64_t at = 15; at <= 40; ++at) {
    const brokerd::Account account = brokerd::account(slot, at);
    EXPECT_EQ(account.read + account.pending + account.lost, 40u);
    EXPECT_EQ(account.lost, at < 20 ? 20 - at : 0) << at;
    EXPECT_EQ(account.read, at) << at;
  }
  ledger.apply(brokerd::CursorMoved{name, 18, 18, 18, true});
  EXPECT_EQ(slot.lost, 2u);
  ledger.apply(brokerd::GapTold{name, 18, 20});  // it was lapped there
  ledger.apply(brokerd::CursorMoved{name, 20, 20, 20, true});
  EXPECT_EQ(slot.lost, 2u);
  ledger.apply(brokerd::AlertsTaken{name, 30, 30});
  ledger.apply(brokerd::CursorMoved{name, 30, 30, 30, true});
  EXPECT_EQ(slot.lost, 2u);
  EXPECT_EQ(brokerd::account(slot, 30).read, 28u);
}

/// A configuration file with small segments, of which two are kept.
struct SmallJournal {
  test::TemporaryFolder folder;
  std::string config;
  explicit SmallJournal(const std::string& more = "")
      : config(folder.file("toml", "[journal]\nsegment_bytes = 4096\nretain_bytes = 8192\n" + more)) {}
};

/// A broker with small segments, of which two are kept, and a mailslot that reads one alert of thirty.
struct Shortened {
  SmallJournal small{"retain_unread = 1\n"};
  test::Broker broker{{"--config", small.config}};
  Shortened() {
    broker.ctl({"make", "box"});
    broker.ctl({"start", "MESSAGE", "box"});
    for (int i = 0; i < 30; ++i) {
      broker.ctl({"raise", "message", std::string(500, 'x')});
      if (i == 0) broker.ctl({"read", "box"});
    }
  }
  [[nodiscard]] nlohmann::json row() const {
    return nlohmann::json::parse(broker.ctl({"mailslots", "--json"}).out);
  }
};

TEST(RetentionOfABroker, LeavesAGapWithTheExactRangeAndCountAndAllTheRest) {
  const Shortened shortened;
  EXPECT_LE(segments_in(shortened.broker.journal()), 3u);
  const auto before = shortened.row();
  const std::uint64_t lost = before.at("lost");
  ASSERT_GT(lost, 0u);
  EXPECT_EQ(before.at("read"), 1);
  EXPECT_EQ(before.at("pending"), 30 - 1 - lost);

  const auto read = test::lines(shortened.broker.ctl({"read", "box", "--json"}).out);
  ASSERT_EQ(read.size(), 1 + 29 - lost);
  const auto gap = nlohmann::json::parse(read[0]).at("gap");
  EXPECT_EQ(gap.at("reason"), "retention");
  EXPECT_EQ(gap.at("first"), 2);
  EXPECT_EQ(gap.at("last"), 1 + lost);
  EXPECT_EQ(gap.at("count"), lost);
  for (std::size_t i = 1; i < read.size(); ++i)
    EXPECT_EQ(nlohmann::json::parse(read[i]).at("sequence"), 1 + lost + i);
  const auto after = shortened.row();
  EXPECT_EQ(after.at("lost"), lost);
  EXPECT_EQ(after.at("read"), 30 - lost);
  EXPECT_EQ(after.at("pending"), 0);
}

TEST(RetentionOfABroker, IsToldInOneLineOnStandardErrorWhereTheOutputIsRaw) {
  const Shortened shortened;
  const std::uint64_t lost = shortened.row().at("lost");
  const auto read = shortened.broker.ctl({"read", "box", "--raw"});
  EXPECT_EQ(read.status, 0);
  EXPECT_FALSE(read.out.empty());
  EXPECT_EQ(read.err, "alertctl: gap: " + std::to_string(lost) + " alerts between 2 and " +
                          std::to_string(1 + lost) + " are lost (retention)\n");
}

TEST(RetentionOfABroker, IsRememberedWhenItWasKilled) {
  Shortened shortened;
  auto before = shortened.row();
  before["replays"] = 0;  // counted since the start
  shortened.broker.kill();
  ASSERT_TRUE(shortened.broker.start());
  EXPECT_EQ(shortened.row(), before);
  EXPECT_EQ(test::lines(shortened.broker.ctl({"read", "box", "--json"}).out).size(),
            1 + before.at("pending").get<std::size_t>());
}

TEST(RetentionOfABroker, WaitsForAConsumerThatMayComeBackAfterAStart) {
  const SmallJournal small{"retain_unread = 1\n"};
  test::Broker broker({"--config", small.config});
  broker.ctl({"make", "box"});
  broker.ctl({"start", "MESSAGE", "box"});
  const auto raise = [&] { broker.ctl({"raise", "message", std::string(500, 'x')}); };
  const auto row = [&] { return nlohmann::json::parse(broker.ctl({"mailslots", "--json"}).out); };
  raise();
  auto reader = broker.alertctl({"read", "box", "--follow", "--json"});
  EXPECT_FALSE(reader.out_line().empty());  // in its hand when the broker is killed
  broker.kill();
  reader.signal(SIGKILL);
  reader.wait();
  ASSERT_TRUE(broker.start());
  for (int i = 0; i < 24; ++i) raise();
  EXPECT_EQ(row().at("lost"), 0);
  EXPECT_GT(segments_in(broker.journal()), 3u);
}

TEST(RetentionOfABroker, TellsAnObserverToo) {
  const Shortened shortened;
  const auto seen = test::lines(shortened.broker.ctl({"read", "box", "--since", "1", "--json"}).out);
  ASSERT_GT(seen.size(), 1u);
  EXPECT_EQ(nlohmann::json::parse(seen[0]).at("gap").at("first"), 1);
}

TEST(RetentionOfABroker, KeepsWhatIsUnreadWithinTheBudget) {
  const SmallJournal small;
  const test::Broker broker({"--config", small.config});
  broker.ctl({"make", "box"});
  broker.ctl({"start", "MESSAGE", "box"});
  for (int i = 0; i < 30; ++i) broker.ctl({"raise", "message", std::string(500, 'x')});
  EXPECT_GT(segments_in(broker.journal()), 3u);
  EXPECT_EQ(test::lines(broker.ctl({"read", "box", "--json"}).out).size(), 30u);
  for (int i = 0; i < 8; ++i) broker.ctl({"raise", "message", std::string(500, 'x')});
  EXPECT_LE(segments_in(broker.journal()), 5u);
}

TEST(RotationOfABroker, BoundsWhatChangesOfTheTableAloneLeaveInTheJournal) {
  const SmallJournal small;
  test::Broker broker({"--config", small.config});
  broker.ctl({"make", "box"});
  broker.ctl({"start", "MESSAGE", "box"});
  broker.ctl({"raise", "message", "first"});
  {
    alert::Client client = broker.connect();
    for (int i = 0; i < 500; ++i) {
      const std::string name = "\\mailslot\\" + std::to_string(i);
      ASSERT_TRUE(client.call(alert::MakeMailslot{name, {}, {}, {}}));
      ASSERT_TRUE(client.call(alert::DeleteMailslot{name}));
    }
  }
  const auto bytes = [&] {
    std::uintmax_t sum = 0;
    for (const auto& file : std::filesystem::directory_iterator(broker.journal())) sum += file.file_size();
    return sum;
  };
  EXPECT_EQ(segments_in(broker.journal()), 2u);
  EXPECT_LT(bytes(), 3 * 4096u);
  broker.ctl({"raise", "message", "second"});
  const auto audit = broker.ctl({"audit"});
  EXPECT_EQ(audit.status, 0) << audit.out << audit.err;
  EXPECT_NE((audit.out + audit.err).find("changes of the table: their result is believed"), std::string::npos)
      << audit.out << audit.err;
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(test::lines(broker.ctl({"read", "box", "--json"}).out).size(), 2u);
  EXPECT_EQ(test::lines(broker.ctl({"mailslots", "--json"}).out).size(), 1u);
}
