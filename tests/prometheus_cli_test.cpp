// alertctl stats --prometheus: what a strict reader of the text format makes of it.

#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "brokerd/limits.hpp"
#include "configured.hpp"

namespace {

using test::Broker;
using test::Configured;

/// Prometheus' text exposition format 0.0.4 as far as we write it; whatever else there is, is an error.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    if (text.empty() || text.back() != '\n') complain("does not end with a line feed");
    for (const std::string& line : test::lines(text)) read(line);
  }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] std::size_t size() const { return samples_.size(); }
  [[nodiscard]] bool has(const std::string& sample) const { return samples_.contains(sample); }
  [[nodiscard]] std::string at(const std::string& sample) const {
    const auto found = samples_.find(sample);
    return found == samples_.end() ? "missing" : found->second;
  }

 private:
  void complain(const std::string& what) {
    if (error_.empty()) error_ = what;
  }
  static bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
  }
  void read(const std::string& line) {
    if (line.starts_with("# HELP ")) {
      name_ = line.substr(7, line.find(' ', 7) - 7);
      if (!is_name(name_) || !name_.starts_with("alertbroker_")) complain("name: " + line);
      if (!known_.insert(name_).second) complain("twice: " + line);
      if (!line.ends_with('.')) complain("help is no sentence: " + line);
      type_.clear();
    } else if (line.starts_with("# TYPE ")) {
      if (!type_.empty()) complain("type twice: " + line);
      type_ = line.substr(line.rfind(' ') + 1);
      if (line != "# TYPE " + name_ + " " + type_) complain("not the type of what HELP announced: " + line);
      if (type_ != "counter" && type_ != "gauge") complain("type: " + line);
      if (name_.ends_with("_total") != (type_ == "counter")) complain("_total is for counters: " + line);
    } else {
      sample(line);
    }
  }
  void sample(const std::string& line) {
    if (type_.empty()) complain("no TYPE before " + line);
    if (!line.starts_with(name_)) return complain("not of the metric announced: " + line);
    std::size_t at = name_.size();
    if (at < line.size() && line[at] == '{') {
      do {
        const std::size_t equals = line.find('=', at);
        if (equals == std::string::npos || !is_name(line.substr(at + 1, equals - at - 1)))
          return complain("label: " + line);
        at = equals + 1;
        if (at >= line.size() || line[at++] != '"') return complain("no quote: " + line);
        for (; at < line.size() && line[at] != '"'; ++at) {
          if (line[at] == '\\' && std::string_view("\\\"n").find(line[++at]) == std::string_view::npos)
            return complain("escape: " + line);
          if (static_cast<unsigned char>(line[at]) < 0x20) return complain("control character: " + line);
        }
        ++at;
      } while (at < line.size() && line[at] == ',');
      if (at >= line.size() || line[at++] != '}') return complain("no brace: " + line);
    }
    const std::string value = line.substr(std::min(at + 1, line.size()));
    const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
    if (at >= line.size() || line[at] != ' ' || !(is_number || value == "+Inf")) complain("value: " + line);
    if (!samples_.emplace(line.substr(0, at), value).second) complain("sample twice: " + line);
  }

  std::string name_, type_, error_;
  std::set<std::string> known_;
  std::map<std::string, std::string> samples_;
};

Exposition exposed(const Broker& broker) {
  const auto done = broker.ctl({"stats", "--prometheus"});
  EXPECT_EQ(done.status, 0) << done.err;
  Exposition exposition(done.out);
  EXPECT_EQ(exposition.error(), "") << done.out;
  return exposition;
}

std::string of(const std::string& metric, const std::string& recipient) {
  return "alertbroker_" + metric + "{recipient=\"" + recipient + "\"}";
}

