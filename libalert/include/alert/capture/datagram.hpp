#pragma once
// A mailslot write as it crosses the network: a NetBIOS datagram (UDP 138, big endian) that carries an
// SMB transaction (little endian). Source: the fact sheet, sections 6.1 and 6.2.
//
//     NetBIOS   0 type 1 (0x10 direct unique, 0x11 direct group, 0x12 broadcast)
//               1 flags 1 (0x01 more fragments, 0x02 first), 2 id 2, 4 source IP 4, 8 source port 2,
//              10 length 2 of what follows offset 14, 12 fragment offset 2,
//              14 source name, destination name (34 bytes each without a scope), SMB
//     SMB       0 FF 53 4D 42, 4 command 1 (0x25), 32 word count 1 (17), 55 data count 2, 57 data offset 2,
//              59 setup count 1 (3), 61 opcode 2 (1), 63 priority 2, 65 class 2, 67 byte count 2 (ignored),
//              69 mailslot name, zero; at the data offset: data count bytes

#include <array>
#include <string>

#include "alert/wire/byte_order.hpp"
#include "alert/wire/names.hpp"

namespace alert {

struct NetbiosName {
  std::string name;  // OEM bytes, without the blanks and zeros that fill it up
  std::uint8_t suffix = 0;
  std::string scope;  // labels joined by dots
};

struct MailslotWrite {
  std::uint8_t msg_type = 0;
  std::uint16_t dgm_id = 0;
  std::array<std::uint8_t, 4> source_ip{};
  std::uint16_t source_port = 0;
  NetbiosName source;
  NetbiosName destination;
  std::string_view mailslot;  // as sent; mailslot names compare without case
  std::uint16_t priority = 0;
  std::uint16_t class_of_service = 0;
  std::size_t payload_offset = 0;  // from the start of the datagram
  Bytes payload;
};

/// A datagram that NetBIOS cut, which this reader does not put together again.
[[nodiscard]] inline bool is_netbios_fragment(Bytes datagram) noexcept {
  Reader in(datagram);
  const auto type = in.number<std::uint8_t>();
  const auto flags = in.number<std::uint8_t>();
  (void)in.take(10);
  const auto offset = in.number<std::uint16_t>();
  return !in.failed() && type >= 0x10 && type <= 0x12 && ((flags & 3) != 2 || offset != 0);
}

namespace detail {

/// One encoded name: a label of 32 letters, each half a byte, then the labels of the scope.
inline NetbiosName netbios_name(Reader& in) {
  NetbiosName result;
  const std::size_t start = in.offset();
  if (in.number<std::uint8_t>() != 32) in.fail(Errc::bad_length, start);
  std::array<char, 16> bytes{};
  for (char& byte : bytes) {
    const unsigned high = in.number<std::uint8_t>() - unsigned{'A'};
    const unsigned low = in.number<std::uint8_t>() - unsigned{'A'};
    if (high > 15 || low > 15) in.fail(Errc::bad_text, start);
    byte = static_cast<char>(high << 4 | (low & 15));
  }
  for (;;) {
    constexpr std::size_t kLongestLabel = 63, kLongestName = 255;
    const std::size_t at = in.offset();
    const std::size_t label = in.number<std::uint8_t>();
    if (label > kLongestLabel || at + label - start >= kLongestName) in.fail(Errc::bad_length, at);
    if (label == 0 || in.failed()) break;
    if (!result.scope.empty()) result.scope += '.';
    result.scope += as_text(in.take(label));
  }
  result.suffix = static_cast<std::uint8_t>(bytes[15]);
  const std::string_view padded(bytes.data(), 15);
  result.name = padded.substr(0, padded.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return result;
}

}  // namespace detail

/// The mailslot write in the payload of a UDP datagram, or the field that makes it none. What follows
/// its NetBIOS length is not part of it. The payload is where the data offset says, and nowhere else.
[[nodiscard]] inline Result<MailslotWrite> read_mailslot_write(Bytes datagram) {
  constexpr std::size_t kNetbiosHeader = 14;
  MailslotWrite write;
  Reader header(datagram);
  write.msg_type = header.number<std::uint8_t>();
  (void)header.number<std::uint8_t>();
  write.dgm_id = take<std::uint16_t>(header, ByteOrder::big);
  for (std::uint8_t& part : write.source_ip) part = header.number<std::uint8_t>();
  write.source_port = take<std::uint16_t>(header, ByteOrder::big);
  const std::size_t length = take<std::uint16_t>(header, ByteOrder::big);
  (void)header.number<std::uint16_t>();
  if (header.failed()) return tl::unexpected<Error>(header.error());
  if (write.msg_type < 0x10 || write.msg_type > 0x12) return failure(Errc::bad_magic, 0);
  if (is_netbios_fragment(datagram)) return failure(Errc::truncated, 12);
  if (length > datagram.size() - kNetbiosHeader) return failure(Errc::bad_length, 10);

  Reader in(datagram.first(kNetbiosHeader + length));
  (void)in.take(kNetbiosHeader);
  write.source = detail::netbios_name(in);
  write.destination = detail::netbios_name(in);
  if (in.failed()) return tl::unexpected<Error>(in.error());

  const std::size_t smb = in.offset();
  const Bytes bytes = in.rest();
  constexpr std::size_t kNameOffset = 69;
  if (bytes.size() < kNameOffset) return failure(Errc::truncated, smb);
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(bytes[at]); };
  const auto word = [&](std::size_t at) { return load<std::uint16_t>(bytes.data() + at); };
  if (load<std::uint32_t>(bytes.data()) != 0x424D53FF) return failure(Errc::bad_magic, smb);
  if (byte(4) != 0x25) return failure(Errc::bad_magic, smb + 4);
  if (byte(32) != 17) return failure(Errc::bad_length, smb + 32);
  if (byte(59) != 3) return failure(Errc::bad_length, smb + 59);
  if (word(61) != 1) return failure(Errc::bad_magic, smb + 61);
  const std::size_t data_count = word(55);
  const std::size_t data_offset = word(57);
  if (data_count > 0 && data_offset < kNameOffset) return failure(Errc::bad_length, smb + 57);
  if (data_count > 0 && (data_offset > bytes.size() || data_count > bytes.size() - data_offset))
    return failure(Errc::bad_length, smb + 55);
  const std::string_view name = as_text(bytes.subspan(kNameOffset));
  const std::size_t end = name.find('\0');
  if (end == std::string_view::npos) return failure(Errc::unterminated, smb + kNameOffset);
  write.mailslot = name.substr(0, end);
  if (!equal_ignoring_case(write.mailslot.substr(0, kMailslotPrefix.size()), kMailslotPrefix))
    return failure(Errc::bad_magic, smb + kNameOffset);
  write.priority = word(63);
  write.class_of_service = word(65);
  write.payload_offset = smb + data_offset;
  if (data_count > 0) write.payload = bytes.subspan(data_offset, data_count);
  return write;
}

/// A pop-up message (fact sheet 6.3): from, zero, to, zero, text, and a zero that some senders omit.
struct Messngr {
  std::string_view from;
  std::string_view to;
  std::string_view text;  // OEM bytes, all three
};
[[nodiscard]] inline Result<Messngr> read_messngr(Bytes payload) noexcept {
  const std::string_view all = as_text(payload);
  const std::size_t from = all.find('\0');
  if (from == std::string_view::npos) return failure(Errc::unterminated, 0);
  const std::size_t to = all.find('\0', from + 1);
  if (to == std::string_view::npos) return failure(Errc::unterminated, from + 1);
  const std::string_view text = all.substr(to + 1);
  return Messngr{all.substr(0, from), all.substr(from + 1, to - from - 1), text.substr(0, text.find('\0'))};
}

}  // namespace alert
