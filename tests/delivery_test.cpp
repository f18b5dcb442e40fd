// From a raise to a reader of a running broker: what is matched, written, refused, read, and when readers wake.

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "asking.hpp"

namespace {

using alert::Mailslot;
using Mode = Mailslot::Mode;
using Wakeup = Mailslot::Wakeup;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr std::uint64_t kSmallestRing = 4096;

struct Got {
  std::uint64_t ordinal;
  std::uint64_t sequence;
  std::size_t size;
  unsigned flags;
  friend bool operator==(const Got&, const Got&) = default;
};
std::ostream& operator<<(std::ostream& out, const Got& got) {
  return out << got.ordinal << "/" << got.sequence << " " << got.size << " bytes, flags " << got.flags;
}
/// What a reader gets that misses nothing: alerts of one size under these numbers.
std::vector<Got> alerts(std::uint64_t first, std::uint64_t last, std::size_t size) {
  std::vector<Got> all;
  for (std::uint64_t n = first; n <= last; ++n) all.push_back({n, n, size, 0});
  return all;
}

class Delivery : public test::Asking {
 protected:
  void make(std::optional<std::uint32_t> max_message = {}, std::optional<std::uint64_t> capacity = {}) {
    must(alert::MakeMailslot{kSlot, max_message, capacity, {}});
  }
  void start(const std::string& event = "TEST", std::optional<std::uint32_t> maxdata = {}) {
    must(alert::Start{event, kSlot, maxdata, {}});
  }
  Mailslot open(Mode mode = Mode::consume, Wakeup wakeup = Wakeup::futex) {
    auto slot = Mailslot::open(broker.connect(), kSlot, mode, wakeup);
    if (!slot) ADD_FAILURE() << slot.error().message;
    return std::move(*slot);
  }
  static int code_of(const alert::CallResult<alert::RecordView>& record) {
    return record ? 0 : static_cast<int>(record.error().code);
  }
  static std::vector<Got> drain(Mailslot& slot) {
    std::vector<Got> all;
    auto record = slot.read(0ms);
    for (; record; record = slot.read(0ms))
      all.push_back({record->header.ordinal, record->header.sequence, record->body.size(), record->header.flags});
    EXPECT_EQ(code_of(record), 121) << record.error().message;
    return all;
  }
  alert::ListMailslots::Row row() { return must(alert::ListMailslots{}).rows.at(0); }
};

TEST_F(Delivery, LappedReaderGetsEveryAlertOnce) {
  make(256, kSmallestRing), start();
  Mailslot reader = open();
  for (int i = 0; i < 2'000; ++i) raise();
  EXPECT_EQ(drain(reader), alerts(1, 2'000, 38));
}

TEST_F(Delivery, ReaderThatIsLappedAgainAndAgainGetsEveryAlertOnce) {
  make(256, kSmallestRing), start();
  Mailslot reader = open();
  std::vector<Got> all;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) raise();
    for (int i = 0; i < 90; ++i)
      if (const auto r = reader.read(0ms))
        all.push_back({r->header.ordinal, r->header.sequence, r->body.size(), 0});
  }
  const auto rest = drain(reader);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, alerts(1, 2'000, 38));
}

TEST_F(Delivery, ReplayLargerThanItsWindowIsComplete) {
  make(), start();
  for (int i = 0; i < 50; ++i) raise(20'000);
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), alerts(1, 50, 20'000));
}

TEST_F(Delivery, LargestAlertGoesThroughTheRingAndTheReplay) {
  make(), start();
  Mailslot reader = open();
  for (int i = 0; i < 6; ++i) raise(65'475);
  EXPECT_EQ(drain(reader), alerts(1, 6, 65'475));
  raise(65'475);
  EXPECT_EQ(drain(reader), alerts(7, 7, 65'475));
}

TEST_F(Delivery, ObserverSeesEverythingAndConsumesNothing) {
  make(256, kSmallestRing), start();
  Mailslot before = open(Mode::observe);
  for (int i = 0; i < 200; ++i) raise();
  Mailslot after = open(Mode::observe);
  EXPECT_EQ(drain(before), alerts(1, 200, 38));
  EXPECT_EQ(drain(after), alerts(1, 200, 38));
  EXPECT_EQ(row().pending, 200u);
  EXPECT_EQ(row().observers, 2u);
  Mailslot consumer = open();
  EXPECT_EQ(drain(consumer), alerts(1, 200, 38));
}

TEST_F(Delivery, ObserverCanGoBackToTheBeginning) {
  make(), start(), raise(), raise();
  {
    Mailslot consumer = open();
    EXPECT_EQ(drain(consumer).size(), 2u);
    consumer.acknowledge();
  }
  Mailslot observer = open(Mode::observe);
  observer.rewind();
  EXPECT_EQ(drain(observer), alerts(1, 2, 38));
}

TEST_F(Delivery, MaxdataCutsAndSaysSo) {
  constexpr auto kCut = static_cast<unsigned>(alert::kCutAtMaxdata);
  make(), start("TEST", 40);
  Mailslot reader = open();
  raise(100), raise(40);
  const std::vector<Got> expected{{1, 1, 40, kCut}, {2, 2, 40, 0}};
  EXPECT_EQ(drain(reader), expected);
  Mailslot observer = open(Mode::observe);
  observer.rewind();
  EXPECT_EQ(drain(observer), expected);
}

TEST_F(Delivery, AlertTooLargeForItsMailslotIsRefusedAndCounted) {
  make(100), start();
  const alert::Receipt receipt = raise(101);
  EXPECT_EQ(receipt.matched, 1u);
  EXPECT_EQ(receipt.written, 0u);
  ASSERT_EQ(receipt.refused.size(), 1u);
  EXPECT_EQ(receipt.refused[0].recipient, kSlot);
  EXPECT_EQ(receipt.refused[0].code, 111u);
  EXPECT_EQ(raise(100).written, 1u);
  EXPECT_EQ(row().refused, 1u);
  EXPECT_EQ(row().written, 1u);
  const auto stats = must(alert::Stats{});
  EXPECT_EQ(stats.matched, stats.written + stats.refused);
}

TEST_F(Delivery, RefusedAlertLeavesNoHoleInTheMailslot) {
  make(100), start(), raise(100), raise(101), raise(100);
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), (std::vector<Got>{{1, 1, 100, 0}, {2, 3, 100, 0}}));
}

TEST_F(Delivery, MaxdataCutsBeforeTheMailslotRefuses) {
  make(100), start("TEST", 100);
  EXPECT_EQ(raise(200).written, 1u);
}

TEST_F(Delivery, AlertThatNobodyIsRegisteredForIsAccepted) {
  const alert::Receipt receipt = raise();
  EXPECT_EQ(receipt.sequence, 1u);
  EXPECT_EQ(receipt.matched, 0u);
  EXPECT_TRUE(receipt.refused.empty());
}

TEST_F(Delivery, RecipientThatWasNeverMadeIsRefusedInTheReceipt) {
  start();
  const alert::Receipt receipt = raise();
  EXPECT_EQ(receipt.matched, 1u);
  ASSERT_EQ(receipt.refused.size(), 1u);
  EXPECT_EQ(receipt.refused[0].code, 3u);
  make();
  EXPECT_EQ(raise().written, 1u);
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), (std::vector<Got>{{1, 2, 38, 0}}));
}

TEST_F(Delivery, MailslotWithTwoEventsGetsEachAlertOnce) {
  make(), start("TEST"), start("OTHER");
  EXPECT_EQ(raise(38, "test").matched, 1u);
  EXPECT_EQ(raise(38, "Other").matched, 1u);
  EXPECT_EQ(raise(38, "THIRD").matched, 0u);
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), alerts(1, 2, 38));
}

TEST_F(Delivery, AlertsAfterAStopAreNotDueEvenInAReplay) {
  make(), start(), raise();
  must(alert::Stop{"TEST", kSlot});
  raise(), start(), raise();
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), (std::vector<Got>{{1, 1, 38, 0}, {2, 3, 38, 0}}));
}

TEST_F(Delivery, NameMadeAgainStartsWithoutThePredecessorsAlerts) {
  make(), start(), raise();
  must(alert::DeleteMailslot{kSlot});
  EXPECT_EQ(raise().refused.size(), 1u);
  make();
  EXPECT_EQ(row().incarnation, 2u);
  EXPECT_EQ(raise().written, 1u);  // the registration goes on
  Mailslot reader = open();
  EXPECT_EQ(drain(reader), (std::vector<Got>{{1, 3, 38, 0}}));
}

TEST_F(Delivery, ReaderThatWaitsIsToldOfTheDeletion) {
  make();
  Mailslot reader = open();
  auto waiting = std::async(std::launch::async, [&] { return code_of(reader.read(Mailslot::kForever)); });
  must(alert::DeleteMailslot{kSlot});
  EXPECT_EQ(waiting.get(), 109);
}

TEST_F(Delivery, ReaderOfADeletedMailslotTakesWhatIsInTheRingAndIsToldThen) {
  make(), start();
  Mailslot reader = open();
  raise(), raise();
  must(alert::DeleteMailslot{kSlot});
  EXPECT_TRUE(reader.read(0ms));
  EXPECT_TRUE(reader.read(0ms));
  EXPECT_EQ(code_of(reader.read(0ms)), 109);
}

TEST_F(Delivery, ReaderWhoseAlertsWentWithTheMailslotIsToldOfTheDeletion) {
  make(), start(), raise();
  Mailslot reader = open();  // its alert is in the journal only
  must(alert::DeleteMailslot{kSlot});
  EXPECT_EQ(code_of(reader.read(0ms)), 109);
}

TEST_F(Delivery, ReaderOfADeletedMailslotGetsNothingOfItsSuccessor) {
  make(), start(), raise();
  Mailslot reader = open();
  must(alert::DeleteMailslot{kSlot});
  make(), raise(), raise();
  Mailslot successor = open();
  EXPECT_EQ(code_of(reader.read(0ms)), 109);
  EXPECT_EQ(drain(successor).size(), 2u);
}

TEST_F(Delivery, ReaderThatSleepsIsWokenByARaise) {
  make(), start();
  for (const Mode mode : {Mode::consume, Mode::observe}) {
    const auto wakes = must(alert::Stats{}).wakes;
    Mailslot reader = open(mode);
    auto last = std::async(std::launch::async, [&] {
      auto record = reader.read(Mailslot::kForever);
      while (record && record->body.size() != 99) record = reader.read(Mailslot::kForever);
      return record.has_value();
    });
    for (int i = 0; i < 100'000 && must(alert::Stats{}).wakes == wakes; ++i) raise();
    EXPECT_GT(must(alert::Stats{}).wakes, wakes);
    raise(99);
    EXPECT_TRUE(last.get());
  }
}

TEST_F(Delivery, PollDescriptorIsReadableWhenThereIsSomethingToRead) {
  make(), start();
  for (const Mode mode : {Mode::consume, Mode::observe}) {
    Mailslot reader = open(mode, Wakeup::poll);
    drain(reader);  // which arms it
    pollfd poll{reader.poll_descriptor(), POLLIN, 0};
    EXPECT_EQ(::poll(&poll, 1, 0), 0);
    const auto sequence = raise().sequence;
    EXPECT_EQ(::poll(&poll, 1, -1), 1);
    EXPECT_EQ(reader.read(0ms).value().header.sequence, sequence);
    drain(reader);
    EXPECT_EQ(::poll(&poll, 1, 0), 0);
  }
}

TEST_F(Delivery, PollDescriptorIsReadableWhenTheMailslotIsDeleted) {
  make();
  Mailslot reader = open(Mode::consume, Wakeup::poll);
  drain(reader);
  must(alert::DeleteMailslot{kSlot});
  pollfd poll{reader.poll_descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&poll, 1, -1), 1);
  EXPECT_EQ(code_of(reader.read(0ms)), 109);
}

TEST_F(Delivery, AReaderThatSpinsIsToldThatTheBrokerIsGone) {
  make();
  Mailslot reader = open();
  drain(reader);
  broker.kill();
  auto record = reader.read(0ms);
  while (code_of(record) == 121) record = reader.read(0ms);
  ASSERT_FALSE(record);
  EXPECT_TRUE(record.error().error) << record.error().message;
}

TEST_F(Delivery, PollDescriptorIsReadableWhenTheBrokerIsGoneAndTheReadSaysSo) {
  make();
  Mailslot reader = open(Mode::consume, Wakeup::poll);
  drain(reader);
  broker.kill();
  pollfd poll{reader.poll_descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&poll, 1, -1), 1);
  const auto record = reader.read(0ms);
  ASSERT_FALSE(record);
  EXPECT_TRUE(record.error().error) << record.error().message;
}

}  // namespace
