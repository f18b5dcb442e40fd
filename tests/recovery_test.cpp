// From the folder on disk to the broker's state: clean ends, torn ends, damage, other boots.

#include "brokerd/recovery.hpp"

#include <gtest/gtest.h>

#include "brokerd/checkpoint.hpp"
#include "brokerd/raised_as.hpp"
#include "process.hpp"

namespace {

using namespace brokerd;

/// A journal in a folder, and the lives of the broker that writes it.
class Recovery : public testing::Test {
 protected:
  /// Opens it as a starting broker does.
  Recovered& open(const std::string& boot = this_boot()) {
    life_.reset();
    auto folder = JournalFolder::open(folder_ / "journal");
    EXPECT_TRUE(folder) << (folder ? "" : folder.error());
    auto recovered = recover(std::move(*folder), 1, boot);
    EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error());
    life_.emplace(std::move(*recovered));
    return *life_;
  }
  std::string refusal() {
    life_.reset();
    auto folder = JournalFolder::open(folder_ / "journal");
    auto recovered = recover(std::move(*folder), 1);
    return recovered ? "" : recovered.error();
  }
  /// Accepts alerts the way the broker does, up to the journal.
  std::uint64_t raise(int count = 1) {
    std::uint64_t sequence = 0;
    for (int i = 0; i < count; ++i) {
      sequence = life_->ledger.totals().sequence + 1;
      EXPECT_FALSE(life_->writer.reserve(sequence));
      std::vector<std::byte> wire(38);
      std::memcpy(wire.data() + 4, "EVENT", 5);
      alert::RecordHeader header;
      header.kind = 1;
      header.profile = 1;
      header.size = static_cast<std::uint32_t>(sizeof header + wire.size());
      header.sequence = sequence;
      life_->writer.add(header, wire);
      EXPECT_FALSE(life_->writer.commit());
      life_->ledger.deliver("EVENT", sequence, wire.size());
    }
    return sequence;
  }
  void close() { EXPECT_FALSE(life_->writer.close(life_->ledger.totals().sequence)); }

  [[nodiscard]] std::uint64_t last() const { return life_->ledger.totals().sequence; }
  [[nodiscard]] std::string newest() const {
    return (folder_.path() / "journal" /
            alert::segment_name(alert::journal_segments(folder_.path() / "journal")->back()));
  }
  [[nodiscard]] std::size_t segments() const { return alert::journal_segments(folder_.path() / "journal")->size(); }
  void change_bound(const std::string& member, const alert::Json& value) {
    const std::string path = folder_.path() / "journal" / "bound";
    alert::Json json = alert::Json::parse(std::ifstream(path));
    json[member] = value;
    std::ofstream(path) << json;
  }
  static void flip(const std::string& path, std::uint64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 0x41);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  test::TemporaryFolder folder_;
  std::optional<Recovered> life_;
};

TEST_F(Recovery, AnEmptyFolderBecomesAJournalThatStartsAtOne) {
  open();
  EXPECT_EQ(raise(), 1u);
  EXPECT_EQ(life_->ledger.totals().journal.size(), 32u);
}

TEST_F(Recovery, GoesOnInTheSameSegmentAfterACleanEnd) {
  open();
  raise(3);
  close();
  open();
  EXPECT_EQ(raise(), 4u);
  EXPECT_EQ(segments(), 1u);
}

TEST_F(Recovery, KeepsTheJournalIdForEver) {
  open();
  const std::string id = life_->ledger.totals().journal;
  close();
  EXPECT_EQ(open().ledger.totals().journal, id);
}

TEST_F(Recovery, GoesOnWithTheNextNumberAfterAKillOnTheSameBoot) {
  open();
  raise(3);
  open();
  EXPECT_EQ(raise(), 4u);
  EXPECT_TRUE(life_->notes.empty());
}

TEST_F(Recovery, CutsOffATurnThatWasBeingWrittenWhenItWasKilled) {
  open();
  raise(2);
  const auto whole = std::filesystem::file_size(newest());
  raise();
  const auto full = std::filesystem::file_size(newest());
  for (auto size = full - 1; size > whole; size -= 7) {
    life_.reset();
    std::filesystem::resize_file(newest(), size);
    open();
    EXPECT_EQ(last(), 2u) << size;
    EXPECT_EQ(std::filesystem::file_size(newest()), whole);
    raise();
    EXPECT_EQ(std::filesystem::file_size(newest()), full);
  }
}

