// The ledger: the same changes give the same state, and the counts add up.

#include "brokerd/ledger.hpp"

#include <gtest/gtest.h>

namespace {

using namespace brokerd;
using alert::Code;

/// The ledger in the words of the broker.
struct Book {
  Ledger ledger;
  std::uint64_t sequence = 0;

  Book& make(const std::string& name, std::uint32_t max_message = 1000) {
    MailslotState slot;
    slot.name = name;
    slot.incarnation = ledger.totals().incarnations + 1;
    slot.max_message = max_message;
    slot.created = slot.read_sequence = sequence;
    ledger.apply(slot);
    return *this;
  }
  Book& start(const std::string& event, const std::string& recipient, std::uint32_t maxdata = 65475) {
    ledger.apply(Registration{ledger.totals().registrations + 1, event, recipient, maxdata, 0, false, sequence});
    return *this;
  }
  Book& make_semaphore(const std::string& name) {
    ledger.apply(SemaphoreState{name, 0, 0});
    return *this;
  }
  Book& stop(const std::string& event, const std::string& recipient) {
    ledger.apply(Unregistered{event, recipient, sequence});
    return *this;
  }
  /// Who got it, and "!code" for who did not.
  std::vector<std::string> raise(const std::string& event, std::size_t size = 100) {
    std::vector<std::string> result;
    for (const Delivery& d : ledger.deliver(event, ++sequence, size))
      result.push_back(d.code == Code::success ? std::string(d.recipient)
                                               : "!" + std::to_string(static_cast<int>(d.code)));
    return result;
  }
  [[nodiscard]] bool due(const std::string& slot, const std::string& event, std::uint64_t at) const {
    return ledger.due(*ledger.mailslot(slot), event, at, 100).has_value();
  }
};

using Names = std::vector<std::string>;

TEST(Ledger, DeliversInTheOrderOfRegistration) {
  Book book;
  book.make("b").make("a").make("c").start("E", "c").start("E", "a").start("F", "b").start("E", "b");
  EXPECT_EQ(book.raise("E"), (Names{"c", "a", "b"}));
  EXPECT_EQ(book.raise("F"), Names{"b"});
  EXPECT_EQ(book.raise("G"), Names{});
}

TEST(Ledger, MatchedIsWrittenPlusRefused) {
  Book book;
  book.make("small", 50).make("large").start("E", "small").start("E", "large").start("E", "nobody");
  EXPECT_EQ(book.raise("E", 100), (Names{"!111", "large", "!3"}));
  const Totals& totals = book.ledger.totals();
  EXPECT_EQ(totals.matched, 3u);
  EXPECT_EQ(totals.written, 1u);
  EXPECT_EQ(totals.refused, 2u);
  EXPECT_EQ(book.ledger.mailslot("small")->state.refused, 1u);
}

TEST(Ledger, PulsesASemaphoreWithoutDataWhateverTheMaxdata) {
  Book book;
  book.make_semaphore("\\sem\\s").start("E", "\\sem\\s", 0).start("F", "\\sem\\s").start("E", "\\sem\\t");
  EXPECT_EQ(book.raise("E"), (Names{"\\sem\\s", "!3"}));
  EXPECT_EQ(book.ledger.deliver("F", ++book.sequence, 100).front().size, 0u);
  EXPECT_EQ(book.ledger.semaphore("\\sem\\s")->pulses, 2u);
  EXPECT_EQ(book.ledger.totals().matched, 3u);
  EXPECT_EQ(book.ledger.totals().written, 2u);
  EXPECT_EQ(book.ledger.totals().refused, 1u);
}

TEST(Ledger, CountsThePulsesOfANewSemaphoreFromNothing) {
  Book book;
  book.make_semaphore("\\sem\\s").start("E", "\\sem\\s").raise("E");
  book.stop("E", "\\sem\\s").ledger.apply(SemaphoreReleased{"\\sem\\s"});
  EXPECT_EQ(book.ledger.semaphore("\\sem\\s"), nullptr);
  book.make_semaphore("\\sem\\s");
  EXPECT_EQ(book.ledger.semaphore("\\sem\\s")->pulses, 0u);
}

TEST(Ledger, CutsAtMaxdataBeforeItAsksWhetherItFits) {
  Book book;
  book.make("small", 50).start("E", "small", 40);
  EXPECT_EQ(book.raise("E", 100), Names{"small"});
  EXPECT_EQ(book.ledger.deliver("E", 99, 100).front().size, 40u);
}

TEST(Ledger, PreviewCountsNothing) {
  Book book;
  book.make("a").start("E", "a");
  EXPECT_EQ(book.ledger.preview("E", 10).size(), 1u);
  EXPECT_EQ(book.ledger.totals().accepted, 0u);
  EXPECT_EQ(book.ledger.mailslot("a")->state.written, 0u);
}

TEST(Ledger, WhatWasDueIsExactlyWhatWasWritten) {
  Book book;
  book.make("a");
  book.raise("E");                  // 1: before the registration
  book.start("E", "a").raise("E");  // 2: due
  book.stop("E", "a").raise("E");   // 3: after it
  book.start("E", "a").raise("E");  // 4: due again
  book.raise("F");                  // 5: another event
  std::vector<bool> due;
  for (std::uint64_t at = 1; at <= 5; ++at) due.push_back(book.due("a", "E", at));
  EXPECT_EQ(due, (std::vector<bool>{false, true, false, true, true}));
  EXPECT_FALSE(book.due("a", "F", 5));
  EXPECT_EQ(book.ledger.mailslot("a")->state.written, 2u);
}

TEST(Ledger, ANewIncarnationOwesNothingOfItsPredecessor) {
  Book book;
  book.make("a").start("E", "a").raise("E");
  book.ledger.apply(MailslotDeleted{"a"});
  EXPECT_EQ(book.raise("E"), Names{"!3"});
  book.make("a");
  EXPECT_FALSE(book.due("a", "E", 1));
  EXPECT_FALSE(book.due("a", "E", 2));
  EXPECT_EQ(book.raise("E"), Names{"a"});
  EXPECT_TRUE(book.due("a", "E", 3));
  EXPECT_EQ(book.ledger.mailslot("a")->state.incarnation, 2u);
}

TEST(Ledger, ItsCheckpointMakesTheSameStateAgain) {
  Book book;
  book.make("a").make("b").start("E", "a").start("E", "b").start("F", "\\sem\\s").raise("E");
  book.make_semaphore("\\sem\\s").raise("F");
  book.stop("E", "b").raise("E");
  book.ledger.apply(CursorMoved{"a", 1, 1, 2, true});
  Ledger again;
  for (const Change& change : book.ledger.checkpoint()) again.apply(change);
  const auto text = [](const Ledger& ledger) {
    std::string all;
    for (const Change& change : ledger.checkpoint()) all += to_json(change).dump() + "\n";
    return all;
  };
  EXPECT_EQ(text(again), text(book.ledger));
  EXPECT_TRUE(again.due(*again.mailslot("b"), "E", 1, 10));
}

TEST(Change, SurvivesJson) {
  const Change changes[] = {Totals{"id", 1, 2, 3, 4, 5, 6, 7, 8},
                            MailslotState{"n", 1, 2, 3, 4, true, 5, 6, 7, 8, 9, 10, true},
                            MailslotDeleted{"n"},
                            SemaphoreState{"s", 1, 2},
                            SemaphoreReleased{"s"},
                            Registration{1, "E", "r", 2, 3, true, 4},
                            Unregistered{"E", "r", 1},
                            PastRegistration{"m", "E", 1, 2, 3},
                            CursorMoved{"m", 1, 2, 3, true},
                            NumbersSkipped{1, 2, "why"},
                            GapTold{"m", 1, 2}};
  for (const Change& change : changes) {
    const auto again = change_from_json(to_json(change));
    ASSERT_TRUE(again);
    EXPECT_EQ(to_json(*again), to_json(change));
  }
}

TEST(Change, RefusesWhatItDidNotWrite) {
  for (const char* text :
       {"[]", "{}", R"({"change":1})", R"({"change":"nonsense"})", R"({"change":"unregistered"})",
        R"({"change":"mailslot_deleted","name":5})", R"({"change":"mailslot_deleted","name":"a","more":1})"})
    EXPECT_FALSE(change_from_json(alert::Json::parse(text))) << text;
}

TEST(Ledger, IgnoresAChangeThatDoesNotFitItsState) {
  Book book;
  book.make("a").start("E", "a");
  book.ledger.apply(MailslotDeleted{"b"});
  book.ledger.apply(CursorMoved{"b", 1, 1, 1, true});
  book.stop("E", "b").start("E", "a");
  EXPECT_EQ(book.raise("E"), Names{"a"});
}

TEST(AlertTable, FindsRemovesAndKeepsTheOrder) {
  AlertTable table;
  table.add({1, "E", "a", 0, 0, false, 0});
  table.add({2, "E", "b", 0, 0, false, 0});
  table.add({3, "F", "a", 0, 0, false, 0});
  EXPECT_EQ(table.remove("E", "a")->id, 1u);
  EXPECT_FALSE(table.remove("E", "a").has_value());
  EXPECT_EQ(table.find("E", "a"), nullptr);
  EXPECT_EQ(table.matching("E").front()->id, 2u);
  EXPECT_EQ(table.of_recipient("a").front()->id, 3u);
  EXPECT_EQ(table.size(), 2u);
}

}  // namespace
