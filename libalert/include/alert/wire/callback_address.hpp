#pragma once
// The callback address of a push registration, as Windows lays out its sockaddr structures.
//
//     AF_INET  (2), 16 bytes        AF_INET6 (23), 28 bytes
//     offset size field             offset size field
//          0    2 family                 0    2 family
//          2    2 port                   2    2 port
//          4    4 IPv4 address           4    4 flow info, ignored
//          8    8 ignored                8   16 IPv6 address
//                                       24    4 scope id, of a link-local address
//
// Family and scope id are little endian, port and addresses big endian. The host's own structures are another
// thing: AF_INET6 is 10 there. So the bytes are translated, never cast.

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>

#include "alert/wire/bytes.hpp"

namespace alert {

enum class AddressFamily : std::uint16_t { inet = 2, inet6 = 23 };

struct IpAddress {
  AddressFamily family = AddressFamily::inet;
  std::array<std::byte, 16> bytes{};  // of inet the first four, then zeros
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  [[nodiscard]] std::size_t size() const noexcept { return family == AddressFamily::inet ? 4 : 16; }
  [[nodiscard]] bool is_loopback() const noexcept {
    if (family == AddressFamily::inet) return bytes[0] == std::byte{127};
    return bytes ==
           std::array<std::byte, 16>{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{1}}};
  }
  [[nodiscard]] bool is_link_local() const noexcept {
    return family == AddressFamily::inet6 && bytes[0] == std::byte{0xFE} &&
           (bytes[1] & std::byte{0xC0}) == std::byte{0x80};
  }
};

struct CallbackAddress {
  IpAddress ip;
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // of a link-local address; else 0
  friend auto operator<=>(const CallbackAddress&, const CallbackAddress&) = default;
};

[[nodiscard]] constexpr std::size_t callback_size(AddressFamily family) noexcept {
  return family == AddressFamily::inet ? 16 : 28;
}

/// Refuses other families (bad_magic), other lengths than the family's (bad_length), and what nobody can be
/// reached at: port 0 (at 2) and the address of zeros.
[[nodiscard]] inline Result<CallbackAddress> decode_callback_address(Bytes bytes) noexcept {
  if (bytes.size() < 2) return failure(Errc::truncated, 0);
  const auto number = [&](std::size_t at) { return std::to_integer<std::uint16_t>(bytes[at]); };
  CallbackAddress address;
  address.ip.family = static_cast<AddressFamily>(number(0) | number(1) << 8);
  if (address.ip.family != AddressFamily::inet && address.ip.family != AddressFamily::inet6)
    return failure(Errc::bad_magic, 0);
  if (bytes.size() != callback_size(address.ip.family)) return failure(Errc::bad_length, bytes.size());
  address.port = static_cast<std::uint16_t>(number(2) << 8 | number(3));
  if (address.port == 0) return failure(Errc::bad_length, 2);
  const std::size_t at = address.ip.family == AddressFamily::inet ? 4 : 8;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), address.ip.size(), address.ip.bytes.begin());
  if (address.ip.bytes == std::array<std::byte, 16>{}) return failure(Errc::bad_length, at);
  if (address.ip.is_link_local())
    for (std::size_t i = 0; i < 4; ++i) address.scope |= std::uint32_t{number(24 + i)} << (8 * i);
  return address;
}

[[nodiscard]] inline std::vector<std::byte> encode_callback_address(const CallbackAddress& address) {
  std::vector<std::byte> bytes(callback_size(address.ip.family));
  const auto family = static_cast<std::uint16_t>(address.ip.family);
  bytes[0] = static_cast<std::byte>(family & 0xFF);
  bytes[1] = static_cast<std::byte>(family >> 8);
  bytes[2] = static_cast<std::byte>(address.port >> 8);
  bytes[3] = static_cast<std::byte>(address.port & 0xFF);
  const bool is_inet = address.ip.family == AddressFamily::inet;
  std::copy_n(address.ip.bytes.begin(), address.ip.size(), bytes.begin() + (is_inet ? 4 : 8));
  for (std::size_t i = 0; i < 4 && !is_inet; ++i)
    bytes[24 + i] = static_cast<std::byte>(address.scope >> (8 * i) & 0xFF);
  return bytes;
}

/// "192.0.2.1" or "2001:db8::1".
[[nodiscard]] inline std::optional<IpAddress> ip_from_text(const std::string& text) {
  IpAddress ip;
  if (::inet_pton(AF_INET, text.c_str(), ip.bytes.data()) == 1) return ip;
  ip.family = AddressFamily::inet6;
  if (::inet_pton(AF_INET6, text.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

/// "192.0.2.1:2500" or "[2001:db8::1]:2500".
[[nodiscard]] inline std::optional<CallbackAddress> callback_from_text(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || text.size() - colon > 6) return std::nullopt;
  const std::string port = text.substr(colon + 1);
  std::string host = text.substr(0, colon);
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  const auto ip = ip_from_text(host);
  if (!ip || has_brackets != (ip->family == AddressFamily::inet6)) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number == 0 || number > 0xFFFF) return std::nullopt;
  return CallbackAddress{*ip, static_cast<std::uint16_t>(number), 0};
}

}  // namespace alert
