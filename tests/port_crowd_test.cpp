// A crowd of ports with a filter each: one event reaches all of them, and their owner's death frees them.
//
// 500 of them, or as many as ALERT_PORTS says (run.sh --long: ten thousand).

#include "alert/wire/cluster_change.hpp"
#include "process.hpp"

namespace {

using namespace alert;

const std::uint64_t kPorts =
    std::getenv("ALERT_PORTS") ? std::strtoull(std::getenv("ALERT_PORTS"), nullptr, 10) : 500;

struct PortCrowd : testing::Test {
  PortCrowd() { EXPECT_TRUE(client.call(ObjectAdd{"group", "g", 0})); }

  /// Port i has a filter on group g under key i.
  static std::vector<std::string> open_all(Client& owner) {
    std::vector<std::string> ports;
    const std::string group = owner.call(ObjectOpen{"group", "g"})->handle;
    for (std::uint32_t i = 0; i < kPorts; ++i) {
      const auto port = owner.call(CreateNotify{});
      if (!port || !owner.call(AddNotify{port->port, "group", group, kGroupState, i})) return {};
      ports.push_back(port->port);
    }
    return ports;
  }
  void event() { EXPECT_TRUE(client.call(ObjectChange{"group", "g", state = 1 - state})); }
  Stats::Reply stats() { return *client.call(Stats{}); }

  test::Broker broker;
  Client client = broker.connect();
  std::uint32_t state = 0;
};

TEST_F(PortCrowd, EachHasItsIndicationOfOneEvent) {
  Client owner = broker.connect();
  const auto ports = open_all(owner);
  ASSERT_EQ(ports.size(), kPorts);
  event();
  EXPECT_EQ(stats().indications, kPorts);
  EXPECT_EQ(stats().lost_indications, 0u);
  for (std::uint32_t i = 0; i < kPorts; ++i) {
    const auto got = owner.call(GetNotify{ports[i], 0});
    ASSERT_TRUE(got) << i;
    ASSERT_EQ(got->key, i);
    ASSERT_EQ(got->state_sequence, 2u);
  }
  EXPECT_EQ(stats().indications, 0u);
}

TEST_F(PortCrowd, OfAnOwnerWhoIsKilledLeavesNothing) {
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    Client mine = broker.connect();
    const char done = open_all(mine).size() == kPorts ? 'y' : 'n';
    (void)!::write(ready[1], &done, 1);
    for (;;) ::pause();
  }
  char done = 0;
  EXPECT_EQ(::read(ready[0], &done, 1), 1);
  EXPECT_EQ(done, 'y');
  event();
  EXPECT_EQ(stats().indications, kPorts);
  EXPECT_EQ(stats().filters, kPorts);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  ::close(ready[0]), ::close(ready[1]);
  while (stats().ports > 0) continue;
  EXPECT_EQ(stats().filters, 0u);
  EXPECT_EQ(stats().indications, 0u);
  event();
  EXPECT_EQ(stats().indications, 0u);
}

TEST_F(PortCrowd, HoldsNoMoreThanItsBoundHoweverManyEventsComeAndTellsWhatDidNotFit) {
  constexpr std::uint64_t kBytes = 100;  // for each port
  const std::string limit = "[limits]\nindication_bytes = " + std::to_string(kPorts * kBytes) + "\n";
  const test::Broker small({"--config", broker.folder().file("small.toml", limit)});
  Client owner = small.connect();
  EXPECT_TRUE(owner.call(ObjectAdd{"group", "g", 0}));
  const auto ports = open_all(owner);
  ASSERT_EQ(ports.size(), kPorts);
  constexpr std::uint64_t kEvents = 20;
  for (std::uint32_t i = 1; i <= kEvents; ++i) EXPECT_TRUE(owner.call(ObjectChange{"group", "g", i % 2}));
  const auto held = owner.call(Stats{});
  EXPECT_LE(held->indications, kPorts + kPorts * kBytes / 48) << "a mark for each port, and what fits the bound";
  std::uint64_t told = 0, lost = 0;
  for (const std::string& port : ports)
    for (auto got = owner.call(GetNotify{port, 0}); got; got = owner.call(GetNotify{port, 0}))
      got->lost > 0 ? lost += got->lost : ++told;
  EXPECT_EQ(told + lost, kPorts * kEvents);
  EXPECT_EQ(lost, held->lost_indications);
}

}  // namespace
