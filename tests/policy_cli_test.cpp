// The policy of a running broker: checked before it starts, read again on SIGHUP, in force.

#include <sys/socket.h>
#include <sys/un.h>

#include "configured.hpp"

namespace {

using test::code_of;
using test::Configured;
using test::Finished;
using test::kNobody;
using Words = std::vector<std::string>;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr const char* kDenyJobs =
    "[[rule]]\nname = \"no jobs\"\nallow = false\nverb = \"raise\"\nevent = \"JOBS\"\n";

alert::Raise raise(const std::string& event) { return {event, "lm20", std::string(76, '0'), {}}; }

Finished brokerd(Words words, const test::Process::Environment& environment = {}) {
  words.insert(words.begin(), test::program("brokerd"));
  return test::Process(words, environment).finish();
}

/// Only root can act as another uid.
struct HostsBroker : testing::Test {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  }
};

}  // namespace

TEST(CheckConfig, IsSilentAboutAConfigurationThatIsRight) {
  const test::TemporaryFolder folder;
  for (const char* text : {"", kDenyJobs, "[limits]\nmailslots = 3\n"}) {
    const Finished done = brokerd({"--check-config", folder.file("a.toml", text)});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.out + done.err, "");
  }
}

TEST(CheckConfig, NamesFileLineColumnAndWhatWasExpected) {
  const test::TemporaryFolder folder;
  const std::string file = folder.file("a.toml", "[limits]\n  mailslots = \"many\"\n");
  const Finished done = brokerd({"--check-config", file});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "brokerd: " + file + ":2:15: limits.mailslots: expected a number from 0 or \"unlimited\"\n");
}

TEST(CheckConfig, RefusesANamedFileThatIsMissing) {
  const Finished done = brokerd({"--check-config", "/no/such/file"});
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "brokerd: /no/such/file: No such file or directory\n");
}

TEST(CheckConfig, WithoutANameChecksTheFileThatWouldBeRead) {
  const test::TemporaryFolder folder;
  const test::Process::Environment home{{"XDG_CONFIG_HOME", ""}, {"HOME", folder.path()}};
  const test::Process::Environment xdg{{"XDG_CONFIG_HOME", folder / "config"}, {"HOME", folder.path()}};
  const Words check{"--socket", folder / "socket", "--check-config"};
  EXPECT_EQ(brokerd(check, home).status, 0);
  std::filesystem::create_directories(folder / ".config/alertbroker");
  std::filesystem::create_directories(folder / "config/alertbroker");
  folder.file(".config/alertbroker/brokerd.toml", "wrong");
  EXPECT_EQ(brokerd(check, home).status, 2);
  EXPECT_EQ(brokerd(check, xdg).status, 0);
  folder.file("config/alertbroker/brokerd.toml", "wrong");
  EXPECT_EQ(brokerd(check, xdg).status, 2);
  EXPECT_EQ(
      brokerd({"--socket", folder / "socket", "--config", folder.file("a.toml", ""), "--check-config"}, xdg).status,
      0);
}

TEST(CheckConfig, StartsNothing) {
  const test::TemporaryFolder folder;
  const std::string file = folder.file("a.toml", "");
  EXPECT_EQ(brokerd({"--socket", folder / "s", "--journal", folder / "j", "--check-config", file}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "j"));
}

TEST(Brokerd, DoesNotStartWithAWrongOrMissingConfiguration) {
  const test::TemporaryFolder folder;
  for (const std::string& file : {folder.file("a.toml", "x = 1"), folder / "missing"}) {
    const Finished done = brokerd({"--socket", folder / "s", "--journal", folder / "j", "--config", file});
    EXPECT_EQ(done.status, 2);
    EXPECT_NE(done.err.find(file), std::string::npos) << done.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "j"));
  }
}

TEST(Brokerd, TakesNumalertsOfTheCommandLineBeforeTheConfigurations) {
  const Configured both("[limits]\nnumalerts = 5\n", {"--numalerts", "2"});
  EXPECT_EQ(both.broker->connect().call(alert::Stats{})->numalerts, 2u);
  const Configured one("[limits]\nnumalerts = 5\n");
  EXPECT_EQ(one.broker->connect().call(alert::Stats{})->numalerts, 5u);
}

