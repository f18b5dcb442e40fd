#pragma once
// The rings of the mailslots that somebody has open, and who has them open.

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "alert/memory/consumer_page.hpp"
#include "alert/memory/mailbox.hpp"

namespace brokerd {

/// A connection, for as long as it exists.
struct SessionRef {
  std::uint64_t id = 0;
  int socket = -1;  // only to ask whether it has hung up
};

/// What a mailslot's readers cost the broker, since its start.
struct MailboxCounts {
  std::uint64_t wakes = 0;
  std::uint64_t replays = 0;
  std::uint64_t nonsense = 0;  // consumer pages that had to be clamped
};

/// One open mailslot. A mailslot that nobody has open has no ring: its alerts are in the journal.
struct Mailbox {
  struct Observer {
    SessionRef session;
    alert::Descriptor poll;  // our end, when the reader asked for one
  };
  struct Consumer {
    SessionRef session;
    alert::Descriptor poll;
    alert::ConsumerPage page;
    alert::Sleep sleep = alert::Sleep::awake;  // as taken before this turn's records were written
  };
  /// Records of this turn, one behind the other.
  struct Run {
    std::uint32_t first;
    std::uint32_t count;
    std::uint32_t most;  // bytes of each body: what is longer is cut
  };
  static constexpr std::uint32_t kWhole = ~std::uint32_t{0};

  alert::MailboxWriter ring;
  std::uint64_t incarnation;
  std::uint32_t uid;
  MailboxCounts* counts;
  std::optional<Consumer> consumer;
  std::vector<Observer> observers;
  std::vector<Run> waiting;               // but for the run that goes on
  std::optional<std::size_t> place = {};  // among those of this turn
  bool deleted = false;
};

class Mailboxes {
 public:
  static constexpr std::size_t kLargeTurn = 16;  // alerts: reading them takes longer than waking for them

  [[nodiscard]] Mailbox* find(std::uint64_t incarnation) noexcept;
  /// A new ring that starts behind `base_ordinal`.
  alert::SystemResult<Mailbox*> create(std::uint64_t incarnation, std::uint32_t uid, std::uint64_t capacity,
                                       std::uint32_t max_message, std::uint64_t base_ordinal);

  /// These records of the turn are due to the mailbox, if it is open.
  void deliver(std::uint64_t incarnation, const Mailbox::Run& records);
  /// Copies the turn's records mailbox by mailbox, publishes each once and wakes whoever sleeps there: in a large
  /// turn at once, so that it reads while the next mailbox is written, otherwise behind the last one. Each record
  /// is its header and behind it its body.
  void publish(std::span<const alert::Bytes> records);

  /// The mailslot is gone: readers are told; the memory counts until the last of them leaves.
  void mark_deleted(std::uint64_t incarnation);
  /// Takes a leaving session out; a ring without readers goes.
  void leave(std::uint64_t incarnation, std::uint64_t session);

  [[nodiscard]] std::uint64_t ring_bytes(std::uint32_t uid) const noexcept;
  [[nodiscard]] std::uint64_t wakes() const noexcept { return wakes_; }
  /// Stays when nobody has the mailslot open for a while, and goes with the mailslot.
  [[nodiscard]] MailboxCounts& counts(std::uint64_t incarnation) { return counts_[incarnation]; }

 private:
  static void start_over_where_read(Mailbox& mailbox) noexcept;
  static void write(Mailbox& mailbox, const Mailbox::Run& run, std::span<const alert::Bytes> records) noexcept;
  void wake(Mailbox& mailbox);
  void count_wake(Mailbox& mailbox) noexcept;
  void nudge(Mailbox& mailbox, const alert::Descriptor& poll);

  std::unordered_map<std::uint64_t, Mailbox> mailboxes_;
  std::unordered_map<std::uint32_t, std::uint64_t> ring_bytes_;
  /// A mailbox of this turn, and the run of records that goes on: all that most deliveries need.
  struct Touched {
    std::uint64_t incarnation;
    Mailbox* mailbox;
    Mailbox::Run run;
  };
  std::vector<Touched> touched_;
  std::size_t expected_ = 0;  // which of them comes next if this alert goes where the last one went
  std::unordered_map<std::uint64_t, MailboxCounts> counts_;  // by incarnation
  std::uint64_t wakes_ = 0;
};

/// Whether the other end has closed. Never blocks.
[[nodiscard]] bool has_hung_up(const SessionRef& session) noexcept;

}  // namespace brokerd
