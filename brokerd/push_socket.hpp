#pragma once
// The edge of push notification: what this host can send to, and sending, which never blocks.

#include <cstdint>

#include "alert/system/descriptor.hpp"
#include "brokerd/push.hpp"

namespace brokerd {

/// What an address is to this host.
enum class Reach {
  none,     // it cannot send to the family
  own,      // loopback, or one of its own
  foreign,  // another host's
};
[[nodiscard]] Reach reach_of(const alert::IpAddress& address);

class PushSocket {
 public:
  /// False where the system did not take it.
  bool send(const Callback& datagram) noexcept;

 private:
  alert::Descriptor inet_;
  alert::Descriptor inet6_;
};

}  // namespace brokerd
