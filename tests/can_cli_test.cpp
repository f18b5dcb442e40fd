// alertctl can: the verdict, and the rule that it comes from.

#include <nlohmann/json.hpp>

#include "configured.hpp"

namespace {

using test::Configured;
using test::Finished;
using Words = std::vector<std::string>;

constexpr const char* kDenyJobs =
    "[[rule]]\nname = \"no jobs\"\nallow = false\nverb = \"raise\"\nevent = \"JOBS\"\n";

}  // namespace

TEST(AlertctlCan, TellsTheVerdictAndTheRule) {
  Configured here(kDenyJobs);
  const std::string me = std::to_string(::geteuid());
  const Finished no = here.broker->ctl({"can", me, "raise", "jobs"});
  EXPECT_EQ(no.status, 3);
  EXPECT_EQ(no.out, "no: rule 1 (no jobs)\n");
  const Finished yes = here.broker->ctl({"can", me, "start", "JOBS"});
  EXPECT_EQ(yes.status, 0);
  EXPECT_EQ(yes.out, "yes: the built-in rule (its user and root)\n");
  EXPECT_EQ(here.broker->ctl({"can", me, "make"}).status, 0);
}

TEST(AlertctlCan, PrintsJson) {
  Configured here(kDenyJobs);
  const std::string me = std::to_string(::geteuid());
  EXPECT_EQ(nlohmann::json::parse(here.broker->ctl({"can", me, "raise", "JOBS", "--json"}).out),
            (nlohmann::json{{"allowed", false}, {"rule", 1}, {"name", "no jobs"}}));
  EXPECT_EQ(nlohmann::json::parse(here.broker->ctl({"can", me, "read", "JOBS", "--json"}).out),
            (nlohmann::json{{"allowed", true}, {"name", "its user and root"}}));
}

TEST(AlertctlCan, EscapesTheNamesOfRules) {
  Configured here("[[rule]]\nname = \"\\u001b[2J\"\nallow = true\n");
  const Finished done = here.broker->ctl({"can", std::to_string(::geteuid()), "make"});
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.out.find('\x1b'), std::string::npos);
}

TEST(AlertctlCan, ExitsTwoForWhatMakesNoSense) {
  const test::Broker broker;
  const std::string me = std::to_string(::geteuid());
  for (const Words& words : std::vector<Words>{{"can"},
                                               {"can", me},
                                               {"can", me, "stop", "JOBS"},
                                               {"can", me, "raise"},
                                               {"can", me, "raise", "A/B"},
                                               {"can", "no such user", "raise", "JOBS"},
                                               {"can", "-1", "raise", "JOBS"},
                                               {"can", "4294967296", "raise", "JOBS"}})
    EXPECT_EQ(broker.ctl(words).status, 2) << words.back();
}

TEST(AlertctlCan, AsksAboutAStrangerToAUsersBroker) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may ask about another uid";
  const test::Broker broker;
  const Finished done = broker.ctl({"can", "65534", "raise", "JOBS"});
  EXPECT_EQ(done.status, 3);
  EXPECT_EQ(done.out, "no: the built-in rule (its user and root only)\n");
}

TEST(AlertctlCan, TellsOfTheHostsBuiltInRules) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may ask about another uid";
  Configured here("", {"--system"});
  EXPECT_EQ(here.broker->ctl({"can", "root", "start", "ADMIN"}).out, "yes: the built-in rule (operators)\n");
  EXPECT_EQ(here.broker->ctl({"can", "65534", "start", "ADMIN"}).out, "no: the built-in rule (operators only)\n");
  EXPECT_EQ(here.broker->ctl({"can", "65534", "raise", "ADMIN"}).out, "yes: the built-in rule (everybody)\n");
}

TEST(AlertctlCan, GoesByTheGroupsOfTheAccountItIsAskedAbout) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may ask about another uid";
  Configured here("[[rule]]\nname = \"daemons\"\nallow = false\nverb = \"raise\"\ngroup = \"daemon\"\n",
                  {"--system"});
  EXPECT_EQ(here.broker->ctl({"can", "daemon", "raise", "JOBS"}).out, "no: rule 1 (daemons)\n");
  EXPECT_EQ(here.broker->ctl({"can", "65534", "raise", "JOBS"}).out, "yes: the built-in rule (everybody)\n");
}
