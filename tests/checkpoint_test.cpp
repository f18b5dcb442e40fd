// A state in parts of a record each: whole, in order, and over as soon as it cannot be written.

#include "brokerd/checkpoint.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "brokerd/recovery.hpp"
#include "process.hpp"

namespace {

using namespace brokerd;
using alert::Json;

Ledger table_of(std::uint64_t rows, std::size_t event_bytes = 0) {
  Ledger ledger;
  for (std::uint64_t i = 1; i <= rows; ++i)
    ledger.apply(Registration{i, "EVENT" + std::to_string(i) + std::string(event_bytes, 'x'), "\\mailslot\\m", 100,
                              0, false, 0});
  return ledger;
}

std::vector<Json> parts_of(const Ledger& ledger, bool takes_place = false) {
  std::vector<Json> parts;
  EXPECT_FALSE(checkpoint(ledger, takes_place)([&](std::string_view part) {
    EXPECT_LT(part.size(), alert::kLargestAlert);
    parts.push_back(Json::parse(part));
    return std::error_code();
  }));
  return parts;
}

/// A broker that has started with an empty journal, or with what is there.
Recovered start(const std::filesystem::path& journal) {
  auto recovered = recover(JournalFolder::open(journal).value(), 1);
  EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error());
  return std::move(*recovered);
}

/// As brokers wrote it that knew all parts before they wrote the first.
Checkpoint as_it_was_once(const Ledger& ledger) {
  return [&ledger](const TakePart& take) {
    std::vector<Json> parts = parts_of(ledger);
    for (Json& part : parts) {
      part["parts"] = parts.size();
      if (auto error = take(part.dump())) return error;
    }
    return std::error_code();
  };
}

}  // namespace

TEST(Checkpoint, OfAFewRowsIsOnePart) {
  const Ledger table = table_of(3);
  const auto parts = parts_of(table);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0]["part"], 1);
  EXPECT_EQ(parts[0]["parts"], 1);
  EXPECT_EQ(parts[0]["changes"].size(), table.checkpoint().size());
  EXPECT_FALSE(parts[0].contains("takes_place"));
}

TEST(Checkpoint, TellsInItsLastPartHowManyThereAre) {
  const Ledger table = table_of(3000);
  const auto parts = parts_of(table, true);
  ASSERT_GT(parts.size(), 3U);
  std::size_t changes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i]["part"], i + 1);
    EXPECT_EQ(parts[i]["parts"], i + 1 < parts.size() ? 0 : parts.size());
    EXPECT_EQ(parts[i]["takes_place"], true);
    changes += parts[i]["changes"].size();
  }
  EXPECT_EQ(changes, table.checkpoint().size());
}

TEST(Checkpoint, GivesALargeChangeAPartOfItsOwn) {
  const Ledger table = table_of(3, 50'000);
  const auto parts = parts_of(table);
  EXPECT_EQ(parts.size(), table.checkpoint().size());
  for (const Json& part : parts) EXPECT_EQ(part["changes"].size(), 1U);
}

TEST(Checkpoint, IsOverWithTheFirstPartThatIsNotTaken) {
  int taken = 0;
  const auto error = checkpoint(table_of(3000))([&](std::string_view) {
    return ++taken == 3 ? std::make_error_code(std::errc::no_space_on_device) : std::error_code();
  });
  EXPECT_EQ(error, std::errc::no_space_on_device);
  EXPECT_EQ(taken, 3);
}

TEST(Checkpoint, IsReadHoweverItsPartsWereCounted) {
  for (const bool as_once : {false, true}) {
    const test::TemporaryFolder folder;
    const Ledger table = table_of(3000);
    {
      Recovered life = start(folder / "journal");
      EXPECT_FALSE(life.writer.reserve(10));
      EXPECT_FALSE(life.writer.begin_segment(10, as_once ? as_it_was_once(table) : checkpoint(table), {}));
    }
    EXPECT_EQ(start(folder / "journal").ledger.table().size(), 3000U) << as_once;
  }
}

TEST(Checkpoint, ThatCannotBeWrittenLeavesTheOpenSegmentAsItIs) {
  const test::TemporaryFolder folder;
  Ledger table = table_of(3000);
  {
    Recovered life = start(folder / "journal");
    EXPECT_FALSE(life.writer.reserve(10));
    ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    const rlimit little{100'000, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
    EXPECT_TRUE(life.writer.begin_segment(10, checkpoint(table), {}));
    const rlimit much{RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &much), 0);
    EXPECT_EQ(life.writer.first(), 1U);
    life.writer.add_change({}, R"({"change":"semaphore","name":"\\sem\\s","uid":0,"pulses":0})");
    EXPECT_FALSE(life.writer.commit());
    EXPECT_FALSE(life.writer.begin_segment(10, checkpoint(table), {})) << "over what is left of the attempt";
  }
  EXPECT_EQ(start(folder / "journal").ledger.table().size(), 3000U);
}

TEST(Digest, IsThatOfEqualStatesAlone) {
  EXPECT_EQ(digest(table_of(3000)), digest(table_of(3000)));
  EXPECT_NE(digest(table_of(3000)), digest(table_of(2999)));
}
