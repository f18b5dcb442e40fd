// The mailboxes of a turn: which of its records reach which ring, whole or cut.

#include <atomic>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "at_once.hpp"
#include "brokerd/mailboxes.hpp"
#include "mailbox_box.hpp"

namespace {

using brokerd::Mailbox;
using brokerd::Mailboxes;

struct Got {
  std::uint64_t ordinal;
  std::uint64_t sequence;
  bool is_cut;
  std::string body;
  friend bool operator==(const Got&, const Got&) = default;
};
std::ostream& operator<<(std::ostream& out, const Got& got) {
  return out << got.ordinal << "/" << got.sequence << (got.is_cut ? " cut " : " whole ") << got.body;
}

class MailboxesOfATurn : public ::testing::Test {
 protected:
  void open(std::uint64_t incarnation) {
    Mailbox* mailbox = mailboxes.create(incarnation, 0, 64 * 1024, 1024, 0).value();
    readers.emplace(incarnation, test::MailboxReader::map(test::copy(mailbox->ring.descriptor())).value());
  }
  void record(std::string body) { bodies.push_back(std::move(body)); }
  void due(std::uint64_t incarnation, std::size_t record, std::uint32_t most = Mailbox::kWhole) {
    mailboxes.deliver(incarnation, {static_cast<std::uint32_t>(record), 1, most});
    if (!readers.contains(incarnation)) return;
    const std::string& body = bodies[record];
    const bool is_cut = body.size() > most;
    expected[incarnation].push_back(
        {++ordinals[incarnation], sequence + record, is_cut, is_cut ? body.substr(0, most) : body});
  }
  void publish() {
    std::vector<std::string> records;
    for (const std::string& body : bodies) records.push_back(test::record_of(body, sequence + records.size()));
    std::vector<alert::Bytes> bytes;
    for (const std::string& record : records) bytes.push_back(alert::as_bytes(record));
    mailboxes.publish(bytes);
    sequence += bodies.size();
    bodies.clear();
    for (auto& [incarnation, reader] : readers) {
      std::vector<Got> got;
      for (; reader.look() == alert::MailboxReader::Seen::record; reader.advance()) {
        const auto record = reader.record();
        EXPECT_EQ(record.header.size, sizeof record.header + record.body.size());
        got.push_back({record.header.ordinal, record.header.sequence,
                       (record.header.flags & alert::kCutAtMaxdata) != 0,
                       std::string(alert::as_text(record.body))});
      }
      EXPECT_EQ(got, expected[incarnation]) << "mailbox " << incarnation;
    }
    expected.clear();
  }

  Mailboxes mailboxes;
  std::map<std::uint64_t, alert::MailboxReader> readers;
  std::map<std::uint64_t, std::uint64_t> ordinals;
  std::map<std::uint64_t, std::vector<Got>> expected;
  std::vector<std::string> bodies;
  std::uint64_t sequence = 1;
};

TEST_F(MailboxesOfATurn, RecordsThatGoTheSameWayArriveEverywhereInOrder) {
  for (const std::uint64_t incarnation : {1U, 2U, 3U}) open(incarnation);
  for (std::size_t i = 0; i < 40; ++i) {
    record("alert " + std::to_string(i));
    for (const std::uint64_t incarnation : {3U, 1U, 2U}) due(incarnation, i);
  }
  publish();
}

TEST_F(MailboxesOfATurn, OneRecordMayComeTwiceToTheSameMailbox) {
  open(1), open(2);
  record("both rows lead here"), record("the next");
  due(1, 0), due(1, 0), due(2, 0), due(1, 1);
  publish();
}

TEST_F(MailboxesOfATurn, WhatIsTooLongForOneMailboxIsCutThereAlone) {
  open(1), open(2);
  record("0123456789"), record("01234"), record("0123456789");
  for (std::size_t i = 0; i < 3; ++i) due(1, i, i == 1 ? Mailbox::kWhole : 7), due(2, i);
  publish();
}

TEST_F(MailboxesOfATurn, NothingIsCutToNothingAndNothingToItself) {
  open(1);
  record("abc"), record("abc"), record("");
  due(1, 0, 0), due(1, 1, 3), due(1, 2, 0);
  publish();
}

TEST_F(MailboxesOfATurn, WhoHasNothingOpenIsPassedOver) {
  open(2);
  record("a"), record("b");
  for (std::size_t i = 0; i < 2; ++i) due(1, i), due(2, i), due(3, i);
  publish();
}

TEST_F(MailboxesOfATurn, ATurnOwesNothingToTheOneBefore) {
  for (const std::uint64_t incarnation : {1U, 2U, 3U}) open(incarnation);
  record("a"), due(1, 0), due(2, 0), publish();
  record("b"), due(2, 0), due(3, 0), publish();
  publish();
  record("c"), due(3, 0), due(1, 0), publish();
}

/// A mailbox with a consumer, whose next record's place in the ring is told.
class MailboxOfAConsumer : public MailboxesOfATurn {
 protected:
  MailboxOfAConsumer() {
    open(1);
    mailbox().consumer = Mailbox::Consumer{{}, {}, alert::ConsumerPage::map(test::copy(page.descriptor())).value()};
  }
  Mailbox& mailbox() { return *mailboxes.find(1); }
  std::uint64_t place_of_next() {
    record("next"), due(1, 0);
    publish();
    return (mailbox().ring.tail() - kRecord) % mailbox().ring.capacity();
  }
  static constexpr std::uint64_t kRecord = sizeof(alert::RecordHeader) + 8;

