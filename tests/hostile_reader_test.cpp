// Readers that sleep, scribble or stand still: what they do to themselves, and that they do nothing to others.

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "child.hpp"
#include "process.hpp"

namespace {

using alert::Mailslot;
using test::Broker;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr const char* kOther = "\\mailslot\\other";
constexpr std::uint64_t kRing = 4'096;

void make(alert::Client& client, const std::string& slot) {
  ASSERT_TRUE(client.call(alert::MakeMailslot{slot, 900, kRing, {}}));
  ASSERT_TRUE(client.call(alert::Start{"TEST", slot, {}, {}}));
}
void raise(alert::Client& client, int count, std::size_t bytes = 38) {
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(client.call(alert::Raise{"TEST", "lm20", std::string(2 * bytes, '0'), {}, {}}));
}
std::vector<std::uint64_t> read_all(Mailslot& slot) {
  std::vector<std::uint64_t> all;
  while (const auto record = slot.read(0ms)) all.push_back(record->header.ordinal);
  return all;
}
std::vector<std::uint64_t> numbers(std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t n = 1; n <= last; ++n) all.push_back(n);
  return all;
}

}  // namespace

TEST(ReaderThatSleeps, GetsAHundredTimesItsMailboxInOrderWhenItWakes) {
  constexpr std::size_t kBytes = 900;
  constexpr std::uint64_t kAlerts = 100 * kRing / kBytes + 1;
  const Broker broker;
  alert::Client client = broker.connect();
  make(client, kSlot);
  const test::Child<alert::RecordHeader> sleeper([&](const auto& line) {
    auto slot = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume);
    while (const auto record = slot->read(Mailslot::kForever)) line.report(record->header);
  });
  raise(client, 1, kBytes);
  EXPECT_EQ(sleeper.next()->ordinal, 1u);
  sleeper.signal(SIGSTOP);
  raise(client, kAlerts, kBytes);
  sleeper.signal(SIGCONT);
  for (std::uint64_t n = 2; n <= kAlerts + 1; ++n) {
    const auto header = sleeper.next();
    ASSERT_TRUE(header);
    ASSERT_EQ(header->kind, static_cast<std::uint16_t>(alert::RecordKind::alert));
    ASSERT_EQ(header->ordinal, n);
    ASSERT_EQ(header->sequence, n);
    ASSERT_EQ(header->flags, 0u);
  }
}

namespace {

/// A page with these words everywhere from its first cursor on, in the place of what a consumer wrote.
class ScribbledPage : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(With, ScribbledPage,
                         testing::Values(~std::uint64_t{0}, std::uint64_t{1} << 63, 0xAAAA'AAAA'AAAA'AAAA, 4,
                                         1'000));

}  // namespace

TEST_P(ScribbledPage, IsCountedAsNonsenseAndLosesNobodyAnything) {
  const Broker broker;
  alert::Client client = broker.connect();
  make(client, kSlot), make(client, kOther);
  auto other = Mailslot::open(broker.connect(), kOther, Mailslot::Mode::consume);
  raise(client, 3);
  {
    alert::Client consumer = broker.connect();
    ASSERT_TRUE(consumer.call(alert::OpenMailslot{kSlot, true, {}}));
    auto page = alert::SharedMemory::map_writable(std::move(consumer.take_descriptors().at(2)));
    ASSERT_TRUE(page);
    for (std::size_t at = offsetof(alert::ConsumerPageLayout, turn); at < page->size(); at += 8)
      std::memcpy(page->data() + at, &GetParam(), 8);
    raise(client, 1);
    const auto rows = client.call(alert::ListMailslots{});
    ASSERT_TRUE(rows);
    for (const auto& row : rows->rows) EXPECT_EQ(row.written, row.read + row.pending + row.lost) << row.mailslot;
  }
  while (client.call(alert::Stats{})->connections > 2) continue;
  EXPECT_EQ(client.call(alert::Stats{})->nonsense > 0, GetParam() != 4) << "4 is what was written";
  raise(client, 1);
  auto next = Mailslot::open(broker.connect(), kSlot, Mailslot::Mode::consume);
  EXPECT_EQ(read_all(*next), GetParam() == 4 ? std::vector<std::uint64_t>{5} : numbers(5));
  EXPECT_EQ(read_all(*other), numbers(5));
}

namespace {

constexpr int kHomes = 20, kReadersPerHome = 25;  // 500 readers

std::string slot_of(int reader) { return "\\mailslot\\" + std::to_string(reader); }

/// Processes with some readers each, which report how many alerts they got when they all got so many.
test::Child<int> begin(const Broker& broker, int home, std::uint64_t alerts) {
  return test::Child<int>([&broker, home, alerts](const auto& line) {
    std::vector<Mailslot> slots;
    for (int i = 0; i < kReadersPerHome; ++i) {
      const std::string name = slot_of(home * kReadersPerHome + i);
      slots.push_back(std::move(*Mailslot::open(broker.connect(), name, Mailslot::Mode::consume)));
    }
    line.report(0);
    int read = 0;
    for (std::uint64_t n = 1; n <= alerts; ++n)
      for (Mailslot& slot : slots) read += slot.read(Mailslot::kForever)->header.ordinal == n;
    line.report(read);
  });
}

/// Bytes that only this process has.
std::uint64_t memory_of(Broker& broker) {
  std::ifstream status("/proc/" + std::to_string(broker.process().pid()) + "/status");
  for (std::string word; status >> word;)
    if (word == "RssAnon:") {
      std::uint64_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1'024;
    }
  return 0;
}

}  // namespace

TEST(FiveHundredReaders, OfWhichHalfAreStoppedCostNoMemoryAndTheOthersGetEverything) {
  constexpr int kAlerts = 100, kWarm = 20;
  constexpr std::size_t kBytes = 900;
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 0);  // freed memory that is kept would be counted
  Broker broker;
  alert::Client client = broker.connect();
  for (int i = 0; i < kHomes * kReadersPerHome; ++i) make(client, slot_of(i));
  std::vector<test::Child<int>> homes;
  for (int i = 0; i < kHomes; ++i) homes.push_back(begin(broker, i, kAlerts));
  for (const auto& home : homes) ASSERT_EQ(home.next(), 0);
  for (int i = 0; i < kHomes; i += 2) homes[static_cast<std::size_t>(i)].signal(SIGSTOP);
  raise(client, kWarm, kBytes);
  const std::uint64_t before = memory_of(broker);
  raise(client, kAlerts - kWarm, kBytes);
  const std::uint64_t held = std::uint64_t{kHomes / 2 * kReadersPerHome} * (kAlerts - kWarm) * kBytes;
  EXPECT_LT(memory_of(broker), before + held / 4);
  for (int i = 1; i < kHomes; i += 2)
    EXPECT_EQ(homes[static_cast<std::size_t>(i)].next(), kReadersPerHome * kAlerts) << i;
  for (int i = 0; i < kHomes; i += 2) {
    homes[static_cast<std::size_t>(i)].signal(SIGCONT);
    EXPECT_EQ(homes[static_cast<std::size_t>(i)].next(), kReadersPerHome * kAlerts) << i;
  }
}
