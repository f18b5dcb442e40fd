#include "alert/memory/adaptive_wait.hpp"

#include <gtest/gtest.h>

using alert::AdaptiveWait;
using namespace std::chrono_literals;

namespace {

/// Counts its looks; has something from the `nth` on.
struct Looks {
  int nth = AdaptiveWait::kLooks + 1;
  int count = 0;
  bool operator()() { return ++count >= nth; }
};

}  // namespace

TEST(AdaptiveWait, TheFirstTimeItSleepsAtOnce) {
  AdaptiveWait wait;
  Looks looks;
  int sleeps = 0;
  wait.wait(0, looks, [&] { ++sleeps; });
  EXPECT_EQ(looks.count, 0);
  EXPECT_EQ(sleeps, 1);
}

TEST(AdaptiveWait, WhoWasWokenSoonForLittleLooksOnAndNeedNotSleep) {
  AdaptiveWait wait;
  wait.slept(AdaptiveWait::kSoon - 1ns);
  Looks looks{3};
  wait.wait(AdaptiveWait::kLittle, looks, [] { FAIL() << "there is something"; });
  EXPECT_EQ(looks.count, 3);
  Looks again{1};
  EXPECT_TRUE(wait.looks(AdaptiveWait::kLittle + 1, again)) << "as long as that helps";
}

TEST(AdaptiveWait, LooksAFewTimesAndThenSleeps) {
  AdaptiveWait wait;
  wait.slept(0ns);
  Looks looks;
  int sleeps = 0;
  wait.wait(1, looks, [&] { ++sleeps; });
  EXPECT_EQ(looks.count, AdaptiveWait::kLooks);
  EXPECT_EQ(sleeps, 1);
}

TEST(AdaptiveWait, WhoSleptLongSleepsAtOnce) {
  AdaptiveWait wait;
  wait.slept(0ns);
  wait.slept(AdaptiveWait::kSoon);
  Looks looks;
  EXPECT_FALSE(wait.looks(1, looks));
  EXPECT_EQ(looks.count, 0);
}

TEST(AdaptiveWait, WhoTookMuchSinceSleepsAtOnce) {
  AdaptiveWait wait;
  wait.slept(0ns);
  Looks looks{1};
  EXPECT_FALSE(wait.looks(AdaptiveWait::kLittle + 1, looks));
  EXPECT_EQ(looks.count, 0);
  EXPECT_TRUE(wait.looks(2 * AdaptiveWait::kLittle + 1, looks));
}

TEST(AdaptiveWait, WhoTookMuchIsNotTimed) {
  AdaptiveWait wait;
  wait.slept(0ns);
  wait.wait(AdaptiveWait::kLittle + 1, Looks(), [] {});
  Looks looks{1};
  EXPECT_FALSE(wait.looks(AdaptiveWait::kLittle + 2, looks));
}

TEST(AdaptiveWait, WhoSleptLongIsTimedOnlyNowAndThen) {
  AdaptiveWait wait;
  wait.slept(AdaptiveWait::kSoon);
  Looks looks{1};
  for (int i = 0; i <= AdaptiveWait::kUntimed; ++i) wait.wait(0, looks, [] {});
  EXPECT_EQ(looks.count, 0);
  while (looks.count == 0) wait.wait(0, looks, [] {});
}