  alert::ConsumerPage page = alert::ConsumerPage::create({}).value();
};

TEST_F(MailboxOfAConsumer, IsWrittenFromTheFrontWhileItSleeps) {
  for (const alert::Sleep sleep : {alert::Sleep::on_flag, alert::Sleep::in_poll}) {
    page.set_sleep(sleep);
    EXPECT_EQ(place_of_next(), 0U);
    EXPECT_EQ(place_of_next(), kRecord) << "nobody knows how far it has come";
  }
}

TEST_F(MailboxOfAConsumer, IsWrittenFurtherOnWhereSomebodyElseReads) {
  mailbox().observers.emplace_back();
  EXPECT_EQ(place_of_next(), 0U);
  page.set_sleep(alert::Sleep::on_flag);
  EXPECT_EQ(place_of_next(), kRecord);
}

TEST_F(MailboxOfAConsumer, IsWokenOnceForWhatItSlept) {
  page.set_sleep(alert::Sleep::on_flag);
  (void)place_of_next();
  EXPECT_EQ(mailboxes.wakes(), 1U);
  (void)place_of_next();
  EXPECT_EQ(mailboxes.wakes(), 1U);
}

/// A mailbox whose consumer sleeps as long as it sees nothing, with nobody who would wake it but the broker.
struct AsleepBox {
  Mailboxes mailboxes;
  Mailbox& mailbox = *mailboxes.create(1, 0, 16'384, 256, 0).value();
  alert::ConsumerPage page = alert::ConsumerPage::create({}).value();
  test::MailboxReader reader = test::MailboxReader::map(test::copy(mailbox.ring.descriptor())).value();

  AsleepBox() {
    mailbox.consumer = Mailbox::Consumer{{}, {}, alert::ConsumerPage::map(test::copy(page.descriptor())).value()};
  }
  void sleep_until(test::MailboxReader::Seen seen) {
    for (page.set_sleep(alert::Sleep::on_flag); reader.look() != seen; page.set_sleep(alert::Sleep::on_flag))
      page.wait(std::chrono::hours(1));
  }
};

TEST(MailboxOfASleepingConsumer, TellsItOfTheEnd) {
  for (int round = 0; round < 200; ++round) {
    AsleepBox box;
    at_once({[&] { box.mailboxes.mark_deleted(1); }, [&] { box.sleep_until(test::MailboxReader::Seen::closed); }});
  }
}

TEST(MailboxOfASleepingConsumer, WakesItForATurnOfAnySize) {
  const std::string record = test::record_of("body");
  for (const std::size_t size : {std::size_t{1}, Mailboxes::kLargeTurn}) {
    const std::vector<alert::Bytes> records(size, alert::as_bytes(record));
    for (int round = 0; round < 200; ++round) {
      AsleepBox box;
      const auto write = [&] {
        box.mailboxes.deliver(1, {0, static_cast<std::uint32_t>(size), Mailbox::kWhole});
        box.mailboxes.publish(records);
      };
      at_once({write, [&] { box.sleep_until(test::MailboxReader::Seen::record); }});
    }
  }
}

/// A program that gives up its sleep on its flag and goes into its own poll loop, again and again while the broker
/// takes its flag and writes.
TEST(MailboxOfAPollingConsumer, IsWokenInTheWayThatItSleepsByThen) {
  constexpr std::uint64_t kTurns = 2'000;
  constexpr int kNobodyComes = 20'000;  // ms
  Mailboxes mailboxes;
  Mailbox& mailbox = *mailboxes.create(1, 0, 256 * 1024, 16'384, 0).value();
  alert::ConsumerPage page = alert::ConsumerPage::create({}).value();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  const alert::Descriptor poll_descriptor(ends[1]);
  mailbox.consumer = Mailbox::Consumer{
      {}, alert::Descriptor(ends[0]), alert::ConsumerPage::map(test::copy(page.descriptor())).value()};
  auto reader = test::MailboxReader::map(test::copy(mailbox.ring.descriptor())).value();
  std::atomic<std::uint64_t> read{0};
  std::atomic<std::uint64_t> left_asleep{0};

  const auto read_all = [&] {
    std::mt19937 random(1);
    while (read < kTurns && left_asleep == 0) {
      page.set_sleep(alert::Sleep::on_flag);
      for (std::size_t spins = random() % 4'000; spins > 0 && reader.bell() != ~0U; --spins) continue;
      page.set_awake();
      char byte;
      while (::recv(poll_descriptor.get(), &byte, 1, 0) > 0) continue;
      page.set_sleep(alert::Sleep::in_poll);
      pollfd poll{poll_descriptor.get(), POLLIN, 0};
      if (reader.look() == test::MailboxReader::Seen::empty && ::poll(&poll, 1, kNobodyComes) == 0) ++left_asleep;
      if (reader.look() != test::MailboxReader::Seen::record) continue;
      reader.advance();
      ++read;
    }
  };
  const auto write_all = [&] {
    std::mt19937 random(2);
    const std::string body(16'000, 'b');  // so that there is time between the first look at the flag and the last
    const std::string record = test::record_of(body);
    const std::vector<alert::Bytes> records(1, alert::as_bytes(record));
    for (std::uint64_t turn = 0; turn < kTurns && left_asleep == 0; ++turn) {
      while (read < turn && left_asleep == 0) std::this_thread::yield();
      for (std::size_t spins = random() % 4'000; spins > 0 && left_asleep == 0; --spins) continue;
      mailboxes.deliver(1, {0, 1, Mailbox::kWhole});
      mailboxes.publish(records);
    }
  };
  at_once({write_all, read_all});
  EXPECT_EQ(left_asleep, 0U) << "behind " << read << " turns";
}

TEST_F(MailboxesOfATurn, AnyRecordsMayGoAnyWay) {
  std::mt19937 random(20261121);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  constexpr std::uint64_t kMailboxes = 6;  // and a seventh that nobody has open
  for (std::uint64_t incarnation = 1; incarnation <= kMailboxes; ++incarnation) open(incarnation);
  std::vector<std::uint64_t> way(kMailboxes + 1);
  std::iota(way.begin(), way.end(), std::uint64_t{1});
  std::size_t length = way.size();
  for (int turn = 0; turn < 300; ++turn) {
    const std::size_t records = below(40);
    for (std::size_t i = 0; i < records; ++i) {
      record(std::string(below(60), static_cast<char>('a' + below(26))));
      if (below(3) == 0) {
        std::shuffle(way.begin(), way.end(), random);
        length = below(way.size() + 1);
      }
      const auto most = below(2) == 0 ? Mailbox::kWhole : static_cast<std::uint32_t>(below(60));
      for (std::size_t to = 0; to < length; ++to) due(way[to], i, most);
    }
    publish();
  }
}

}  // namespace
