// What every verb of alertctl has in common: help, usage, exit statuses, and where the broker is.

#include "alert/control/socket_path.hpp"
#include "process.hpp"

namespace {

using test::alertctl;
using test::Finished;
using Words = std::vector<std::string>;

const std::vector<Words> kVerbs{
    {},
    {"raise"},
    {"raise", "admin"},
    {"raise", "user"},
    {"raise", "print"},
    {"raise", "errlog"},
    {"raise", "message"},
    {"raise", "custom"},
    {"read"},
    {"listen"},
    {"wait"},
    {"make"},
    {"rm"},
    {"start"},
    {"stop"},
    {"table"},
    {"mailslots"},
    {"stats"},
    {"can"},
    {"explain"},
    {"audit"},
    {"dump"},
    {"pack"},
};

std::string joined(const Words& words) {
  std::string text = "alertctl";
  for (const std::string& word : words) text += " " + word;
  return text;
}

Finished help_of(Words verb) {
  verb.push_back("--help");
  return alertctl(verb);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Runs alertctl with a standard output that takes nothing.
Finished into_full_disk(const test::Broker& broker, const std::string& words) {
  return test::Process(
             {"sh", "-c",
              "exec " + test::program("alertctl") + " --socket " + broker.socket() + " " + words + " > /dev/full"})
      .finish();
}

}  // namespace

TEST(AlertctlHelp, EveryVerbHasItOnStandardOutputWithTheExitStatuses) {
  for (const Words& verb : kVerbs) {
    SCOPED_TRACE(joined(verb));
    const Finished help = help_of(verb);
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_TRUE(has(help.out, "Exit status: 0 done, 1 the answer is no, 2 usage")) << help.out;
  }
}

TEST(AlertctlHelp, EveryVerbHasAnExample) {
  for (const Words& verb : kVerbs)
    EXPECT_TRUE(verb.empty() || has(help_of(verb).out, "  alertctl ")) << joined(verb);
}

TEST(AlertctlHelp, TheProgramListsEveryVerb) {
  const std::string help = help_of({}).out;
  for (const Words& verb : kVerbs)
    EXPECT_TRUE(verb.size() != 1 || has(help, "\n  " + verb[0] + " ")) << joined(verb);
}

TEST(Alertctl, PrintsItsVersion) {
  const Finished version = alertctl({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.out.starts_with("alertctl ")) << version.out;
}

TEST(Alertctl, ExitsTwoForACommandLineItDoesNotUnderstand) {
  const std::vector<Words> wrong{{},
                                 {"sing"},
                                 {"--sideways"},
                                 {"read"},
                                 {"read", "box", "--sideways"},
                                 {"read", "box", "--count", "many"},
                                 {"read", "box", "--hex"},
                                 {"read", "box", "--json", "--raw"},
                                 {"make", "box", "crate"},
                                 {"start", "ADMIN"},
                                 {"listen"},
                                 {"raise"},
                                 {"raise", "admin"},
                                 {"raise", "admin", "one"},
                                 {"raise", "sing"},
                                 {"raise", "--json", "sing"},
                                 {"raise", "message", "a", "b"},
                                 {"raise", "--json", "message", "a", "b"},
                                 {"raise", "print"},
                                 {"raise", "message", "a", "--profile", "os2"},
                                 {"raise", "message", "a", "--stdin"},
                                 {"raise", "custom", "COFFEE", "--payload-hex", "abc"},
                                 {"dump"},
                                 {"dump", "a", "--format", "punched"},
                                 {"dump", "a", "--json", "--explain"}};
  for (const Words& words : wrong) {
    SCOPED_TRACE(joined(words));
    const Finished usage = alertctl(words);
    EXPECT_EQ(usage.status, 2);
    EXPECT_EQ(usage.out, "");
    EXPECT_NE(usage.err, "");
  }
}

TEST(Alertctl, ExitsTwoForANumberThatIsNoneOrDoesNotFit) {
  // Each command line, the option whose value comes last, and the first number that is too large for it.
  struct Taker {
    Words words;
    std::string option, too_large;
  };
  const std::string two_to_31 = "2147483648", two_to_32 = "4294967296", two_to_64 = "18446744073709551616";
  std::vector<Taker> takers{{{"raise", "message", "a"}, "--require", two_to_64},
                            {{"raise", "admin"}, "code", two_to_32},
                            {{"raise", "user"}, "code", two_to_32},
                            {{"raise", "errlog"}, "code", two_to_32},
                            {{"raise", "errlog", "1"}, "--offset", two_to_32},
                            {{"raise", "print"}, "--job", two_to_32},
                            {{"read", "box"}, "--since", two_to_64},
                            {{"wait", "go"}, "--count", two_to_64},
                            {{"explain"}, "sequence", two_to_64},
                            {{"make", "box"}, "--max-message", two_to_32},
                            {{"make", "box"}, "--capacity", two_to_64},
                            {{"start", "ADMIN", "box"}, "--maxdata", two_to_32}};
  for (const std::string option : {"--status", "--submitted", "--size"})
    takers.push_back({{"raise", "print", "--job", "1"}, option, two_to_32});
  for (const Words& words : {Words{"read", "box"}, {"listen", "ADMIN"}, {"watch", "cluster"}})
    takers.push_back({words, "--count", two_to_64});
  for (const Words& words : std::vector<Words>{{"raise", "message", "a"},
                                               {"read", "box"},
                                               {"listen", "ADMIN"},
                                               {"wait", "go"},
                                               {"make", "box"},
                                               {"rm", "box"},
                                               {"start", "ADMIN", "box"},
                                               {"stop", "ADMIN", "box"},
                                               {"table"},
                                               {"mailslots"},
                                               {"stats"},
                                               {"can", "0", "make"},
                                               {"watch", "cluster"}})
    takers.push_back({words, "--timeout", two_to_31});
  for (const auto& [words, option, too_large] : takers)
    for (const std::string& number : {std::string(), std::string(" 1"), std::string("1.5"), std::string("0x"),
                                      std::string("1e3"), std::string("1k"), std::string("-1"), too_large}) {
      const bool is_argument = option[0] != '-';
      if (is_argument && number == "-1") continue;  // looks like an option
      Words all = words;
      if (!is_argument) all.push_back(option);
      all.push_back(number);
      SCOPED_TRACE(joined(all));
      const Finished usage = alertctl(all);
      EXPECT_EQ(usage.status, 2);
      EXPECT_EQ(usage.out, "");
      EXPECT_TRUE(has(usage.err, option + ": expected a whole number from ")) << usage.err;
    }
}

TEST(Alertctl, TakesNumbersInDecimalWithZerosInFrontAndInHexadecimal) {
  const test::Broker broker;
  broker.ctl({"make", "box"});
  broker.ctl({"start", "PRINTING", "box"});
  EXPECT_EQ(broker.ctl({"raise", "print", "--job", "0012", "--status", "0x130", "--size", "4294967295"}).status, 0);
  const std::string out = broker.ctl({"read", "box", "--json"}).out;
  EXPECT_TRUE(has(out, R"("alrtpr_jobid":12,"alrtpr_status":304,)")) << out;
}

TEST(Alertctl, ExitsTwoForACodePageThatDoesNotExist) {
  const std::vector<Words> verbs{
      {"raise", "message", "a"}, {"read", "box"}, {"listen", "ADMIN"}, {"dump", "-"}, {"pack"}};
  for (Words words : verbs) {
    words.insert(words.end(), {"--codepage", "ebcdic-but-not-quite"});
    const Finished usage = alertctl(words, "{\"class\": \"message\", \"fields\": {}}\n");
    EXPECT_EQ(usage.status, 2) << joined(words);
    EXPECT_TRUE(has(usage.err, "ebcdic-but-not-quite")) << usage.err;
  }
}

TEST(Alertctl, ExitsTwoForANameThatIsNotUtf8) {
  const test::Broker broker;
  for (const Words& words :
       {Words{"make", "\xFF"}, Words{"rm", "\xFF"}, Words{"start", "\xFF", "box"}, Words{"read", "\xFF"},
        Words{"listen", "\xFF"}, Words{"wait", "\xFF"}, Words{"raise", "errlog", "1", "--event", "\xFF"}}) {
    const Finished usage = broker.ctl(words);
    EXPECT_EQ(usage.status, 2) << words[0];
    EXPECT_FALSE(has(usage.err, "json.exception")) << usage.err;
  }
}

TEST(Alertctl, ComplainsInPlainWordsWithoutEscapingItsOwnQuotes) {
  const Finished pack = alertctl({"pack"}, "{\"profile\": \"os2\"}\n");
  EXPECT_EQ(pack.status, 4);
  EXPECT_EQ(pack.err, "alertctl: line 1: profile: expected \"lm20\" or \"nt\"\n");
}

TEST(AlertctlWithoutABroker, ExitsFiveAndNamesTheSocket) {
  const test::TemporaryFolder folder;
  const std::vector<Words> verbs{{"raise", "message", "a"},
                                 {"read", "box"},
                                 {"listen", "ADMIN"},
                                 {"make", "box"},
                                 {"rm", "box"},
                                 {"start", "ADMIN", "box"},
                                 {"stop", "ADMIN", "box"},
                                 {"table"},
                                 {"mailslots"},
                                 {"stats"},
                                 {"explain", "1", "box"},
                                 {"audit"},
                                 {"wait", "go"}};
  for (Words words : verbs) {
    words.insert(words.end(), {"--socket", folder / "socket"});
    SCOPED_TRACE(joined(words));
    const Finished alone = alertctl(words);
    EXPECT_EQ(alone.status, 5);
    EXPECT_EQ(alone.out, "");
    EXPECT_EQ(alone.err,
              "alertctl: cannot reach a broker at " + folder / "socket" + ": No such file or directory\n");
  }
}

TEST(AlertctlWithoutABroker, ASocketThatNobodyListensAtIsConnectionRefused) {
  test::Broker broker;
  broker.kill();
  const Finished stats = broker.ctl({"stats"});
  EXPECT_EQ(stats.status, 5);
  EXPECT_TRUE(has(stats.err, broker.socket() + ": Connection refused")) << stats.err;
}

TEST(AlertctlSocket, TheOptionIsTheOnlyOneTried) {
  const Finished stats =
      alertctl({"stats", "--socket", "/nowhere/option"}, "", {{"ALERTBROKER_SOCKET", "/nowhere/variable"}});
  EXPECT_TRUE(has(stats.err, "/nowhere/option: ")) << stats.err;
  EXPECT_FALSE(has(stats.err, "variable")) << stats.err;
}

TEST(AlertctlSocket, TheEnvironmentsIsTheOnlyOneTried) {
  const Finished stats = alertctl(
      {"stats"}, "", {{"ALERTBROKER_SOCKET", "/nowhere/variable"}, {"XDG_RUNTIME_DIR", "/nowhere/runtime"}});
  EXPECT_TRUE(has(stats.err, " at /nowhere/variable: ")) << stats.err;
}

TEST(AlertctlSocket, TheUsersIsTriedBeforeTheHosts) {
  const test::TemporaryFolder runtime;
  if (std::filesystem::exists(alert::kHostSocket)) GTEST_SKIP() << "this host has a broker";
  const Finished stats =
      alertctl({"stats"}, "", {{"ALERTBROKER_SOCKET", ""}, {"XDG_RUNTIME_DIR", runtime.path().string()}});
  EXPECT_TRUE(has(stats.err, " at " + runtime / "alertbroker/socket" + " or /run/alertbroker/socket: "))
      << stats.err;
}

TEST(AlertctlSocket, WithoutARuntimeFolderOnlyTheHostsIsTried) {
  if (std::filesystem::exists(alert::kHostSocket)) GTEST_SKIP() << "this host has a broker";
  for (const std::string runtime : {"", "relative/folder"}) {
    const Finished stats = alertctl({"stats"}, "", {{"ALERTBROKER_SOCKET", ""}, {"XDG_RUNTIME_DIR", runtime}});
    EXPECT_EQ(stats.status, 5);
    EXPECT_TRUE(has(stats.err, " at /run/alertbroker/socket: ")) << stats.err;
  }
}

TEST(AlertctlOutput, AStandardOutputThatTakesNothingIsASystemError) {
  const test::Broker broker;
  broker.ctl({"make", "box"});
  broker.ctl({"start", "ADMIN", "box"});
  for (const std::string words : {"stats", "stats --json", "table", "table --json", "mailslots", "raise admin 1"})
    EXPECT_EQ(into_full_disk(broker, words).status, 5) << words;
}

TEST(AlertctlOutput, AStandardOutputThatTakesNothingIsComplainedAbout) {
  const test::Broker broker;
  EXPECT_NE(into_full_disk(broker, "stats").err, "");
}

TEST(AlertctlOutput, AnEmptyListingStillNoticesThatStandardOutputTakesNothing) {
  const test::Broker broker;
  for (const std::string words : {"table", "mailslots"})
    EXPECT_EQ(into_full_disk(broker, words).status, 5) << words;
}

TEST(AlertctlOutput, AnAlertThatCannotBePrintedStaysUnread) {
  const test::Broker broker;
  broker.ctl({"make", "box"});
  broker.ctl({"start", "ADMIN", "box"});
  broker.ctl({"raise", "admin", "1"});
  EXPECT_EQ(into_full_disk(broker, "read box").status, 5);
  EXPECT_EQ(broker.ctl({"read", "box"}).status, 0);
}

TEST(Brokerd, WithoutARuntimeFolderAsksForTheSocketAndExitsFive) {
  const test::TemporaryFolder folder;
  const Finished brokerd =
      test::Process({test::program("brokerd"), "--journal", folder / "journal"}, {{"XDG_RUNTIME_DIR", ""}})
          .finish();
  EXPECT_EQ(brokerd.status, 5);
  EXPECT_EQ(brokerd.err, "brokerd: XDG_RUNTIME_DIR is not set: say where to listen with --socket PATH\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "journal"));
}

TEST(Brokerd, WithoutAHomeAsksForTheJournalAndExitsFive) {
  const test::TemporaryFolder folder;
  const Finished brokerd = test::Process({test::program("brokerd"), "--socket", folder / "socket"},
                                         {{"XDG_STATE_HOME", ""}, {"HOME", ""}})
                               .finish();
  EXPECT_EQ(brokerd.status, 5);
  EXPECT_TRUE(has(brokerd.err, "--journal DIR")) << brokerd.err;
}
