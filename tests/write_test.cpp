// Messages for one mailslot: who may write, what is refused, and that they are numbered, counted,
// journaled and replayed as alerts are.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "alert/journal/journal.hpp"
#include "alert/wire/hex.hpp"
#include "configured.hpp"

namespace {

using alert::Mailslot;
using namespace std::chrono_literals;

constexpr const char* kSlot = "\\mailslot\\slot";

alert::Write message(std::string_view text, std::uint32_t priority = 0) {
  return {kSlot, alert::to_hex(alert::as_bytes(text)), priority};
}

class Write : public testing::Test {
 protected:
  int write(const alert::Write& call) { return test::code_of(client.call(call)); }
  int make(std::optional<std::uint32_t> max_message = {}, std::optional<std::uint64_t> capacity = {},
           std::optional<std::uint64_t> room = {}) {
    return test::code_of(client.call(alert::MakeMailslot{kSlot, max_message, capacity, {}, room}));
  }
  void raise() { (void)client.call(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}}); }
  Mailslot open(Mailslot::Mode mode = Mailslot::Mode::consume) {
    return std::move(*Mailslot::open(broker.connect(), kSlot, mode));
  }
  /// "sequence/priority text" of everything that is there.
  static std::vector<std::string> all(Mailslot& slot) {
    std::vector<std::string> got;
    for (auto record = slot.read(0ms); record; record = slot.read(0ms))
      got.push_back(
          std::to_string(record->header.sequence) + "/" + std::to_string(priority(record->header)) + " " +
          (record->kind() == alert::RecordKind::message ? std::string(alert::as_text(record->body)) : "alert"));
    slot.acknowledge();
    return got;
  }
  using Strings = std::vector<std::string>;

  test::Broker broker;
  alert::Client client = broker.connect();
};

TEST_F(Write, GoesToOneMailslotWithItsPriority) {
  ASSERT_EQ(make(), 0);
  const auto receipt = client.call(message("hello", 9));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->sequence, 1u);
  EXPECT_EQ(receipt->matched, 1u);
  EXPECT_EQ(receipt->written, 1u);
  Mailslot slot = open();
  EXPECT_EQ(all(slot), Strings{"1/9 hello"});
}

TEST_F(Write, IsNumberedAndOrderedAmongAlerts) {
  ASSERT_EQ(make(), 0);
  (void)client.call(alert::Start{"TEST", kSlot, {}, {}});
  raise(), write(message("a")), raise(), write(message("", 3));
  Mailslot slot = open();
  EXPECT_EQ(all(slot), (Strings{"1/0 alert", "2/0 a", "3/0 alert", "4/3 "}));
}

TEST_F(Write, CountsInTheMailslotAndInTheTotals) {
  ASSERT_EQ(make(), 0);
  for (int i = 0; i < 3; ++i) write(message("x"));
  Mailslot slot = open();
  (void)slot.read(0ms), slot.acknowledge();
  const auto row = client.call(alert::ListMailslots{})->rows.at(0);
  EXPECT_EQ(row.written, 3u);
  EXPECT_EQ(row.read, 1u);
  EXPECT_EQ(row.pending, 2u);
  const auto stats = client.call(alert::Stats{});
  EXPECT_EQ(stats->accepted, 3u);
  EXPECT_EQ(stats->matched, stats->written + stats->refused);
}

TEST_F(Write, IsWhatItWasAfterTheBrokersDeath) {
  ASSERT_EQ(make(), 0);
  write(message("before", 7));
  broker.kill();
  ASSERT_TRUE(broker.start());
  client = broker.connect();
  write(message("after", 1));
  Mailslot slot = open();
  EXPECT_EQ(all(slot), (Strings{"1/7 before", "2/1 after"}));
  EXPECT_EQ(client.call(alert::ListMailslots{})->rows.at(0).written, 2u);
}

TEST_F(Write, LappedReaderGetsEveryMessageOnce) {
  ASSERT_EQ(make(256, 4096), 0);
  Mailslot slot = open();
  Strings written;
  for (int i = 1; i <= 300; ++i) {
    write(message(std::to_string(i), static_cast<std::uint32_t>(i % 10)));
    written.push_back(std::to_string(i) + "/" + std::to_string(i % 10) + " " + std::to_string(i));
  }
  EXPECT_EQ(all(slot), written);
}

TEST_F(Write, MessagesOfAPredecessorAreNotReplayed) {
  ASSERT_EQ(make(), 0);
  write(message("old"));
  (void)client.call(alert::DeleteMailslot{kSlot});
  ASSERT_EQ(make(), 0);
  write(message("new"));
  Mailslot slot = open();
  EXPECT_EQ(all(slot), Strings{"2/0 new"});
}

TEST_F(Write, IsRefusedWhereItMakesNoSense) {
  EXPECT_EQ(write(message("x")), 3);
  ASSERT_EQ(make(4), 0);
  alert::Write call = message("x");
  call.mailslot = "";
  EXPECT_EQ(write(call), 87);
  call = message("x", 10);
  EXPECT_EQ(write(call), 87);
  for (const std::uint32_t other : {0u, 3u}) {
    call = message("x");
    call.class_of_service = other;
    EXPECT_EQ(write(call), 87) << other;
  }
  call = message("x");
  call.message = "7";
  EXPECT_EQ(write(call), 87);
  EXPECT_EQ(write(message("four")), 0);
  EXPECT_EQ(write(message("fives")), 111);
  EXPECT_EQ(client.call(alert::Stats{})->accepted, 1u);
}

