// Raising through a lane: the same alerts, the same verdicts, the same rules as through the socket.

#include "alert/control/raiser.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "alert/wire/hex.hpp"
#include "process.hpp"

namespace {

using alert::Code;
using alert::LaneVerdict;
using alert::Mailslot;
using alert::Profile;
using alert::Raiser;

constexpr const char* kSlot = "\\mailslot\\slot";

/// The smallest alert of a custom event, and a number behind it.
std::string wire_of(std::uint64_t n) {
  std::string wire(38, '\0');
  wire.replace(4, 4, "TEST");
  return wire + std::to_string(n);
}

class Raising : public testing::Test {
 protected:
  Raiser open(std::uint64_t capacity = 0) {
    auto raiser = Raiser::open(broker.connect(), capacity);
    if (!raiser) ADD_FAILURE() << raiser.error().message;
    return std::move(*raiser);
  }
  template <class Call>
  typename Call::Reply must(const Call& call) {
    auto reply = client.call(call);
    if (!reply) ADD_FAILURE() << Call::kMethod << ": " << reply.error().message;
    return reply ? std::move(*reply) : typename Call::Reply{};
  }
  void listen() { must(alert::MakeMailslot{kSlot, {}, {}, {}}), must(alert::Start{"TEST", kSlot, {}, {}}); }
  static LaneVerdict next(Raiser& raiser) {
    const auto verdict = raiser.verdict(Raiser::kForever);
    if (!verdict) ADD_FAILURE() << verdict.error().message;
    return verdict.value_or(LaneVerdict{});
  }
  static LaneVerdict raise(Raiser& raiser, std::string_view event, std::string_view wire,
                           const alert::LaneId& id = {}) {
    EXPECT_TRUE(raiser.write(Profile::lm20, event, alert::as_bytes(wire), id));
    return next(raiser);
  }
  static unsigned code(Code code) { return static_cast<unsigned>(code); }

  test::Broker broker;
  alert::Client client = broker.connect();
};

TEST_F(Raising, ThroughALaneDeliversTheBytesAndTellsTheCounts) {
  listen();
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)), (LaneVerdict{0, 1, 1, 1, 0}));
  EXPECT_EQ(raise(raiser, "test", wire_of(2)), (LaneVerdict{0, 1, 2, 1, 0})) << "names compare without case";
  EXPECT_EQ(raise(raiser, "OTHER", wire_of(3)), (LaneVerdict{0, 0, 3, 0, 0})) << "no match is no error";
  auto slot = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume).value();
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const auto record = slot.read(Mailslot::kForever);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->header.sequence, n);
    EXPECT_EQ(alert::as_text(record->body), wire_of(n));
    EXPECT_EQ(record->header.pid, static_cast<std::uint32_t>(::getpid()));
  }
}

TEST_F(Raising, ThroughALaneCountsARefusedRecipient) {
  must(alert::Start{"TEST", "\\mailslot\\nobody", {}, {}});
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)), (LaneVerdict{0, 1, 1, 0, 1}));
}

TEST_F(Raising, ThroughALaneKeepsItsOrderHoweverManyAreUnderWay) {
  listen();
  Raiser raiser = open(alert::kMinLaneCapacity);
  constexpr std::uint64_t kRaises = 5'000;
  std::uint64_t raised = 0;
  std::uint64_t known = 0;
  while (known < kRaises) {
    while (raised < kRaises && raiser.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(raised + 1)))) ++raised;
    ASSERT_EQ(next(raiser), (LaneVerdict{0, 1, ++known, 1, 0}));
  }
  auto slot = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume).value();
  for (std::uint64_t n = 1; n <= kRaises; ++n) {
    const auto record = slot.read(Mailslot::kForever);
    ASSERT_TRUE(record) << record.error().message;
    ASSERT_EQ(alert::as_text(record->body), wire_of(n));
  }
}

TEST_F(Raising, ThroughALaneCountsARepeatedRaiseOnce) {
  listen();
  Raiser raiser = open();
  const alert::LaneId id{1, 2, 3};
  const LaneVerdict first = raise(raiser, "TEST", wire_of(1), id);
  EXPECT_EQ(first, (LaneVerdict{0, 1, 1, 1, 0}));
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1), id), first);
  EXPECT_EQ(must(alert::Stats{}).accepted, 1U);
  EXPECT_EQ(raise(raiser, "TEST", wire_of(2)).sequence, 2U) << "without an id each counts";
  EXPECT_EQ(raise(raiser, "TEST", wire_of(2)).sequence, 3U);
}

