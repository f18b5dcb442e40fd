#include "brokerd/push_socket.hpp"

#include <cstring>
#include <memory>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace brokerd {

namespace {

using alert::AddressFamily;

int domain_of(AddressFamily family) noexcept { return family == AddressFamily::inet ? AF_INET : AF_INET6; }

bool is_same(const sockaddr& host, const alert::IpAddress& address) noexcept {
  if (host.sa_family != domain_of(address.family)) return false;
  const auto* bytes =
      reinterpret_cast<const std::byte*>(&host) +
      (address.family == AddressFamily::inet ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr));
  return std::memcmp(bytes, address.bytes.data(), address.size()) == 0;
}

}  // namespace

Reach reach_of(const alert::IpAddress& address) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return address.is_loopback() ? Reach::own : Reach::foreign;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  Reach reach = Reach::none;
  for (const ifaddrs* one = list; one; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != domain_of(address.family)) continue;
    if (address.is_loopback() || is_same(*one->ifa_addr, address)) return Reach::own;
    reach = Reach::foreign;
  }
  return reach;
}

bool PushSocket::send(const Callback& datagram) noexcept {
  const alert::IpAddress& ip = datagram.address.ip;
  alert::Descriptor& socket = ip.family == AddressFamily::inet ? inet_ : inet6_;
  if (!socket)
    socket = alert::Descriptor(::socket(domain_of(ip.family), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return false;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(datagram.address.port);
  std::memcpy(&v4.sin_addr, ip.bytes.data(), sizeof v4.sin_addr);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(datagram.address.port);
  v6.sin6_scope_id = datagram.address.scope;
  std::memcpy(&v6.sin6_addr, ip.bytes.data(), sizeof v6.sin6_addr);
  const bool is_v4 = ip.family == AddressFamily::inet;
  const auto* to = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const ssize_t n = ::sendto(socket.get(), datagram.context.data(), datagram.context.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL, to, is_v4 ? sizeof v4 : sizeof v6);
  return n == static_cast<ssize_t>(datagram.context.size());
}

}  // namespace brokerd
