#include "brokerd/group_commit.hpp"

#include <gtest/gtest.h>

using brokerd::GroupCommit;

TEST(GroupCommit, WaitsForAsManyRaisesAsTheLastTurnHadButNoLongerThanHalfASync) {
  GroupCommit commit;
  commit.synced(64, 200);
  EXPECT_TRUE(commit.waits(63, 0));
  EXPECT_TRUE(commit.waits(1, 99));
  EXPECT_FALSE(commit.waits(1, 100));
  EXPECT_FALSE(commit.waits(64, 0));
}

TEST(GroupCommit, ARaiserThatIsAloneWaitsForNobody) {
  GroupCommit commit;
  EXPECT_FALSE(commit.waits(1, 0)) << "the first turn";
  commit.synced(1, 200);
  EXPECT_FALSE(commit.waits(1, 0));
}

TEST(GroupCommit, ASlowDiskIsNotWaitedForWithoutEnd) {
  GroupCommit commit;
  commit.synced(64, 1'000'000'000);
  EXPECT_TRUE(commit.waits(1, GroupCommit::kMostPatienceNs - 1));
  EXPECT_FALSE(commit.waits(1, GroupCommit::kMostPatienceNs));
}

TEST(GroupCommit, WhoeverHasLeftIsWaitedForOnce) {
  GroupCommit commit;
  commit.synced(2, 200);
  EXPECT_TRUE(commit.waits(1, 99));
  commit.synced(1, 200);
  EXPECT_FALSE(commit.waits(1, 0));
}

TEST(GroupCommit, ATurnWithoutRaisesIsNeitherWaitedInNorRemembered) {
  GroupCommit commit;
  commit.synced(64, 200);
  commit.synced(0, 5);
  EXPECT_FALSE(commit.waits(0, 0));
  EXPECT_TRUE(commit.waits(63, 99));
}
