#pragma once
// Where push datagrams may go, and how often they are repeated.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alert/wire/callback_address.hpp"

namespace brokerd {

/// "192.0.2.0/24" or "2001:db8::/32"; without a length one address alone.
struct Network {
  alert::IpAddress address;
  unsigned length = 0;  // bits

  [[nodiscard]] static std::optional<Network> from_text(const std::string& text) {
    const std::size_t slash = text.find('/');
    const auto address = alert::ip_from_text(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned most = static_cast<unsigned>(8 * address->size());
    if (slash == std::string::npos) return Network{*address, most};
    const std::string digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    unsigned length = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      length = 10 * length + static_cast<unsigned>(c - '0');
    }
    return length <= most ? std::optional(Network{*address, length}) : std::nullopt;
  }

  [[nodiscard]] bool has(const alert::IpAddress& other) const noexcept {
    if (other.family != address.family) return false;
    for (unsigned bit = 0; bit < length; ++bit) {
      const std::byte mask{static_cast<unsigned char>(0x80U >> (bit % 8))};
      if ((other.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
    }
    return true;
  }
};

struct PushPolicy {
  bool enabled = true;
  std::uint64_t interval_s = 60;
  std::vector<Network> networks;  // beside loopback and this host's own addresses

  [[nodiscard]] bool allows(const alert::IpAddress& ip) const noexcept {
    for (const Network& network : networks)
      if (network.has(ip)) return true;
    return false;
  }
};

}  // namespace brokerd
