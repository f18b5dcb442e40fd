#pragma once
// What this process has of the broker: connections, handles, and none of both in a forked child.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "alert/control/client.hpp"
#include "alert/control/socket_path.hpp"
#include "inbox.hpp"

namespace netalert {

/// A child does not inherit this socket, which would keep alive there what ends with this process.
void keep_from_children(int socket) noexcept;
/// To be called before it is closed.
void release(int socket) noexcept;

/// A connection for one call, from those that are idle or a new one. It goes back when it is done with,
/// unless the broker is gone.
class Line {
 public:
  [[nodiscard]] static alert::CallResult<Line> get(std::chrono::milliseconds timeout);
  Line(Line&& other) noexcept = default;
  Line& operator=(Line&&) = delete;
  ~Line();
  [[nodiscard]] alert::Client& client() noexcept { return *client_; }

 private:
  Line(std::vector<std::string> sockets, std::unique_ptr<alert::Client> client) noexcept
      : sockets_(std::move(sockets)), client_(std::move(client)), socket_(client_->socket()) {}

  std::vector<std::string> sockets_;
  std::unique_ptr<alert::Client> client_;  // none: moved from
  int socket_;
};

/// One call within `timeout`, the connection included.
template <class Call>
[[nodiscard]] alert::CallResult<typename Call::Reply> call(
    const Call& call, std::chrono::milliseconds timeout = alert::Client::kDefaultTimeout) {
  const alert::Deadline deadline(timeout);
  auto line = Line::get(timeout);
  if (!line) return tl::unexpected<alert::CallFailure>(line.error());
  line->client().set_timeout(deadline.left());
  return line->client().call(call);
}

/// What a handle stands for.
struct Slot {
  enum class Front { dos, win32 };
  Front front;
  std::shared_ptr<Inbox> inbox;     // none: a writer's
  std::string name;                 // of the mailslot
  std::uint32_t message_size = 0;   // as it was asked for
  std::uint32_t mailslot_size = 0;  // dos
  std::uint32_t read_timeout = 0;   // win32
  std::uint32_t access = 0;         // a writer's
};

[[nodiscard]] unsigned add_handle(Slot slot);
/// None where it is no handle of this front.
[[nodiscard]] std::shared_ptr<const Slot> slot_of(unsigned handle, Slot::Front front);
/// The same, and it is one no more.
[[nodiscard]] std::shared_ptr<const Slot> remove_handle(unsigned handle, Slot::Front front);

/// Nobody could be asked, so nothing has happened. (A broker that was asked and did not answer may have done it.)
[[nodiscard]] bool is_without_broker(const alert::CallFailure& failure) noexcept;
/// The number of a failed call: the broker's, or why there was none.
[[nodiscard]] std::uint16_t number(const alert::CallFailure& failure) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// No exception reaches C: without memory the answer is `no_memory`.
template <class F>
auto guarded(alert::Code no_memory, F&& act) noexcept -> decltype(act()) {
  try {
    return act();
  } catch (...) {
    return static_cast<decltype(act())>(no_memory);
  }
}

}  // namespace netalert
