// A damaged journal: every byte of a small one changed in turn, cut at every length, segments gone or in
// each other's place. Whatever is outside the named range is read exactly, and no number is given twice.

#include <random>
#include <set>

#include "damage.hpp"
#include "process.hpp"
#include "vectors.hpp"

namespace {

using namespace damage;

constexpr const char* kSemaphore = "\\sem\\go";

/// Three segments with every kind of record: checkpoints, alerts of each class with and without an annex,
/// every change of the table that there is, a gap in the numbers.
struct SmallJournal {
  std::vector<Given> given;
  std::map<std::string, File> files;

  SmallJournal() {
    Journal journal;
    journal.make(kAll);
    journal.start("E", kAll);
    journal.change(SemaphoreState{kSemaphore, 0, 0});
    journal.start("E", kSemaphore);
    std::set<std::string> seen;
    std::vector<const golden::Vector*> chosen;
    for (const golden::Vector& vector : golden::alerts().valid) {
      const bool is_small = vector.bytes.size() < 300 && vector.profile == alert::Profile::lm20;
      if (is_small && vector.canonical && seen.insert(vector.class_name).second) chosen.push_back(&vector);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::string event = chosen[i]->fields["alrt_eventname"];
      if (i % 2 == 0) journal.start(alert::canonical_event(event), kAll);
      journal.raise(alert::as_text(chosen[i]->bytes), event,
                    i % 2 == 0 ? RaisedAs{alert::canonical_event(event), ""} : RaisedAs{"E", std::string(32, 'a')});
      if (i == 1) journal.rotate();
      if (i == 2) journal.make(kOther), journal.start("E", kOther);
    }
    journal.another_boot();
    journal.open();
    for (std::size_t i = 0; i < 5; ++i) {
      const std::uint64_t last = journal.raise(alert::as_text(chosen[i]->bytes), "", {"E", ""});
      if (i == 0) journal.change(SemaphoreReleased{kSemaphore});
      if (i == 1) journal.change(CursorMoved{kOther, 1, last, 1, true});
      if (i == 2) journal.change(AlertsTaken{kOther, 2, last}), journal.change(GapTold{kOther, 1, 2});
      if (i == 3) journal.change(Unregistered{"E", kOther, last}), journal.change(MailslotDeleted{kOther});
    }
    given = journal.given();
    files = journal.files();
  }
};

const SmallJournal& small() {
  static const SmallJournal journal;
  return journal;
}

TEST(DamagedJournal, HasAlertsOfEachClassInSeveralSegmentsAndIsReadWhole) {
  EXPECT_EQ(segments(small().files).size(), 3u);
  EXPECT_GE(small().given.size(), 11u);
  const Reading read(small().files);
  EXPECT_EQ(read.alerts.size(), small().given.size());
  EXPECT_EQ(read.gaps.size(), 1u);  // of the other boot
  EXPECT_TRUE(read.notes.empty());
}

TEST(DamagedJournal, WhateverByteIsChangedOnlyTheAlertInItsBlockIsMissingAndIsInAGap) {
  for (const std::string& name : segments(small().files)) {
    for (std::size_t at = 0; at < small().files.at(name).size(); at += stride(43)) {
      auto files = small().files;
      files[name][at] = static_cast<char>(files[name][at] ^ 0xFF);
      const Reading read(files);
      const std::string where = name + ", byte " + std::to_string(at);
      expect_accounted(
          read, small().given, [&](const Given& g) { return g.has(name, at); }, where);
      const bool is_newest = name == segments(files).back();
      const bool is_missing = read.alerts.size() < small().given.size();
      if (is_newest && is_missing) {
        ASSERT_EQ(read.unreadable.size(), 1u) << where;
        EXPECT_EQ(alert::segment_name(read.unreadable[0].segment), name) << where;
        EXPECT_TRUE(at >= read.unreadable[0].from && at < read.unreadable[0].to) << where;
        EXPECT_FALSE(read.notes.empty()) << where;
      }
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(DamagedJournal, WhateverBitIsChangedAfterAProperEndOnlyTheAlertInItsBlockIsMissing) {
  const auto whole = ended_properly(small().files, small().given.back().sequence);
  const std::string name = segments(whole).back();
  for (std::size_t at = 0; at < whole.at(name).size(); at += stride(61)) {
    auto files = whole;
    files[name][at] = static_cast<char>(files[name][at] ^ (1 << at % 8));
    const Reading read(files);
    expect_accounted(
        read, small().given, [&](const Given& g) { return g.has(name, at); }, "byte " + std::to_string(at));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DamagedJournal, CutAtAnyLengthAfterAProperEndNamesWhatIsMissingAndReusesNoNumber) {
  const auto whole = ended_properly(small().files, small().given.back().sequence);
  const std::string name = segments(whole).back();
  for (std::size_t size = 0; size < whole.at(name).size(); size += stride(61)) {
    auto files = whole;
    files[name].resize(size);
    const Reading read(files);
    EXPECT_FALSE(read.notes.empty()) << size;
    expect_accounted(
        read, small().given, [&](const Given& g) { return g.file == name && g.to > size; },
        "cut to " + std::to_string(size));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DamagedJournal, ALostTailOnAnotherBootLeavesTheHoleUpToTheReservedBound) {
  auto whole = small().files;
  alert::Json bound = alert::Json::parse(whole.at("bound"));
  bound["boot"] = "yet another";
  whole["bound"] = bound.dump();
  const std::string name = segments(whole).back();
  for (std::size_t size = 0; size <= whole.at(name).size(); size += stride(101)) {
    auto files = whole;
    files[name].resize(size);
    const Reading read(files);
    EXPECT_EQ(read.next, bound["bound"].get<std::uint64_t>()) << size;
    EXPECT_TRUE(read.has_gap_over(read.next - 1)) << size;
    expect_accounted(
        read, small().given, [&](const Given& g) { return g.file == name && g.to > size; },
        "cut to " + std::to_string(size));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DamagedJournal, RandomDamageOfManyBytesLosesNothingElse) {
  std::mt19937 random(20261121);
  const auto names = segments(small().files);
  const std::size_t rounds = 1'500 / stride(20);
  for (std::size_t round = 0; round < rounds; ++round) {
    auto files = small().files;
    const std::string& name = names[random() % names.size()];
    std::string& bytes = files[name];
    const std::size_t from = random() % bytes.size();
    const std::size_t to = std::min(bytes.size(), from + 1 + random() % 400);
    const int kind = static_cast<int>(random() % 3);
    for (std::size_t at = from; at < to; ++at)
      bytes[at] = kind == 0 ? '\0' : static_cast<char>(kind == 1 ? static_cast<int>(random() & 0xFF) : ~bytes[at]);
    const Reading read(files);
    expect_accounted(
        read, small().given, [&](const Given& g) { return g.file == name && g.to > from && g.from < to; },
        "round " + std::to_string(round) + ": " + name + " from " + std::to_string(from) + " to " +
            std::to_string(to));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DamagedJournal, TheGapCountsWhatWasDueWhereTheNextSegmentTells) {
  const std::string name = segments(small().files).front();
  auto files = small().files;
  const auto& lost = small().given.front();
  files[name][lost.from + 100] = static_cast<char>(files[name][lost.from + 100] ^ 0xFF);
  const Reading read(files);
  ASSERT_EQ(read.gaps.size(), 2u);
  EXPECT_EQ(read.gaps[0].first, lost.sequence);
  EXPECT_EQ(read.gaps[0].last, lost.sequence);
  EXPECT_EQ(read.gaps[0].count, 1u);
  EXPECT_TRUE(read.unreadable.empty());  // nothing that the start needed
}

TEST(DamagedJournal, ARangeThatAStartWentOverIsRememberedByTheNextOnes) {
  const std::string name = segments(small().files).back();
  auto files = small().files;
  const auto& lost = small().given[small().given.size() - 3];
  files[name][lost.from + 100] = static_cast<char>(files[name][lost.from + 100] ^ 0xFF);
  const Reading read(files, 3);
  EXPECT_TRUE(read.notes.empty());
  ASSERT_EQ(read.unreadable.size(), 1u);
  EXPECT_EQ(read.unreadable[0],
            (Unreadable{*alert::segment_sequence(name), lost.from, lost.to, lost.sequence, lost.sequence}));
}

/// What must hold where whole segments are not what their names say.
void expect_accounted(const std::map<std::string, File>& files, const std::set<std::string>& spoilt) {
  const Reading read(files);
  expect_accounted(
      read, small().given, [&](const Given& g) { return spoilt.contains(g.file); }, *spoilt.begin());
}

TEST(DamagedJournal, ASegmentThatIsMissingInTheMiddleIsOneGap) {
  const std::string name = segments(small().files)[1];
  auto files = small().files;
  files.erase(name);
  expect_accounted(files, {name});
}

TEST(DamagedJournal, AMissingNewestSegmentTakesNoNumberWithIt) {
  const std::string name = segments(small().files)[2];
  auto files = small().files;
  files.erase(name);
  const Reading read(files);
  EXPECT_FALSE(read.notes.empty());
  expect_accounted(files, {name});
}

TEST(DamagedJournal, ASegmentUnderAnotherNameTooIsReadOnce) {
  const auto names = segments(small().files);
  for (const std::string& copied : names) {
    for (const std::uint64_t first : {std::uint64_t{2}, small().given.back().sequence, std::uint64_t{1} << 40}) {
      auto files = small().files;
      ASSERT_TRUE(files.emplace(alert::segment_name(first), files.at(copied)).second);
      expect_accounted(files, {names.begin(), names.end()});
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(DamagedJournal, SwappedSegmentsAreReadAsNeither) {
  const auto names = segments(small().files);
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = a + 1; b < names.size(); ++b) {
      auto files = small().files;
      std::swap(files[names[a]], files[names[b]]);
      expect_accounted(files, {names[a], names[b]});
    }
  }
}

TEST(DamagedJournal, ATailOfZerosIsNamedAndWhatIsBeforeItIsRead) {
  const std::string name = segments(small().files).back();
  for (std::size_t whole = 0; whole <= small().files.at(name).size(); whole += stride(211)) {
    auto files = small().files;
    files[name].resize(whole);
    files[name].resize(whole / 4'096 * 4'096 + 8'192, '\0');
    const Reading read(files);
    EXPECT_FALSE(read.notes.empty()) << whole;
    expect_accounted(
        read, small().given, [&](const Given& g) { return g.file == name && g.to > whole; },
        "zeros from " + std::to_string(whole));
    if (::testing::Test::HasFailure()) return;
  }
}

/// A journal that a real broker wrote, whose newest segment has three alerts, damaged while it is down.
struct DamagedBroker {
  test::Broker broker;
  std::string segment = broker.journal() + "/" + alert::segment_name(1);
  std::vector<std::uint64_t> ends;  // of the segment, after each alert

  DamagedBroker() {
    EXPECT_TRUE(broker.connect().call(alert::MakeMailslot{kAll, {}, {}, {}}));
    EXPECT_TRUE(broker.connect().call(alert::Start{"E", kAll, {}, {}}));
    ends.push_back(std::filesystem::file_size(segment));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(broker.connect().call(alert::Raise{"E", "lm20", std::string(76, '0'), {}, {}}));
      ends.push_back(std::filesystem::file_size(segment));
    }
  }
  /// The journal's files stay as found; a broker starts on them.
  void start_with_another_byte(std::uint64_t at) {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 0xFF);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
    ASSERT_TRUE(broker.start()) << broker.notes();
  }
};

TEST(DamagedJournal, ABrokerStartsOverADamagedAlertNamesItAndReadersGetTheOthers) {
  for (const std::uint64_t into : {4u, 30u, 120u}) {  // a length, the record's header, its bytes
    DamagedBroker damaged;
    damaged.broker.kill();
    damaged.start_with_another_byte(damaged.ends[1] + into);
    EXPECT_NE(damaged.broker.notes().find("alert 2 is lost"), std::string::npos) << damaged.broker.notes();
    const auto stats = damaged.broker.connect().call(alert::Stats{});
    ASSERT_EQ(stats->unreadable.size(), 1u);
    EXPECT_EQ(stats->unreadable[0].file, alert::segment_name(1));
    EXPECT_EQ(stats->unreadable[0].from, damaged.ends[1]);
    EXPECT_EQ(stats->unreadable[0].to, damaged.ends[2]);
    EXPECT_EQ(stats->unreadable[0].first, 2u);
    EXPECT_EQ(stats->unreadable[0].last, 2u);
    const auto lines = test::lines(damaged.broker.ctl({"read", kAll, "--json"}).out);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(alert::Json::parse(lines[0])["sequence"], 1);
    EXPECT_EQ(alert::Json::parse(lines[1])["gap"]["first"], 2);
    EXPECT_EQ(alert::Json::parse(lines[1])["gap"]["last"], 2);
    EXPECT_EQ(alert::Json::parse(lines[2])["sequence"], 3);
    EXPECT_EQ(alert::Json::parse(lines[3])["gap"]["first"], 4);  // numbers that may have been used
    const auto receipt = damaged.broker.connect().call(alert::Raise{"E", "lm20", std::string(76, '0'), {}, {}});
    EXPECT_GT(receipt->sequence, 3u);
  }
}

TEST(DamagedJournal, ABrokerStartsWhereItsFirstCheckpointIsDamaged) {
  DamagedBroker damaged;
  EXPECT_EQ(damaged.broker.stop(), 0);
  damaged.start_with_another_byte(300);
  const auto lines = test::lines(damaged.broker.ctl({"read", kAll, "--json", "--count", "3"}).out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(alert::Json::parse(lines[2])["sequence"], 3);
}

}  // namespace
