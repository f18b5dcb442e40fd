// A raise that carries an id may be repeated: it counts once, and gets the first receipt again.

#include <gtest/gtest.h>

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"
#include "brokerd/raise_ids.hpp"
#include "brokerd/recovery.hpp"
#include "process.hpp"
#include "vectors.hpp"

namespace {

using brokerd::RaiseIds;
using brokerd::RaiseKnown;

const std::string kId(32, 'a');

std::string id_of(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

RaiseKnown known(std::uint64_t sequence, std::uint32_t uid = 0, std::size_t refusals = 0) {
  RaiseKnown raise{id_of(sequence), uid, sequence, refusals, 0, {}};
  raise.refused.resize(refusals);
  return raise;
}

alert::Raise raise(const std::string& id) {
  alert::Raise call;
  call.event = "ADMIN";
  call.profile = "lm20";
  call.wire = alert::to_hex(golden::vector_named("lm20-admin-n4").bytes);
  call.id = id;
  return call;
}

/// A broker whose mailslot `m` and a recipient that does not exist are registered for ADMIN.
struct Registered {
  test::Broker broker;
  Registered() {
    broker.ctl({"make", "m"});
    broker.ctl({"start", "ADMIN", "m"});
    broker.ctl({"start", "ADMIN", "nobody"});
  }
  [[nodiscard]] std::uint64_t accepted() const {
    auto client = broker.connect();
    alert::Stats stats;
    return client.call(stats)->accepted;
  }
};

void expect_same(const alert::Receipt& first, const alert::Receipt& again) {
  EXPECT_EQ(alert::to_json(first), alert::to_json(again));
}

}  // namespace

TEST(RaiseIds, AreKnownByTheUidThatUsedThem) {
  RaiseIds ids;
  ids.remember(known(1, 1000));
  ASSERT_NE(ids.find({1000, id_of(1)}), nullptr);
  EXPECT_EQ(ids.find({1000, id_of(1)})->sequence, 1u);
  EXPECT_EQ(ids.find({1001, id_of(1)}), nullptr);
  EXPECT_EQ(ids.find({1000, id_of(2)}), nullptr);
}

TEST(RaiseIds, KeepTheFirstRaiseOfAnId) {
  RaiseIds ids;
  ids.remember(known(1));
  RaiseKnown second = known(2);
  second.id = id_of(1);
  ids.remember(second);
  EXPECT_EQ(ids.find({0, id_of(1)})->sequence, 1u);
  EXPECT_EQ(ids.all().size(), 1u);
}

TEST(RaiseIds, OfOneUidPushOutItsOwnOldestOnly) {
  RaiseIds ids;
  ids.remember(known(1, 7));
  for (std::uint64_t sequence = 2; sequence < 2 + RaiseIds::kPerUid; ++sequence) ids.remember(known(sequence, 8));
  EXPECT_NE(ids.find({8, id_of(2)}), nullptr);
  ids.remember(known(10'000, 8));
  EXPECT_EQ(ids.find({8, id_of(2)}), nullptr);
  EXPECT_NE(ids.find({8, id_of(3)}), nullptr);
  EXPECT_NE(ids.find({7, id_of(1)}), nullptr);
  EXPECT_EQ(ids.all().size(), 1 + RaiseIds::kPerUid);
}

TEST(RaiseIds, AreBoundedInAllByTheirReceipts) {
  RaiseIds ids;
  constexpr std::size_t kEach = 64;
  const std::uint64_t most = RaiseIds::kWeight / (1 + kEach);
  for (std::uint64_t n = 1; n <= most; ++n) ids.remember(known(n, static_cast<std::uint32_t>(n), kEach));
  EXPECT_EQ(ids.all().size(), most);
  ids.remember(known(most + 1, 0, kEach));
  EXPECT_EQ(ids.all().size(), most);
  EXPECT_EQ(ids.find({1, id_of(1)}), nullptr);
}

TEST(RaiseIds, OfOneUidWithLongReceiptsPushOutItsOwnOldestOnly) {
  RaiseIds ids;
  constexpr std::size_t kEach = 99;
  const std::uint64_t most = RaiseIds::kWeight / (1 + kEach);
  ids.remember(known(1, 7));
  for (std::uint64_t n = 2; n < 2 + 2 * most; ++n) ids.remember(known(n, 8, kEach));
  EXPECT_NE(ids.find({7, id_of(1)}), nullptr);
  EXPECT_EQ(ids.find({8, id_of(2)}), nullptr);
  EXPECT_NE(ids.find({8, id_of(1 + 2 * most)}), nullptr);
  EXPECT_EQ(ids.all().size(), 1 + most);
}

TEST(RaiseId, IsThirtyTwoLowerCaseHexadecimalDigits) {
  EXPECT_TRUE(brokerd::is_raise_id("0123456789abcdef0123456789abcdef"));
  for (const std::string bad : {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
                                "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcdeg"})
    EXPECT_FALSE(brokerd::is_raise_id(bad)) << bad;
}

TEST(RaiseId, MakesARepeatedRaiseCountOnceWithTheFirstReceipt) {
  const Registered registered;
  auto client = registered.broker.connect();
  const auto call = raise(kId);
  const auto first = client.call(call);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->matched, 2u);
  EXPECT_EQ(first->written, 1u);
  ASSERT_EQ(first->refused.size(), 1u);
  expect_same(*first, *client.call(call));
  auto other = registered.broker.connect();
  expect_same(*first, *other.call(call));
  EXPECT_EQ(registered.accepted(), 1u);
  EXPECT_EQ(test::lines(registered.broker.ctl({"read", "m", "--json"}).out).size(), 1u);
}

TEST(RaiseId, IsKnownAfterTheBrokerWasKilledAndAfterItEndedProperly) {
  Registered registered;
  auto& broker = registered.broker;
  const auto first = broker.connect().call(raise(kId));
  broker.kill();
  ASSERT_TRUE(broker.start());
  expect_same(*first, *broker.connect().call(raise(kId)));
  EXPECT_EQ(broker.stop(), 0);
  ASSERT_TRUE(broker.start());
  expect_same(*first, *broker.connect().call(raise(kId)));
  EXPECT_EQ(registered.accepted(), 1u);
}

TEST(RaiseId, CountsOnceAlsoWithinOneTurn) {
  const test::TemporaryFolder folder;
  auto journal = brokerd::JournalFolder::open(folder / "journal");
  ASSERT_TRUE(journal);
  auto recovered = brokerd::recover(std::move(*journal), 1);
  ASSERT_TRUE(recovered);
  brokerd::Broker broker(std::move(recovered->ledger), std::move(recovered->writer),
                         brokerd::Policy::standard(false, 0, std::nullopt));
  for (const auto& id : {kId, id_of(2), kId, kId}) ASSERT_TRUE(broker.raise({}, raise(id), 1));
  broker.settle();
  std::vector<brokerd::Outcome<brokerd::Settled>> settled;
  broker.take_settled(settled);
  ASSERT_EQ(settled.size(), 4u);
  EXPECT_EQ(settled[1]->sequence, 2u);
  for (const std::size_t i : {2u, 3u}) expect_same(broker.receipt(*settled[0]), broker.receipt(*settled[i]));
  EXPECT_EQ(broker.stats({}).accepted, 2u);
}

TEST(RaiseId, ThatIsNoneIsRefusedAndNothingIsRaised) {
  const Registered registered;
  const auto refused = registered.broker.connect().call(raise("tea"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, alert::Code::invalid_parameter);
  EXPECT_EQ(registered.accepted(), 0u);
}
