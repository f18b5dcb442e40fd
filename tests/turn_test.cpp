// A turn of many raises: it comes to the same as a turn for each of them.

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"
#include "brokerd/recovery.hpp"
#include "mailbox_box.hpp"
#include "process.hpp"

namespace {

using brokerd::Broker;
using brokerd::Caller;
using brokerd::Policy;

const Caller kReader{1000, 1, {1, -1}, {}};
const Caller kRaiser{1000, 2, {2, -1}, {}};
const Caller kOther{1001, 3, {3, -1}, {}};

alert::Raise raise(std::string event, const std::string& payload, std::optional<std::string> id = {}) {
  std::string wire(4, '\0');
  wire += event;
  wire.resize(38);
  wire += payload;
  return {std::move(event), "lm20", alert::to_hex(alert::as_bytes(wire)), {}, std::move(id)};
}

/// A broker without sockets, and all that can be seen of it.
class Books {
 public:
  explicit Books(const std::string& folder) {
    auto recovered = brokerd::recover(std::move(*brokerd::JournalFolder::open(folder)), 1);
    broker.emplace(std::move(recovered->ledger), std::move(recovered->writer),
                   Policy::standard(true, 0, std::nullopt));
    for (const std::string name : {"whole", "cut", "small", "messages"}) {
      const std::string slot = "\\mailslot\\" + name;
      std::optional<std::uint32_t> most;
      if (name == "small") most = 80;
      EXPECT_TRUE(broker->make(kReader, {slot, most, {}, {}}, 1));
      auto opened = broker->open(kReader, alert::OpenMailslot{slot, true, {}}, 1);
      readers.push_back(alert::MailboxReader::map(std::move(opened.value().ring)).value());
    }
    for (const std::string event : {"TEA", "COFFEE"}) {
      EXPECT_TRUE(broker->start(kReader, {event, "\\mailslot\\whole", {}, {}}, 1));
      EXPECT_TRUE(broker->start(kReader, {event, "\\mailslot\\nobody", {}, {}}, 1));
    }
    EXPECT_TRUE(broker->start(kReader, {"COFFEE", "\\mailslot\\cut", 60, {}}, 1));
    EXPECT_TRUE(broker->start(kReader, {"COFFEE", "\\mailslot\\small", {}, {}}, 1));
    EXPECT_TRUE(broker->start(kReader, {"COFFEE", "\\sem\\drops", {}, {}}, 1));
    auto drops_page = broker->open(kReader, alert::OpenSemaphore{"\\sem\\drops"}, 1);
    drops.emplace(alert::SemaphoreReader::map(std::move(drops_page.value().page)).value());
  }

  template <class Call>
  void call(const Caller& caller, const Call& call) {
    const auto ticket = take(caller, call);
    if (!ticket) seen.push_back("refused: " + ticket.error().message);
  }
  void settle() {
    broker->settle();
    std::vector<brokerd::Outcome<brokerd::Settled>> settled;
    broker->take_settled(settled);
    for (const auto& one : settled) {
      ASSERT_TRUE(one) << one.error().message;
      alert::Receipt receipt = broker->receipt(*one);
      receipt.journal.clear();
      seen.push_back(alert::to_json(receipt).dump());
    }
  }
  /// Everything that the mailboxes have, with ordinals and flags.
  [[nodiscard]] std::vector<std::string> records() {
    std::vector<std::string> found;
    for (alert::MailboxReader& reader : readers)
      for (; reader.look() == alert::MailboxReader::Seen::record; reader.advance()) {
        const auto record = reader.record();
        found.push_back(std::to_string(&reader - readers.data()) + ": " + std::to_string(record.header.ordinal) +
                        " " + std::to_string(record.header.sequence) + " " + std::to_string(record.header.flags) +
                        " " + std::to_string(record.header.size) + " " + alert::to_hex(record.body));
      }
    return found;
  }
  [[nodiscard]] std::string counts() {
    auto slots = alert::to_json(broker->list(kReader, alert::ListMailslots{}).value());
    for (auto& row : slots["rows"]) row.erase("wakes");
    const auto stats = broker->stats({});
    return slots.dump() + alert::to_json(broker->list(kReader, alert::ListSemaphores{}).value()).dump() +
           "accepted " + std::to_string(stats.accepted) + " matched " + std::to_string(stats.matched) +
           " written " + std::to_string(stats.written) + " refused " + std::to_string(stats.refused) + " pulses " +
           std::to_string(drops->pulses());
  }

  std::optional<Broker> broker;
  std::vector<alert::MailboxReader> readers;
  std::optional<alert::SemaphoreReader> drops;
  std::vector<std::string> seen;  // receipts and refusals

