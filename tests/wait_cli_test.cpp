// alertctl wait: what frees it, what it prints, and how it exits.

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace {

using nlohmann::json;
using test::Finished;
using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A broker that pulses \sem\go for messages.
struct Wait : testing::Test {
  Wait() { broker.ctl({"start", "MESSAGE", "\\sem\\go"}); }
  void raise() const { EXPECT_EQ(broker.ctl({"raise", "message", "now", "--must-deliver"}).status, 0); }
  /// Returns once it has the semaphore open.
  [[nodiscard]] test::Process waiter(const Words& options = {}) const {
    Words words{"wait", "go"};
    words.insert(words.end(), options.begin(), options.end());
    test::Process process = broker.alertctl(words);
    EXPECT_EQ(process.err_line(), "waiting");
    return process;
  }

  test::Broker broker;
};

TEST_F(Wait, EndsQuietlyWithZeroWhenItIsPulsed) {
  test::Process waiter = this->waiter();
  raise();
  const Finished end = waiter.finish();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(end.err, "");
}

TEST_F(Wait, EndsForEveryWaiter) {
  std::vector<test::Process> waiters;
  for (int i = 0; i < 5; ++i) waiters.push_back(waiter());
  raise();
  for (test::Process& each : waiters) EXPECT_EQ(each.finish().status, 0);
}

TEST_F(Wait, TakesAFullNameInAnyCase) {
  test::Process waiter = broker.alertctl({"wait", "\\SEM\\Go"});
  EXPECT_EQ(waiter.err_line(), "waiting");
  raise();
  EXPECT_EQ(waiter.finish().status, 0);
}

TEST_F(Wait, ExitsOneWhenNothingCameInTime) {
  raise();
  const Finished end = broker.ctl({"wait", "go", "--timeout", "0"});
  EXPECT_EQ(end.status, 1);
  EXPECT_EQ(end.out, "");
}

TEST_F(Wait, CountWaitsForSoManyPulses) {
  test::Process waiter = this->waiter({"--count", "3", "--json"});
  raise();
  EXPECT_EQ(json::parse(waiter.out_line()), (json{{"semaphore", "\\sem\\go"}, {"pulses", 1}}));
  raise();
  EXPECT_EQ(json::parse(waiter.out_line()).at("pulses"), 1);
  raise();
  const Finished end = waiter.finish();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(test::lines(end.out).size(), 1u) << end.out;
}

TEST_F(Wait, CountExitsOneWhenOneIsMissingInTime) {
  test::Process waiter = this->waiter({"--count", "1000", "--timeout", "200"});
  raise();
  EXPECT_EQ(waiter.finish().status, 1);
}

TEST_F(Wait, ExitsFiveWhenTheBrokerDies) {
  test::Process waiter = this->waiter();
  broker.kill();
  const Finished end = waiter.finish();
  EXPECT_EQ(end.status, 5);
  EXPECT_TRUE(has(end.err, "the broker is gone")) << end.err;
}

TEST_F(Wait, ExitsTwoForWhatIsNoSemaphore) {
  for (const Words& words : {Words{"wait"}, Words{"wait", "\\mailslot\\go"}, Words{"wait", "a*"}, Words{"wait", ""},
                             Words{"wait", "go", "--count", "0"}, Words{"wait", "go", "--timeout", "-1"}}) {
    const Finished usage = broker.ctl(words);
    EXPECT_EQ(usage.status, 2) << words.back();
    EXPECT_NE(usage.err, "");
  }
}

}  // namespace
