// Every bound: what fits, what is one too many, its counter and its line in the log.

#include "configured.hpp"

namespace {

using test::code_of;
using test::kNobody;

constexpr int kQuota = 1816;

alert::Raise alert_of(std::size_t bytes) { return {"TEST", "lm20", std::string(2 * bytes, '0'), {}, {}}; }
std::string slot(int number) { return "\\mailslot\\slot" + std::to_string(number); }

class Quotas : public testing::Test {
 protected:
  void start(const std::string& limits, std::vector<std::string> options = {}) {
    here.emplace("[limits]\n" + limits, std::move(options));
    broker = &*here->broker;
  }
  template <class Call>
  int ask(const Call& call) {
    return here->ask(call);
  }
  int make(int number, std::optional<std::uint64_t> capacity = {}) {
    return ask(alert::MakeMailslot{slot(number), 1'000, capacity, {}});
  }
  int open(alert::Client& client, int number) {
    const int code = code_of(client.call(alert::OpenMailslot{slot(number), false, {}}));
    (void)client.take_descriptors();
    return code;
  }
  /// The bound's counter in Stats is `refused`, and the broker's next line names uid and bound.
  void expect_counted(const std::string& name, std::uint64_t refused, std::uint32_t uid = ::geteuid()) {
    const auto stats = broker->connect().call(alert::Stats{});
    ASSERT_TRUE(stats);
    for (const auto& quota : stats->quotas)
      EXPECT_EQ(quota.refused, quota.name == name ? refused : 0) << quota.name;
    const std::string line = broker->process().err_line();
    EXPECT_TRUE(line.starts_with("brokerd: uid " + std::to_string(uid) + ": ")) << line;
    EXPECT_NE(line.find("(" + name + " = "), std::string::npos) << line;
  }

  std::optional<test::Configured> here;
  test::Broker* broker = nullptr;
};

}  // namespace

TEST_F(Quotas, OneConnectionTooManyIsTurnedAway) {
  start("connections = 2");
  {
    alert::Client first = broker->connect(), second = broker->connect();
    ASSERT_TRUE(first.call(alert::Stats{}) && second.call(alert::Stats{}));
    EXPECT_EQ(ask(alert::Stats{}), kQuota);
    EXPECT_TRUE(first.call(alert::Stats{}));
    broker->process().err_line();
    EXPECT_EQ(first.call(alert::Stats{})->quotas[1].refused, 1u);
  }
  while (ask(alert::Stats{}) != 0) continue;  // until it has noticed that they left
}

TEST_F(Quotas, OneMailslotTooManyIsNotMade) {
  start("mailslots = 2");
  EXPECT_EQ(make(1), 0);
  EXPECT_EQ(make(2), 0);
  EXPECT_EQ(make(3), kQuota);
  EXPECT_EQ(broker->ctl({"make", "more"}).status, 3);
  expect_counted("mailslots", 2);
  EXPECT_EQ(ask(alert::DeleteMailslot{slot(1)}), 0);
  EXPECT_EQ(make(3), 0);
}

TEST_F(Quotas, OneRingTooManyIsNotOpened) {
  start("ring_bytes = \"16KiB\"");
  for (int i = 1; i <= 3; ++i) ASSERT_EQ(make(i, 8'192), 0);
  alert::Client client = broker->connect();
  EXPECT_EQ(open(client, 1), 0);
  EXPECT_EQ(open(client, 2), 0);
  EXPECT_EQ(open(client, 3), kQuota);
  EXPECT_EQ(open(client, 1), 0);  // it has its ring already
  expect_counted("ring_bytes", 1);
}

TEST_F(Quotas, OneRegistrationTooManyIsRefused) {
  start("registrations = 2");
  EXPECT_EQ(ask(alert::Start{"A", slot(1), {}, {}}), 0);
  EXPECT_EQ(ask(alert::Start{"B", slot(1), {}, {}}), 0);
  EXPECT_EQ(ask(alert::Start{"C", slot(1), {}, {}}), kQuota);
  expect_counted("registrations", 1);
  EXPECT_EQ(ask(alert::Stop{"A", slot(1)}), 0);
  EXPECT_EQ(ask(alert::Start{"C", slot(1), {}, {}}), 0);
}

TEST_F(Quotas, OneRowTooManyIsRefused) {
  start("numalerts = 1");
  EXPECT_EQ(ask(alert::Start{"A", slot(1), {}, {}}), 0);
  EXPECT_EQ(ask(alert::Start{"B", slot(1), {}, {}}), 2431);
  expect_counted("numalerts", 1);
}

TEST_F(Quotas, OnePastRegistrationTooManyIsRefused) {
  start("past_registrations = 2");
  ASSERT_EQ(make(1), 0);
  for (const char* event : {"A", "B"}) {
    EXPECT_EQ(ask(alert::Start{event, slot(1), {}, {}}), 0);
    EXPECT_EQ(ask(alert_of(38)), 0);  // a registration that could not match anything leaves no trace
    EXPECT_EQ(ask(alert::Stop{event, slot(1)}), 0);
  }
  EXPECT_EQ(ask(alert::Start{"C", slot(1), {}, {}}), kQuota);
  expect_counted("past_registrations", 1);
}

TEST_F(Quotas, OneOpenMailslotTooManyIsRefused) {
  start("open_mailslots = 1");
  ASSERT_EQ(make(1), 0);
  alert::Client client = broker->connect(), other = broker->connect();
  EXPECT_EQ(open(client, 1), 0);
  EXPECT_EQ(open(client, 1), kQuota);
  EXPECT_EQ(open(other, 1), 0);
  expect_counted("open_mailslots", 1);
}

TEST_F(Quotas, OneByteTooManyIsNotRaised) {
  start("bytes_per_second = 100");
  EXPECT_EQ(ask(alert_of(100)), 0);
  while (ask(alert_of(100)) == 0) continue;  // unless a second has passed
  const auto stats = broker->connect().call(alert::Stats{});
  EXPECT_EQ(stats->refused_raises, 1u);
  EXPECT_EQ(stats->denied_raises, 0u);
  expect_counted("bytes_per_second", 1);
}

TEST_F(Quotas, OneByteBeyondTheHoursShareOfTheJournalIsNotRaised) {
  start("bytes_per_hour = 100");
  EXPECT_EQ(ask(alert_of(60)), 0);
  EXPECT_EQ(ask(alert_of(38)), 0);
  while (ask(alert_of(60)) == 0) continue;  // unless half an hour has passed
  expect_counted("bytes_per_hour", 1);
}

TEST_F(Quotas, TableChangesASecondAreBoundedAndWithdrawingIsFree) {
  start("table_changes_per_second = 3");
  ASSERT_EQ(make(1), 0);
  ASSERT_EQ(ask(alert::Start{"TEST", slot(1), {}, {}}), 0);
  int passed = 0;
  for (int n = 2; make(n) == 0; ++n) ++passed;  // the third, and what seconds that pass give
  EXPECT_GE(passed, 1);
  EXPECT_EQ(ask(alert_of(38)), 0);
  EXPECT_EQ(ask(alert::Stop{"TEST", slot(1)}), 0);
  EXPECT_EQ(ask(alert::DeleteMailslot{slot(1)}), 0);
  expect_counted("table_changes_per_second", 1);
}

TEST_F(Quotas, ChangesOfObjectsAreBoundedASecondAndDeletingIsFree) {
  start("table_changes_per_second = 2");
  ASSERT_EQ(ask(alert::ObjectAdd{"group", "g", 0}), 0);
  int passed = 0;
  for (std::uint32_t n = 1; ask(alert::ObjectChange{"group", "g", n % 2}) == 0; ++n) ++passed;
  EXPECT_GE(passed, 1);
  EXPECT_EQ(ask(alert::ObjectDelete{"group", "g"}), 0);
  expect_counted("table_changes_per_second", 1);
}

TEST_F(Quotas, DryRunsAreNotCountedAsRaised) {
  start("alerts_per_second = 0");
  alert::Raise dry = alert_of(38);
  dry.dry_run = true;
  EXPECT_EQ(ask(dry), 0);
  EXPECT_EQ(ask(alert_of(38)), kQuota);
}

TEST_F(Quotas, UidThatRaisesAsFastAsItCanIsRefusedWhileAnothersRaisesPass) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  start("alerts_per_second = 1", {"--system"});
  const int refusal = test::as_nobody([&] {
    alert::Client client = broker->connect();
    int code = 0;
    while (code == 0) code = code_of(client.call(alert_of(38)));
    return code;
  });
  EXPECT_EQ(refusal, kQuota);
  EXPECT_EQ(ask(alert_of(38)), 0);
  expect_counted("alerts_per_second", 1, kNobody);
}

TEST_F(Quotas, AreShownByStats) {
  start("mailslots = 1");
  ASSERT_EQ(make(1), 0);
  ASSERT_EQ(make(2), kQuota);
  const std::string text = broker->ctl({"stats"}).out;
  EXPECT_NE(text.find("\nQUOTA                      LIMIT  REFUSED\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nmailslots                      1  1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nalerts_per_second      unlimited  0\n"), std::string::npos) << text;
}
