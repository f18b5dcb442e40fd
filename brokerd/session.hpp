#pragma once
// One connection: requests in, replies out, in order. It knows the wire of the control interface and
// leaves every decision to the broker.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "alert/control/json_fields.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

/// System calls of all connections, since the start.
struct Traffic {
  std::uint64_t receives = 0;
  std::uint64_t sends = 0;
};

/// What a turn knows and every request may need.
struct Turn {
  std::uint64_t now_ns = 0;
  std::uint64_t monotonic_ns = 0;
  std::uint64_t turns = 0;
  std::uint64_t connections = 0;
  std::uint64_t spooled = 0;
  std::uint64_t spool_bad = 0;
  Traffic traffic;
  std::uint64_t datagrams = 0;
  std::uint64_t lost_datagrams = 0;
  std::uint64_t poll_ns = 0;
};

/// A refusal as it goes over the wire, with its NUL.
[[nodiscard]] std::string refusal_text(const Refusal& refusal);

class Session {
 public:
  static constexpr std::size_t kAnswerBytesPerTurn = 64 * 1024;  // more requests wait for the next turn

  static constexpr std::size_t kRepliesBehindAWait = 16;

  Session(alert::Descriptor socket, Caller caller, Traffic& traffic)
      : socket_(std::move(socket)), caller_(std::move(caller)), traffic_(traffic) {}

  /// Takes what has arrived, unless a reply is still waiting to leave.
  void receive();
  /// Answers at most `most` whole requests and raises that have arrived, and returns how many.
  std::size_t handle(Broker& broker, const Turn& turn, std::size_t most);
  /// Fills in the receipts of the turn that has settled; who sleeps is not woken before flush().
  void settle(const Broker& broker, const std::vector<Outcome<Settled>>& settled);
  /// Fills in what a call has waited for.
  void answer(std::uint64_t wait, const Outcome<alert::GetNotify::Reply>& answer);
  /// The client is gone: nobody will take what calls are waiting for.
  void hang_up();
  /// Sends what the socket takes, and wakes whoever waits for a verdict in the lane.
  void flush();

  [[nodiscard]] bool has_request() const noexcept {
    return takes_requests() && inbox_.find('\0') != std::string::npos;
  }
  /// Whether raises may come through its lane without a word on the socket, until listen() says that the
  /// client will ring.
  [[nodiscard]] bool is_raising() const noexcept { return is_raising_; }
  [[nodiscard]] bool has_raise() const noexcept { return is_raising_ && takes_raises() && lane_->has_more(); }
  [[nodiscard]] bool listen() noexcept;
  /// One that could leave now.
  [[nodiscard]] bool has_reply() const noexcept { return !outbox_.empty() && outbox_.front().wait == 0; }
  /// Nothing can leave before an indication comes.
  [[nodiscard]] bool is_waiting() const noexcept { return !outbox_.empty() && outbox_.front().wait != 0; }
  /// Whether it is to be read when there is something to read.
  [[nodiscard]] bool is_read() const noexcept { return !at_end_ && !closing_ && takes_requests(); }
  /// Nothing more will come of this connection.
  [[nodiscard]] bool is_over() const noexcept {
    return failed_ || (outbox_.empty() && (closing_ || (at_end_ && !has_request())));
  }
  [[nodiscard]] const Caller& caller() const noexcept { return caller_; }
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }

 private:
  struct Reply {
    std::string text;
    std::vector<alert::Descriptor> descriptors;
    std::optional<Broker::Ticket> ticket;  // the text is a receipt that is still to come
    bool silent = false;                   // a oneway call: no answer
    std::uint64_t wait = 0;                // the text comes with the answer of this number
  };

  std::size_t handle_lane(Broker& broker, const Turn& turn, std::size_t most);
  /// Calls behind one that waits are carried out, a bounded number of them.
  [[nodiscard]] bool takes_requests() const noexcept {
    return outbox_.empty() || (is_waiting() && outbox_.size() < kRepliesBehindAWait);
  }
  /// Where a raise may have an answer, those before have left.
  [[nodiscard]] bool takes_raises() const noexcept { return !lane_has_answers_ || outbox_.empty(); }
  void handle_one(Broker& broker, const Turn& turn, std::string_view request);
  Reply dispatch(Broker& broker, const Turn& turn, const std::string& method, const alert::Json& parameters);
  template <class Value>
  [[nodiscard]] Reply to_reply(Outcome<Value> outcome) const;

  alert::Descriptor socket_;
  Caller caller_;
  Traffic& traffic_;
  std::string inbox_;
  std::deque<Reply> outbox_;
  std::size_t sent_ = 0;  // bytes of the first reply
  std::optional<alert::ReplayWindow> window_;
  std::optional<alert::LaneReader> lane_;
  bool lane_has_answers_ = false;
  static constexpr Broker::Ticket kRefused = ~Broker::Ticket{0};
  std::vector<Broker::Ticket> raised_;  // through the lane, in this turn
  std::vector<Refusal> refused_;        // why, for each kRefused of them
  bool is_raising_ = false;
  bool has_read_journal_ = false;  // in this turn
  bool at_end_ = false;            // the client has sent all it will
  bool closing_ = false;           // after a request that cannot be answered, only the outbox is left
  bool failed_ = false;
};

}  // namespace brokerd