TEST(Rule, RefusesARaiseWithItsNumberAndIsCounted) {
  Configured here(kDenyJobs);
  const auto refused = here.broker->connect().call(raise("jobs"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, alert::Code::access_denied);
  EXPECT_EQ(refused.error().message, "rule 1 (no jobs) does not let this uid raise this event");
  EXPECT_EQ(here.ask(raise("OTHER")), 0);
  EXPECT_EQ(here.broker->ctl({"raise", "custom", "JOBS"}).status, 3);
  const auto stats = here.broker->connect().call(alert::Stats{});
  EXPECT_EQ(stats->accepted, 1u);
  EXPECT_EQ(stats->refused_raises, 2u);
  EXPECT_EQ(stats->denied_raises, 2u);
  EXPECT_EQ(stats->denied_calls, 0u);
}

TEST(Rule, HoldsForADryRunToo) {
  Configured here(kDenyJobs);
  EXPECT_EQ(here.broker->ctl({"raise", "custom", "JOBS", "--dry-run"}).status, 3);
}

TEST(Rule, RefusesRegisteringMakingAndReading) {
  Configured here("");
  ASSERT_EQ(here.ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  ASSERT_EQ(here.ask(alert::Start{"JOBS", kSlot, {}, {}}), 0);
  here.reload(
      "[[rule]]\nallow = false\nverb = [\"start\", \"read\"]\nevent = \"JOBS\"\n[[rule]]\nallow = false\nverb = "
      "\"make\"\n");
  EXPECT_EQ(here.ask(alert::Start{"jobs", "\\mailslot\\other", {}, {}}), 5);
  EXPECT_EQ(here.ask(alert::Start{"OTHER", "\\mailslot\\other", {}, {}}), 0);
  EXPECT_EQ(here.ask(alert::MakeMailslot{"\\mailslot\\more", {}, {}, {}}), 5);
  EXPECT_EQ(here.ask(alert::OpenMailslot{kSlot, true, {}}), 5);
  EXPECT_EQ(here.broker->connect().call(alert::Stats{})->denied_calls, 3u);
}

TEST(Rule, AboutReadingHoldsForEveryEventThatAMailslotHasHad) {
  Configured here("[[rule]]\nallow = false\nverb = \"read\"\nevent = \"JOBS\"\n");
  ASSERT_EQ(here.ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(here.ask(alert::OpenMailslot{kSlot, false, {}}), 0);
  ASSERT_EQ(here.ask(alert::Start{"JOBS", kSlot, {}, {}}), 0);
  EXPECT_EQ(here.ask(alert::OpenMailslot{kSlot, false, {}}), 5);
  ASSERT_EQ(here.ask(raise("JOBS")), 0);
  ASSERT_EQ(here.ask(alert::Stop{"JOBS", kSlot}), 0);
  EXPECT_EQ(here.ask(alert::OpenMailslot{kSlot, false, {}}), 5);
}

TEST(Rule, AboutReadingHoldsForEventsThatComeToAnOpenMailslot) {
  Configured here("[[rule]]\nallow = false\nverb = \"read\"\nevent = \"JOBS\"\n");
  for (const bool consume : {true, false}) {
    alert::Client client = here.broker->connect();
    ASSERT_EQ(code_of(client.call(alert::MakeMailslot{kSlot, {}, {}, true})), 0);
    ASSERT_EQ(code_of(client.call(alert::OpenMailslot{kSlot, consume, {}})), 0);
    EXPECT_EQ(code_of(client.call(alert::Start{"JOBS", kSlot, {}, {}})), 5);
    EXPECT_EQ(here.ask(alert::Start{"JOBS", kSlot, {}, {}}), 5);
    EXPECT_EQ(here.ask(alert::Start{"JOBS", "\\mailslot\\other", {}, true}), 0);
    ASSERT_EQ(code_of(client.call(alert::DeleteMailslot{kSlot})), 0);
  }
}

TEST(Rule, AboutReadingHoldsForReplays) {
  Configured here("");
  alert::Client client = here.broker->connect();
  ASSERT_EQ(code_of(client.call(alert::MakeMailslot{kSlot, {}, {}, {}})), 0);
  ASSERT_EQ(code_of(client.call(alert::Start{"JOBS", kSlot, {}, {}})), 0);
  ASSERT_EQ(code_of(client.call(alert::OpenMailslot{kSlot, true, {}})), 0);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {}})), 0);
  here.reload("[[rule]]\nallow = false\nverb = \"read\"\nevent = \"JOBS\"\n");
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {}})), 5);
}

TEST(Sighup, ChangesTheVerdictOfALiveConnection) {
  Configured here("");
  alert::Client client = here.broker->connect();
  EXPECT_EQ(code_of(client.call(raise("JOBS"))), 0);
  EXPECT_EQ(here.reload(kDenyJobs), "brokerd: the configuration was read again");
  EXPECT_EQ(code_of(client.call(raise("JOBS"))), 5);
  EXPECT_EQ(here.reload(""), "brokerd: the configuration was read again");
  EXPECT_EQ(code_of(client.call(raise("JOBS"))), 0);
}

TEST(Sighup, KeepsTheOldPolicyWhenTheNewOneIsWrong) {
  Configured here(kDenyJobs);
  EXPECT_EQ(here.reload("[[rule]]\nallow = \"yes\"\n"),
            "brokerd: the old configuration stays: " + here.file + ":2:9: rule.allow: expected true or false");
  EXPECT_EQ(here.ask(raise("JOBS")), 5);
  std::filesystem::remove(here.file);
  here.broker->process().signal(SIGHUP);
  EXPECT_EQ(here.said(), "brokerd: the old configuration stays: " + here.file + ": No such file or directory");
  EXPECT_EQ(here.ask(raise("JOBS")), 5);
}

