// The mailboxes of a turn: which of its records reach which ring, whole or cut.

#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokerd/mailboxes.hpp"
#include "mailbox_box.hpp"

namespace {

using brokerd::Mailbox;
using brokerd::Mailboxes;

struct Got {
  std::uint64_t ordinal;
  std::uint64_t sequence;
  bool is_cut;
  std::string body;
  friend bool operator==(const Got&, const Got&) = default;
};
std::ostream& operator<<(std::ostream& out, const Got& got) {
  return out << got.ordinal << "/" << got.sequence << (got.is_cut ? " cut " : " whole ") << got.body;
}

class MailboxesOfATurn : public ::testing::Test {
 protected:
  void open(std::uint64_t incarnation) {
    Mailbox* mailbox = mailboxes.create(incarnation, 0, 64 * 1024, 1024, 0).value();
    readers.emplace(incarnation, test::MailboxReader::map(test::copy(mailbox->ring.descriptor())).value());
  }
  void record(std::string body) { bodies.push_back(std::move(body)); }
  void due(std::uint64_t incarnation, std::size_t record, std::uint32_t most = Mailbox::kWhole) {
    mailboxes.deliver(incarnation, static_cast<std::uint32_t>(record), most);
    if (!readers.contains(incarnation)) return;
    const std::string& body = bodies[record];
    const bool is_cut = body.size() > most;
    expected[incarnation].push_back(
        {++ordinals[incarnation], sequence + record, is_cut, is_cut ? body.substr(0, most) : body});
  }
  void publish() {
    std::vector<alert::RecordView> records;
    for (const std::string& body : bodies)
      records.push_back({test::header_of(body, sequence + records.size()), alert::as_bytes(body)});
    mailboxes.publish(records);
    sequence += bodies.size();
    bodies.clear();
    for (auto& [incarnation, reader] : readers) {
      std::vector<Got> got;
      for (; reader.look() == alert::MailboxReader::Seen::record; reader.advance()) {
        const auto record = reader.record();
        EXPECT_EQ(record.header.size, sizeof record.header + record.body.size());
        got.push_back({record.header.ordinal, record.header.sequence,
                       (record.header.flags & alert::kCutAtMaxdata) != 0,
                       std::string(alert::as_text(record.body))});
      }
      EXPECT_EQ(got, expected[incarnation]) << "mailbox " << incarnation;
    }
    expected.clear();
  }

  Mailboxes mailboxes;
  std::map<std::uint64_t, alert::MailboxReader> readers;
  std::map<std::uint64_t, std::uint64_t> ordinals;
  std::map<std::uint64_t, std::vector<Got>> expected;
  std::vector<std::string> bodies;
  std::uint64_t sequence = 1;
};

TEST_F(MailboxesOfATurn, RecordsThatGoTheSameWayArriveEverywhereInOrder) {
  for (const std::uint64_t incarnation : {1U, 2U, 3U}) open(incarnation);
  for (std::size_t i = 0; i < 40; ++i) {
    record("alert " + std::to_string(i));
    for (const std::uint64_t incarnation : {3U, 1U, 2U}) due(incarnation, i);
  }
  publish();
}

TEST_F(MailboxesOfATurn, OneRecordMayComeTwiceToTheSameMailbox) {
  open(1), open(2);
  record("both rows lead here"), record("the next");
  due(1, 0), due(1, 0), due(2, 0), due(1, 1);
  publish();
}

TEST_F(MailboxesOfATurn, WhatIsTooLongForOneMailboxIsCutThereAlone) {
  open(1), open(2);
  record("0123456789"), record("01234"), record("0123456789");
  for (std::size_t i = 0; i < 3; ++i) due(1, i, i == 1 ? Mailbox::kWhole : 7), due(2, i);
  publish();
}

TEST_F(MailboxesOfATurn, NothingIsCutToNothingAndNothingToItself) {
  open(1);
  record("abc"), record("abc"), record("");
  due(1, 0, 0), due(1, 1, 3), due(1, 2, 0);
  publish();
}

TEST_F(MailboxesOfATurn, WhoHasNothingOpenIsPassedOver) {
  open(2);
  record("a"), record("b");
  for (std::size_t i = 0; i < 2; ++i) due(1, i), due(2, i), due(3, i);
  publish();
}

TEST_F(MailboxesOfATurn, ATurnOwesNothingToTheOneBefore) {
  for (const std::uint64_t incarnation : {1U, 2U, 3U}) open(incarnation);
  record("a"), due(1, 0), due(2, 0), publish();
  record("b"), due(2, 0), due(3, 0), publish();
  publish();
  record("c"), due(3, 0), due(1, 0), publish();
}

TEST_F(MailboxesOfATurn, AnyRecordsMayGoAnyWay) {
  std::mt19937 random(20261121);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  constexpr std::uint64_t kMailboxes = 6;  // and a seventh that nobody has open
  for (std::uint64_t incarnation = 1; incarnation <= kMailboxes; ++incarnation) open(incarnation);
  std::vector<std::uint64_t> way(kMailboxes + 1);
  std::iota(way.begin(), way.end(), std::uint64_t{1});
  std::size_t length = way.size();
  for (int turn = 0; turn < 300; ++turn) {
    const std::size_t records = below(40);
    for (std::size_t i = 0; i < records; ++i) {
      record(std::string(below(60), static_cast<char>('a' + below(26))));
      if (below(3) == 0) {
        std::shuffle(way.begin(), way.end(), random);
        length = below(way.size() + 1);
      }
      const auto most = below(2) == 0 ? Mailbox::kWhole : static_cast<std::uint32_t>(below(60));
      for (std::size_t to = 0; to < length; ++to) due(way[to], i, most);
    }
    publish();
  }
}

}  // namespace
