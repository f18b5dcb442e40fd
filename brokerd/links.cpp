#include "brokerd/links.hpp"

#include <cerrno>
#include <cstring>

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace brokerd {

namespace {

constexpr int kDatagramsPerTurn = 64;
constexpr std::size_t kLargestDatagram = 32 * 1024;
constexpr std::size_t kLongestAddress = 32;  // MAX_ADDR_LEN

/// RFC 2863's operational state and the flags, in the words of a cluster's interface.
std::uint32_t state_of(unsigned flags, std::uint8_t operational) {
  if (!(flags & IFF_UP)) return alert::kUnavailable;
  switch (operational) {
    case IF_OPER_UP: return alert::kUp;
    case IF_OPER_UNKNOWN: return flags & IFF_RUNNING ? alert::kUp : alert::kUnreachable;
    case IF_OPER_NOTPRESENT: return alert::kFailed;
    default: return alert::kUnreachable;
  }
}

std::string text_of_address(alert::Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    if (!text.empty()) text.push_back(':');
    text.push_back(kDigits[std::to_integer<unsigned>(b) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(b) & 15]);
  }
  return text;
}

}  // namespace

alert::SystemResult<Links> Links::open() {
  alert::Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return tl::unexpected<std::error_code>(std::error_code(errno, std::generic_category()));
  Links links(std::move(socket));
  links.ask();
  return links;
}

void Links::ask() {
  if (is_asked_) {  // the kernel tells one list at a time
    is_torn_ = true;
    return;
  }
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.link.ifi_family = AF_UNSPEC;
  told_.clear();
  is_torn_ = false;
  is_asked_ = ::send(socket_.get(), &request, sizeof request, MSG_DONTWAIT) == sizeof request;
}

std::vector<LinkNews> Links::receive() {
  std::vector<LinkNews> news;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    alignas(nlmsghdr) std::byte bytes[kLargestDatagram];
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t n =
        ::recvfrom(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
    has_lost_ |= n < 0 && errno == ENOBUFS;  // more came than the socket could keep
    if (n < 0 && (errno == ENOBUFS || errno == EINTR)) continue;
    if (n <= 0) {  // before it is drained the kernel drops what comes, and does not say so again
      if (std::exchange(has_lost_, false)) ask();
      break;
    }
    if (from.nl_pid == 0) read({bytes, static_cast<std::size_t>(n)}, news);
  }
  return news;
}

void Links::read(alert::Bytes datagram, std::vector<LinkNews>& news) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = alert::load<nlmsghdr>(datagram.data());
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    const alert::Bytes message = datagram.subspan(sizeof header, header.nlmsg_len - sizeof header);
    is_torn_ |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (header.nlmsg_type == RTM_NEWLINK && (header.nlmsg_flags & NLM_F_MULTI) != 0) {
      read_link(message, How::listed, news);
    } else if (header.nlmsg_type == RTM_NEWLINK || header.nlmsg_type == RTM_DELLINK) {
      read_link(message, header.nlmsg_type == RTM_DELLINK ? How::gone : How::changed, news);
    } else if (header.nlmsg_type == NLMSG_DONE) {
      is_asked_ = false;
      if (is_torn_)
        ask();
      else
        news.emplace_back(LinksTold{std::exchange(told_, {})});
    } else if (header.nlmsg_type == NLMSG_ERROR) {
      is_asked_ = false;
    }
    datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
}

void Links::read_link(alert::Bytes message, How how, std::vector<LinkNews>& news) {
  if (message.size() < sizeof(ifinfomsg)) return;
  const auto info = alert::load<ifinfomsg>(message.data());
  if (info.ifi_family != AF_UNSPEC) return;  // a bridge tells about its ports, which do not come or go by that
  Link link;
  std::uint8_t operational = IF_OPER_UNKNOWN;
  alert::Bytes rest = message.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof info), message.size()));
  while (rest.size() >= sizeof(rtattr)) {
    const auto head = alert::load<rtattr>(rest.data());
    if (head.rta_len < sizeof head || head.rta_len > rest.size()) return;
    const alert::Bytes value = rest.subspan(sizeof head, head.rta_len - sizeof head);
    if (head.rta_type == IFLA_IFNAME)
      link.name = alert::as_text(value).substr(0, alert::as_text(value).find('\0'));
    else if (head.rta_type == IFLA_OPERSTATE && value.size() == 1)
      operational = std::to_integer<std::uint8_t>(value[0]);
    else if (head.rta_type == IFLA_MTU && value.size() == 4)
      link.properties.push_back({"mtu", std::to_string(alert::load<std::uint32_t>(value.data()))});
    else if (head.rta_type == IFLA_ADDRESS && value.size() <= kLongestAddress)
      link.properties.push_back({"address", text_of_address(value)});
    rest = rest.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), rest.size()));
  }
  if (!alert::is_object_name(ObjectKind::net_interface, link.name)) return;
  link.state = state_of(info.ifi_flags, operational);
  std::string& known = names_[info.ifi_index];
  if (!known.empty() && known != link.name) news.emplace_back(LinkGone{known});
  known = link.name;
  if (how == How::gone) {
    names_.erase(info.ifi_index);
    std::erase(told_, link.name);
    news.emplace_back(LinkGone{link.name});
  } else {
    if (how == How::listed) told_.push_back(link.name);
    news.emplace_back(std::move(link));
  }
}

}  // namespace brokerd