TEST_F(Recovery, ReusesNoNumberWhenTheTailMayBeLostWithAnotherBoot) {
  open();
  raise(5);
  change_bound("boot", "another boot");
  open();
  EXPECT_GT(raise(), JournalWriter::kNumbersAhead / 2);
  EXPECT_EQ(segments(), 2u);
  ASSERT_EQ(life_->notes.size(), 1u);
  EXPECT_NE(life_->notes[0].find("numbers 6 to"), std::string::npos) << life_->notes[0];
}

TEST_F(Recovery, ReusesNoNumberWhenNobodyKnowsTheBoot) {
  open("");
  raise(5);
  open("");
  EXPECT_GT(raise(), JournalWriter::kNumbersAhead / 2);
}

TEST_F(Recovery, ReusesNoNumberWhenTheFirstStartOnAnotherBootFailed) {
  open();
  raise(5);
  change_bound("boot", "another boot");
  const std::string journal = folder_ / "journal/";
  const auto bound = alert::Json::parse(std::ifstream(journal + "bound"))["bound"].get<std::uint64_t>();
  std::filesystem::create_directory(journal + alert::segment_name(bound) + ".new");
  EXPECT_NE(refusal().find("cannot write"), std::string::npos);
  std::filesystem::remove(journal + alert::segment_name(bound) + ".new");
  open();
  EXPECT_GE(raise(), bound);
}

TEST_F(Recovery, TrustsACleanEndAcrossBoots) {
  open();
  raise(5);
  close();
  change_bound("boot", "another boot");
  open();
  EXPECT_EQ(raise(), 6u);
  EXPECT_TRUE(life_->notes.empty());
}

TEST_F(Recovery, ADamagedSegmentStaysAsItWasFound) {
  open();
  raise(3);
  close();
  const std::string damaged = newest();
  flip(damaged, std::filesystem::file_size(damaged) - 40);
  const auto size = std::filesystem::file_size(damaged);
  open();
  raise(2);
  EXPECT_EQ(std::filesystem::file_size(damaged), size);
  EXPECT_NE(newest(), damaged);
}

TEST_F(Recovery, ReusesNoNumberWhenTheBoundIsMissing) {
  open();
  raise(3);
  close();
  std::filesystem::remove(folder_.path() / "journal" / "bound");
  open();
  EXPECT_GE(raise(), JournalWriter::kNumbersAhead);
}

TEST_F(Recovery, ReusesNoNumberWhenAllSegmentsAreGone) {
  open();
  raise(3);
  close();
  std::filesystem::remove(newest());
  open();
  EXPECT_EQ(raise(), 4u);
}

TEST_F(Recovery, RefusesABoundThatIsNotABrokers) {
  open();
  close();
  life_.reset();
  std::ofstream(folder_.path() / "journal" / "bound") << "[1]";
  EXPECT_NE(refusal().find("bound: not what a broker wrote"), std::string::npos);
}

TEST_F(Recovery, EndsTheSessionsOfTheOldLifeAndMarksWhatTheirConsumersMaySee) {
  open();
  MailslotState durable;
  durable.name = "\\mailslot\\durable";
  durable.incarnation = 1;
  durable.max_message = 1000;
  durable.written = 7;
  durable.attached = true;
  MailslotState session = durable;
  session.name = "\\mailslot\\session";
  session.session = true;
  life_->ledger.apply(durable);
  life_->ledger.apply(session);
  life_->ledger.apply(Registration{1, "E", session.name, 100, 0, true, 0});
  life_->ledger.apply(Registration{2, "E", durable.name, 100, 0, false, 0});
  EXPECT_FALSE(life_->writer.begin_segment(10, checkpoint(life_->ledger), {}));
  open();
  EXPECT_EQ(life_->ledger.mailslot(session.name), nullptr);
  EXPECT_EQ(life_->ledger.table().size(), 1u);
  EXPECT_EQ(life_->ledger.mailslot(durable.name)->state.handed, 7u);
  EXPECT_FALSE(life_->ledger.mailslot(durable.name)->state.attached);
}

TEST_F(Recovery, AnEventThatIsNotTheHeadersIsInTheAnnex) {
  EXPECT_EQ(annex_for(alert::Profile::lm20, "Admin", {"ADMIN", ""}), "");
  EXPECT_EQ(annex_for(alert::Profile::nt, std::string_view("A\0B\0", 4), {"AB", ""}), "");
  EXPECT_EQ(annex_for(alert::Profile::lm20, "ADMIN", {"OTHER", ""}), R"({"event":"OTHER"})");
  EXPECT_EQ(annex_for(alert::Profile::lm20, "caf\x82", {"CAF\xC3\xA9", ""}), "{\"event\":\"CAF\xC3\xA9\"}");
}

}  // namespace
