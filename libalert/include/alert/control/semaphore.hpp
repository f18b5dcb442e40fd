#pragma once
// An opened semaphore: sleep until an alert pulses it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alert/control/client.hpp"
#include "alert/control/deadline.hpp"
#include "alert/memory/semaphore_page.hpp"

namespace alert {

/// Tells about every pulse since it was opened, and about none from before. Pulses carry no data, and
/// those that come between two waits are told together. Not thread-safe.
class Semaphore {
 public:
  static constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

  /// Takes over the connection: the semaphore is open as long as it is.
  [[nodiscard]] static CallResult<Semaphore> open(Client client, const std::string& name) {
    const auto reply = client.call(OpenSemaphore{name});
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    std::vector<Descriptor> fds = client.take_descriptors();
    if (fds.size() != 1) return call_failure(EPROTO, "descriptors of " + name);
    auto page = SemaphoreReader::map(std::move(fds[0]));
    if (!page) return call_failure(EPROTO, "memory of " + name);
    return Semaphore(std::move(client), name, std::move(*page), reply->pulses);
  }

  /// Sleeps until the semaphore has been pulsed since the last wait() that said so, or since it was
  /// opened; says how often. Fails with sem_timeout, or with the connection's error when the broker is
  /// gone (a sleeper notices within about a second).
  [[nodiscard]] CallResult<std::uint64_t> wait(std::chrono::milliseconds timeout) {
    const Deadline deadline(timeout);
    for (;;) {
      const std::uint32_t bell = page_.bell();
      if (const std::uint64_t now = page_.pulses(); now != seen_) return now - std::exchange(seen_, now);
      if (!client_.is_connected()) return call_failure(ECONNRESET, "the broker is gone");
      if (deadline.has_passed())
        return tl::unexpected<CallFailure>(CallFailure{Code::sem_timeout, {}, "no pulse of " + name_});
      page_.wait(bell, std::min(kLookUp, deadline.left()));
    }
  }

  [[nodiscard]] Client& client() noexcept { return client_; }

 private:
  static constexpr std::chrono::milliseconds kLookUp{1000};  // a dead broker wakes nobody

  Semaphore(Client client, std::string name, SemaphoreReader page, std::uint64_t seen)
      : client_(std::move(client)), name_(std::move(name)), page_(std::move(page)), seen_(seen) {}

  Client client_;
  std::string name_;
  SemaphoreReader page_;
  std::uint64_t seen_;
};

}  // namespace alert
