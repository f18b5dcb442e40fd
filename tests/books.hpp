#pragma once
// What raisers and readers say happened to them, and that it adds up.

#include <cstdint>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "alert/wire/record.hpp"

namespace test {

/// One thing that a raiser or a reader was told. An alert is known by who raised it and its number there.
struct Told {
  enum What : std::uint32_t { receipt, record, gap, failure } what = failure;
  std::uint32_t flags = 0;
  std::uint64_t sequence = 0;
  std::uint64_t ordinal = 0;
  std::uint64_t alert = 0;
  alert::GapBody range{};
  char why[128]{};
};

/// The alerts of some raisers, each of which raises one after the other.
class Receipts {
 public:
  static constexpr int kRaiserBits = 48;
  [[nodiscard]] static std::uint64_t alert_of(std::uint64_t raiser, std::uint64_t number) {
    return (raiser << kRaiserBits) | number;
  }

  void take(const Told& told) {
    const std::uint64_t raiser = told.alert >> kRaiserBits;
    auto& [count, last] = raisers_[raiser];
    EXPECT_EQ(told.alert, alert_of(raiser, ++count)) << "each raise is answered once, in order";
    EXPECT_GT(told.sequence, last) << "a raiser's alerts keep their order";
    last = told.sequence;
    EXPECT_TRUE(accepted_.emplace(told.sequence, told.alert).second) << "number " << told.sequence << " twice";
  }
  /// The alerts by sequence.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& accepted() const noexcept { return accepted_; }

 private:
  struct Raiser {
    std::uint64_t count = 0, last = 0;
  };
  std::map<std::uint64_t, Raiser> raisers_;
  std::map<std::uint64_t, std::uint64_t> accepted_;
};

/// What one mailslot's reader got, through all its lives.
class Readings {
 public:
  /// How often a new life may see again what an earlier one saw.
  enum class Again : std::uint8_t { never, the_one_in_hand, marked };

  explicit Readings(Again again) noexcept : again_(again) {}

  void begin_life() noexcept { is_first_ = true; }

  void take(const Told& told) {
    if (told.what == Told::gap)
      take_gap(told);
    else
      take_record(told);
    at_ = told.ordinal;
    at_sequence_ = told.sequence;
    furthest_ = std::max(furthest_, at_);
    is_first_ = false;
  }

  /// The ordinal of the last record that any life got.
  [[nodiscard]] std::uint64_t furthest() const noexcept { return furthest_; }
  [[nodiscard]] std::uint64_t repeated() const noexcept { return repeated_; }
  [[nodiscard]] std::size_t gaps() const noexcept { return gaps_.size(); }

  /// Every accepted alert was read, as it was raised, or is in a gap with exactly its count.
  void expect_all_of(const Receipts& receipts) const {
    const auto& accepted = receipts.accepted();
    for (const auto& [sequence, alert] : read_) {
      const auto raised = accepted.find(sequence);
      ASSERT_TRUE(raised != accepted.end() && raised->second == alert) << "nobody raised number " << sequence;
    }
    std::set<std::uint64_t> lost;
    for (const auto& [first, gap] : gaps_) {
      std::uint64_t in_range = 0;
      for (auto at = accepted.lower_bound(gap.first); at != accepted.end() && at->first <= gap.last; ++at) {
        ++in_range;
        lost.insert(at->first);
      }
      EXPECT_EQ(in_range, gap.count) << gap.first << " to " << gap.last;
    }
    for (const auto& [sequence, alert] : accepted)
      EXPECT_TRUE(read_.contains(sequence) || lost.contains(sequence)) << "nobody was told of number " << sequence;
  }

 private:
  void take_gap(const Told& told) {
    if (!is_first_) {
      EXPECT_EQ(told.range.count, told.ordinal - at_) << "a gap counts what is missing";
    }
    gaps_.emplace(told.range.first, told.range);
  }

  void take_record(const Told& told) {
    if (!is_first_) {
      EXPECT_EQ(told.ordinal, at_ + 1) << "a life goes on without a hole";
      EXPECT_GT(told.sequence, at_sequence_) << "and in order";
    }
    if (told.ordinal > furthest_) {
      EXPECT_EQ(told.ordinal, furthest_ + 1) << "nothing is left out between two lives";
      EXPECT_TRUE(read_.emplace(told.sequence, told.alert).second);
      return;
    }
    ++repeated_;
    EXPECT_TRUE(told.flags & alert::kRedelivered) << told.ordinal << " comes again and is not marked";
    EXPECT_TRUE(again_ == Again::marked || (again_ == Again::the_one_in_hand && told.ordinal == furthest_))
        << told.ordinal << " comes again behind " << furthest_;
    const auto before = read_.find(told.sequence);
    EXPECT_TRUE(before == read_.end() || before->second == told.alert) << "what comes again is the same";
  }

  Again again_;
  std::map<std::uint64_t, std::uint64_t> read_;  // the alerts by sequence
  std::multimap<std::uint64_t, alert::GapBody> gaps_;
  std::uint64_t furthest_ = 0;
  std::uint64_t at_ = 0, at_sequence_ = 0;  // in this life
  std::uint64_t repeated_ = 0;
  bool is_first_ = true;
};

}  // namespace test