 private:
  auto take(const Caller& caller, const alert::Raise& call) { return broker->raise(caller, call, 1); }
  auto take(const Caller& caller, const alert::Write& call) { return broker->write(caller, call, 1); }
};

TEST(Turn, OfManyRaisesComesToTheSameAsATurnForEach) {
  std::mt19937 random(20261130);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const test::TemporaryFolder folder;
  Books at_once(folder / "at_once"), one_by_one(folder / "one_by_one");
  for (int turn = 0; turn < 60; ++turn) {
    for (std::size_t left = 1 + below(40); left > 0; --left) {
      const Caller& caller = below(4) == 0 ? kOther : kRaiser;
      const std::string payload(below(3) == 0 ? below(60) : 20, static_cast<char>('a' + below(26)));
      const auto do_in_both = [&](const auto& call) {
        at_once.call(caller, call);
        one_by_one.call(caller, call);
        one_by_one.settle();
      };
      std::optional<std::string> id;
      if (below(8) == 0) id = std::string(31, '0') + "0123456789abcdef"[below(16)];
      if (below(10) == 0)
        do_in_both(alert::Write{"\\mailslot\\messages", alert::to_hex(alert::as_bytes(payload))});
      else
        do_in_both(raise(below(3) == 0 ? "TEA" : below(10) == 0 ? "WATER" : "COFFEE", payload, id));
    }
    at_once.settle();
    const auto refused_last = [](std::vector<std::string> seen) {
      std::stable_sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
        return a.starts_with("refused") < b.starts_with("refused");
      });
      return seen;
    };
    ASSERT_EQ(refused_last(at_once.seen), refused_last(one_by_one.seen));
    at_once.seen.clear();
    one_by_one.seen.clear();
    ASSERT_EQ(at_once.records(), one_by_one.records());
    ASSERT_EQ(at_once.counts(), one_by_one.counts());
  }
  auto audit = at_once.broker->audit({}, 1);  // the journal, alert by alert
  while (audit && !audit->done) audit = at_once.broker->audit({}, 1);
  ASSERT_TRUE(audit);
  EXPECT_GT(audit->alerts, 500u);
  EXPECT_TRUE(audit->differences.empty());
}

TEST(Turn, AsksNewRulesAboutAnEventThatWasRaisedBefore) {
  const test::TemporaryFolder folder;
  Books books(folder / "journal");
  Policy strict = Policy::standard(true, 0, std::nullopt);
  strict.rules = {{"no tea", false, {brokerd::Verb::raise}, {"TEA"}, {}, {}}};
  EXPECT_TRUE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
  books.broker->set_policy(strict);
  EXPECT_FALSE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
  EXPECT_TRUE(books.broker->raise(kRaiser, raise("COFFEE", ""), 1));
  EXPECT_FALSE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
  books.broker->set_policy(Policy::standard(true, 0, std::nullopt));
  EXPECT_TRUE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
}

TEST(Turn, AsksTheRulesForEachWhoRaises) {
  const test::TemporaryFolder folder;
  Books books(folder / "journal");
  Policy strict = Policy::standard(true, 0, std::nullopt);
  strict.rules = {{"no tea", false, {brokerd::Verb::raise}, {"TEA"}, {kOther.uid}, {}}};
  books.broker->set_policy(strict);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
    EXPECT_FALSE(books.broker->raise(kOther, raise("TEA", ""), 1));
    EXPECT_FALSE(books.broker->raise(kOther, raise("tea", ""), 1));
  }
}

TEST(Turn, AsksTheRulesForEachConnectionWhoeverHasIt) {
  const test::TemporaryFolder folder;
  Books books(folder / "journal");
  Policy strict = Policy::standard(true, 0, std::nullopt);
  strict.rules = {{"drinkers", true, {brokerd::Verb::raise}, {"TEA"}, {}, {100}},
                  {"no tea", false, {brokerd::Verb::raise}, {"TEA"}, {}, {}}};
  books.broker->set_policy(strict);
  const Caller drinker{kRaiser.uid, 4, {4, -1}, {100}};
  const Caller spooled{kRaiser.uid, 0, {}, {}};
  const Caller spooled_drinker{kRaiser.uid, 0, {}, {100}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(books.broker->raise(drinker, raise("TEA", ""), 1));
    EXPECT_FALSE(books.broker->raise(kRaiser, raise("TEA", ""), 1));
    EXPECT_TRUE(books.broker->raise(spooled_drinker, raise("TEA", ""), 1));
    EXPECT_FALSE(books.broker->raise(spooled, raise("TEA", ""), 1));
  }
}

}  // namespace
