// Datagrams and frames: what is read lies inside of what was given, and what the readers do not look at
// changes nothing.

#include <cstdlib>
#include <vector>

#include "alert/capture/datagram.hpp"
#include "alert/capture/frame.hpp"

namespace {

using alert::Bytes;
using alert::LinkType;

void must(bool holds) {
  if (!holds) std::abort();
}

void must_be_inside(Bytes part, Bytes whole) {
  if (part.empty()) return;
  must(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_datagram(Bytes datagram) {
  const auto write = alert::read_mailslot_write(datagram);
  if (!write) {
    must(write.error().offset <= datagram.size());
    return;
  }
  must(!alert::is_netbios_fragment(datagram));
  must_be_inside(write->payload, datagram);
  must_be_inside(alert::as_bytes(write->mailslot), datagram);
  must(write->payload.empty() || write->payload.data() == datagram.data() + write->payload_offset);
  const auto length = in_order(alert::load<std::uint16_t>(datagram.data() + 10), alert::ByteOrder::big);
  const std::vector<std::byte> whole(datagram.begin(), datagram.begin() + 14 + length);
  const auto again = alert::read_mailslot_write(whole);
  must(again && again->mailslot == write->mailslot &&
       alert::as_text(again->payload) == alert::as_text(write->payload) &&
       again->source.name == write->source.name);
}

void check_messngr(Bytes payload) {
  const auto message = alert::read_messngr(payload);
  if (!message) return;
  std::string again;
  for (const std::string_view part : {message->from, message->to}) (again += part) += '\0';
  again += message->text;
  must(alert::as_text(payload).starts_with(again));
  must(again.size() == payload.size() || payload[again.size()] == std::byte{0});
}

std::vector<std::byte> behind(std::size_t header, std::initializer_list<unsigned> tail, Bytes packet) {
  std::vector<std::byte> frame(header);
  for (const unsigned byte : tail) frame.push_back(static_cast<std::byte>(byte));
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

void must_equal(const alert::Frame& a, const alert::Frame& b) {
  must(a.kind == b.kind && a.source_port == b.source_port && a.destination_port == b.destination_port);
  must(alert::as_text(a.payload) == alert::as_text(b.payload));
}

void check_frames(Bytes data) {
  for (const LinkType link :
       {LinkType::null, LinkType::ethernet, LinkType::raw_bsd, LinkType::raw_openbsd, LinkType::raw, LinkType::loop,
        LinkType::linux_sll, LinkType::user0, LinkType::ipv4, LinkType::linux_sll2}) {
    const alert::Frame frame = alert::read_frame(link, data);
    must_be_inside(frame.payload, data);
    if (frame.kind == alert::FrameKind::udp) check_datagram(frame.payload);
  }
  const alert::Frame bare = alert::read_frame(LinkType::raw, data);
  if (bare.kind == alert::FrameKind::other) return;
  must_equal(alert::read_frame(LinkType::ethernet, behind(12, {0x81, 0, 0, 5, 8, 0}, data)), bare);
  must_equal(alert::read_frame(LinkType::linux_sll, behind(14, {8, 0}, data)), bare);
  must_equal(alert::read_frame(LinkType::loop, behind(0, {0, 0, 0, 2}, data)), bare);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  check_datagram(bytes);
  check_messngr(bytes);
  check_frames(bytes);
  return 0;
}