TEST(Sighup, KeepsNumalertsOfTheCommandLine) {
  Configured here("", {"--numalerts", "2"});
  here.reload("[limits]\nnumalerts = 7\n");
  EXPECT_EQ(here.broker->connect().call(alert::Stats{})->numalerts, 2u);
}

TEST(Sighup, TellsTheServiceManager) {
  const test::TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder / "notes";
  std::copy(path.begin(), path.end(), address.sun_path);
  const alert::Descriptor notes(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(notes.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto note = [&] {
    char text[128] = {};
    return ::recv(notes.get(), text, sizeof text - 1, 0) > 0 ? std::string(text) : "";
  };
  test::Process broker({test::program("brokerd"), "--socket", folder / "socket", "--journal", folder / "journal"},
                       {{"NOTIFY_SOCKET", path}, {"XDG_CONFIG_HOME", folder.path()}});
  EXPECT_EQ(note(), "READY=1");
  broker.signal(SIGHUP);
  const std::string reloading = note();
  EXPECT_TRUE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC=")) << reloading;
  EXPECT_GT(std::stoull(reloading.substr(27)), 0u);
  EXPECT_EQ(note(), "READY=1");
}

TEST_F(HostsBroker, LetsOnlyRootRegisterForAdminAndErrorlogButEverybodyRaiseThem) {
  Configured here("", {"--system"});
  for (const char* event : {"ADMIN", "ERRORLOG"}) {
    EXPECT_EQ(here.ask_as_nobody(alert::Start{event, "\\mailslot\\theirs", {}, {}}), 5) << event;
    EXPECT_EQ(here.ask(alert::Start{event, "\\mailslot\\ours", {}, {}}), 0) << event;
    EXPECT_EQ(here.ask_as_nobody(raise(event)), 0) << event;
  }
  EXPECT_EQ(here.ask_as_nobody(alert::Start{"PRINTING", "\\mailslot\\theirs", {}, {}}), 0);
  EXPECT_EQ(here.ask_as_nobody(alert::MakeMailslot{"\\mailslot\\theirs", {}, {}, {}}), 0);
}

TEST_F(HostsBroker, JudgesByTheGroupsOfTheConnection) {
  Configured here("[[rule]]\nallow = true\nverb = \"start\"\nevent = \"ADMIN\"\ngroup = 4242\n", {"--system"});
  EXPECT_EQ(here.ask_as_nobody(alert::Start{"ADMIN", "\\mailslot\\a", {}, {}}), 5);
  EXPECT_EQ(here.ask_as_nobody(alert::Start{"ADMIN", "\\mailslot\\a", {}, {}}, {4241, 4243}), 5);
  EXPECT_EQ(here.ask_as_nobody(alert::Start{"ADMIN", "\\mailslot\\a", {}, {}}, {4241, 4242}), 0);
  std::vector<gid_t> many(200);
  for (gid_t i = 0; i < many.size(); ++i) many[i] = 4'043 + i;
  EXPECT_EQ(here.ask_as_nobody(alert::Start{"ADMIN", "\\mailslot\\b", {}, {}}, many), 0);
}

TEST_F(HostsBroker, JudgesByThePrimaryGroupToo) {
  Configured here("[[rule]]\nallow = false\nverb = \"make\"\ngroup = 65534\n", {"--system"});
  EXPECT_EQ(here.ask_as_nobody(alert::MakeMailslot{kSlot, {}, {}, {}}), 5);
  EXPECT_EQ(here.ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
}

TEST_F(HostsBroker, AnswersAboutAnotherUidByTheGroupsThatAreSaidAndAboutOneselfByTheConnections) {
  Configured here("[[rule]]\nallow = true\nverb = \"start\"\nevent = \"ADMIN\"\ngroup = 4242\n", {"--system"});
  const auto allowed = [&](const alert::Can& call) {
    const auto verdict = here.broker->connect().call(call);
    return verdict ? static_cast<int>(verdict->allowed) : -static_cast<int>(verdict.error().code);
  };
  using Groups = std::vector<std::uint32_t>;
  EXPECT_EQ(allowed({kNobody, Groups{4242}, "start", "ADMIN"}), 1);
  EXPECT_EQ(allowed({kNobody, Groups{4241}, "start", "ADMIN"}), 0);
  EXPECT_EQ(allowed({kNobody, {}, "start", "ADMIN"}), 0);
  EXPECT_EQ(test::as_nobody([&] { return allowed({kNobody, {}, "start", "ADMIN"}); }, {4242}), 1);
  EXPECT_EQ(test::as_nobody([&] { return allowed({kNobody, Groups{4242}, "start", "ADMIN"}); }), 0);
}

TEST_F(HostsBroker, LetsNobodyButRootAskAboutAnotherUid) {
  Configured here("", {"--system"});
  EXPECT_EQ(here.ask_as_nobody(alert::Can{0, {}, "raise", "ADMIN"}), 5);
  EXPECT_EQ(here.ask_as_nobody(alert::Can{kNobody, {}, "raise", "ADMIN"}), 0);
}
