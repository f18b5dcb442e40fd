#pragma once
// A mailslot of this process: made, read in the order its front wants, and gone with it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "alert/control/mailslot.hpp"

namespace netalert {

/// Threads may share it: each message goes to one of them, and who waits holds no lock.
class Inbox {
 public:
  enum class Order { priority, arrival };
  enum class Take { read, peek };  // peek leaves the message
  enum class Signals { interrupt, pass };

  struct Head {
    bool is_there = false;
    std::size_t size = 0;
    std::uint32_t priority = 0;
  };
  struct Taken {
    std::size_t size = 0;
    Head next;  // first now; of a peek, the one behind
  };

  [[nodiscard]] static alert::CallResult<std::unique_ptr<Inbox>> make(const alert::MakeMailslot& call, Order order);
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  /// Success, or sem_timeout, insufficient_buffer (nothing is taken), interrupt, read_fault (something
  /// was lost; said once) or broken_pipe (the mailslot or its broker is gone, and what was there is read).
  alert::Code take(Take how, alert::MutableBytes buffer, std::chrono::milliseconds timeout, Signals signals,
                   Taken& taken);
  /// How many messages there are, and the first.
  std::uint64_t count(Head& head);
  /// Deletes the mailslot, and ends it for everybody who waits.
  void end();

 private:
  struct Message {
    std::uint64_t ordinal;
    std::uint32_t priority;
    std::vector<std::byte> bytes;
  };
  using Level = std::deque<Message>;

  Inbox(alert::Mailslot mailslot, alert::DeleteMailslot own, Order order, alert::Descriptor news);

  /// Reads ahead, and tells the others who wait what there is.
  void pull();
  Level* first();
  [[nodiscard]] Head head(std::size_t skip) const;
  void drop(Level& level);
  void announce();
  [[nodiscard]] bool sleep(std::chrono::milliseconds timeout) const;

  std::mutex mutex_;
  alert::Mailslot mailslot_;
  const alert::DeleteMailslot own_;  // this mailslot, and no later one of its name
  const Order order_;
  const std::size_t ahead_;  // bytes to read ahead of the program
  const int arrival_;        // readable when the mailslot may have something
  alert::Descriptor news_;   // an eventfd of ours: readable when a waiter would not have to wait
  const int socket_;
  std::vector<Level> levels_;  // by priority
  std::size_t held_ = 0;       // bytes in them
  /// Of what is held, the place before it: everything up to the first of these is done with.
  std::map<std::uint64_t, alert::HistoryPlace> before_;
  bool lost_ = false;
  bool ended_ = false;   // the mailslot or its broker is gone
  bool closed_ = false;  // by us
  bool announced_ = false;
};

}  // namespace netalert
