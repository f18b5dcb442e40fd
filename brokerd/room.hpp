#pragma once
// Room for messages: how many bytes of them each mailslot holds that its reader has not read.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace brokerd {

/// Only of mailslots that were made with a `room`. What was there before the broker started does not
/// count: those mailslots that care end with it. By incarnation.
class Room {
 public:
  /// An empty message takes a byte, too: there is no room for any number of them.
  [[nodiscard]] static constexpr std::uint64_t cost(std::size_t size) noexcept { return size > 0 ? size : 1; }

  [[nodiscard]] std::uint64_t used(std::uint64_t incarnation) const noexcept;
  /// `sequence` is larger than every one before in this mailslot.
  void take(std::uint64_t incarnation, std::uint64_t sequence, std::size_t size);
  /// The message with this sequence, the last one taken, did not come to be.
  void give_back(std::uint64_t incarnation, std::uint64_t sequence) noexcept;
  /// The reader is done with everything up to `sequence`.
  void read_up_to(std::uint64_t incarnation, std::uint64_t sequence) noexcept;
  /// The mailslot is gone.
  void forget(std::uint64_t incarnation) noexcept { by_incarnation_.erase(incarnation); }

 private:
  struct Message {
    std::uint64_t sequence;
    std::uint64_t bytes;
  };
  struct Unread {
    std::deque<Message> messages;
    std::uint64_t bytes = 0;
  };
  std::unordered_map<std::uint64_t, Unread> by_incarnation_;
};

}  // namespace brokerd
