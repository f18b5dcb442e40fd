#pragma once
// From a captured frame to the UDP datagram in it: link layer, IPv4, UDP. All numbers big endian.
//
//     IPv4   version and header words 1, 1, total length 2, id 2, flags and fragment offset 2,
//            time to live 1, protocol 1 (17 UDP), checksum 2, source 4, destination 4, options
//     UDP    source port 2, destination port 2, length 2 (with these 8 bytes), checksum 2

#include <optional>

#include "alert/capture/capture_reader.hpp"

namespace alert {

inline constexpr std::uint16_t kNetbiosDatagramPort = 138;

enum class FrameKind : std::uint8_t {
  udp,       // `payload` and the ports are there
  fragment,  // a part of a UDP datagram that IP cut; not reassembled
  other,     // anything else, or too short to tell
};

struct Frame {
  FrameKind kind = FrameKind::other;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes payload;  // shorter than it was where the capture cut the frame
};

/// The IPv4 packet in UDP's terms. What follows its total length is padding of the link.
[[nodiscard]] inline Frame ipv4_frame(Bytes packet) noexcept {
  constexpr std::uint8_t kUdp = 17;
  constexpr std::uint16_t kMoreFragments = 0x2000, kFragmentOffset = 0x1FFF;
  Reader in(packet);
  const auto first = in.number<std::uint8_t>();
  (void)in.number<std::uint8_t>();
  const std::size_t total = take<std::uint16_t>(in, ByteOrder::big);
  (void)in.number<std::uint16_t>();
  const auto fragment = take<std::uint16_t>(in, ByteOrder::big);
  (void)in.number<std::uint8_t>();
  const auto protocol = in.number<std::uint8_t>();
  const std::size_t header = (first & 0x0Fu) * 4;
  if (in.failed() || first >> 4 != 4 || header < 20 || total < header || protocol != kUdp) return {};
  if (fragment & (kMoreFragments | kFragmentOffset)) return {FrameKind::fragment, 0, 0, {}};

  Reader udp(packet.first(std::min(total, packet.size())));
  (void)udp.take(header);
  Frame frame{FrameKind::udp, 0, 0, {}};
  frame.source_port = take<std::uint16_t>(udp, ByteOrder::big);
  frame.destination_port = take<std::uint16_t>(udp, ByteOrder::big);
  const std::size_t length = take<std::uint16_t>(udp, ByteOrder::big);
  (void)udp.number<std::uint16_t>();
  if (udp.failed() || length < 8) return {};
  frame.payload = udp.rest().first(std::min(length - 8, udp.rest().size()));
  return frame;
}

/// What the frame carries, whatever the link.
[[nodiscard]] inline Frame read_frame(LinkType link, Bytes data) noexcept {
  constexpr std::uint16_t kIpv4 = 0x0800, kVlan = 0x8100, kServiceVlan = 0x88A8;
  Reader in(data);
  std::uint16_t protocol = kIpv4;
  switch (link) {
    case LinkType::ethernet:
      (void)in.take(12);  // both addresses
      protocol = take<std::uint16_t>(in, ByteOrder::big);
      while (protocol == kVlan || protocol == kServiceVlan) {
        (void)in.take(2);
        protocol = take<std::uint16_t>(in, ByteOrder::big);
      }
      break;
    case LinkType::linux_sll:
      (void)in.take(14);
      protocol = take<std::uint16_t>(in, ByteOrder::big);
      break;
    case LinkType::linux_sll2:
      protocol = take<std::uint16_t>(in, ByteOrder::big);
      (void)in.take(18);
      break;
    case LinkType::null:
    case LinkType::loop: {
      const auto family = in.number<std::uint32_t>();
      if (family != 2 && in_order(family, ByteOrder::big) != 2) return {};  // AF_INET, in any order
      break;
    }
    case LinkType::raw:
    case LinkType::raw_bsd:
    case LinkType::raw_openbsd:
    case LinkType::ipv4: break;
    default: return {};
  }
  if (in.failed() || protocol != kIpv4) return {};
  return ipv4_frame(in.rest());
}

}  // namespace alert
