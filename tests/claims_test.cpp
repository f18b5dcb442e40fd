// What the project promises on its first page, each promise as a test of that name.

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <sys/ioctl.h>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "alert/wire/hex.hpp"
#include "child.hpp"
#include "process.hpp"
#include "vectors.hpp"

namespace {

using alert::Mailslot;
using test::Broker;
using test::lines;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr const char* kOther = "\\mailslot\\other";

void raise(const Broker& broker, int count) {
  alert::Client client = broker.connect();
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(client.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}}));
}

void make(const Broker& broker, const std::string& slot, std::optional<std::uint32_t> max_message = {}) {
  alert::Client client = broker.connect();
  ASSERT_TRUE(client.call(alert::MakeMailslot{slot, max_message, 4'096, {}}));
  ASSERT_TRUE(client.call(alert::Start{"TEST", slot, {}, {}}));
}

alert::ListMailslots::Row row(const Broker& broker) {
  return broker.connect().call(alert::ListMailslots{})->rows.at(0);
}

Mailslot open(const Broker& broker, const std::string& slot, Mailslot::Wakeup wakeup = Mailslot::Wakeup::futex) {
  return std::move(*Mailslot::open(broker.connect(), slot, Mailslot::Mode::consume, wakeup, 10s));
}

/// The sequences of what is there to read; a gap is all of its range.
std::vector<std::uint64_t> read_all(Mailslot& slot) {
  std::vector<std::uint64_t> all;
  while (const auto record = slot.read(0ms)) {
    alert::GapBody range{record->header.sequence, record->header.sequence, 1, 0, 0};
    if (record->kind() == alert::RecordKind::gap) range = alert::load<alert::GapBody>(record->body.data());
    for (std::uint64_t sequence = range.first; sequence <= range.last; ++sequence) all.push_back(sequence);
  }
  return all;
}
std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> all;
  while (first <= last) all.push_back(first++);
  return all;
}

}  // namespace

TEST(EveryAlertIsAccountedFor, MatchedIsWrittenPlusRefusedWithTheReason) {
  const Broker broker;
  make(broker, kSlot), make(broker, kOther, 10);
  alert::Client client = broker.connect();
  const auto receipt = client.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->matched, 2u);
  EXPECT_EQ(receipt->written, 1u);
  ASSERT_EQ(receipt->refused.size(), 1u);
  EXPECT_EQ(receipt->refused[0].recipient, kOther);
  EXPECT_EQ(receipt->refused[0].reason, "larger than the mailslot's messages");
  const auto stats = client.call(alert::Stats{});
  EXPECT_EQ(stats->matched, stats->written + stats->refused);
}

TEST(EveryAlertIsAccountedFor, WrittenIsReadPlusPendingPlusLostAtAnyInstant) {
  const test::TemporaryFolder folder;
  const Broker broker({"--config", folder.file("toml",
                                               "[journal]\nsegment_bytes = 4096\nretain_bytes = 4096\n"
                                               "retain_unread = 1\n")});
  make(broker, kSlot);
  std::uint64_t most_lost = 0;
  for (int i = 0; i < 100; ++i) {
    raise(broker, 1);
    if (i % 40 == 0) open(broker, kSlot).read(0ms).value();
    const auto now = row(broker);
    EXPECT_EQ(now.written, now.read + now.pending + now.lost);
    most_lost = std::max(most_lost, now.lost);
  }
  EXPECT_GT(most_lost, 0u);
}

TEST(NobodyEverLosesAnAlert, WithoutBeingToldWhichOne) {
  const test::TemporaryFolder folder;
  const Broker broker({"--config", folder.file("toml",
                                               "[journal]\nsegment_bytes = 4096\nretain_bytes = 4096\n"
                                               "retain_unread = 1\n")});
  make(broker, kSlot);
  raise(broker, 200);
  EXPECT_GT(row(broker).lost, 0u);
  Mailslot slot = open(broker, kSlot);
  EXPECT_EQ(read_all(slot), numbers(1, 200));
}

TEST(AReceiverThatComesBack, AfterItsOwnCrashGetsWhatItMissed) {
  const Broker broker;
  make(broker, kSlot);
  raise(broker, 3);
  test::Child<std::uint64_t> receiver([&](const auto& line) {
    Mailslot slot = open(broker, kSlot);
    while (line.order()) line.report(slot.read(Mailslot::kForever)->header.sequence);
  });
  for (const std::uint64_t sequence : numbers(1, 3)) {
    receiver.order(1);
    EXPECT_EQ(receiver.next(), sequence);
  }
  receiver.kill();
  raise(broker, 100);
  Mailslot slot = open(broker, kSlot);
  const auto in_hand = slot.read(0ms);
  EXPECT_EQ(in_hand->header.sequence, 3u);
  EXPECT_EQ(in_hand->header.flags, alert::kRedelivered);
  EXPECT_EQ(read_all(slot), numbers(4, 103));
}

TEST(AReceiverThatComesBack, AfterTheBrokersCrashGetsWhatItMissed) {
  Broker broker;
  make(broker, kSlot);
  raise(broker, 3);
  auto slot =
      Mailslot::open({broker.connect(), {broker.socket()}, Mailslot::kForever}, kSlot, Mailslot::Mode::consume);
  EXPECT_EQ(slot->read(0ms)->header.sequence, 1u);
  raise(broker, 100);
  broker.kill();
  ASSERT_TRUE(broker.start());
  raise(broker, 1);
  const auto next = slot->read(Mailslot::kForever);
  EXPECT_EQ(next->header.sequence, 2u);
  EXPECT_EQ(read_all(*slot), numbers(3, 104));
}

