// What is there again after the broker or a reader was killed: everything that was accepted, once.

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "process.hpp"

namespace {

using alert::Mailslot;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr std::uint8_t kNoFlags = 0, kRedelivered = alert::kRedelivered;

enum class End { killed, told_to_stop };

class Survival : public testing::TestWithParam<End> {
 protected:
  /// A durable mailslot, registered for TEST.
  void SetUp() override {
    alert::Client client = broker.connect();
    ASSERT_TRUE(client.call(alert::MakeMailslot{kSlot, {}, {}, {}}));
    ASSERT_TRUE(client.call(alert::Start{"TEST", kSlot, {}, {}}));
  }

  /// Raises `count` alerts and returns the sequence of the last.
  std::uint64_t raise(int count = 1) {
    alert::Client client = broker.connect();
    std::uint64_t sequence = 0;
    for (int i = 0; i < count; ++i)
      sequence = *client.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}})->sequence;
    return sequence;
  }
  Mailslot open(Mailslot::Mode mode = Mailslot::Mode::consume) {
    auto slot = Mailslot::open(broker.connect(), kSlot, mode);
    if (!slot) ADD_FAILURE() << slot.error().message;
    return std::move(*slot);
  }
  /// Everything that is there to read now, acknowledged.
  static std::vector<alert::RecordHeader> drain(Mailslot& slot) {
    std::vector<alert::RecordHeader> headers;
    while (auto record = slot.read(0ms)) headers.push_back(record->header);
    return headers;
  }
  std::vector<alert::RecordHeader> read_all() {
    Mailslot slot = open();
    return drain(slot);
  }

  /// A consumer in a process of its own that takes `count` records and is killed with the last in its hand.
  void consume_and_crash(int count) {
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto slot = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume);
      char taken = 0;
      for (int i = 0; slot && i < count; ++i) taken = static_cast<char>(taken + slot->read(0ms).has_value());
      if (::write(ready[1], &taken, 1) == 1) ::pause();
      ::_exit(1);
    }
    char taken = 0;
    EXPECT_EQ(::read(ready[0], &taken, 1), 1);
    EXPECT_EQ(taken, count);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
  }

  void end_and_start() {
    if (GetParam() == End::killed)
      broker.kill();
    else
      EXPECT_EQ(broker.stop(), 0);
    ASSERT_TRUE(broker.start());
  }
  /// Asks until the broker has noticed what happened.
  template <class Question>
  bool comes_true(Question question) {
    alert::Client client = broker.connect();
    for (int i = 0; i < 100'000; ++i)
      if (question(*client.call(alert::Stats{}))) return true;
    return false;
  }
  static std::string facts(const test::Broker& of) {
    alert::Client client = of.connect();
    const auto stats = *client.call(alert::Stats{});
    const alert::Json counters{stats.journal, stats.sequence, stats.accepted,
                               stats.matched, stats.written,  stats.refused};
    return counters.dump() + to_json(*client.call(alert::ListTable{})).dump() +
           to_json(*client.call(alert::ListMailslots{})).dump();
  }

  test::Broker broker;
};

INSTANTIATE_TEST_SUITE_P(Broker, Survival, testing::Values(End::killed, End::told_to_stop),
                         [](const auto& end) { return end.param == End::killed ? "Killed" : "ToldToStop"; });

TEST_P(Survival, NoAcceptedAlertIsLost) {
  EXPECT_EQ(raise(1'000), 1'000u);
  end_and_start();
  const auto got = read_all();
  ASSERT_EQ(got.size(), 1'000u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].sequence, i + 1);
    EXPECT_EQ(got[i].ordinal, i + 1);
    EXPECT_EQ(got[i].flags, kNoFlags);
  }
}

TEST_P(Survival, NextAlertHasTheNextNumber) {
  EXPECT_EQ(raise(3), 3u);
  end_and_start();
  EXPECT_EQ(raise(), 4u);
  end_and_start();
  EXPECT_EQ(raise(), 5u);
  EXPECT_EQ(read_all().size(), 5u);
}

TEST_P(Survival, TableMailslotsAndCountersAreThereAgain) {
  alert::Client client = broker.connect();
  ASSERT_TRUE(client.call(alert::MakeMailslot{"\\mailslot\\other", 1'000, 65'536, {}}));
  ASSERT_TRUE(client.call(alert::Start{"TEST", "\\mailslot\\other", 42, {}}));
  ASSERT_TRUE(client.call(alert::Start{"TEST", "\\mailslot\\nobody", {}, {}}));
  ASSERT_TRUE(client.call(alert::Stop{"TEST", kSlot}));
  raise(7);
  const std::string before = facts(broker);
  end_and_start();
  EXPECT_EQ(facts(broker), before);
}

TEST_P(Survival, WhatEndedWithASessionStaysEnded) {
  alert::Client client = broker.connect();
  ASSERT_TRUE(client.call(alert::MakeMailslot{"\\mailslot\\session", {}, {}, true}));
  ASSERT_TRUE(client.call(alert::Start{"TEST", "\\mailslot\\session", {}, true}));
  ASSERT_TRUE(client.call(alert::Start{"OTHER", kSlot, {}, true}));
  end_and_start();
  client = broker.connect();
  ASSERT_EQ(client.call(alert::ListMailslots{})->rows.size(), 1u);
  EXPECT_EQ(client.call(alert::ListMailslots{})->rows[0].mailslot, kSlot);
  ASSERT_EQ(client.call(alert::ListTable{})->rows.size(), 1u);
  EXPECT_EQ(client.call(alert::ListTable{})->rows[0].event, "TEST");
}

TEST_P(Survival, WhatWasReadDoesNotComeAgainOnceTheConsumerHasClosed) {
  raise(3);
  EXPECT_EQ(read_all().size(), 3u);
  EXPECT_TRUE(comes_true([&](const auto& stats) { return stats.connections == 1; }));
  raise();
  end_and_start();
  const auto got = read_all();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].ordinal, 4u);
  EXPECT_EQ(got[0].flags, kNoFlags);
}

