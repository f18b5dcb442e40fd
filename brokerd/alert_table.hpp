#pragma once
// The alert table: who is registered for which event, in the order of registration.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "brokerd/change.hpp"

namespace brokerd {

/// Lookups by string_view without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// One row per (event, recipient), both canonical. Rows stay where they are until removed.
class AlertTable {
 public:
  /// Precondition: the pair is not in the table and the id is larger than every one before.
  void add(Registration row);
  /// The removed row, or none.
  std::optional<Registration> remove(std::string_view event, std::string_view recipient);

  [[nodiscard]] const Registration* find(std::string_view event, std::string_view recipient) const;
  /// What an alert matches, in the order of registration. Valid until the next change.
  [[nodiscard]] const std::vector<const Registration*>& matching(std::string_view event) const noexcept;
  [[nodiscard]] const std::vector<const Registration*>& of_recipient(std::string_view recipient) const noexcept;

  /// All rows by id.
  [[nodiscard]] const std::map<std::uint64_t, Registration>& rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] std::size_t rows_of(std::uint32_t uid) const noexcept;

 private:
  using Index = TextMap<std::vector<const Registration*>>;

  std::map<std::uint64_t, Registration> rows_;
  Index by_event_;
  Index by_recipient_;
  TextMap<const Registration*> by_pair_;  // recipient, line feed, event: neither may contain one
  std::unordered_map<std::uint32_t, std::size_t> by_uid_;
};

}  // namespace brokerd
