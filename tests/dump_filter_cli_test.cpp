// alertctl dump: which alerts are wanted, by event, service, time and sequence.

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using test::dump;
using test::Finished;
using test::json;
using test::json_lines;
using test::TemporaryFolder;
using test::wire_with;
using test::Words;
using Times = std::vector<std::uint32_t>;

const test::Process::Environment kUtc{{"TZ", "UTC"}};
const test::Process::Environment kBerlin{{"TZ", "Europe/Berlin"}};

/// Alerts in files, one at each of these times, for `dump` to choose from.
class Timed {
 public:
  explicit Timed(const Times& times) {
    for (const std::uint32_t time : times)
      files_.push_back(
          folder_.file(std::to_string(time), wire_with("lm20-errlog-basic", {{"alrt_timestamp", time}})));
  }
  /// The times of those that are wanted.
  [[nodiscard]] Times wanted(const Words& options, const test::Process::Environment& environment = kUtc) const {
    Words words{"--json"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), files_.begin(), files_.end());
    const Finished dumped = dump(words, {}, environment);
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    Times times;
    for (const json& line : json_lines(dumped)) times.push_back(line.at("fields").at("alrt_timestamp"));
    return times;
  }

 private:
  TemporaryFolder folder_;
  Words files_;
};

/// The sequences of what `dump` shows of a journal.
std::vector<std::uint64_t> sequences(const test::Broker& broker, const Words& options) {
  Words words{broker.journal(), "--json"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<std::uint64_t> found;
  for (const json& line : json_lines(dump(words))) found.push_back(line.at("sequence"));
  return found;
}
using Sequences = std::vector<std::uint64_t>;

constexpr std::uint32_t kNewYear = 1767225600;  // 2026-01-01 00:00:00 UTC

}  // namespace

TEST(DumpFilter, ByEventTakesAnyCase) {
  const TemporaryFolder folder;
  Words files;
  for (const std::string name : {"lm20-errlog-basic", "nt-admin-n4", "lm20-message-128", "nt-message-basic"})
    files.push_back(folder.file(name, test::wire_of(name)));
  for (const std::string event : {"MESSAGE", "message", "mEsSaGe"}) {
    Words words{"--json", "--event", event};
    words.insert(words.end(), files.begin(), files.end());
    const auto lines = json_lines(dump(words));
    ASSERT_EQ(lines.size(), 2u) << event;
    EXPECT_EQ(lines[0].at("profile"), "lm20");
    EXPECT_EQ(lines[1].at("profile"), "nt");
  }
  Words words{"--event", "TEA"};
  words.insert(words.end(), files.begin(), files.end());
  const Finished none = dump(words);
  EXPECT_EQ(none.status, 0) << none.err;
  EXPECT_EQ(none.out, "");
}

TEST(DumpFilter, ByEventTakesTheOneThatAnAlertWasRaisedForToo) {
  const test::Broker broker;
  const auto file = broker.folder().file("wire", test::wire_of("lm20-admin-n4"));
  ASSERT_EQ(broker.ctl({"raise", "--wire", file, "--event", "MINE"}).status, 0);
  EXPECT_EQ(sequences(broker, {"--event", "mine"}), Sequences{1});
  EXPECT_EQ(sequences(broker, {"--event", "admin"}), Sequences{1});
  EXPECT_EQ(sequences(broker, {"--event", "user"}), Sequences{});
}

TEST(DumpFilter, ByServiceTakesAnyCase) {
  const TemporaryFolder folder;
  const auto ours = folder.file("ours", wire_with("nt-message-basic", {{"alrt_servicename", "Sp\u00f6oler"}}));
  const auto other = folder.file("other", test::wire_of("nt-message-basic"));
  for (const std::string service : {"Sp\u00f6oler", "sP\u00f6OLER"})
    EXPECT_EQ(json_lines(dump({ours, other, "--json", "--service", service})).size(), 1u) << service;
  EXPECT_EQ(json_lines(dump({ours, other, "--json", "--service", "Sp"})).size(), 0u);
}

TEST(DumpFilter, ByTimeHasInclusiveBounds) {
  const Timed alerts({kNewYear - 1, kNewYear, kNewYear + 1});
  const std::string second = std::to_string(kNewYear);
  EXPECT_EQ(alerts.wanted({"--since", second}), (Times{kNewYear, kNewYear + 1}));
  EXPECT_EQ(alerts.wanted({"--until", second}), (Times{kNewYear - 1, kNewYear}));
  EXPECT_EQ(alerts.wanted({"--since", second, "--until", second}), Times{kNewYear});
}

