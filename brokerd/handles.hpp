#pragma once
// Context handles: what a client holds of a port or an object, and who may use it. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "brokerd/objects.hpp"

namespace brokerd {

/// Who calls: a connection of a uid.
struct Owner {
  std::uint32_t uid = 0;
  std::uint64_t session = 0;
};

enum class HandleKind : std::uint8_t { port, object, session };

/// A handle is 20 bytes, 40 digits on the control interface: four of attributes (0), the broker's life, a number.
///
/// It belongs to the uid that got it, and to each connection of that uid that has used it, so that a
/// second one may unblock what the first one waits for; it goes with the last of them.
class Handles {
 public:
  /// `life`: of this broker, another one each time, so that no handle of an earlier one fits.
  explicit Handles(std::uint64_t life) noexcept : life_(life) {}

  struct Handle {
    std::uint32_t uid;
    std::uint64_t maker;  // the connection that got it
    HandleKind kind;
    Objects::Key object;  // of an object
    std::string name;     // of it, as it was spelled there
    std::unordered_set<std::uint64_t> sessions;
  };

  std::uint64_t make(const Owner& owner, HandleKind kind, Objects::Key object = {}, std::string name = {});
  /// The number of the owner's handle; the caller's connection keeps it from now on.
  std::optional<std::uint64_t> use(std::string_view text, const Owner& owner);
  [[nodiscard]] const Handle& operator[](std::uint64_t number) const { return handles_.at(number); }
  void close(std::uint64_t number);
  /// A connection is gone: closes and returns the handles that nobody has now.
  std::vector<std::uint64_t> leave(std::uint64_t session);

  [[nodiscard]] std::string text(std::uint64_t number) const;
  [[nodiscard]] std::size_t of_uid(std::uint32_t uid) const noexcept;

 private:
  std::uint64_t life_;
  std::uint64_t next_ = 1;
  std::unordered_map<std::uint64_t, Handle> handles_;
  std::unordered_map<std::uint64_t, std::unordered_set<std::uint64_t>> by_session_;
  std::unordered_map<std::uint32_t, std::size_t> by_uid_;
};

}  // namespace brokerd