TEST_P(Survival, ReaderThatWaitsIsToldThatTheBrokerIsGone) {
  Mailslot slot = open();
  auto waiting = std::async(std::launch::async, [&] { return slot.read(Mailslot::kForever); });
  end_and_start();
  const auto record = waiting.get();
  ASSERT_FALSE(record);
  EXPECT_TRUE(record.error().error) << record.error().message;
}

class Consumer : public Survival {};

TEST_F(Consumer, GetsTheAlertInItsHandAgainAfterACrash) {
  raise(5);
  consume_and_crash(3);
  const auto got = read_all();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].ordinal, 3u);
  EXPECT_EQ(got[0].flags, kRedelivered);
  EXPECT_EQ(got[1].flags, kNoFlags);
  EXPECT_EQ(got[2].flags, kNoFlags);
}

TEST_F(Consumer, GetsAgainWhatTwoCrashesLeft) {
  raise(5);
  consume_and_crash(3);
  consume_and_crash(1);
  const auto got = read_all();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].ordinal, 3u);
  EXPECT_EQ(got[0].flags, kRedelivered);
  EXPECT_EQ(got[1].flags, kNoFlags);
}

TEST_F(Consumer, HasNothingMarkedWhenItClosesProperly) {
  raise(2);
  {
    Mailslot slot = open();
    ASSERT_TRUE(slot.read(0ms));
    slot.acknowledge();
  }
  const auto got = read_all();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].ordinal, 2u);
  EXPECT_EQ(got[0].flags, kNoFlags);
}

TEST_F(Consumer, GetsWhatItMayHaveSeenMarkedAfterTheBrokerWasKilled) {
  raise(4);
  Mailslot before = open();
  ASSERT_TRUE(before.read(0ms));
  ASSERT_TRUE(before.read(0ms));
  broker.kill();
  ASSERT_TRUE(broker.start());
  raise();
  const auto got = read_all();
  ASSERT_GE(got.size(), 4u);  // the first one comes again unless its cursor was journaled in time
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].ordinal, i + 6 - got.size());
    EXPECT_EQ(got[i].flags, got[i].ordinal <= 4 ? kRedelivered : kNoFlags) << got[i].ordinal;
  }
}

TEST_F(Consumer, ThatPeekedHasReadNothing) {
  raise(2);
  {
    Mailslot slot = open();
    ASSERT_TRUE(slot.peek());
    EXPECT_EQ(slot.peek()->header.ordinal, 1u);
  }
  const auto got = read_all();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].flags, kNoFlags);
}

TEST_F(Consumer, IsCountedAsReadingWhileItReads) {
  raise(3);
  Mailslot slot = open();
  ASSERT_TRUE(slot.read(0ms));
  ASSERT_TRUE(slot.read(0ms));
  const auto row = broker.connect().call(alert::ListMailslots{})->rows.at(0);
  EXPECT_TRUE(row.consumer);
  EXPECT_EQ(row.written, 3u);
  EXPECT_EQ(row.read, 1u);
  EXPECT_EQ(row.pending, 2u);
}

class Session : public Survival {};

TEST_F(Session, EndsWithItsConnection) {
  {
    alert::Client client = broker.connect();
    ASSERT_TRUE(client.call(alert::MakeMailslot{"\\mailslot\\session", {}, {}, true}));
    ASSERT_TRUE(client.call(alert::Start{"TEST", "\\mailslot\\session", {}, true}));
    ASSERT_TRUE(client.call(alert::Start{"OTHER", kSlot, {}, true}));
    EXPECT_EQ(client.call(alert::Stats{})->registrations, 3u);
  }
  EXPECT_TRUE(comes_true([](const auto& stats) { return stats.registrations == 1 && stats.mailslots == 1; }));
}

TEST_F(Session, DoesNotEndWhatAnotherMadeAgainUnderItsNames) {
  alert::Client client = broker.connect(), other = broker.connect();
  ASSERT_TRUE(client.call(alert::MakeMailslot{"\\mailslot\\session", {}, {}, true}));
  ASSERT_TRUE(client.call(alert::Start{"OTHER", kSlot, {}, true}));
  ASSERT_TRUE(other.call(alert::DeleteMailslot{"\\mailslot\\session"}));
  ASSERT_TRUE(other.call(alert::Stop{"OTHER", kSlot}));
  ASSERT_TRUE(other.call(alert::MakeMailslot{"\\mailslot\\session", {}, {}, {}}));
  ASSERT_TRUE(other.call(alert::Start{"OTHER", kSlot, {}, {}}));
  client = broker.connect();  // which ends the old connection
  EXPECT_TRUE(comes_true([](const auto& stats) { return stats.connections == 3; }));
  EXPECT_EQ(client.call(alert::Stats{})->mailslots, 2u);
  EXPECT_EQ(client.call(alert::Stats{})->registrations, 2u);
}

}  // namespace
