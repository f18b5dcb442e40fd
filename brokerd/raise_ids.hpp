#pragma once
// What became of the raises that carried an id, so that a repeated one counts once. Part of the fold.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

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
  /// their receipts are not more than this.
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
  void forget(std::uint64_t sequence);

  std::map<std::uint64_t, RaiseKnown> by_sequence_;
  std::unordered_map<std::string, std::uint64_t> by_key_;
  std::unordered_map<std::uint32_t, std::deque<std::uint64_t>> by_uid_;
  std::size_t weight_ = 0;
};

}  // namespace brokerd
