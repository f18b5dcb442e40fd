// Somebody on the host's broker who takes whatever there is: bounded by the standard limits, and the others are
// served.

#include <string>
#include <vector>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "child.hpp"
#include "configured.hpp"

namespace {

using alert::Mailslot;
using test::code_of;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr int kQuota = 1816;

alert::Raise alert_of(const std::string& event, std::size_t bytes) {
  return {event, "lm20", std::string(2 * bytes, '0'), {}, {}};
}

/// What somebody got, and the refusal that ended it.
struct Taken {
  int count = 0;
  int refusal = 0;
};
using Taker = test::Child<Taken>;

/// The host's broker, and root's mailslot.
class Greed : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  }
  void start(const std::string& config = "") {
    here.emplace(config, std::vector<std::string>{"--system"});
    ASSERT_EQ(here->ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
    ASSERT_EQ(here->ask(alert::Start{"TEST", kSlot, {}, {}}), 0);
  }
  /// Nobody, in a process that asks for one more until it is refused, and keeps what it has. `ask` gets a
  /// connection for every `each` that it asks for.
  template <class Ask>
  Taker take(int each, Ask ask) {
    return Taker([=, this](const auto& line) {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_NOFILE, &limit);
      if (!test::become_nobody()) return;
      std::vector<alert::Client> clients;
      Taken taken;
      for (; taken.refusal == 0; ++taken.count) {
        if (taken.count % each == 0) clients.push_back(here->broker->connect());
        taken.refusal = ask(clients.back(), taken.count);
      }
      --taken.count;
      line.report(taken);
      (void)line.order();
    });
  }
  void expect_bounded(const Taker& taker, int count) const {
    const auto taken = taker.next();
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->refusal, kQuota);
    EXPECT_EQ(taken->count, count);
  }
  void expect_others_are_served() const {
    alert::Client root = here->broker->connect();
    const auto receipt = root.call(alert_of("TEST", 38));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->written, 1u);
    auto slot = Mailslot::open(here->broker->connect(), kSlot, Mailslot::Mode::consume);
    ASSERT_TRUE(slot) << slot.error().message;
    EXPECT_EQ(slot->read(0ms)->header.sequence, receipt->sequence);
    EXPECT_EQ(code_of(root.call(alert::MakeMailslot{"\\mailslot\\another", {}, {}, {}})), 0);
  }

  std::optional<test::Configured> here;
};

}  // namespace

TEST_F(Greed, ForConnectionsIsBoundedAndTheOthersAreServed) {
  start();
  const Taker taker = take(1, [](alert::Client& client, int) { return code_of(client.call(alert::Stats{})); });
  expect_bounded(taker, 1'024);
  expect_others_are_served();
}

TEST_F(Greed, ForMailslotsIsBoundedAndTheOthersAreServed) {
  start();
  const Taker taker = take(1 << 20, [](alert::Client& client, int n) {
    return code_of(client.call(alert::MakeMailslot{"\\mailslot\\greedy" + std::to_string(n), {}, {}, {}}));
  });
  expect_bounded(taker, 1'024);
  expect_others_are_served();
}

TEST_F(Greed, ForMemoryIsBoundedAndTheOthersAreServed) {
  start();
  static constexpr std::uint64_t kRing = 64 << 20;
  const Taker taker = take(32, [](alert::Client& client, int n) {
    const std::string name = "\\mailslot\\greedy" + std::to_string(n);
    const int made = code_of(client.call(alert::MakeMailslot{name, {}, kRing, {}}));
    return made != 0 ? made : code_of(client.call(alert::OpenMailslot{name, false, {}}));
  });
  expect_bounded(taker, (1 << 30) / kRing);
  expect_others_are_served();
}

TEST_F(Greed, ForLanesIsBoundedAndTheOthersAreServed) {
  start();
  static constexpr std::uint64_t kLane = 16 << 20;
  const Taker taker =
      take(1, [](alert::Client& client, int) { return code_of(client.call(alert::OpenLane{kLane})); });
  expect_bounded(taker, (1 << 30) / kLane);
  expect_others_are_served();
}

TEST_F(Greed, ForTheJournalLeavesAnothersUnreadAlertsThere) {
  start("[journal]\nsegment_bytes = \"64KiB\"\nretain_bytes = \"128KiB\"\n");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(here->ask(alert_of("TEST", 38)), 0);
  const int raised = test::as_nobody([this] {
    alert::Client client = here->broker->connect();
    int accepted = 0;
    for (int i = 0; i < 1'000; ++i) accepted += code_of(client.call(alert_of("FLOOD", 8'000))) == 0;
    return accepted;
  });
  EXPECT_GT(raised, 100) << "many times what the journal keeps";
  auto slot = Mailslot::open(here->broker->connect(), kSlot, Mailslot::Mode::consume);
  ASSERT_TRUE(slot) << slot.error().message;
  for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
    const auto record = slot->read(0ms);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->kind(), alert::RecordKind::alert);
    EXPECT_EQ(record->header.sequence, sequence);
  }
}

TEST_F(Greed, ForSemaphoresIsBoundedAndTheOthersAreServed) {
  start();
  const Taker taker = take(64, [](alert::Client& client, int n) {
    return code_of(client.call(alert::OpenSemaphore{"\\sem\\greedy" + std::to_string(n)}));
  });
  expect_bounded(taker, 1'024);
  expect_others_are_served();
}
