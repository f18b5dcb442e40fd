#pragma once
// Captures as other programs write them, built field by field: frames, pcap records, pcapng blocks.

#include <vector>

#include "alert/capture/capture_reader.hpp"

namespace capture {

using alert::ByteOrder;
using alert::Bytes;
using alert::LinkType;
using Buffer = std::vector<std::byte>;

/// Bytes that grow at the end, numbers in one order.
class Built {
 public:
  explicit Built(ByteOrder order = ByteOrder::big) noexcept : order_(order) {}

  Built& u8(std::uint64_t value) { return number(static_cast<std::uint8_t>(value)); }
  Built& u16(std::uint64_t value) { return number(static_cast<std::uint16_t>(value)); }
  Built& u32(std::uint64_t value) { return number(static_cast<std::uint32_t>(value)); }
  Built& u64(std::uint64_t value) { return number(value); }
  Built& bytes(Bytes more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  Built& text(std::string_view more) { return bytes(alert::as_bytes(more)); }
  Built& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  Built& pad4() { return zeros(alert::pcapng::padded4(bytes_.size()) - bytes_.size()); }

  [[nodiscard]] ByteOrder order() const noexcept { return order_; }
  operator Buffer() const { return bytes_; }  // NOLINT: what it is for
  operator Bytes() const { return bytes_; }   // NOLINT

 private:
  template <class T>
  Built& number(T value) {
    value = in_order(value, order_);
    return bytes(Bytes{reinterpret_cast<const std::byte*>(&value), sizeof value});
  }

  ByteOrder order_;
  Buffer bytes_;
};

[[nodiscard]] inline Buffer udp(Bytes payload, std::uint16_t source = 138, std::uint16_t destination = 138) {
  return Built().u16(source).u16(destination).u16(8 + payload.size()).u16(0).bytes(payload);
}

struct Ipv4 {
  std::uint8_t protocol = 17;
  std::uint16_t flags_and_fragment = 0;
  std::size_t option_words = 0;
};
/// From 192.0.2.1 to 192.0.2.255.
[[nodiscard]] inline Buffer ipv4(Bytes body, const Ipv4& fields = {}) {
  const std::size_t header = 20 + 4 * fields.option_words;
  Built packet;
  packet.u8(0x40 | header / 4).u8(0).u16(header + body.size()).u16(1).u16(fields.flags_and_fragment);
  packet.u8(64).u8(fields.protocol).u16(0).u32(0xC0000201).u32(0xC00002FF);
  for (std::size_t i = 0; i < fields.option_words; ++i) packet.u32(0x01010101);  // no operation
  return packet.bytes(body);
}
[[nodiscard]] inline Buffer ethernet(Bytes packet, const std::vector<std::uint16_t>& tags = {},
                                     std::uint16_t type = 0x0800) {
  Built frame;
  frame.u32(0xFFFFFFFF).u16(0xFFFF).u16(0x0200).u32(1);
  for (const std::uint16_t tag : tags) frame.u16(tag).u16(5);
  return frame.u16(type).bytes(packet);
}

inline constexpr std::uint32_t kMicroseconds = 0xA1B2C3D4;
inline constexpr std::uint32_t kNanoseconds = 0xA1B23C4D;

[[nodiscard]] inline Built pcap(ByteOrder order, std::uint32_t magic, LinkType link) {
  Built file(order);
  file.u32(magic).u16(2).u16(4).zeros(8).u32(262144).u32(static_cast<std::uint16_t>(link));
  return file;
}
/// `original_size` 0: as long as the data.
inline void add_record(Built& file, std::uint32_t seconds, std::uint32_t fraction, Bytes data,
                       std::size_t original_size = 0) {
  file.u32(seconds).u32(fraction).u32(data.size()).u32(original_size ? original_size : data.size()).bytes(data);
}

[[nodiscard]] inline Buffer block(ByteOrder order, std::uint32_t type, Bytes body) {
  const std::size_t length = 12 + alert::pcapng::padded4(body.size());
  return Built(order).u32(type).u32(length).bytes(body).pad4().u32(length);
}
[[nodiscard]] inline Buffer section(ByteOrder order) {
  return block(order, alert::pcapng::kSectionHeader,
               Built(order).u32(alert::pcapng::kByteOrderMagic).u16(1).u16(0).u64(~0ULL));
}
/// With the options if_tsresol and if_tsoffset, where they are given.
[[nodiscard]] inline Buffer interface(ByteOrder order, LinkType link, std::uint32_t snap_length = 0,
                                      std::optional<std::uint8_t> resolution = {},
                                      std::optional<std::int64_t> offset_s = {}) {
  Built body(order);
  body.u16(static_cast<std::uint16_t>(link)).u16(0).u32(snap_length);
  if (resolution) body.u16(9).u16(1).u8(*resolution).pad4();
  if (offset_s) body.u16(14).u16(8).u64(static_cast<std::uint64_t>(*offset_s));
  return block(order, alert::pcapng::kInterface, body.u32(0));
}
[[nodiscard]] inline Buffer enhanced_packet(ByteOrder order, std::uint32_t interface_id, std::uint64_t time,
                                            Bytes data, Bytes options = {}) {
  Built body(order);
  body.u32(interface_id).u32(time >> 32).u32(time).u32(data.size()).u32(data.size());
  return block(order, alert::pcapng::kEnhancedPacket, body.bytes(data).pad4().bytes(options));
}
[[nodiscard]] inline Buffer simple_packet(ByteOrder order, std::size_t original_size, Bytes data) {
  return block(order, alert::pcapng::kSimplePacket, Built(order).u32(original_size).bytes(data));
}
[[nodiscard]] inline Buffer obsolete_packet(ByteOrder order, std::uint16_t interface_id, std::uint64_t time,
                                            Bytes data) {
  Built body(order);
  body.u16(interface_id).u16(0xFFFF).u32(time >> 32).u32(time).u32(data.size()).u32(data.size());
  return block(order, alert::pcapng::kObsoletePacket, body.bytes(data));
}

}  // namespace capture