TEST_F(Write, LargestMessageIsTakenAndALargerOneIsNot) {
  ASSERT_EQ(make(), 0);
  EXPECT_EQ(write(message(std::string(65'475, 'x'))), 0);
  EXPECT_EQ(write(message(std::string(65'476, 'x'))), 111);
}

TEST_F(Write, DryRunSaysWhatWouldHappenAndChangesNothing) {
  alert::Write call = message("x");
  call.dry_run = true;
  EXPECT_EQ(write(call), 3);
  ASSERT_EQ(make(), 0);
  const auto receipt = client.call(call);
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->sequence);
  EXPECT_EQ(client.call(alert::Stats{})->accepted, 0u);
}

TEST_F(Write, HasNoLimitWithoutARoom) {
  ASSERT_EQ(make(256, 4096), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(write(message(std::string(200, 'x'))), 0);
}

TEST_F(Write, WaitsForNobodyWhereTheRoomIsExhausted) {
  ASSERT_EQ(make(4, {}, 8), 0);
  EXPECT_EQ(write(message("1234")), 0);
  EXPECT_EQ(write(message("123")), 0);
  EXPECT_EQ(write(message("12")), 121);
  EXPECT_EQ(write(message("")), 0);  // takes a byte, too
  EXPECT_EQ(write(message("")), 121);
  Mailslot slot = open();
  EXPECT_EQ(write(message("1")), 121);  // nothing is read yet
  (void)slot.read(0ms), slot.acknowledge();
  EXPECT_EQ(write(message("1234")), 0);
  EXPECT_EQ(write(message("1")), 121);
  (void)all(slot);
  EXPECT_EQ(write(message("1234")), 0);
}

TEST_F(Write, AlertsAreNotRefusedForWantOfRoom) {
  ASSERT_EQ(make(64, {}, 64), 0);
  (void)client.call(alert::Start{"TEST", kSlot, {}, {}});
  EXPECT_EQ(write(message(std::string(64, 'x'))), 0);
  for (int i = 0; i < 10; ++i) raise();
  EXPECT_EQ(client.call(alert::ListMailslots{})->rows.at(0).written, 11u);
  EXPECT_EQ(client.call(alert::ListMailslots{})->rows.at(0).refused, 0u);
}

TEST_F(Write, RoomHoldsAtLeastOneMessage) {
  EXPECT_EQ(make(8, {}, 7), 87);
  EXPECT_EQ(make(8, {}, 8), 0);
}

TEST_F(Write, RoomIsAsLargeForTheNextMailslotOfTheName) {
  ASSERT_EQ(make(4, {}, 4), 0);
  EXPECT_EQ(write(message("1234")), 0);
  (void)client.call(alert::DeleteMailslot{kSlot});
  ASSERT_EQ(make(4, {}, 4), 0);
  EXPECT_EQ(write(message("1234")), 0);
}

TEST_F(Write, MessagesOfOneTurnShareTheRoom) {
  ASSERT_EQ(make(4, {}, 8), 0);
  std::vector<alert::Client> writers;
  for (int i = 0; i < 8; ++i) writers.push_back(broker.connect());
  int written = 0;
  for (auto& writer : writers) written += writer.call(message("1234")).has_value();
  EXPECT_EQ(written, 2);
}

TEST_F(Write, MessageIsShownByItsReaderForWhatItIs) {
  ASSERT_EQ(make(), 0);
  write(message("hello", 9));
  const auto text = broker.ctl({"read", "slot", "--peek"});
  EXPECT_NE(text.out.find("priority 9\nno alert, 5 bytes"), std::string::npos) << text.out;
  const auto line = alert::Json::parse(broker.ctl({"read", "slot", "--json"}).out);
  EXPECT_EQ(line["payload_hex"], "68656c6c6f");
  EXPECT_EQ(line["priority"], 9);
  EXPECT_EQ(line["sequence"], 1);
}

TEST_F(Write, MessageIsShownByADumpOfTheJournal) {
  ASSERT_EQ(make(), 0);
  write(message("hello", 9));
  const auto dumped = broker.ctl({"dump", "--json", broker.journal()});
  EXPECT_EQ(dumped.status, 0) << dumped.err;
  const auto line = alert::Json::parse(dumped.out);
  EXPECT_EQ(line["payload_hex"], "68656c6c6f");
  EXPECT_EQ(line["priority"], 9);
}

struct Foreign : testing::Test {
  /// What nobody is told who writes into root's mailslot on a host's broker of these rules.
  int write_as_nobody(const std::string& rules) {
    test::Configured host(rules, {"--system"});
    EXPECT_EQ(host.ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
    return host.ask_as_nobody(message("x"));
  }
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "only root can become nobody";
  }
};

TEST_F(Foreign, MailslotIsWrittenByItsOwnerOnlyUnlessARuleSaysSo) {
  EXPECT_EQ(write_as_nobody(""), 5);
  EXPECT_EQ(write_as_nobody("[[rule]]\nallow = true\nverb = \"write\"\nuser = 65534\n"), 0);
  EXPECT_EQ(write_as_nobody("[[rule]]\nallow = false\nverb = \"write\"\n"), 5);
}

TEST_F(Foreign, WritingCostsTheWritersRate) {
  EXPECT_EQ(write_as_nobody("[limits]\nbytes_per_second = 1\n[[rule]]\nallow = true\nverb = \"write\"\n"), 0);
  test::Configured host("[limits]\nalerts_per_second = 1\n");
  EXPECT_EQ(host.ask(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(host.ask(message("x")), 0);
  EXPECT_EQ(host.ask(message("x")), 1816);
}

}  // namespace
