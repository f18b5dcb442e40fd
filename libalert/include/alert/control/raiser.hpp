#pragma once
// Who raises a lot: alerts through a lane, many under way at once, a verdict for each in their order.

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "alert/control/client.hpp"
#include "alert/control/deadline.hpp"
#include "alert/memory/adaptive_wait.hpp"
#include "alert/memory/lane.hpp"

namespace alert {

/// One connection's lane. Raises are accepted one after the other; what raises take effect when the broker
/// goes before their verdict is not known, so a raise that must count once carries an id. Not thread-safe.
class Raiser {
 public:
  static constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();
  enum class Wants { verdicts, receipts };

  /// Takes over the connection. `capacity`: bytes of the lane's ring; 0: the default. Who wants receipts takes
  /// every one of them, with receipt(), and calls nothing else over the connection while there are any to come.
  [[nodiscard]] static CallResult<Raiser> open(Client client, std::uint64_t capacity = 0,
                                               Wants wants = Wants::verdicts) {
    OpenLane call;
    if (capacity != 0) call.capacity = capacity;
    if (wants == Wants::receipts) call.answers = true;
    auto reply = client.call(call);
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    std::vector<Descriptor> fds = client.take_descriptors();
    if (fds.size() != 1) return call_failure(EPROTO, "the lane's descriptor");
    auto lane = LaneWriter::map(std::move(fds[0]));
    if (!lane) return call_failure(EPROTO, "the lane's memory");
    return Raiser(std::move(client), std::move(*lane), std::move(reply->journal));
  }

  /// Writes one raise down; it is on its way with the next flush() or verdict(). False: no room before
  /// the next verdict is taken. Precondition: event.size() <= kLargestEvent, wire.size() <= kLargestAlert.
  [[nodiscard]] bool write(Profile profile, std::string_view event, Bytes wire, const LaneId& id = {}) noexcept {
    return lane_.write(profile, event, wire, id);
  }
  void flush() noexcept {
    if (lane_.publish()) client_.ring();
  }

  /// The next verdict, in the order of the raises. Fails with sem_timeout, or with the connection's error
  /// when the broker is gone (a sleeper notices within about a second, whoever spins within a tenth).
  [[nodiscard]] CallResult<LaneVerdict> verdict(std::chrono::milliseconds timeout) {
    if (const auto verdict = lane_.take()) return *verdict;
    flush();
    const Deadline deadline(timeout);
    for (;;) {
      if (const auto verdict = lane_.take()) return *verdict;
      if (lane_.is_closed() || !client_.seems_connected()) return call_failure(ECONNRESET, "the broker is gone");
      if (deadline.has_passed())
        return tl::unexpected<CallFailure>(CallFailure{Code::sem_timeout, {}, "no verdict yet"});
      adaptive_.wait(
          lane_.verdicts(), [this] { return lane_.has_verdict(); },
          [&] { lane_.wait(std::min(kLookUp, deadline.left())); });
    }
  }

  /// The same with all that Raise would have answered, and timed_out instead of sem_timeout. Precondition: opened
  /// for receipts.
  [[nodiscard]] CallResult<Receipt> receipt(std::chrono::milliseconds timeout) {
    const Deadline deadline(timeout);
    const auto verdict = this->verdict(timeout);
    if (!verdict && verdict.error().code == Code::sem_timeout)
      return call_failure(ETIMEDOUT, "the broker did not answer, the raise may still take effect");
    if (!verdict) return tl::unexpected<CallFailure>(verdict.error());
    if (!has_answer(*verdict))
      return Receipt{journal_, verdict->sequence, verdict->matched, verdict->written, {}, {}};
    return client_.answer<Raise>(deadline);
  }

  /// How many raises have no verdict taken.
  [[nodiscard]] std::size_t outstanding() const noexcept { return lane_.outstanding(); }
  [[nodiscard]] Client& client() noexcept { return client_; }

 private:
  static constexpr std::chrono::milliseconds kLookUp{1000};  // a dead broker wakes nobody

  Raiser(Client client, LaneWriter lane, std::string journal)
      : client_(std::move(client)), lane_(std::move(lane)), journal_(std::move(journal)) {}

  Client client_;
  LaneWriter lane_;
  AdaptiveWait adaptive_;
  std::string journal_;
};

}  // namespace alert
