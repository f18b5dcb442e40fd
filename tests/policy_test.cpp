// Who may do what: tables of verdicts, and which rule said so.

#include "brokerd/policy.hpp"

#include <gtest/gtest.h>

namespace {

using namespace brokerd;
using Ids = std::vector<std::uint32_t>;

constexpr std::uint32_t kOwner = 1000, kStranger = 2000, kOperators = 50;

Policy of_host() { return Policy::standard(true, 0, kOperators); }
Policy of_user() { return Policy::standard(false, kOwner, kOperators); }

/// "yes 2": allowed by rule 2; "no 0": refused by a built-in one.
std::string verdict(const Policy& policy, std::uint32_t uid, Verb verb, std::string_view event,
                    const Ids& groups = {}) {
  const Verdict said = policy.judge(uid, groups, verb, event);
  return (said.allowed ? "yes " : "no ") + std::to_string(said.rule);
}

TEST(HostsStandardPolicy, LetsEverybodyRaiseEverything) {
  for (const std::uint32_t uid : {0u, kOwner, kStranger})
    for (const char* event : {"ADMIN", "ERRORLOG", "PRINTING", "MINE"})
      EXPECT_EQ(verdict(of_host(), uid, Verb::raise, event), "yes 0") << uid << event;
}

TEST(HostsStandardPolicy, LetsOnlyRootAndTheOperatorsRegisterForAdminAndErrorlog) {
  for (const char* event : {"ADMIN", "ERRORLOG"}) {
    EXPECT_EQ(verdict(of_host(), 0, Verb::start, event), "yes 0");
    EXPECT_EQ(verdict(of_host(), kOwner, Verb::start, event), "no 0");
    EXPECT_EQ(verdict(of_host(), kOwner, Verb::start, event, {1, kOperators}), "yes 0");
    EXPECT_EQ(verdict(of_host(), kOwner, Verb::start, event, {1, 2}), "no 0");
  }
  EXPECT_EQ(verdict(of_host(), kOwner, Verb::start, "PRINTING"), "yes 0");
}

TEST(HostsStandardPolicy, LetsNobodyButRootBeAnOperatorWhereTheGroupIsUnknown) {
  const Policy policy = Policy::standard(true, 0, {});
  EXPECT_EQ(verdict(policy, 0, Verb::start, "ADMIN"), "yes 0");
  EXPECT_EQ(verdict(policy, kOwner, Verb::start, "ADMIN", {kOperators}), "no 0");
}

TEST(HostsStandardPolicy, LetsEverybodyMakeAndReadMailslots) {
  EXPECT_EQ(verdict(of_host(), kStranger, Verb::make, ""), "yes 0");
  EXPECT_EQ(verdict(of_host(), kStranger, Verb::read, "ADMIN"), "yes 0");
  EXPECT_EQ(verdict(of_host(), kStranger, Verb::read, ""), "yes 0");
}

TEST(UsersStandardPolicy, ServesItsUserAndRootOnly) {
  for (const Verb verb : {Verb::raise, Verb::start, Verb::make, Verb::read}) {
    EXPECT_EQ(verdict(of_user(), kOwner, verb, "ADMIN"), "yes 0") << name(verb);
    EXPECT_EQ(verdict(of_user(), 0, verb, "ADMIN"), "yes 0") << name(verb);
    EXPECT_EQ(verdict(of_user(), kStranger, verb, "ADMIN", {kOperators}), "no 0") << name(verb);
  }
}

TEST(UsersStandardPolicy, ServesNoStrangerWhateverTheRulesSay) {
  Policy policy = of_user();
  policy.rules = {{"all", true, {}, {}, {}, {}}};
  EXPECT_EQ(verdict(policy, kStranger, Verb::raise, "ADMIN"), "no 0");
  EXPECT_EQ(verdict(policy, kOwner, Verb::raise, "ADMIN"), "yes 1");
}

TEST(Rules, TheFirstThatFitsDecides) {
  Policy policy = of_host();
  policy.rules = {{"", true, {Verb::raise}, {"JOBS"}, {kOwner}, {}},
                  {"", false, {Verb::raise}, {"JOBS"}, {}, {}},
                  {"", true, {}, {}, {}, {}}};
  EXPECT_EQ(verdict(policy, kOwner, Verb::raise, "JOBS"), "yes 1");
  EXPECT_EQ(verdict(policy, kStranger, Verb::raise, "JOBS"), "no 2");
  EXPECT_EQ(verdict(policy, kStranger, Verb::raise, "OTHER"), "yes 3");
  EXPECT_EQ(verdict(policy, kStranger, Verb::start, "JOBS"), "yes 3");
}

TEST(Rules, HoldForRootToo) {
  Policy policy = of_host();
  policy.rules = {{"", false, {Verb::start}, {"ADMIN"}, {}, {}}};
  EXPECT_EQ(verdict(policy, 0, Verb::start, "ADMIN"), "no 1");
}

TEST(Rules, ComeBeforeTheBuiltInOnesAndLeaveThemStanding) {
  Policy policy = of_host();
  policy.rules = {{"", true, {Verb::start}, {"ADMIN"}, {kOwner}, {}}};
  EXPECT_EQ(verdict(policy, kOwner, Verb::start, "ADMIN"), "yes 1");
  EXPECT_EQ(verdict(policy, kOwner, Verb::start, "ERRORLOG"), "no 0");
  EXPECT_EQ(verdict(policy, kStranger, Verb::start, "ADMIN"), "no 0");
}

TEST(Rules, ConcernAUidOrAnyOfItsGroups) {
  Policy policy = of_host();
  policy.rules = {{"", false, {}, {}, {kOwner}, {7, 8}}};
  EXPECT_EQ(verdict(policy, kOwner, Verb::raise, "E"), "no 1");
  EXPECT_EQ(verdict(policy, kStranger, Verb::raise, "E", {1, 8}), "no 1");
  EXPECT_EQ(verdict(policy, kStranger, Verb::raise, "E", {1, 9}), "yes 0");
  EXPECT_EQ(verdict(policy, 7, Verb::raise, "E"), "yes 0");  // a uid is not a gid
}

TEST(Rules, AboutEventsDoNotFitWhatHasNone) {
  Policy policy = of_host();
  policy.rules = {{"", false, {}, {"ADMIN"}, {}, {}}};
  EXPECT_EQ(verdict(policy, kOwner, Verb::make, ""), "yes 0");
  EXPECT_EQ(verdict(policy, kOwner, Verb::read, ""), "yes 0");
  EXPECT_EQ(verdict(policy, kOwner, Verb::read, "ADMIN"), "no 1");
}

TEST(Verdicts, SayTheRuleInWords) {
  EXPECT_EQ(rule_text({false, 3, "printers"}), "rule 3 (printers)");
  EXPECT_EQ(rule_text({false, 3, ""}), "rule 3");
  EXPECT_EQ(rule_text({true, 0, "everybody"}), "the built-in rule (everybody)");
}

TEST(Verbs, AreFoundByTheirNames) {
  for (const Verb verb : {Verb::raise, Verb::start, Verb::make, Verb::read})
    EXPECT_EQ(verb_named(name(verb)), verb);
  for (const char* text : {"", "stop", "Raise", "raise "}) EXPECT_EQ(verb_named(text), std::nullopt) << text;
}

TEST(Limits, OfAUsersBrokerBoundNoRates) {
  const Limits user = Limits::standard(false), host = Limits::standard(true);
  EXPECT_EQ(user[Quota::alerts_per_second], kUnlimited);
  EXPECT_EQ(user[Quota::bytes_per_second], kUnlimited);
  for (std::size_t i = 0; i < kQuotas.size(); ++i)
    EXPECT_NE(host[static_cast<Quota>(i)], kUnlimited) << kQuotas[i].name;
}

}  // namespace
