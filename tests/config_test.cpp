// The configuration file: what every key means, and where and why a file is wrong.

#include "brokerd/config.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

using namespace brokerd;
using Ids = std::vector<std::uint32_t>;
using Texts = std::vector<std::string>;

std::optional<std::uint32_t> id_of(const std::string& name) {
  if (name == "jdoe") return 1000;
  if (name == "staff" || name == "lpadmin" || name == "cups") return 50;
  return std::nullopt;
}
const Accounts kAccounts{id_of, id_of};

tl::expected<Config, std::string> parse(std::string_view text) {
  return parse_config(text, "f", standard_config(true, 0, kAccounts), kAccounts);
}
Config parsed(std::string_view text) {
  auto config = parse(text);
  EXPECT_TRUE(config) << text << "\n" << (config ? "" : config.error());
  return config.value_or(Config());
}
std::string error_of(std::string_view text) {
  const auto config = parse(text);
  return config ? "none" : config.error();
}
Rule rule_of(const std::string& text) {
  const Config config = parsed("[[rule]]\n" + text);
  EXPECT_EQ(config.policy.rules.size(), 1u);
  return config.policy.rules.empty() ? Rule() : config.policy.rules[0];
}
std::uint64_t limit_of(const std::string& text, Quota quota) {
  return parsed("[limits]\n" + text).policy.limits[quota];
}

TEST(Config, ThatIsEmptyIsTheStandard) {
  const Config config = parsed("");
  const Limits standard = Limits::standard(true);
  EXPECT_TRUE(config.policy.rules.empty());
  for (std::size_t i = 0; i < kQuotas.size(); ++i)
    EXPECT_EQ(config.policy.limits[static_cast<Quota>(i)], standard[static_cast<Quota>(i)]) << kQuotas[i].name;
  EXPECT_EQ(config.journal.durability, Durability::process);
  EXPECT_EQ(config.journal.retention.bytes, 0u);
  EXPECT_EQ(config.journal.retention.age_s, 0u);
}

TEST(Config, HasAKeyForEveryLimit) {
  for (std::size_t i = 0; i < kQuotas.size(); ++i) {
    const std::string key(kQuotas[i].name);
    const Config config = parsed("[limits]\n" + key + " = 7\n");
    for (std::size_t other = 0; other < kQuotas.size(); ++other)
      EXPECT_EQ(config.policy.limits[static_cast<Quota>(other)], other == i ? 7 : kQuotas[other].host) << key;
  }
}