TEST_F(Raising, ThroughALaneRefusesWhatIsNoAlert) {
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1).substr(0, 37)).code, code(Code::invalid_parameter));
  EXPECT_EQ(raise(raiser, "", wire_of(1)).code, code(Code::invalid_parameter));
  EXPECT_EQ(raise(raiser, "SEVENTEEN LETTERS", wire_of(1)).code, code(Code::invalid_name));
  EXPECT_EQ(raise(raiser, "\xFF", wire_of(1)).code, code(Code::invalid_name));
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)).sequence, 1U) << "and goes on";
  EXPECT_EQ(must(alert::Stats{}).refused_raises, 4U);
}

TEST_F(Raising, WakesABrokerThatSleeps) {
  Raiser raiser = open();
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const auto turns = must(alert::Stats{}).turns;
    EXPECT_EQ(raise(raiser, "TEST", wire_of(n)).sequence, n);
    EXPECT_GT(must(alert::Stats{}).turns, turns);
  }
}

TEST_F(Raising, WhoLooksForVerdictsAllTheTimeIsToldThatTheBrokerIsGone) {
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)).sequence, 1U);
  broker.kill();
  auto verdict = raiser.verdict(std::chrono::milliseconds(0));
  while (!verdict && verdict.error().code == Code::sem_timeout)
    verdict = raiser.verdict(std::chrono::milliseconds(0));
  ASSERT_FALSE(verdict);
  EXPECT_TRUE(verdict.error().error) << verdict.error().message;
}

TEST_F(Raising, CostsTimeOfLookingForMoreThatStatsTell) {
  EXPECT_EQ(must(alert::Stats{}).poll_ns, 0u);
  Raiser raiser = open();
  do (void)raise(raiser, "TEST", wire_of(1));
  while (must(alert::Stats{}).poll_ns == 0);
}

TEST_F(Raising, SharesItsConnectionWithCalls) {
  Raiser raiser = open();
  ASSERT_TRUE(raiser.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(1))));
  raiser.flush();
  ASSERT_TRUE(raiser.client().call(alert::ListTable{}));
  EXPECT_EQ(next(raiser).sequence, 1U);
  const auto second = raiser.client().call(alert::OpenLane{});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::already_exists);
}

TEST_F(Raising, EndsWithTheBroker) {
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)).sequence, 1U);
  broker.kill();
  ASSERT_TRUE(raiser.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(2))));
  const auto verdict = raiser.verdict(Raiser::kForever);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().error.value(), ECONNRESET);
}

TEST_F(Raising, NonsenseInALaneEndsItsConnectionAndNoOther) {
  alert::Client liar = broker.connect();
  ASSERT_TRUE(liar.call(alert::OpenLane{}));
  const auto memory = alert::SharedMemory::map_writable(std::move(liar.take_descriptors().at(0))).value();
  reinterpret_cast<alert::LaneHeader*>(memory.data())->tail = ~std::uint64_t{0};
  liar.ring();
  EXPECT_FALSE(liar.call(alert::Stats{}));
  Raiser raiser = open();
  EXPECT_EQ(raise(raiser, "TEST", wire_of(1)).sequence, 1U);
}

TEST_F(Raising, ALaneBeyondTheLargestIsRefused) {
  const auto reply = client.call(alert::OpenLane{alert::kMaxLaneCapacity + 1});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::invalid_parameter);
  EXPECT_EQ(must(alert::OpenLane{alert::kMaxLaneCapacity}).capacity, alert::kMaxLaneCapacity);
}

