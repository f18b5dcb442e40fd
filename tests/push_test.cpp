// Push registrations by themselves: when a datagram is due, whatever is pending and whoever else asks.

#include <gtest/gtest.h>

#include "brokerd/push.hpp"
#include "brokerd/push_policy.hpp"

namespace {

using namespace brokerd;

constexpr std::uint64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond;

Callback callback(const std::string& text, const std::string& context = "c") {
  const auto bytes = alert::as_bytes(context);
  return {*alert::callback_from_text(text), {bytes.begin(), bytes.end()}};
}

struct PushRegistration : testing::Test {
  /// What is sent when session `number` has come to `newest` and read `read` of it.
  std::size_t look(std::uint64_t number, std::uint64_t newest, std::uint64_t read, std::uint64_t now) {
    const Source source{5, newest, read};
    push.look(number, {&source, 1}, now);
    return push.take_datagrams().size();
  }
  Push push;
};

TEST_F(PushRegistration, PN_6_2_TheFirstDatagramGoesAtOnce) {
  push.add(1, 7, callback("127.0.0.1:1"));
  EXPECT_EQ(look(1, 0, 0, 100), 0u);
  EXPECT_EQ(look(1, 1, 0, 200), 1u);
}

TEST_F(PushRegistration, PN_6_3_IsRepeatedAtItsIntervalWhileAnythingIsPending) {
  push.add(1, 7, callback("127.0.0.1:1"));
  (void)push.take_news(0);
  EXPECT_EQ(look(1, 1, 0, 0), 1u);
  EXPECT_EQ(push.next_deadline(), kMinute);
  EXPECT_TRUE(push.take_news(kMinute - 1).empty());
  EXPECT_EQ(push.take_news(kMinute), std::vector<std::uint64_t>{1});
  EXPECT_EQ(look(1, 1, 0, kMinute), 1u);
  EXPECT_EQ(push.next_deadline(), 2 * kMinute);
  push.set_interval(2 * kSecond);
  EXPECT_EQ(look(1, 1, 0, 2 * kMinute), 1u);
  EXPECT_EQ(push.next_deadline(), 2 * kMinute + 2 * kSecond);
}

TEST_F(PushRegistration, PN_6_4_StopsOnlyWhenEverythingIsFetched) {
  push.add(1, 7, callback("127.0.0.1:1"));
  (void)push.take_news(0);
  EXPECT_EQ(look(1, 3, 0, 0), 1u);
  EXPECT_EQ(look(1, 3, 2, kMinute), 1u);
  EXPECT_EQ(look(1, 3, 3, 2 * kMinute), 0u);
  EXPECT_EQ(push.next_deadline(), std::nullopt);
}

TEST_F(PushRegistration, PN_6_5_EventsOfOnePendingPeriodSendNothingExtra) {
  push.add(1, 7, callback("127.0.0.1:1"));
  EXPECT_EQ(look(1, 1, 0, 0), 1u);
  for (std::uint64_t i = 2; i < 10; ++i) EXPECT_EQ(look(1, i, i - 2, i * 5 * kSecond), 0u);
}

TEST_F(PushRegistration, PN_6_6_AfterDrainingTheNextEventSendsAtOnceAgain) {
  push.add(1, 7, callback("127.0.0.1:1"));
  EXPECT_EQ(look(1, 1, 0, 0), 1u);
  EXPECT_EQ(look(1, 2, 1, 5 * kSecond), 1u) << "the first was read before the second came";
}

TEST_F(PushRegistration, PN_6_7_APartialFetchDoesNotRestartTheTimer) {
  push.add(1, 7, callback("127.0.0.1:1"));
  (void)push.take_news(0);
  EXPECT_EQ(look(1, 3, 0, 0), 1u);
  EXPECT_EQ(look(1, 3, 1, 30 * kSecond), 0u);
  EXPECT_EQ(push.next_deadline(), kMinute);
}

TEST_F(PushRegistration, PN_6_8_WhatIsPendingAtRegistrationSendsAtOnce) {
  push.add(1, 7, callback("127.0.0.1:1"));
  EXPECT_EQ(push.take_news(0), std::vector<std::uint64_t>{1});
  EXPECT_EQ(look(1, 9, 4, 0), 1u);
}

TEST_F(PushRegistration, PN_6_9_AnotherRegistrationSendsAtOnceToItsAddressAndNothingToTheOldOne) {
  push.add(1, 7, callback("127.0.0.1:1", "old"));
  EXPECT_EQ(look(1, 1, 0, 0), 1u);
  push.add(1, 7, callback("127.0.0.1:2", "new"));
  const Source source{5, 1, 0};
  push.look(1, {&source, 1}, 1);
  const auto sent = push.take_datagrams();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(alert::as_text(sent[0].context), "new");
  EXPECT_EQ(sent[0].address.port, 2);
  (void)push.take_news(1);
  EXPECT_EQ(push.next_deadline(), 1 + kMinute);
}

TEST_F(PushRegistration, AnAddressGetsOneDatagramASecondWhateverTheSessionDoes) {
  for (std::uint64_t i = 0; i < 10; ++i) {
    push.add(1, 7, callback("127.0.0.1:1"));
    EXPECT_EQ(look(1, i + 1, i, i), i == 0 ? 1u : 0u) << i;
    push.remove(1);
  }
  push.add(1, 7, callback("127.0.0.1:1"));
  (void)push.take_news(11);
  EXPECT_EQ(look(1, 11, 10, 11), 0u);
  EXPECT_EQ(push.next_deadline(), kSecond) << "not lost, late";
  EXPECT_EQ(look(1, 11, 10, kSecond - 1), 0u);
  EXPECT_EQ(look(1, 11, 10, kSecond), 1u);
}

TEST_F(PushRegistration, ForEverNewAddressesCostTheSameEach) {
  std::size_t sent = 0;
  for (std::uint64_t port = 1; port <= 0xFFFF; ++port) {  // with a look at all that are quiet: minutes
    push.add(1, 7, callback("127.0.0.1:" + std::to_string(port)));
    sent += look(1, 1, 0, port);
  }
  EXPECT_EQ(sent, 0xFFFFu);
  push.add(1, 7, callback("127.0.0.1:1"));
  EXPECT_EQ(look(1, 1, 0, kSecond), 0u);
  EXPECT_EQ(look(1, 1, 0, kSecond + 1), 1u);
}

TEST_F(PushRegistration, SessionsThatShareAnAddressTakeTurns) {
  push.set_interval(kSecond);
  for (const std::uint64_t number : {1u, 2u, 3u})
    push.add(number, 7, callback("127.0.0.1:1", std::to_string(number)));
  std::string order;
  for (std::uint64_t now = 0; now < 6 * kSecond; now += kSecond)
    for (const std::uint64_t number : push.take_news(now)) {
      const Source source{5, 1, 0};
      push.look(number, {&source, 1}, now);
      for (const auto& sent : push.take_datagrams()) order += alert::as_text(sent.context);
    }
  EXPECT_EQ(order, "123123");
}

TEST_F(PushRegistration, OneSourcesRestKeepsThePeriodOfAllGoingOn) {
  push.add(1, 7, callback("127.0.0.1:1"));
  const auto look = [&](std::uint64_t ports, std::uint64_t ports_read, std::uint64_t slot, std::uint64_t slot_read,
                        std::uint64_t now) {
    const Source sources[] = {{Push::kPorts, ports, ports_read}, {5, slot, slot_read}};
    push.look(1, sources, now);
    return push.take_datagrams().size();
  };
  EXPECT_EQ(look(1, 0, 1, 0, 0), 1u);
  EXPECT_EQ(look(2, 1, 1, 0, 5 * kSecond), 0u) << "the mailslot's is still there";
  EXPECT_EQ(look(2, 2, 2, 1, 9 * kSecond), 1u) << "everything that was known has been read";
}

TEST_F(PushRegistration, OfManySessionsOnlyThoseWithNewsAreLookedAt) {
  for (std::uint64_t number = 1; number <= 1000; ++number) {
    push.add(number, 7, callback("127.0.0.1:" + std::to_string(number)));
    push.watch(number, 5000 + number);
  }
  (void)push.take_news(0);
  push.delivered(5007), push.delivered(99);
  EXPECT_EQ(push.take_news(0), std::vector<std::uint64_t>{7});
  for (std::uint64_t number = 1; number <= 1000; ++number) push.remove(number);
  EXPECT_TRUE(push.empty());
  EXPECT_EQ(push.of_uid(7), 0u);
  push.delivered(5007);
  EXPECT_EQ(push.next_deadline(), std::nullopt);
}

TEST(PushNetwork, HoldsTheAddressesOfItsPrefix) {
  const auto has = [](const char* network, const char* ip) {
    return Network::from_text(network)->has(*alert::ip_from_text(ip));
  };
  EXPECT_TRUE(has("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(has("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(has("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(has("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(has("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(has("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(has("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(has("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(has("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(has("0.0.0.0/0", "::1"));
  for (const char* bad : {"", "x", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3.4/1000", "/8"})
    EXPECT_FALSE(Network::from_text(bad)) << bad;
}

}  // namespace
