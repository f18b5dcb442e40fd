#pragma once
// A connection that may outlive its broker: it connects again and makes again what ended with it.

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "alert/control/client.hpp"
#include "alert/control/deadline.hpp"

namespace alert {

/// One client after another. What was made through call() for this session, mailslots and
/// registrations, is remembered and made again by restore(); everything durable the broker keeps.
/// Not thread-safe.
class Connection {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kLongestPause{250};  // between two attempts
  enum class News { lost, restored };

  /// Ends with this client. Implicit: who has only a client wants nothing else.
  Connection(Client client) noexcept : client_(std::move(client)) {}  // NOLINT(google-explicit-constructor)

  /// Comes back: whenever the broker is gone, it may be looked for at `sockets` for `patience`.
  /// `told`, where given, is called when the connection is found lost, and when everything is made again.
  Connection(Client client, std::vector<std::string> sockets, Milliseconds patience,
             std::function<void(News)> told = {})
      : client_(std::move(client)),
        sockets_(std::move(sockets)),
        patience_(patience),
        told_(std::move(told)),
        timeout_(client_.timeout()) {}

  template <class Call>
  [[nodiscard]] CallResult<typename Call::Reply> call(const Call& call) {
    auto reply = client_.call(call);
    if (reply) remember(call);
    return reply;
  }
  [[nodiscard]] std::vector<Descriptor> take_descriptors() noexcept { return client_.take_descriptors(); }
  [[nodiscard]] bool is_connected() const noexcept { return client_.is_connected(); }
  [[nodiscard]] bool seems_connected() noexcept { return client_.seems_connected(); }
  void close() noexcept { client_.close(); }
  [[nodiscard]] int socket() const noexcept { return client_.socket(); }

  /// How long a broker that is gone may be looked for; 0: this connection does not come back.
  [[nodiscard]] Milliseconds patience() const noexcept { return patience_; }

  /// Connects again and makes again what was made for the session; tries until the deadline, and
  /// once in any case. Refusals that waiting cannot change end it at once.
  [[nodiscard]] CallResult<std::monostate> restore(const Deadline& deadline) {
    tell(News::lost);
    for (Milliseconds pause{1};; pause = std::min(pause * 2, kLongestPause)) {
      const auto done = make_again(deadline);
      if (done) tell(News::restored);
      if (done || !may_pass(done.error()) || deadline.has_passed()) return done;
      std::this_thread::sleep_for(std::min(pause, deadline.left()));
    }
  }

 private:
  CallResult<std::monostate> make_again(const Deadline& deadline) {
    auto client = Client::connect(sockets_, std::min(timeout_, deadline.left()));
    if (!client) return tl::unexpected<CallFailure>(client.error());
    client->set_timeout(timeout_);
    for (const auto& made : made_) {
      auto done = std::visit(
          [&](const auto& call) { return client->call(call).map([](const auto&) { return std::monostate{}; }); },
          made);
      if (!done) return done;
    }
    client_ = std::move(*client);
    return std::monostate{};
  }

  /// The broker may come, and an old connection of ours that the broker still holds may go.
  static bool may_pass(const CallFailure& failure) noexcept {
    return failure.error || failure.code == Code::already_exists || failure.code == Code::alert_exists;
  }

  void tell(News news) {
    if (std::exchange(last_, news) != news && told_) told_(news);
  }

  template <class Call>
  void remember(const Call& call) {
    if constexpr (std::is_same_v<Call, MakeMailslot> || std::is_same_v<Call, Start>) {
      if (call.session.value_or(false)) made_.emplace_back(call);
    } else if constexpr (std::is_same_v<Call, DeleteMailslot>) {
      std::erase_if(made_, [&](const auto& made) {
        const auto* slot = std::get_if<MakeMailslot>(&made);
        return slot && canonical_recipient(slot->mailslot) == canonical_recipient(call.mailslot);
      });
    } else if constexpr (std::is_same_v<Call, Stop>) {
      std::erase_if(made_, [&](const auto& made) {
        const auto* row = std::get_if<Start>(&made);
        return row && canonical_event(row->event) == canonical_event(call.event) &&
               canonical_recipient(row->recipient) == canonical_recipient(call.recipient);
      });
    }
  }

  Client client_;
  std::vector<std::string> sockets_;
  Milliseconds patience_{0};
  std::function<void(News)> told_;
  Milliseconds timeout_ = Client::kDefaultTimeout;
  std::vector<std::variant<MakeMailslot, Start>> made_;  // in their order
  News last_ = News::restored;
};

}  // namespace alert
