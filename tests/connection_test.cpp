// A reader that lives on while its broker dies and comes back, and one that waits for another's place.

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "process.hpp"

namespace {

using alert::Connection;
using alert::Mailslot;
using News = Connection::News;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr const char* kMine = "\\mailslot\\mine";
constexpr auto kForever = Mailslot::kForever;

/// A broker with a durable mailslot that is registered for TEST.
class Reader : public testing::Test {
 protected:
  void SetUp() override { make(); }
  void make() const {
    alert::Client client = broker.connect();
    ASSERT_TRUE(client.call(alert::MakeMailslot{kSlot, {}, {}, {}}));
    ASSERT_TRUE(client.call(alert::Start{"TEST", kSlot, {}, {}}));
  }
  void raise(int count = 1) const {
    alert::Client client = broker.connect();
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(client.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}}));
  }
  void kill_and_start() {
    broker.kill();
    ASSERT_TRUE(broker.start());
  }
  Connection lasting() {
    return {broker.connect(), {broker.socket()}, kForever, [this](News one) { news.push_back(one); }};
  }
  Mailslot open(Mailslot::Mode mode = Mailslot::Mode::consume, Mailslot::Wakeup wakeup = Mailslot::Wakeup::futex) {
    return std::move(*Mailslot::open(lasting(), kSlot, mode, wakeup));
  }
  /// A mailslot of this session's, registered for TEST in it.
  Mailslot open_mine() {
    Connection connection = lasting();
    EXPECT_TRUE(connection.call(alert::MakeMailslot{kMine, {}, {}, true}));
    EXPECT_TRUE(connection.call(alert::Start{"TEST", kMine, {}, true}));
    return std::move(*Mailslot::open(std::move(connection), kMine, Mailslot::Mode::consume));
  }
  /// What comes next, in a word: the sequence, a tilde where it is marked redelivered; or "gap FIRST-LAST".
  static std::string next(Mailslot& slot, std::chrono::milliseconds timeout = kForever) {
    const auto record = slot.read(timeout);
    if (!record) return record.error().error ? "gone" : std::string(alert::name(record.error().code));
    if (record->kind() == alert::RecordKind::gap) {
      const auto gap = alert::load<alert::GapBody>(record->body.data());
      EXPECT_EQ(gap.reason, static_cast<std::uint32_t>(alert::GapReason::no_mailslot));
      return "gap " + std::to_string(gap.first) + "-" + std::to_string(gap.last);
    }
    return (record->header.flags & alert::kRedelivered ? "~" : "") + std::to_string(record->header.sequence);
  }
  /// What a consumer gets that brings this place.
  alert::HistoryPlace accepted(const alert::OpenMailslot& call) const { return broker.connect().call(call)->after; }

  test::Broker broker;
  std::vector<News> news;
};

TEST_F(Reader, GoesOnBehindItsOwnPlaceAndNothingIsMarked) {
  raise(4);
  Mailslot slot = open();
  EXPECT_EQ(next(slot), "1");
  EXPECT_EQ(next(slot), "2");
  kill_and_start();
  raise();
  for (const char* sequence : {"3", "4", "5"}) EXPECT_EQ(next(slot), sequence);
}

TEST_F(Reader, OfARingGoesOnAfterManyEndsOfTheBroker) {
  Mailslot slot = open();
  auto reading = std::async(std::launch::async, [&] {
    std::vector<std::string> got;
    while (got.size() < 50) got.push_back(next(slot));
    return got;
  });
  for (int i = 0; i < 5; ++i) {
    raise(10);
    kill_and_start();
  }
  const auto got = reading.get();
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], std::to_string(i + 1));
}

TEST_F(Reader, ThatObservesGoesOnToo) {
  raise(2);
  Mailslot slot = open(Mailslot::Mode::observe);
  EXPECT_EQ(next(slot), "1");
  kill_and_start();
  raise();
  EXPECT_EQ(next(slot), "2");
  EXPECT_EQ(next(slot), "3");
  slot.rewind();
  EXPECT_EQ(next(slot), "1");
}

