#pragma once
// What became of the raises that carried an id, so that a repeated one counts once. Part of the fold.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "brokerd/change.hpp"

namespace brokerd {

/// An id is 32 lower-case hexadecimal digits and belongs to the uid that used it.
struct RaiseId {
  std::uint32_t uid = 0;
  std::string_view id;
};
[[nodiscard]] bool is_raise_id(std::string_view text) noexcept;

class RaiseIds {
 public:
  /// How many are known: the latest ones of each uid, and of all as long as they and the refusals in
  /// their receipts are not more than this. Then the heaviest uid's oldest goes, so that no uid pays
  /// for another's; of equals the one that is older.
  static constexpr std::size_t kPerUid = 1'024;
  static constexpr std::size_t kWeight = 65'536;

  /// `raise.sequence` is larger than every one before.
  void remember(RaiseKnown raise);
  /// Null for an id that is not known (any more); valid until the next remember().
  [[nodiscard]] const RaiseKnown* find(const RaiseId& id) const;
  /// By sequence.
  [[nodiscard]] const std::map<std::uint64_t, RaiseKnown>& all() const noexcept { return by_sequence_; }

 private:
  [[nodiscard]] static std::string key(const RaiseId& id) {
    return std::to_string(id.uid) + ' ' + std::string(id.id);
  }
  [[nodiscard]] static std::int64_t weight(const RaiseKnown& raise) noexcept {
    return 1 + static_cast<std::int64_t>(raise.refused.size());
  }
  struct OfUid {
    std::deque<std::uint64_t> sequences;  // never empty
    std::int64_t weight = 0;
    [[nodiscard]] auto rank() const { return std::pair(-weight, sequences.front()); }
  };
  void forget(std::uint64_t sequence);

  std::map<std::uint64_t, RaiseKnown> by_sequence_;
  std::unordered_map<std::string, std::uint64_t> by_key_;
  std::unordered_map<std::uint32_t, OfUid> by_uid_;
  std::set<std::pair<std::int64_t, std::uint64_t>> ranks_;  // the heaviest uid's first, with its oldest sequence
  std::int64_t weight_ = 0;
};

}  // namespace brokerd