TEST(Prometheus, TheTestsReaderIsStrict) {
  const std::string good =
      "# HELP alertbroker_a_total A.\n# TYPE alertbroker_a_total counter\nalertbroker_a_total 1\n";
  EXPECT_EQ(Exposition(good).error(), "");
  for (const std::string bad :
       {"alertbroker_a_total 1", "", "alertbroker_b 1\n", "alertbroker_a_total 1\n", "alertbroker_a_total -\n",
        "alertbroker_a_total{x=\"\\q\"} 1\n", "alertbroker_a_total{x=\"\"y\"} 1\n", "alertbroker_a_total{x=1} 1\n",
        "# TYPE alertbroker_a_total gauge\n", "# HELP alertbroker_a_total A.\n"})
    EXPECT_NE(Exposition(bad.empty() ? "" : good + bad).error(), "") << bad;
}

TEST(Prometheus, HasEveryCounterOfEachRecipient) {
  const Broker broker;
  broker.ctl({"make", "box", "--max-message", "55"});
  broker.ctl({"start", "ADMIN", "box"});
  broker.ctl({"start", "ADMIN", "\\sem\\go"});
  for (const char* text : {"a", "b", "c", "a text that is too long"}) broker.ctl({"raise", "admin", "7", text});
  broker.ctl({"read", "box", "--count", "1"});
  const Exposition samples = exposed(broker);
  const std::string box = "\\\\mailslot\\\\box", go = "\\\\sem\\\\go";
  EXPECT_EQ(samples.at(of("matched_total", box)), "4");
  EXPECT_EQ(samples.at(of("written_total", box)), "3");
  EXPECT_EQ(samples.at(of("refused_total", box)), "1");
  EXPECT_EQ(samples.at(of("read_total", box)), "1");
  EXPECT_EQ(samples.at(of("pending", box)), "2");
  EXPECT_EQ(samples.at(of("lost_total", box)), "0");
  EXPECT_EQ(samples.at(of("written_total", go)), "4");
  EXPECT_EQ(samples.at("alertbroker_deliveries_matched_total"), "8");
  EXPECT_EQ(samples.at("alertbroker_journal_segments"), "1");
  EXPECT_EQ(samples.at("alertbroker_journal_bytes"),
            std::to_string(std::filesystem::file_size(broker.journal() + "/00000000000000000001.pcapng")));
}

TEST(Prometheus, HasEveryBoundAndWhoRanIntoIt) {
  const Configured here("[limits]\nmailslots = 1\n");
  for (const char* name : {"a", "b", "c"}) here.broker->ctl({"make", name});
  const Exposition samples = exposed(*here.broker);
  for (const auto& quota : brokerd::kQuotas) {
    const std::string bound = "{bound=\"" + std::string(quota.name) + "\"}";
    EXPECT_TRUE(samples.has("alertbroker_limit" + bound)) << bound;
    EXPECT_TRUE(samples.has("alertbroker_limit_overruns_total" + bound)) << bound;
  }
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"mailslots\"}"), "1");
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"bytes_per_second\"}"), "+Inf");
  EXPECT_EQ(samples.at("alertbroker_uid_limit_overruns_total{uid=\"" + std::to_string(::getuid()) +
                       "\",bound=\"mailslots\"}"),
            "2");
}

TEST(Prometheus, HasWhatTheJournalMayKeepAndHowManySegmentsWent) {
  const Configured here("[journal]\nsegment_bytes = 1024\nretain_bytes = 2048\nretain_unread = 1\n");
  for (int i = 0; i < 20; ++i) here.broker->ctl({"raise", "admin", "7", "some text"});
  const Exposition samples = exposed(*here.broker);
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"segment_bytes\"}"), "1024");
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"retain_bytes\"}"), "2048");
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"retain_age_seconds\"}"), "+Inf");
  EXPECT_EQ(samples.at("alertbroker_limit{bound=\"retain_unread\"}"), "1");
  EXPECT_GT(std::stoi(samples.at("alertbroker_journal_segments_removed_total")), 0);
}