TEST(DumpFilter, ByTimeTakesEveryForm) {
  const Timed alerts({kNewYear - 1, kNewYear});
  for (const std::string time :
       {"2026-01-01", "2026-01-01 00:00", "2026-01-01T00:00", "2026-01-01 00:00:00", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Z", "2026-01-01 00:00 UTC", "2026-01-01T00:00Z", "2026-01-01T01:00:00+01:00",
        "2026-01-01T01:00+0100", "2025-12-31T19:30:00-04:30", "1767225600"})
    EXPECT_EQ(alerts.wanted({"--since", time}), Times{kNewYear}) << time;
}

TEST(DumpFilter, ByTimeMeansTheLastInstantOfTheUnitAsAnEnd) {
  const Times times{kNewYear, kNewYear + 1, kNewYear + 59, kNewYear + 60, kNewYear + 86399, kNewYear + 86400};
  const Timed alerts(times);
  const auto first = [&](std::ptrdiff_t count) { return Times(times.begin(), times.begin() + count); };
  EXPECT_EQ(alerts.wanted({"--until", "2026-01-01T00:00:00"}), first(1));
  EXPECT_EQ(alerts.wanted({"--until", "2026-01-01 00:00"}), first(3));
  EXPECT_EQ(alerts.wanted({"--until", "2026-01-01"}), first(5));
  EXPECT_EQ(alerts.wanted({"--since", "2026-01-01", "--until", "2026-01-01"}), first(5));
}

TEST(DumpFilter, ByTimeWithoutAZoneIsLocal) {
  const Timed alerts({kNewYear - 3600, kNewYear - 1, kNewYear});
  EXPECT_EQ(alerts.wanted({"--since", "2026-01-01"}, kBerlin), (Times{kNewYear - 3600, kNewYear - 1, kNewYear}));
  EXPECT_EQ(alerts.wanted({"--until", "2025-12-31"}, kBerlin), Times{});
  EXPECT_EQ(alerts.wanted({"--since", "2026-01-01T00:00:00Z"}, kBerlin), Times{kNewYear});
}

TEST(DumpFilter, ByADayTakesAllOfItWhenClocksAreSetBack) {
  constexpr std::uint32_t kMidnight = 1792879200, kNext = kMidnight + 25 * 3600;  // of 2026-10-25 in Berlin
  const Timed alerts({kMidnight - 1, kMidnight, kNext - 1, kNext});
  EXPECT_EQ(alerts.wanted({"--since", "2026-10-25", "--until", "2026-10-25"}, kBerlin),
            (Times{kMidnight, kNext - 1}));
}

TEST(DumpFilter, ByTimeIsAboutTheAcceptanceInAJournal) {
  const test::Broker broker;
  const auto file =
      broker.folder().file("wire", wire_with("lm20-admin-n4", {{"alrt_timestamp", kNewYear - 20 * 365 * 86400}}));
  ASSERT_EQ(broker.ctl({"raise", "--wire", file}).status, 0);
  EXPECT_EQ(sequences(broker, {"--since", "2020-01-01"}), Sequences{1});
  EXPECT_EQ(sequences(broker, {"--until", "2020-01-01"}), Sequences{});
}

TEST(DumpFilter, ByTimeTakesFractionsOfASecond) {
  using alert::LinkType;
  constexpr std::uint64_t kFirst = kNewYear * 1'000'000'000ull + 123'456'000;
  capture::Built capture(alert::ByteOrder::little);
  capture.bytes(capture::section(alert::ByteOrder::little));
  capture.bytes(capture::interface(alert::ByteOrder::little, LinkType::raw));
  const auto packet = capture::ipv4(capture::udp(golden::datagram_named("dg-alert-aligned").bytes));
  for (const std::uint64_t us : {kFirst / 1000 - 1, kFirst / 1000, kFirst / 1000 + 1})
    capture.bytes(capture::enhanced_packet(alert::ByteOrder::little, 0, us, packet));
  const capture::Buffer file = capture;
  const auto captured = [&](const Words& options) {
    Words words{"-", "--json"}, times;
    words.insert(words.end(), options.begin(), options.end());
    for (const json& line : json_lines(dump(words, alert::as_text(file), kBerlin)))
      times.push_back(line.at("captured").get<std::string>().substr(20, 6));
    return times;
  };
  for (const std::string& time :
       {std::string("2026-01-01T00:00:00.123456Z"), std::string("2026-01-01T00:00:00.123456000Z"),
        std::string("2026-01-01T00:00:00.123455001Z"), std::string("2026-01-01 01:00:00.123456"),
        std::string("2026-01-01T01:00:00.123456 +0100"), std::to_string(kNewYear) + ".123456"})
    EXPECT_EQ(captured({"--since", time}), (Words{"123456", "123457"})) << time;
  EXPECT_EQ(captured({"--until", "2026-01-01T00:00:00.123456Z"}), (Words{"123455", "123456"}));
  EXPECT_EQ(captured({"--until", "2026-01-01T00:00:00.123455999Z"}), Words{"123455"});
  EXPECT_EQ(captured({"--until", "2026-01-01T00:00:00.12345Z"}), (Words{"123455", "123456", "123457"}))
      << "the last instant of the digit";
  const std::string own = "2026-01-01T00:00:00.123456000Z";
  EXPECT_EQ(captured({"--since", own, "--until", own}), Words{"123456"}) << "as dump prints it";
}

