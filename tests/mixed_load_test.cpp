// Everything at once: raises, object changes, ports that open and close, push sessions; and then the books.
//
// Each worker does its rounds; with ALERT_LOAD_SECONDS they all go on for so long (run.sh --long: a minute).

#include <atomic>
#include <functional>
#include <thread>

#include "alert/control/mailslot.hpp"
#include "alert/control/notification_port.hpp"
#include "alert/control/push_listener.hpp"
#include "process.hpp"

namespace {

using namespace alert;
using namespace std::chrono_literals;

class MixedLoad : public testing::Test {
 protected:
  static constexpr int kRounds = 20;
  static constexpr int kGroups = 10;

  MixedLoad() {
    Client client = broker.connect();
    for (const char* name : {"\\mailslot\\read", "\\mailslot\\left"}) {
      EXPECT_TRUE(client.call(MakeMailslot{name, {}, {}, {}}));
      EXPECT_TRUE(client.call(Start{"LOAD", name, {}, {}}));
    }
    EXPECT_TRUE(client.call(Start{"LOAD", "\\sem\\load", {}, {}}));
    for (int i = 0; i < kGroups; ++i) EXPECT_TRUE(client.call(ObjectAdd{"group", group(i), 0}));
    const char* seconds = std::getenv("ALERT_LOAD_SECONDS");
    end_ = std::chrono::steady_clock::now() + std::chrono::seconds(seconds ? std::atoi(seconds) : 0);
  }

  static std::string group(int i) { return "g" + std::to_string(i % kGroups); }
  /// Runs `round(n)` on a thread of its own, with a client where it wants one.
  void work(std::function<void(int)> round) {
    workers_.emplace_back([this, round = std::move(round)] {
      for (int n = 0; n < kRounds || std::chrono::steady_clock::now() < end_; ++n) round(n);
    });
  }
  void finish() {
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  test::Broker broker;
  std::chrono::steady_clock::time_point end_;
  std::vector<std::thread> workers_;
};

TEST_F(MixedLoad, LeavesNothingOpenAndTheBooksAddUp) {
  std::atomic<std::uint64_t> accepted = 0, matched = 0, written = 0, read = 0, indications = 0;
  std::atomic<bool> is_over = false;
  std::thread reader([&] {
    auto slot = Mailslot::open(broker.connect(), "\\mailslot\\read", Mailslot::Mode::consume);
    ASSERT_TRUE(slot) << slot.error().message;
    for (;;) {
      const bool was_over = is_over;
      const auto record = slot->read(was_over ? 0ms : 50ms);
      if (!record && was_over) return;
      if (!record) continue;
      EXPECT_EQ(record->kind(), RecordKind::alert);
      EXPECT_EQ(record->header.ordinal, ++read);
    }
  });
  for (int i = 0; i < 2; ++i)
    work([&](int n) {
      Client client = broker.connect();
      std::string wire(static_cast<std::size_t>(38 + n % 1000), '\0');
      wire.replace(4, 4, "LOAD");
      for (int k = 0; k < 10; ++k) {
        const auto receipt = client.call(Raise{"LOAD", "lm20", to_hex(as_bytes(wire)), {}});
        ASSERT_TRUE(receipt) << receipt.error().message;
        ++accepted, matched += receipt->matched, written += receipt->written;
      }
    });
  work([&](int n) {
    Client client = broker.connect();
    for (int i = 0; i < kGroups; ++i)
      EXPECT_TRUE(client.call(ObjectChange{"group", group(i), static_cast<std::uint32_t>(n % 5)}));
    EXPECT_TRUE(client.call(ObjectAdd{"resource", "r" + std::to_string(n), 2}));
    EXPECT_TRUE(client.call(ObjectDelete{"resource", "r" + std::to_string(n)}));
  });
  work([&](int n) {
    auto port = NotificationPort::open({broker.socket()});
    ASSERT_TRUE(port) << port.error().message;
    const auto object = (*port)->open_object(ObjectKind::group, group(n));
    ASSERT_TRUE(object);
    EXPECT_TRUE((*port)->add(*object, kAllChanges, 1));
    if ((*port)->next(5ms)) ++indications;
    if (n % 2 == 0) (*port)->close();
  });
  work([&](int n) {  // leaves without a word
    Client client = broker.connect();
    const auto port = client.call(CreateNotify{});
    const auto cluster = client.call(ObjectOpen{"cluster", ""});
    ASSERT_TRUE(port && cluster);
    for (std::uint32_t key = 0; key < 10; ++key)
      EXPECT_TRUE(
          client.call(AddNotify{port->port, "cluster", cluster->handle, kGroupState | kResourceAdded, key}));
    for (int k = 0; k < n % 20; ++k)
      if (client.call(GetNotify{port->port, 1})) ++indications;
  });
  work([&](int) {
    Client client = broker.connect();
    EXPECT_TRUE(client.call(OpenMailslot{"\\mailslot\\left", false, {}}));
    (void)client.take_descriptors();
    auto listener = PushListener::open(client);
    ASSERT_TRUE(listener) << listener.error().message;
    (void)listener->wait(5ms);
    EXPECT_TRUE(client.call(FetchPending{listener->session()}));
  });
  finish();
  is_over = true;
  reader.join();

  Client client = broker.connect();
  const auto is_left = [&] {
    const auto stats = client.call(Stats{});
    return stats->ports + stats->filters + stats->indications + stats->push_sessions + stats->connections > 1;
  };
  while (is_left()) std::this_thread::yield();
  const auto stats = client.call(Stats{});
  EXPECT_EQ(stats->accepted, accepted);
  EXPECT_EQ(stats->matched, matched);
  EXPECT_EQ(stats->written, written);
  EXPECT_EQ(stats->matched, stats->written + stats->refused);
  const auto slots = client.call(ListMailslots{});
  ASSERT_EQ(slots->rows.size(), 2u);
  for (const auto& slot : slots->rows) {
    EXPECT_EQ(slot.written, accepted) << slot.mailslot;
    EXPECT_EQ(slot.written, slot.read + slot.pending + slot.lost) << slot.mailslot;
  }
  EXPECT_EQ(read, accepted);
  EXPECT_GT(indications, 0u);
  auto audit = client.call(alert::Audit{});
  while (audit && !audit->done) audit = client.call(alert::Audit{});
  ASSERT_TRUE(audit) << audit.error().message;
  EXPECT_TRUE(audit->differences.empty()) << alert::to_json(*audit).dump(2);
  client.close();
  EXPECT_EQ(broker.stop(), 0);
}

}  // namespace
