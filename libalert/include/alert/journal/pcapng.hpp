#pragma once
// pcapng blocks: what the journal is made of, so that Wireshark opens it.
//
//     block              type        body
//     section header     0x0A0D0D0A  magic 4, version 2+2, section length 8, options
//     interface          1           link type 2, reserved 2, snap length 4, options
//     enhanced packet    6           interface 4, time high 4, time low 4, captured 4, original 4,
//                                    data padded to 4, options
//     every block        type 4, total length 4, body, total length 4 again
//
// The second length lets a reader walk backward from the end of a damaged file.
// Written little endian, nanoseconds (if_tsresol 9), CRC-32 of the data in epb_hash (type 2) and, where
// asked for, an epb_packetid; read in either byte order, for captures of other programs.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <libdeflate.h>

#include "alert/wire/byte_order.hpp"

namespace alert::pcapng {

inline constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
inline constexpr std::uint32_t kInterface = 1;
inline constexpr std::uint32_t kObsoletePacket = 2;
inline constexpr std::uint32_t kSimplePacket = 3;
inline constexpr std::uint32_t kEnhancedPacket = 6;
inline constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
inline constexpr std::uint16_t kLinkTypeUser0 = 147;
inline constexpr std::size_t kBlockOverhead = 12;     // type and both lengths
inline constexpr std::size_t kPacketDataOffset = 28;  // from the start of the block
inline constexpr std::uint16_t kHashOption = 3;
inline constexpr std::uint16_t kPacketIdOption = 5;
inline constexpr std::size_t kPacketIdFromEnd = 16;   // of the block: where a packet's id begins, as we write it
inline constexpr std::size_t kMostRoom = 256 * 1024;  // zeros that a writer may leave behind the last block

[[nodiscard]] constexpr std::size_t padded4(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

[[nodiscard]] inline std::uint32_t crc32(Bytes data, std::uint32_t before = 0) noexcept {
  if (data.empty()) return before;  // libdeflate takes a null pointer as "start anew"
  return libdeflate_crc32(before, data.data(), data.size());
}

/// Builds blocks at the end of a buffer that the caller owns.
class BlockBuilder {
 public:
  explicit BlockBuilder(std::vector<std::byte>& out) noexcept : out_(out) {}

  void section_header(std::string_view application) {
    begin(kSectionHeader);
    number(kByteOrderMagic);
    number(std::uint16_t{1});
    number(std::uint16_t{0});
    number(~std::uint64_t{0});  // section length: not given
    option(4, as_bytes(application));
    end_options();
    end();
  }

  void interface(std::string_view interface_name) {
    begin(kInterface);
    number(kLinkTypeUser0);
    number(std::uint16_t{0});
    number(std::uint32_t{0});  // no snap length
    option(2, as_bytes(interface_name));
    const std::byte nanoseconds{9};
    option(9, Bytes{&nanoseconds, 1});
    end_options();
    end();
  }

  /// The data is given in parts, back to back.
  void packet(std::uint32_t interface_id, std::uint64_t ns, std::initializer_list<Bytes> parts,
              std::optional<std::uint64_t> id = std::nullopt) {
    std::size_t size = 0;
    for (const Bytes part : parts) size += part.size();
    const auto captured = static_cast<std::uint32_t>(size);
    const std::size_t start = out_.size();
    const std::size_t length =
        kPacketDataOffset + padded4(size) + kHashBytes + (id ? kIdBytes : 0) + kNoMoreOptions + 4;
    out_.resize(start + length);  // with the zeros of the padding
    std::byte* at = out_.data() + start;
    const auto put = [&at](const auto& value) { at = std::copy_n(as_bytes_of(value), sizeof value, at); };
    put(kEnhancedPacket), put(static_cast<std::uint32_t>(length)), put(interface_id);
    put(static_cast<std::uint32_t>(ns >> 32)), put(static_cast<std::uint32_t>(ns)), put(captured), put(captured);
    const std::byte* const data = at;
    for (const Bytes part : parts) at = std::copy(part.begin(), part.end(), at);
    const std::uint32_t crc = crc32({data, size});
    at += padded4(size) - size;
    put(kHashOption), put(std::uint16_t{5}), put(std::byte{2}), put(crc);
    at += kHashBytes - 9;
    if (id) put(kPacketIdOption), put(std::uint16_t{sizeof *id}), put(*id);
    at += kNoMoreOptions;
    put(static_cast<std::uint32_t>(length));
  }

 private:
  static constexpr std::size_t kHashBytes = 12;  // of whole options
  static constexpr std::size_t kIdBytes = 12;
  static constexpr std::size_t kNoMoreOptions = 4;

  template <class T>
  static const std::byte* as_bytes_of(const T& value) noexcept {
    return reinterpret_cast<const std::byte*>(&value);
  }
  template <class T>
  void number(T value) {
    bytes(Bytes{as_bytes_of(value), sizeof value});
  }
  void bytes(Bytes more) { out_.insert(out_.end(), more.begin(), more.end()); }
  void zeros(std::size_t count) { out_.resize(out_.size() + count); }
  void option(std::uint16_t code, Bytes value) {
    number(code);
    number(static_cast<std::uint16_t>(value.size()));
    bytes(value);
    zeros(padded4(value.size()) - value.size());
  }
  void end_options() { zeros(kNoMoreOptions); }
  void begin(std::uint32_t type) {
    start_ = out_.size();
    number(type);
    number(std::uint32_t{0});
  }
  void end() {
    const auto length = static_cast<std::uint32_t>(out_.size() - start_ + 4);
    std::memcpy(out_.data() + start_ + 4, &length, sizeof length);
    number(length);
  }

  std::vector<std::byte>& out_;
  std::size_t start_ = 0;
};

struct Block {
  std::uint32_t type;
  Bytes body;
  std::size_t length;  // of the whole block
};

/// The byte order of the section that a section header opens; none where its magic is neither.
/// Precondition: the block's first 12 bytes are there.
[[nodiscard]] inline std::optional<ByteOrder> section_order(Bytes bytes) noexcept {
  const auto magic = load<std::uint32_t>(bytes.data() + 8);
  if (magic == kByteOrderMagic) return ByteOrder::little;
  if (magic == in_order(kByteOrderMagic, ByteOrder::big)) return ByteOrder::big;
  return std::nullopt;
}

/// What the header of a block claims. Precondition: its 8 bytes are there.
[[nodiscard]] inline std::size_t block_length(Bytes bytes, ByteOrder order = ByteOrder::little) noexcept {
  return in_order(load<std::uint32_t>(bytes.data() + 4), order);
}

/// The block at the start of `bytes`, which may go on behind it. `truncated` means that more bytes
/// may make it whole; their number is at least what block_length() says.
[[nodiscard]] inline Result<Block> read_block(Bytes bytes, ByteOrder order = ByteOrder::little) noexcept {
  if (bytes.size() < kBlockOverhead) return failure(Errc::truncated, 0);
  const auto type = in_order(load<std::uint32_t>(bytes.data()), order);
  const std::size_t length = block_length(bytes, order);
  if (length < kBlockOverhead || length % 4 != 0) return failure(Errc::bad_length, 4);
  if (length > bytes.size()) return failure(Errc::truncated, 4);
  if (in_order(load<std::uint32_t>(bytes.data() + length - 4), order) != length)
    return failure(Errc::bad_length, length - 4);
  return Block{type, bytes.subspan(8, length - kBlockOverhead), length};
}

/// Calls `option(code, value)` for each option at the reader's position, up to their end.
template <class F>
void for_each_option(Reader& in, ByteOrder order, F&& option) noexcept {
  while (in.rest().size() >= 4) {
    const auto code = take<std::uint16_t>(in, order);
    const auto size = take<std::uint16_t>(in, order);
    const Bytes value = in.take(size);
    (void)in.take(padded4(size) - size);
    if (in.failed() || code == 0) return;
    option(code, value);
  }
}

struct Packet {
  std::uint32_t interface_id;
  std::uint64_t time;  // in the units of its interface
  Bytes data;
  std::uint32_t original_size;  // on the wire, before the capture cut it
  bool has_checksum = false;    // a CRC-32 of all its data, which matches
};

/// An enhanced packet whose epb_hash, if it has a CRC-32 one over the whole of it, matches. Offsets
/// count from the block.
[[nodiscard]] inline Result<Packet> read_packet(const Block& block, ByteOrder order = ByteOrder::little) noexcept {
  Reader in(block.body);
  Packet packet{};
  packet.interface_id = take<std::uint32_t>(in, order);
  const std::uint64_t high = take<std::uint32_t>(in, order);
  packet.time = high << 32 | take<std::uint32_t>(in, order);
  const auto captured = take<std::uint32_t>(in, order);
  packet.original_size = take<std::uint32_t>(in, order);
  packet.data = in.take(captured);
  (void)in.take(padded4(captured) - captured);
  bool is_intact = true;
  for_each_option(in, order, [&](std::uint16_t code, Bytes value) {
    if (code != kHashOption || value.size() != 5 || value[0] != std::byte{2} || captured != packet.original_size)
      return;
    is_intact = in_order(load<std::uint32_t>(value.data() + 1), order) == crc32(packet.data);
    packet.has_checksum = is_intact;
  });
  if (in.failed()) return failure(in.error().code, 8 + in.error().offset);
  if (!is_intact) return failure(Errc::bad_checksum, kPacketDataOffset);
  return packet;
}

}  // namespace alert::pcapng