TEST(Config, TakesNumbersUnitsOfBytesAndUnlimited) {
  EXPECT_EQ(limit_of("mailslots = 0", Quota::mailslots), 0u);
  EXPECT_EQ(limit_of("mailslots = 9223372036854775807", Quota::mailslots), 9'223'372'036'854'775'807u);
  EXPECT_EQ(limit_of("mailslots = \"unlimited\"", Quota::mailslots), kUnlimited);
  EXPECT_EQ(limit_of("ring_bytes = \"3KiB\"", Quota::ring_bytes), 3'072u);
  EXPECT_EQ(limit_of("ring_bytes = \"64MiB\"", Quota::ring_bytes), 64u << 20);
  EXPECT_EQ(limit_of("ring_bytes = \"2GiB\"", Quota::ring_bytes), 2ULL << 30);
  EXPECT_EQ(limit_of("bytes_per_second = \"1TiB\"", Quota::bytes_per_second), 1ULL << 40);
}

TEST(Config, RefusesWhatIsNoLimit) {
  for (const char* value :
       {"-1", "1.5", "true", "\"\"", "\"7\"", "\"MiB\"", "\"64MiB\"", "[1]", "\"UNLIMITED\"", "{}"})
    EXPECT_EQ(error_of(std::string("[limits]\nmailslots = ") + value),
              "f:2:13: limits.mailslots: expected a number from 0 or \"unlimited\"")
        << value;
  for (const char* value :
       {"\"64MB\"", "\"64 MiB\"", "\"-1MiB\"", "\"9999999999999TiB\"", "\"99999999999999999999KiB\""})
    EXPECT_EQ(error_of(std::string("[limits]\nring_bytes = ") + value),
              "f:2:14: limits.ring_bytes: expected a number from 0, \"64MiB\" or \"unlimited\"")
        << value;
}

TEST(Config, TellsTheJournalHowToBeDurableAndWhatToRetain) {
  const JournalOptions journal =
      parsed(
          "[journal]\ndurability = \"disk\"\nretain_bytes = \"10GiB\"\nretain_age = \"30d\"\n"
          "retain_unread = 7\nsegment_bytes = \"1MiB\"")
          .journal;
  EXPECT_EQ(journal.durability, Durability::disk);
  EXPECT_EQ(journal.retention.bytes, 10ULL << 30);
  EXPECT_EQ(journal.retention.age_s, 30u * 86'400);
  EXPECT_EQ(journal.retention.unread_bytes_per_uid, 7u);
  EXPECT_EQ(journal.segment_bytes, 1ULL << 20);
  EXPECT_EQ(parsed("[journal]\ndurability = \"process\"").journal.durability, Durability::process);
  EXPECT_EQ(parsed("[journal]\nretain_bytes = \"unlimited\"").journal.retention.bytes, 0u);
  const std::pair<const char*, std::uint64_t> ages[] = {{"90", 90},         {"\"90s\"", 90},
                                                        {"\"5min\"", 300},  {"\"12h\"", 43'200},
                                                        {"\"1d\"", 86'400}, {"\"unlimited\"", 0}};
  for (const auto& [text, seconds] : ages)
    EXPECT_EQ(parsed(std::string("[journal]\nretain_age = ") + text).journal.retention.age_s, seconds) << text;
}

TEST(Config, RefusesWhatIsNoJournalOption) {
  for (const char* value : {"\"disc\"", "1", "true", "\"\""})
    EXPECT_EQ(error_of(std::string("[journal]\ndurability = ") + value),
              "f:2:14: journal.durability: expected \"process\" or \"disk\"")
        << value;
  for (const char* value : {"0", "-1", "\"0d\"", "\"1 month\"", "\"30\"", "1979-05-27"})
    EXPECT_EQ(error_of(std::string("[journal]\nretain_age = ") + value),
              "f:2:14: journal.retain_age: expected a number from 1 (seconds), \"12h\", \"30d\" or \"unlimited\"")
        << value;
  EXPECT_EQ(error_of("[journal]\nretain_bytes = \"30d\""),
            "f:2:16: journal.retain_bytes: expected a number from 1 (bytes), \"64MiB\" or \"unlimited\"");
}

TEST(Config, SaysWherePushDatagramsMayGoAndHowOften) {
  const auto push =
      parsed("[push]\nenabled = false\ninterval = \"5min\"\nnetworks = [\"192.0.2.0/24\", \"::1\"]").policy.push;
  EXPECT_FALSE(push.enabled);
  EXPECT_EQ(push.interval_s, 300u);
  EXPECT_TRUE(push.allows(*alert::ip_from_text("192.0.2.9")));
  EXPECT_FALSE(push.allows(*alert::ip_from_text("192.0.3.9")));
  const auto standard = parsed("").policy.push;
  EXPECT_TRUE(standard.enabled && standard.networks.empty());
  EXPECT_EQ(standard.interval_s, 60u);
}

TEST(Config, RefusesWhatIsNoPushOption) {
  const std::pair<const char*, const char*> cases[] = {
      {"on = true", "f:2:1: push.on: expected enabled, interval or networks"},
      {"enabled = 1", "f:2:11: push.enabled: expected true or false"},
      {"interval = 0", "f:2:12: push.interval: expected a number from 1 to 86400 (seconds), \"5min\", \"1d\""},
      {"interval = \"2d\"", "f:2:12: push.interval: expected a number from 1 to 86400 (seconds), \"5min\", \"1d\""},
      {"networks = \"1.2.3.4/33\"",
       "f:2:12: push.networks: expected a network such as \"192.0.2.0/24\", one or several"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(error_of(std::string("[push]\n") + text), error);
}

TEST(ConfigRule, HasAVerdictANameVerbsEventsUsersAndGroups) {
  const Rule rule = rule_of(
      "name = \"printers\"\nallow = true\nverb = [\"raise\", \"read\"]\nevent = [\"printing\", \"Jobs\"]\n"
      "user = [\"jdoe\", 0]\ngroup = [\"staff\", 7]");
  EXPECT_EQ(rule.name, "printers");
  EXPECT_TRUE(rule.allow);
  EXPECT_EQ(rule.verbs, (std::vector{Verb::raise, Verb::read}));
  EXPECT_EQ(rule.events, (Texts{"PRINTING", "JOBS"}));
  EXPECT_EQ(rule.uids, (Ids{1000, 0}));
  EXPECT_EQ(rule.gids, (Ids{50, 7}));
}

TEST(ConfigRule, TakesOneValueForAListOfOne) {
  const Rule rule = rule_of("allow = false\nverb = \"start\"\nevent = \"ADMIN\"\nuser = \"jdoe\"\ngroup = 7");
  EXPECT_FALSE(rule.allow);
  EXPECT_EQ(rule.verbs, std::vector{Verb::start});
  EXPECT_EQ(rule.events, Texts{"ADMIN"});
  EXPECT_EQ(rule.uids, Ids{1000});
  EXPECT_EQ(rule.gids, Ids{7});
}

TEST(ConfigRule, WithoutAKeyIsAboutEveryVerbEventAndUser) {
  const Rule rule = rule_of("allow = true");
  EXPECT_TRUE(rule.name.empty() && rule.verbs.empty() && rule.events.empty() && rule.uids.empty() &&
              rule.gids.empty());
  EXPECT_TRUE(rule_of("allow = true\nevent = \"*\"").events.empty());
  EXPECT_TRUE(rule_of("allow = true\nevent = [\"ADMIN\", \"*\"]").events.empty());
  EXPECT_TRUE(rule_of("allow = true\nverb = \"make\"\nevent = \"*\"").events.empty());
}

TEST(ConfigRule, KeepsItsPlaceInTheOrder) {
  const Config config = parsed("[[rule]]\nname=\"b\"\nallow=true\n[limits]\n[[rule]]\nname=\"a\"\nallow=false\n");
  ASSERT_EQ(config.policy.rules.size(), 2u);
  EXPECT_EQ(config.policy.rules[0].name, "b");
  EXPECT_EQ(config.policy.rules[1].name, "a");
}

TEST(ConfigRule, RefusesWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"allow = 1", "f:2:9: rule.allow: expected true or false"},
      {"name = \"x\"", "f:1:1: rule: expected allow = true or allow = false"},
      {"allow = true\nname = 1", "f:3:8: rule.name: expected a text of at most 64 bytes"},
      {"allow = true\nverb = \"stop\"",
       "f:3:8: rule.verb: expected raise, start, make, read, write, change or watch, one or several"},
      {"allow = true\nverb = [\"start\", 1]",
       "f:3:18: rule.verb: expected raise, start, make, read, write, change or watch, one or several"},
      {"allow = true\nverb = []",
       "f:3:8: rule.verb: expected raise, start, make, read, write, change or watch, one or several"},
      {"allow = true\nevent = \"\"", "f:3:9: rule.event: expected an event's name or \"*\", one or several"},
      {"allow = true\nevent = \"A/B\"", "f:3:9: rule.event: expected an event's name or \"*\", one or several"},
      {"allow = true\nevent = \"SEVENTEENLETTERS_\"",
       "f:3:9: rule.event: expected an event's name or \"*\", one or several"},
      {"allow = true\nverb = [\"make\", \"raise\"]\nevent = \"A\"",
       "f:4:9: rule.event: expected no event beside a verb that has none (make, write, change, watch)"},
      {"allow = true\nuser = \"nobody here\"",
       "f:3:8: rule.user: expected a user's name or uid that is known here, one or several"},
      {"allow = true\nuser = 4294967295",
       "f:3:8: rule.user: expected a user's name or uid that is known here, one or several"},
      {"allow = true\nuser = -1",
       "f:3:8: rule.user: expected a user's name or uid that is known here, one or several"},
      {"allow = true\ngroup = [7, \"none\"]",
       "f:3:13: rule.group: expected a group's name or gid that is known here, one or several"},
      {"allow = true\nuid = 7", "f:3:1: rule.uid: expected name, allow, verb, event, user or group"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(error_of(std::string("[[rule]]\n") + text), error);
}

TEST(ConfigRule, HasANameOfAtMostSixtyFourBytes) {
  EXPECT_EQ(rule_of("allow = true\nname = \"" + std::string(64, 'x') + "\"").name.size(), 64u);
  EXPECT_NE(error_of("[[rule]]\nallow = true\nname = \"" + std::string(65, 'x') + "\""), "none");
}

TEST(Config, RefusesUnknownKeysAndSectionsOfAnotherShape) {
  EXPECT_EQ(error_of("limit = 1"), "f:1:1: limit: expected limits, rule, journal or push");
  EXPECT_EQ(error_of("\n[rules]"), "f:2:2: rules: expected limits, rule, journal or push");
  EXPECT_EQ(error_of("[limits]\nmailslot = 1"), "f:2:1: limits.mailslot: expected the name of a limit");
  EXPECT_EQ(error_of("[journal]\nsync = true"),
            "f:2:1: journal.sync: expected durability, retain_bytes, retain_age, retain_unread or segment_bytes");
  EXPECT_EQ(error_of("limits = 1"), "f:1:10: limits: expected [limits]");
  EXPECT_EQ(error_of("rule = 1"), "f:1:8: rule: expected [[rule]]");
  EXPECT_EQ(error_of("[rule]\nallow = true"), "f:1:1: rule: expected [[rule]]");
  EXPECT_EQ(error_of("rule = [1]"), "f:1:9: rule: expected [[rule]]");
}

TEST(Config, NamesTheFirstOfSeveralErrors) {
  EXPECT_EQ(error_of("[limits]\nmailslots = -1\nconnections = -1\n[journal]\nx = 1\n[a]\n").substr(0, 6), "f:2:13");
}

TEST(Config, RefusesWhatIsNotToml) {
  const std::pair<const char*, const char*> cases[] = {
      {"[limits", "f:1:8: "},   {"[limits]\nmailslots = ", "f:2:13: "}, {"a = 1\na = 2", "f:2:"},
      {"a = \"\xFF\"", "f:1:"}, {"[[rule]]\nallow = yes", "f:2:"},      {"\n\n = 1", "f:3:2: "},
  };
  for (const auto& [text, start] : cases) {
    EXPECT_EQ(error_of(text).substr(0, std::string_view(start).size()), start) << error_of(text);
    EXPECT_NE(error_of(text).find(": expected TOML: "), std::string::npos) << error_of(text);
  }
}

TEST(Config, NestedWithoutEndIsRefused) {
  for (const char* bracket : {"[", "{a="}) {
    std::string text = "a = ";
    for (int i = 0; i < 100'000; ++i) text += bracket;
    EXPECT_NE(error_of(text), "none");
  }
}

class ConfigFile : public testing::Test {
 protected:
  std::string read(MissingFile missing = MissingFile::is_an_error) {
    const auto config = read_config(path, missing, standard_config(true, 0, kAccounts), kAccounts);
    return config ? "mailslots " + std::to_string(config->policy.limits[Quota::mailslots]) : config.error();
  }

  test::TemporaryFolder folder;
  std::string path = folder / "brokerd.toml";
};

TEST_F(ConfigFile, IsNamedInItsErrors) {
  folder.file("brokerd.toml", "[limits]\nmailslots = 3");
  EXPECT_EQ(read(), "mailslots 3");
  folder.file("brokerd.toml", "x = 1");
  EXPECT_EQ(read(), path + ":1:1: x: expected limits, rule, journal or push");
}

TEST_F(ConfigFile, ThatIsMissingIsEmptyOrAnError) {
  EXPECT_EQ(read(MissingFile::is_empty), "mailslots 1024");
  EXPECT_EQ(read(), path + ": No such file or directory");
}

TEST_F(ConfigFile, HasAtMostOneMebibyte) {
  const std::string start = "[limits]\nmailslots = 3\n#";
  folder.file("brokerd.toml", start + std::string(kLargestConfig - start.size(), 'x'));
  EXPECT_EQ(read(), "mailslots 3");
  folder.file("brokerd.toml", start + std::string(kLargestConfig - start.size() + 1, 'x'));
  EXPECT_EQ(read(), path + ": expected at most 1 MiB");
}

TEST_F(ConfigFile, ThatIsNoRegularFileIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read(), path + ": expected a regular file");
  path = folder.path();
  EXPECT_EQ(read(MissingFile::is_empty), path + ": expected a regular file");
  path = "/dev/zero";
  EXPECT_EQ(read(), path + ": expected a regular file");
}

TEST(Accounts, OfTheSystemKnowRootAndNoNameWithAZeroInIt) {
  const Accounts accounts = Accounts::of_system();
  EXPECT_EQ(accounts.uid_of("root"), 0u);
  EXPECT_EQ(accounts.gid_of("root"), 0u);
  EXPECT_EQ(accounts.uid_of(std::string("root\0x", 6)), std::nullopt);
  EXPECT_EQ(accounts.gid_of("no such group here"), std::nullopt);
}

/// The README's configuration, by lines.
Texts readme_config() {
  std::ifstream readme(std::string(ALERT_SOURCE_DIR) + "/README.md");
  Texts lines;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line == "```") inside = false;
    if (inside) lines.push_back(line);
    if (line == "```toml") inside = true;
  }
  return lines;
}

TEST(Readme, ItsConfigurationMeansWhatItSays) {
  std::string text;
  for (const std::string& line : readme_config()) text += line + "\n";
  const Policy policy = parsed(text).policy;
  EXPECT_EQ(rule_text(policy.judge(1000, {}, Verb::raise, "PRINTING")), "rule 2 (printing is for printers)");
  EXPECT_EQ(rule_text(policy.judge(1000, Ids{50}, Verb::raise, "PRINTING")), "rule 1 (printers)");
  EXPECT_EQ(policy.limits[Quota::alerts_per_second], 500u);
}

TEST(Readme, NamesEveryLimitAndItsStandard) {
  for (const QuotaFacts& quota : kQuotas) {
    std::string standard = "[" + std::to_string(quota.host);
    if (quota.unit == Unit::bytes)
      standard = quota.host >> 30 ? "[" + std::to_string(quota.host >> 30) + "GiB"
                                  : "[" + std::to_string(quota.host >> 20) + "MiB";
    standard += quota.user == kUnlimited ? "; a user's broker: unlimited]" : "]";
    const auto lines = readme_config();
    const auto says = [&](const std::string& line) {
      return line.starts_with(std::string(quota.name) + " = ") && line.find(standard) != std::string::npos;
    };
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), says)) << quota.name << " " << standard;
  }
}

}  // namespace
