// The order in which sessions are served: one of each uid in turn.

#include <vector>

#include <gtest/gtest.h>

#include "brokerd/ready.hpp"

namespace {

std::vector<std::uint64_t> all_of(brokerd::Ready& ready) {
  std::vector<std::uint64_t> all;
  while (!ready.empty()) all.push_back(ready.take());
  return all;
}

TEST(Ready, SessionsOfOneUidComeInTheirOrder) {
  brokerd::Ready ready;
  for (const std::uint64_t session : {7U, 5U, 6U}) ready.add(1, session);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{7, 5, 6}));
}

TEST(Ready, WhoHasManyConnectionsDelaysNobodyElse) {
  brokerd::Ready ready;
  for (std::uint64_t session = 10; session < 20; ++session) ready.add(1, session);
  ready.add(2, 50), ready.add(3, 60), ready.add(3, 61);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{10, 50, 60, 11, 61, 12, 13, 14, 15, 16, 17, 18, 19}));
}

TEST(Ready, ASessionWaitsOnce) {
  brokerd::Ready ready;
  for (int i = 0; i < 3; ++i) ready.add(1, 7), ready.add(1, 8);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{7, 8}));
}

TEST(Ready, WhoHasBeenServedWaitsBehindTheOthersAgain) {
  brokerd::Ready ready;
  ready.add(1, 10), ready.add(1, 11), ready.add(2, 20);
  EXPECT_EQ(ready.take(), 10u);
  ready.add(1, 10);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{20, 11, 10}));
}

TEST(Ready, AUidThatIsForgottenWaitsForNothing) {
  brokerd::Ready ready;
  ready.add(1, 10), ready.add(2, 20), ready.add(1, 11);
  ready.forget(1);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{20}));
  ready.add(1, 12);
  EXPECT_EQ(all_of(ready), (std::vector<std::uint64_t>{12}));
}

}  // namespace