TEST_F(Reader, IsToldOfTheEndAndOfTheReturnOnce) {
  Mailslot slot = open();
  kill_and_start();
  EXPECT_EQ(next(slot, 0ms), "ERROR_SEM_TIMEOUT");
  EXPECT_EQ(news, (std::vector{News::lost, News::restored}));
  kill_and_start();
  raise();
  EXPECT_EQ(next(slot), "1");
  EXPECT_EQ(news.size(), 4u);
}

TEST_F(Reader, GetsTheConnectionsErrorWhileTheBrokerStaysAwayAndGoesOnLater) {
  raise();
  Mailslot slot = open();
  EXPECT_EQ(next(slot), "1");
  broker.kill();
  EXPECT_EQ(next(slot, 0ms), "gone");
  EXPECT_EQ(next(slot, 5ms), "gone");
  ASSERT_TRUE(broker.start());
  raise();
  EXPECT_EQ(next(slot), "2");
  EXPECT_EQ(news, (std::vector{News::lost, News::restored}));
}

TEST_F(Reader, WithoutPatienceIsNotBroughtBack) {
  auto slot = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume);
  ASSERT_TRUE(slot);
  kill_and_start();
  EXPECT_EQ(next(*slot), "gone");
  EXPECT_EQ(next(*slot), "gone");
}

TEST_F(Reader, ThatPollsKeepsItsDescriptorAndIsWokenByTheEnd) {
  Mailslot slot = open(Mailslot::Mode::consume, Mailslot::Wakeup::poll);
  EXPECT_EQ(next(slot, 0ms), "ERROR_SEM_TIMEOUT");
  const int fd = slot.poll_descriptor();
  const auto await = [fd] {
    pollfd poll{fd, POLLIN, 0};
    EXPECT_EQ(::poll(&poll, 1, -1), 1);
  };
  kill_and_start();
  await();
  EXPECT_EQ(next(slot, 0ms), "ERROR_SEM_TIMEOUT");
  EXPECT_EQ(slot.poll_descriptor(), fd);
  raise();
  await();
  EXPECT_EQ(next(slot, 0ms), "1");
}

TEST_F(Reader, FindsItsSessionsMailslotMadeAgainAndTheAlertsBetweenAsAGap) {
  Mailslot mine = open_mine();
  raise();
  EXPECT_EQ(next(mine), "1");
  kill_and_start();
  raise(2);
  EXPECT_EQ(next(mine, 0ms), "gap 2-3");
  EXPECT_EQ(next(mine, 0ms), "ERROR_SEM_TIMEOUT");
  raise();
  EXPECT_EQ(next(mine), "4");
}

TEST_F(Reader, HasTheAlertsThatTheBrokerHadDeliveredToItsSessionBeforeTheGap) {
  Mailslot mine = open_mine();
  raise(2);
  broker.kill();
  EXPECT_EQ(next(mine), "1");
  ASSERT_TRUE(broker.start());
  raise();
  EXPECT_EQ(next(mine), "2");
  EXPECT_EQ(next(mine), "gap 3-3");
}

TEST_F(Reader, OfAMailslotThatWasMadeAnewGetsWhatWasBeforeItAsAGap) {
  raise();
  Mailslot slot = open();
  EXPECT_EQ(next(slot), "1");
  kill_and_start();
  raise();
  ASSERT_TRUE(broker.connect().call(alert::DeleteMailslot{kSlot}));
  ASSERT_TRUE(broker.connect().call(alert::Stop{"TEST", kSlot}));
  make();
  raise();
  EXPECT_EQ(next(slot), "gap 2-2");
  EXPECT_EQ(next(slot), "3");
}

