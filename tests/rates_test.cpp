// Token buckets and the counts of what they refuse: limits, limits and one, and the refill.

#include "brokerd/rates.hpp"

#include <gtest/gtest.h>

#include "brokerd/overruns.hpp"

namespace {

using namespace brokerd;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 1'800'000'000 * kSecond;
constexpr std::uint32_t kUid = 1000, kOther = 2000;

Limits limits_of(std::uint64_t alerts, std::uint64_t bytes) {
  Limits limits = Limits::standard(true);
  limits[Quota::alerts_per_second] = alerts;
  limits[Quota::bytes_per_second] = bytes;
  limits[Quota::bytes_per_hour] = kUnlimited;
  return limits;
}

/// How many alerts of `bytes` pass at this moment before one does not.
std::size_t passing(Rates& rates, const Limits& limits, std::uint64_t now_ns, std::uint32_t uid = kUid,
                    std::uint32_t bytes = 100) {
  std::size_t count = 0;
  while (count < 100'000 && !rates.take(uid, bytes, limits, now_ns)) ++count;
  return count;
}

TEST(TokenBucket, HoldsASecondsWorthAndNotOneMore) {
  for (const std::uint64_t rate : {1u, 2u, 3u, 7u, 1'000u, 9'999u}) {
    TokenBucket bucket;
    for (std::uint64_t i = 0; i < rate; ++i) {
      ASSERT_TRUE(bucket.holds(1, rate, kNow)) << rate;
      bucket.take(1, rate, kNow);
    }
    EXPECT_FALSE(bucket.holds(1, rate, kNow)) << rate;
  }
}

TEST(TokenBucket, HoldsLargeAmountsToTheByte) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.holds(65'475, 65'475, kNow));
  bucket.take(65'474, 65'475, kNow);
  EXPECT_TRUE(bucket.holds(1, 65'475, kNow));
  EXPECT_FALSE(bucket.holds(2, 65'475, kNow));
}

TEST(TokenBucket, FillsAtItsRateAndNotBeyondASecondsWorth) {
  TokenBucket bucket;
  bucket.take(10, 10, kNow);
  EXPECT_FALSE(bucket.holds(1, 10, kNow + kSecond / 10 - 1));
  EXPECT_TRUE(bucket.holds(1, 10, kNow + kSecond / 10));
  EXPECT_FALSE(bucket.holds(2, 10, kNow + kSecond / 10));
  bucket.take(10, 10, kNow + 3'600 * kSecond);
  EXPECT_FALSE(bucket.holds(1, 10, kNow + 3'600 * kSecond));
}

TEST(TokenBucket, LetsAnAmountAboveItsRatePassOnceItsTimeHasPassed) {
  TokenBucket bucket;
  ASSERT_TRUE(bucket.holds(1'000, 100, kNow));
  bucket.take(1'000, 100, kNow);
  EXPECT_FALSE(bucket.holds(1'000, 100, kNow + 10 * kSecond - 1));
  EXPECT_TRUE(bucket.holds(1'000, 100, kNow + 10 * kSecond));
}

TEST(TokenBucket, OfAnHourHoldsAnHoursWorth) {
  TokenBucket bucket(TokenBucket::kHour);
  for (int i = 0; i < 10; ++i) bucket.take(65'475, 654'750, kNow);
  EXPECT_FALSE(bucket.holds(65'475, 654'750, kNow + 360 * kSecond - 1));
  EXPECT_TRUE(bucket.holds(65'475, 654'750, kNow + 360 * kSecond));
  EXPECT_FALSE(bucket.holds(65'476, 654'750, kNow + 360 * kSecond));
}

TEST(TokenBucket, HoldsNothingAtRateZeroAndEverythingWithoutOne) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.holds(1, 0, kNow));
  EXPECT_TRUE(bucket.holds(0, 0, kNow));
  for (int i = 0; i < 1'000; ++i) bucket.take(0xFFFFFFFF, kUnlimited, kNow);
  EXPECT_TRUE(bucket.holds(0xFFFFFFFF, kUnlimited, kNow));
}

TEST(TokenBucket, StandsTheLargestNumbers) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.holds(0xFFFFFFFF, 1, kNow));
  bucket.take(0xFFFFFFFF, 1, kNow);
  EXPECT_FALSE(bucket.holds(1, 1, kNow));
  EXPECT_TRUE(TokenBucket().holds(1, 1, 0));
  EXPECT_TRUE(TokenBucket().holds(0xFFFFFFFF, (1ULL << 62) - 1, kNow));
}

TEST(TokenBucket, IsFullAgainAfterTheClockWasSetBack) {
  TokenBucket bucket;
  bucket.take(10, 10, kNow);
  EXPECT_TRUE(bucket.holds(10, 10, kNow - 3'600 * kSecond));
  bucket.take(10, 10, kNow - 3'600 * kSecond);
  EXPECT_FALSE(bucket.holds(1, 10, kNow - 3'600 * kSecond));
}

TEST(TokenBucket, TakesANewRateAtOnce) {
  TokenBucket bucket;
  for (int i = 0; i < 10; ++i) bucket.take(1, 10, kNow);
  EXPECT_TRUE(bucket.holds(50, 100, kNow + kSecond / 2));
  EXPECT_FALSE(bucket.holds(51, 100, kNow + kSecond / 2));
}

TEST(Rates, RefuseTheAlertBeyondTheRateAndSayWhichBound) {
  Rates rates;
  const Limits limits = limits_of(5, 1'000'000);
  EXPECT_EQ(passing(rates, limits, kNow), 5u);
  EXPECT_EQ(rates.take(kUid, 100, limits, kNow), Quota::alerts_per_second);
  EXPECT_EQ(passing(rates, limits, kNow + kSecond), 5u);
}

TEST(Rates, RefuseTheBytesBeyondTheRateAndSayWhichBound) {
  Rates rates;
  const Limits limits = limits_of(1'000, 250);
  EXPECT_EQ(passing(rates, limits, kNow), 2u);
  EXPECT_EQ(rates.take(kUid, 51, limits, kNow), Quota::bytes_per_second);
  EXPECT_EQ(rates.take(kUid, 50, limits, kNow), std::nullopt);
}

TEST(Rates, RefuseTheBytesBeyondTheShareOfAnHourAndSayWhichBound) {
  Rates rates;
  Limits limits = limits_of(kUnlimited, 500);
  limits[Quota::bytes_per_hour] = 3'600;
  for (std::uint64_t second = 0; second < 7; ++second)
    EXPECT_EQ(passing(rates, limits, kNow + second * kSecond), 5u);
  EXPECT_EQ(rates.take(kUid, 108, limits, kNow + 7 * kSecond), Quota::bytes_per_hour);
  EXPECT_EQ(rates.take(kUid, 107, limits, kNow + 7 * kSecond), std::nullopt) << "seven came in meanwhile";
  EXPECT_EQ(rates.take(kOther, 500, limits, kNow + 7 * kSecond), std::nullopt);
}

TEST(Rates, DoNotCountWhatTheyRefuse) {
  Rates rates;
  const Limits limits = limits_of(5, 1'000);
  EXPECT_EQ(rates.take(kUid, 1'000, limits, kNow), std::nullopt);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rates.take(kUid, 1, limits, kNow), Quota::bytes_per_second);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(rates.take(kUid, 0, limits, kNow), std::nullopt);
  EXPECT_EQ(rates.take(kUid, 0, limits, kNow), Quota::alerts_per_second);
}

TEST(Rates, AreEachUidsOwn) {
  Rates rates;
  const Limits limits = limits_of(5, 1'000'000);
  EXPECT_EQ(passing(rates, limits, kNow), 5u);
  EXPECT_EQ(passing(rates, limits, kNow, kOther), 5u);
  EXPECT_EQ(passing(rates, limits, kNow), 0u);
}

TEST(Rates, KeepNothingWithoutLimits) {
  Rates rates;
  const Limits limits = limits_of(kUnlimited, kUnlimited);
  for (std::uint32_t uid = 0; uid < 1'000; ++uid) EXPECT_FALSE(rates.take(uid, 100, limits, kNow));
  EXPECT_EQ(rates.size(), 0u);
}

TEST(Rates, ForgetWhoHasBeenIdleForADay) {
  Rates rates;
  const Limits limits = limits_of(5, 1'000'000);
  for (std::uint32_t uid = 0; uid < 5'000; ++uid) EXPECT_FALSE(rates.take(uid, 100, limits, kNow));
  EXPECT_EQ(rates.size(), 5'000u);
  for (std::uint32_t uid = 5'000; uid < 20'000; ++uid)
    EXPECT_FALSE(rates.take(uid, 100, limits, kNow + 90'000 * kSecond));
  EXPECT_EQ(rates.size(), 15'000u);
}

TEST(Overruns, AreCountedForEachBound) {
  Overruns overruns;
  const Limits limits = Limits::standard(true);
  for (int i = 0; i < 3; ++i) (void)overruns.count(Quota::mailslots, kUid, limits, kNow);
  (void)overruns.count(Quota::connections, kUid, limits, kNow);
  EXPECT_EQ(overruns.of(Quota::mailslots), 3u);
  EXPECT_EQ(overruns.of(Quota::connections), 1u);
  EXPECT_EQ(overruns.of(Quota::ring_bytes), 0u);
}

TEST(Overruns, TellSoManyUidsApartAndCountTheOthersInAll) {
  Overruns overruns;
  const Limits limits = Limits::standard(true);
  for (std::uint32_t uid = 0; uid <= Overruns::kUids; ++uid)
    for (int i = 0; i < 2; ++i) (void)overruns.count(Quota::mailslots, uid, limits, kNow);
  EXPECT_EQ(overruns.by_uid().size(), Overruns::kUids);
  EXPECT_EQ(overruns.by_uid().at(0)[static_cast<std::size_t>(Quota::mailslots)], 2u);
  EXPECT_EQ(overruns.of(Quota::mailslots), 2 * (Overruns::kUids + 1));
}

TEST(Overruns, AreLoggedOnceASecondForEachBound) {
  Overruns overruns;
  const Limits limits = Limits::standard(true);
  EXPECT_EQ(overruns.count(Quota::mailslots, kUid, limits, kNow),
            "uid 1000: too many mailslots of this uid (mailslots = 1024); refused since the start: 1");
  EXPECT_EQ(overruns.count(Quota::mailslots, kOther, limits, kNow + kSecond - 1), std::nullopt);
  EXPECT_TRUE(overruns.count(Quota::connections, kUid, limits, kNow + 1));
  EXPECT_EQ(overruns.count(Quota::mailslots, kOther, limits, kNow + kSecond),
            "uid 2000: too many mailslots of this uid (mailslots = 1024); refused since the start: 3");
}

}  // namespace