TEST(Prometheus, TheReadmesLineReplacesTheFileAndKeepsItWhereThereIsNoBroker) {
  std::ifstream readme(std::string(ALERT_SOURCE_DIR) + "/README.md");
  std::string command;
  while (std::getline(readme, command) && !command.starts_with("$ alertctl stats --prometheus")) continue;
  ASSERT_FALSE(command.empty());
  const test::TemporaryFolder folder;
  const auto run = [&](const std::string& socket) {
    return test::Process({"sh", "-c", "cd " + folder.path().string() + " && " + command.substr(2)},
                         {{"ALERTBROKER_SOCKET", socket}, {"PATH", std::string(ALERT_BIN_DIR) + ":/usr/bin:/bin"}})
        .finish()
        .status;
  };
  const auto text = [&] {
    std::stringstream content;
    content << std::ifstream(folder / "alertbroker.prom").rdbuf();
    return content.str();
  };
  const Broker broker;
  EXPECT_EQ(run(broker.socket()), 0);
  const std::string there = text();
  EXPECT_EQ(Exposition(there).error(), "");
  EXPECT_NE(run(folder / "nothing"), 0);
  EXPECT_EQ(text(), there);
}

TEST(Prometheus, NamesOfOthersAreEscapedAndTwoNamesStayTwo) {
  const Broker broker;
  alert::Client client = broker.connect();
  for (const char* name : {"a\xC2\x9B", "a\\x9b", "caf\xC3\xA9", "x{y}=1,z"})
    ASSERT_TRUE(client.call(alert::MakeMailslot{std::string(alert::kMailslotPrefix) + name, {}, {}, {}}));
  const Exposition samples = exposed(broker);
  for (const char* name : {"a<U+009B>", "a\\\\x9b", "caf\xC3\xA9", "x{y}=1,z"})
    EXPECT_TRUE(samples.has(of("written_total", std::string("\\\\mailslot\\\\") + name))) << name;
}

TEST(Prometheus, ShowsOnlyWhatTheAskingUidMaySee) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  const Configured here("[limits]\nmailslots = 1\n", {"--system"});
  const std::string file = here.folder / "out";
  std::filesystem::permissions(here.folder.path(), std::filesystem::perms{0777});
  for (const char* name : {"roots", "more"}) here.broker->ctl({"make", name});
  test::as_nobody([&] {
    here.broker->ctl({"make", "theirs"});
    std::ofstream(file) << here.broker->ctl({"stats", "--prometheus"}).out;
    return 0;
  });
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  const Exposition samples(text.str());
  EXPECT_EQ(samples.error(), "");
  EXPECT_TRUE(samples.has(of("written_total", "\\\\mailslot\\\\theirs")));
  EXPECT_FALSE(samples.has(of("written_total", "\\\\mailslot\\\\roots")));
  EXPECT_FALSE(samples.has("alertbroker_uid_limit_overruns_total{uid=\"0\",bound=\"mailslots\"}"));
}

TEST(Prometheus, APromtoolThatIsThereAgrees) {
  if (test::Process({"sh", "-c", "command -v promtool"}).finish().status != 0) GTEST_SKIP() << "no promtool";
  const Broker broker;
  broker.ctl({"make", "box"});
  const auto checked =
      test::Process({"promtool", "check", "metrics"}).finish(broker.ctl({"stats", "--prometheus"}).out);
  EXPECT_EQ(checked.status, 0) << checked.err;
}

TEST(StatsOfReaders, AreCountedForEachMailslotApart) {
  const Broker broker;
  for (const char* name : {"a", "b"}) {
    broker.ctl({"make", name});
    broker.ctl({"start", "ADMIN", name});
  }
  broker.ctl({"raise", "admin", "7"});
  broker.ctl({"read", "a"});
  const auto rows = broker.connect().call(alert::ListMailslots{})->rows;
  EXPECT_GT(rows[0].replays, 0u);
  EXPECT_EQ(rows[1].replays, 0u);
  const auto stats = broker.connect().call(alert::Stats{});
  EXPECT_EQ(stats->replays, rows[0].replays);
  EXPECT_GT(stats->receives, 0u);
  EXPECT_GT(stats->sends, 0u);
  EXPECT_GT(stats->journal_writes, 0u);
}

}  // namespace
