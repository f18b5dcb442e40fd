// The comparison with other brokers under overload, tests/bench/overload.sh: our own rows of it.

#include <gtest/gtest.h>

#include "process.hpp"

TEST(OverloadComparison, SaysThatOurReceiverGotEveryAlertOrWasToldWhich) {
  const auto done = test::Process({"python3", ALERT_SOURCE_DIR "/tests/bench/overload.py", ALERT_BIN_DIR, "--count",
                                   "400", "--size", "1000", "--journal", "64", "--peers", "no"})
                        .finish();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.out.find("| alertbroker | 400 | 400 | 0 |  |\n"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find(" | the receiver: which "), std::string::npos) << done.out;
}