/// Who asked for receipts gets of each raise what the socket would have answered.
class Receipts : public Raising {
 protected:
  Raiser open_for_receipts(const test::Broker& at, std::uint64_t capacity = 0) {
    auto raiser = Raiser::open(at.connect(), capacity, Raiser::Wants::receipts);
    if (!raiser) ADD_FAILURE() << raiser.error().message;
    return std::move(*raiser);
  }
  static std::string told(const alert::CallResult<alert::Receipt>& receipt) {
    if (receipt) return alert::to_json(*receipt).dump();
    return std::to_string(code(receipt.error().code)) + " " + receipt.error().message;
  }
  /// Through the socket, the same broker's answer to another raise.
  std::string answered(const std::string& event, const std::string& wire) {
    return told(client.call(alert::Raise{event, "lm20", alert::to_hex(alert::as_bytes(wire)), {}, {}}));
  }
};

TEST_F(Receipts, NameWhoRefusedAndWhy) {
  listen();
  must(alert::Start{"TEST", "\\mailslot\\nobody", {}, {}});
  Raiser raiser = open_for_receipts(broker);
  ASSERT_TRUE(raiser.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(1))));
  std::string receipt = told(raiser.receipt(Raiser::kForever));
  EXPECT_NE(receipt.find("nobody"), std::string::npos) << receipt;
  ASSERT_EQ(receipt.replace(receipt.find("\"sequence\":1"), 12, "\"sequence\":2"), answered("TEST", wire_of(1)));
}

TEST_F(Receipts, OfRefusedRaisesAreTheSameSentences) {
  Raiser raiser = open_for_receipts(broker);
  const std::string no_alert = wire_of(1).substr(0, 37);
  for (const auto& [event, wire] : {std::pair<std::string, std::string>("TEST", no_alert), {"A/B", wire_of(1)}}) {
    ASSERT_TRUE(raiser.write(Profile::lm20, event, alert::as_bytes(wire)));
    EXPECT_EQ(told(raiser.receipt(Raiser::kForever)), answered(event, wire));
  }
}

TEST_F(Receipts, ComeInTheirOrderHoweverManyAreUnderWay) {
  must(alert::MakeMailslot{kSlot, 40, {}, {}}), must(alert::Start{"TEST", kSlot, {}, {}});
  Raiser raiser = open_for_receipts(broker, alert::kMinLaneCapacity);
  constexpr std::uint64_t kRaises = 3'000;  // those above 99 are too long for the mailslot
  std::uint64_t raised = 0;
  for (std::uint64_t n = 1; n <= kRaises; ++n) {
    while (raised < kRaises && raiser.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(raised + 1)))) ++raised;
    const auto receipt = raiser.receipt(Raiser::kForever);
    ASSERT_TRUE(receipt) << receipt.error().message;
    ASSERT_EQ(receipt->sequence, n);
    ASSERT_EQ(receipt->journal.size(), 32U);
    ASSERT_EQ(receipt->matched, 1U);
    ASSERT_EQ(receipt->written, n < 100 ? 1U : 0U);
    ASSERT_EQ(receipt->refused.size(), n < 100 ? 0U : 1U);
  }
}

TEST_F(Receipts, ThatNobodyTakesStopTheirOwnLaneOnly) {
  must(alert::Start{"TEST", "\\mailslot\\nobody", {}, {}});
  Raiser silent = open_for_receipts(broker, 1 << 20);
  std::uint64_t raised = 0;
  while (silent.write(Profile::lm20, "TEST", alert::as_bytes(wire_of(raised)))) ++raised;
  silent.flush();
  Raiser other = open();
  while (other.outstanding() < 1'000) ASSERT_TRUE(other.write(Profile::lm20, "OTHER", alert::as_bytes(wire_of(1))));
  while (other.outstanding() > 0) EXPECT_EQ(next(other).code, 0U);
  std::uint64_t accepted = 0;  // what the socket holds of the silent one's is all that was taken from its lane
  for (std::uint64_t before = 1; before != accepted;)
    before = std::exchange(accepted, must(alert::Stats{}).accepted);
  EXPECT_LT(accepted, 1'000 + raised);
  while (silent.outstanding() > 0) ASSERT_TRUE(silent.receipt(Raiser::kForever));
  EXPECT_EQ(must(alert::Stats{}).accepted, 1'000 + raised);
}

TEST_F(Raising, AnEmptyRequestWithoutALaneIsMalformed) {
  client.ring();
  EXPECT_FALSE(client.call(alert::ListTable{})) << "its answer is the complaint";
}

}  // namespace