namespace {

enum class Reader : std::uint8_t { slow, dead, hostile };

/// A reader of kOther in a process of its own that does nobody any good.
test::Child<char> begin(Reader kind, const Broker& broker) {
  test::Child<char> child([&](const auto& line) {
    alert::Client client = broker.connect();
    const bool is_open = client.call(alert::OpenMailslot{kOther, true, {}}).has_value();
    auto descriptors = client.take_descriptors();
    line.report('o');
    if (!is_open || kind != Reader::hostile) (void)line.order();
    auto page = alert::SharedMemory::map_writable(std::move(descriptors.at(2)));
    for (std::minstd_rand random;;) {
      for (std::size_t i = 0; i < page->size(); i += 4) {
        const auto word = static_cast<std::uint32_t>(random());
        std::memcpy(page->data() + i, &word, sizeof word);
      }
    }
  });
  EXPECT_EQ(child.next(), 'o');
  return child;
}

std::string name_of(const testing::TestParamInfo<Reader>& kind) {
  return kind.param == Reader::slow ? "Slow" : kind.param == Reader::dead ? "Dead" : "Hostile";
}

class NobodyCanHurtAnybodyElse : public testing::TestWithParam<Reader> {};

INSTANTIATE_TEST_SUITE_P(Readers, NobodyCanHurtAnybodyElse,
                         testing::Values(Reader::slow, Reader::dead, Reader::hostile), name_of);

}  // namespace

TEST_P(NobodyCanHurtAnybodyElse, SuchAReaderCostsTheBrokerTheRaisersAndTheOtherReadersNothing) {
  constexpr int kRaises = 300;
  const Broker broker;
  make(broker, kSlot), make(broker, kOther);
  test::Child<char> reader = begin(GetParam(), broker);
  if (GetParam() == Reader::dead) reader.kill();
  Mailslot other = open(broker, kSlot, Mailslot::Wakeup::poll);
  alert::Client raiser = broker.connect();
  while (GetParam() == Reader::dead && raiser.call(alert::Stats{})->connections > 2) continue;

  const auto begun = std::chrono::steady_clock::now();
  const auto before = raiser.call(alert::Stats{});
  for (std::uint64_t i = 1; i <= kRaises; ++i) {
    ASSERT_FALSE(other.read(0ms));  // now it sleeps
    const auto receipt = raiser.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}});
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->written, 2u);
    int wakes = 0;
    ASSERT_EQ(::ioctl(other.poll_descriptor(), FIONREAD, &wakes), 0);
    ASSERT_EQ(wakes, 1);
    ASSERT_EQ(other.read(0ms)->header.sequence, i);
  }
  const auto after = raiser.call(alert::Stats{});
  EXPECT_EQ(after->replays, before->replays);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begun).count();
  EXPECT_LE(after->turns - before->turns,
            kRaises + 1 + static_cast<std::uint64_t>(seconds));  // it looks up once each
  EXPECT_LE(after->wakes - before->wakes, 2u * kRaises);         // the reader's own, at most one for each alert
  const auto slots = raiser.call(alert::ListMailslots{});
  for (const auto& slot : slots->rows)
    EXPECT_EQ(slot.written, slot.read + slot.pending + slot.lost) << slot.mailslot;
}

TEST(TheBytes, AreTheLegacyBytes) {
  const Broker broker;
  make(broker, kSlot);
  Mailslot slot = open(broker, kSlot);
  alert::Client client = broker.connect();
  for (const golden::Vector& vector : golden::alerts().valid) {
    const std::string profile(alert::name(vector.profile));
    ASSERT_TRUE(client.call(alert::Raise{"TEST", profile, alert::to_hex(vector.bytes), {}, {}})) << vector.name;
    const auto record = slot.read(0ms);
    ASSERT_TRUE(record) << vector.name;
    EXPECT_EQ(golden::Buffer(record->body.begin(), record->body.end()), vector.bytes) << vector.name;
  }
}

TEST(AnOperator, RaisesAnAlertFromAShellAndALocalProgramReadsItInItsMailbox) {
  const Broker broker;
  make(broker, kSlot);
  broker.ctl({"start", "ADMIN", kSlot});
  EXPECT_EQ(broker.ctl({"raise", "admin", "2400", "disk 3"}).out, "alert 1: matched 1, written 1\n");
  Mailslot program = open(broker, kSlot);
  const auto record = program.read(0ms);
  ASSERT_TRUE(record);
  const auto decoded = alert::decode(alert::Profile::lm20, record->body);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->alert.header.alrt_eventname, "ADMIN");
}

TEST(SomebodyHoldingCapturedBytes, LearnsWhatTheySay) {
  const auto said = test::alertctl({"dump", "-"},
                                   "20fb006b41444d494e000000000000000000000000005352560000000000\n"
                                   "0000000000000000600901006469736b203300\n");
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_NE(said.out.find("\"disk 3\""), std::string::npos) << said.out;
}