TEST_F(Reader, OfABrokerWithAnotherJournalStartsAsAnybodyWould) {
  raise(2);
  Mailslot slot = open();
  EXPECT_EQ(next(slot), "1");
  EXPECT_EQ(next(slot), "2");
  broker.kill();
  std::filesystem::remove_all(broker.journal());
  ASSERT_TRUE(broker.start());
  raise();
  make();
  raise();
  EXPECT_EQ(next(slot), "gap 1-1");
  EXPECT_EQ(next(slot), "2");
}

TEST_F(Reader, OfAMailslotThatIsGoneIsToldSo) {
  Mailslot slot = open();
  kill_and_start();
  ASSERT_TRUE(broker.connect().call(alert::DeleteMailslot{kSlot}));
  EXPECT_EQ(next(slot), "ERROR_PATH_NOT_FOUND");
}

TEST_F(Reader, CannotBringAPlaceThatIsNotOne) {
  raise(3);
  {
    Mailslot slot = open();
    EXPECT_EQ(next(slot), "1");
    EXPECT_EQ(next(slot), "2");
    slot.acknowledge();
  }
  while (broker.connect().call(alert::ListMailslots{})->rows[0].consumer) continue;
  const std::string journal = broker.connect().call(alert::Stats{})->journal;
  const std::uint64_t incarnation = broker.connect().call(alert::ListMailslots{})->rows[0].incarnation;
  EXPECT_EQ(accepted({kSlot, true, {}, journal, incarnation, alert::HistoryPlace{4, 4}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, true, {}, journal, incarnation, alert::HistoryPlace{3, 4}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, true, {}, journal, incarnation, alert::HistoryPlace{1, 1}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, true, {}, journal, incarnation + 1, alert::HistoryPlace{3, 3}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, true, {}, journal, {}, alert::HistoryPlace{3, 3}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, true, {}, std::string(32, '0'), incarnation, alert::HistoryPlace{3, 3}}).ordinal, 2u);
  EXPECT_EQ(accepted({kSlot, false, {}, journal, incarnation, alert::HistoryPlace{1, 1}}).ordinal, 1u);
  EXPECT_EQ(accepted({kSlot, true, {}, journal, incarnation, alert::HistoryPlace{3, 3}}).ordinal, 3u);
}

TEST_F(Reader, FindsNothingMadeAgainThatItHadStoppedOrDeleted) {
  Connection connection = lasting();
  ASSERT_TRUE(connection.call(alert::MakeMailslot{kMine, {}, {}, true}));
  ASSERT_TRUE(connection.call(alert::Start{"ONE", kSlot, {}, true}));
  ASSERT_TRUE(connection.call(alert::Start{"TWO", kSlot, {}, true}));
  ASSERT_TRUE(connection.call(alert::Stop{"one", kSlot}));
  ASSERT_TRUE(connection.call(alert::DeleteMailslot{"\\MAILSLOT\\mine"}));
  kill_and_start();
  ASSERT_TRUE(connection.restore(alert::Deadline(kForever)));
  EXPECT_EQ(broker.connect().call(alert::ListMailslots{})->rows.size(), 1u);
  const auto rows = broker.connect().call(alert::ListTable{})->rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].event, "TWO");
}

TEST_F(Reader, WaitsForTheHangUpOfTheConsumerBefore) {
  std::optional<Mailslot> first = open();
  auto second = std::async(std::launch::async, [&] {
    return Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume, Mailslot::Wakeup::futex, kForever);
  });
  while (broker.connect().call(alert::Stats{})->connections < 3) continue;
  first.reset();
  EXPECT_TRUE(second.get());
}

TEST_F(Reader, IsToldThatTheMailslotIsBusyOnceItsPatienceIsOver) {
  const Mailslot first = open();
  for (const auto patience : {0ms, 3ms}) {
    const auto second =
        Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume, Mailslot::Wakeup::futex, patience);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, alert::Code::busy);
  }
  EXPECT_TRUE(Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::observe));
}

}  // namespace