TEST(DumpFilter, OfAnEmptyRangeExitsTwoAndSaysSo) {
  const std::string wire = test::wire_of("lm20-admin-n4");
  for (const auto& [words, complaint] : std::vector<std::pair<Words, std::string>>{
           {{"--seq", "5..3"}, "--seq: 5..3 ends before it begins"},
           {{"--since", "2026-01-02", "--until", "2026-01-01"}, "--since is after --until: no time is in between"},
           {{"--since", "2026-01-01T00:00:00.2Z", "--until", "2026-01-01T00:00:00.1Z"},
            "--since is after --until: no time is in between"}}) {
    Words all{"-"};
    all.insert(all.end(), words.begin(), words.end());
    const Finished dumped = dump(all, wire);
    EXPECT_EQ(dumped.status, 2) << complaint;
    EXPECT_EQ(dumped.out, "");
    EXPECT_EQ(dumped.err, "alertctl: " + complaint + "\n");
  }
}

TEST(DumpFilter, BySequenceTakesEveryFormOfARange) {
  const test::Broker broker;
  for (const char* text : {"one", "two", "three", "four"}) broker.ctl({"raise", "message", text});
  EXPECT_EQ(sequences(broker, {"--seq", "2..3"}), (Sequences{2, 3}));
  EXPECT_EQ(sequences(broker, {"--seq", "3.."}), (Sequences{3, 4}));
  EXPECT_EQ(sequences(broker, {"--seq", "..2"}), (Sequences{1, 2}));
  EXPECT_EQ(sequences(broker, {"--seq", "2"}), Sequences{2});
  EXPECT_EQ(sequences(broker, {"--seq", "9..18446744073709551615"}), Sequences{});
  EXPECT_EQ(dump({"-", "--seq", "1.."}, test::wire_of("lm20-admin-n4")).out, "") << "it has no sequence";
}

TEST(DumpFilter, ByANameThatIsNoneExitsTwo) {
  for (const std::string option : {"--event", "--service"}) {
    const Finished dumped = dump({"-", option, ""}, test::wire_of("lm20-print-basic"));
    EXPECT_EQ(dumped.status, 2);
    EXPECT_EQ(dumped.out, "");
    EXPECT_TRUE(test::has(dumped.err, option + ": expected a name")) << dumped.err;
  }
}

TEST(DumpFilter, OfNonsenseExitsTwoAndSaysWhatWasExpected) {
  const std::string wire = test::wire_of("lm20-admin-n4");
  for (const std::string range :
       {"", "..", "a", "1..b", "a..2", "1...3", "1-3", "0x1", " 1", "18446744073709551616"}) {
    const Finished dumped = dump({"-", "--seq", range}, wire);
    EXPECT_EQ(dumped.status, 2) << range;
    EXPECT_EQ(dumped.out, "") << range;
    EXPECT_EQ(dumped.err, "alertctl: --seq: expected A..B, A.., ..B or A\n");
  }
  for (const std::string option : {"--since", "--until"})
    for (const std::string time :
         {"", "yesterday", "4294967296", "2026-13-01", "2026-02-30", "2026-01-01T25:00",
          "2026-01-01T00:00:00+99:00", "2026-01-01Ztea", "1969-12-31T00:00:00Z", "1.", ".5", "2026-01-01T00:00:00.",
          "2026-01-01T00:00:00.1234567890", "2026-01-01T00:00.5"}) {
      const Finished dumped = dump({"-", option, time}, wire);
      EXPECT_EQ(dumped.status, 2) << time;
      EXPECT_EQ(dumped.err,
                "alertctl: --since, --until: expected 2026-11-21, 2026-11-21T02:00:00[.123456789][Z], "
                "or seconds since 1970\n");
    }
}
