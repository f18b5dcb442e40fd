// The UDP datagram in a captured frame, for each link layer.

#include "alert/capture/frame.hpp"

#include <gtest/gtest.h>

#include "capture_bytes.hpp"

namespace {

using alert::Frame;
using alert::FrameKind;
using alert::LinkType;
using alert::read_frame;
using capture::Buffer;
using capture::Built;
using capture::ethernet;
using capture::ipv4;
using capture::udp;

const Buffer kPayload = Built().text("a datagram");
const Buffer kPacket = ipv4(udp(kPayload, 1137, 138));

/// In a word or two: the payload, or what else it is.
std::string read(LinkType link, const Buffer& data) {
  const Buffer exact(data.begin(), data.end());
  const Frame frame = read_frame(link, exact);
  if (frame.kind == FrameKind::fragment) return "(fragment)";
  if (frame.kind == FrameKind::other) return "(other)";
  return std::string(alert::as_text(frame.payload));
}

Buffer loopback(alert::ByteOrder order, std::uint32_t family) { return Built(order).u32(family).bytes(kPacket); }

}  // namespace

TEST(Frame, HasThePortsAndThePayloadOfItsDatagram) {
  const Frame frame = read_frame(LinkType::raw, kPacket);
  EXPECT_EQ(frame.kind, FrameKind::udp);
  EXPECT_EQ(frame.source_port, 1137);
  EXPECT_EQ(frame.destination_port, alert::kNetbiosDatagramPort);
  EXPECT_EQ(alert::as_text(frame.payload), "a datagram");
}

TEST(Frame, IsReadOnEveryLink) {
  for (const LinkType link : {LinkType::raw, LinkType::raw_bsd, LinkType::raw_openbsd, LinkType::ipv4})
    EXPECT_EQ(read(link, kPacket), "a datagram");
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket)), "a datagram");
  EXPECT_EQ(read(LinkType::linux_sll, Built().u16(4).u16(1).u16(6).zeros(8).u16(0x0800).bytes(kPacket)),
            "a datagram");
  EXPECT_EQ(read(LinkType::linux_sll2, Built().u16(0x0800).u16(0).u32(2).u16(1).zeros(10).bytes(kPacket)),
            "a datagram");
  for (const auto order : {alert::ByteOrder::little, alert::ByteOrder::big})
    for (const LinkType link : {LinkType::null, LinkType::loop})
      EXPECT_EQ(read(link, loopback(order, 2)), "a datagram");
}

TEST(Frame, OfAnyOtherLinkOrProtocolIsSomethingElse) {
  EXPECT_EQ(read(LinkType::user0, kPacket), "(other)");
  EXPECT_EQ(read(static_cast<LinkType>(105), kPacket), "(other)");
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket, {}, 0x86DD)), "(other)");
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket, {}, 0x0806)), "(other)");
  EXPECT_EQ(read(LinkType::linux_sll, Built().zeros(14).u16(0x86DD).bytes(kPacket)), "(other)");
  EXPECT_EQ(read(LinkType::linux_sll2, Built().u16(0x86DD).zeros(18).bytes(kPacket)), "(other)");
  EXPECT_EQ(read(LinkType::null, loopback(alert::ByteOrder::little, 30)), "(other)");
  EXPECT_EQ(read(LinkType::raw, Built().u8(0x60).zeros(47)), "(other)") << "IPv6";
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.protocol = 6})), "(other)") << "TCP";
}

TEST(Frame, MayHaveVlanTags) {
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket, {0x8100})), "a datagram");
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket, {0x88A8, 0x8100})), "a datagram");
  EXPECT_EQ(read(LinkType::ethernet, ethernet(kPacket, {0x8100}, 0x86DD)), "(other)");
  EXPECT_EQ(read(LinkType::ethernet, ethernet({}, std::vector<std::uint16_t>(500, 0x8100))), "(other)");
}

TEST(Frame, MayHaveIpOptions) {
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.option_words = 1})), "a datagram");
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.option_words = 10})), "a datagram");
  Buffer short_header = kPacket;
  short_header[0] = std::byte{0x44};
  EXPECT_EQ(read(LinkType::raw, short_header), "(other)") << "a header of 16 bytes";
}

TEST(Frame, EndsWhereTheInnermostLengthSays) {
  EXPECT_EQ(read(LinkType::ethernet, Built().bytes(ethernet(kPacket)).text("padding")), "a datagram");
  Buffer shorter = kPacket;
  shorter[25] = std::byte{8 + 3};
  EXPECT_EQ(read(LinkType::raw, shorter), "a d") << "UDP's length is below that of IP";
  shorter[25] = std::byte{8};
  EXPECT_EQ(read(LinkType::raw, shorter), "");
  shorter[25] = std::byte{7};
  EXPECT_EQ(read(LinkType::raw, shorter), "(other)");
  Buffer longer = kPacket;
  longer[24] = std::byte{0xFF};
  EXPECT_EQ(read(LinkType::raw, longer), "a datagram") << "UDP's length is above that of IP";
}

TEST(Frame, ThatIpCutIsAFragment) {
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.flags_and_fragment = 0x2000})), "(fragment)");
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.flags_and_fragment = 0x0001})), "(fragment)");
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.flags_and_fragment = 0x3FFF})), "(fragment)");
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.flags_and_fragment = 0x4000})), "a datagram") << "do not cut";
  EXPECT_EQ(read(LinkType::raw, ipv4(udp(kPayload), {.protocol = 6, .flags_and_fragment = 0x2000})), "(other)");
}

TEST(Frame, ThatTheCaptureCutHasWhatIsLeftOfThePayload) {
  const Buffer frame = ethernet(kPacket, {0x8100});
  const std::size_t payload = frame.size() - kPayload.size();
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const Buffer cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(read(LinkType::ethernet, cut),
              size < payload ? "(other)" : std::string("a datagram").substr(0, size - payload));
  }
}

TEST(Frame, OfNoBytesIsSomethingElse) {
  for (std::uint16_t link = 0; link < 300; ++link) EXPECT_EQ(read(static_cast<LinkType>(link), {}), "(other)");
}
