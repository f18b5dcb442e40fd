#pragma once
// What each fuzz target starts from, made of the golden files.

#include <iterator>

#include "capture_bytes.hpp"
#include "datagrams.hpp"

#include "alert/memory/mailbox_layout.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/record.hpp"

namespace seeds {

using golden::Buffer;
using Seeds = std::vector<Buffer>;

[[nodiscard]] inline Seeds alerts() {
  Seeds all;
  for (const auto& v : golden::alerts().valid) all.push_back(v.bytes);
  for (const auto& v : golden::alerts().trailing) all.push_back(v.bytes);
  for (const auto& v : golden::alerts().malformed) all.push_back(v.bytes);
  return all;
}

/// A few alerts as pasted digits, and one of each other form of paste.
[[nodiscard]] inline Seeds pastes() {
  std::vector<std::string> texts{
      "00000000: 819d 9e25 4144 4d49 4e00 0000 0000 0000  ...%ADMIN.......\n00000010: 0041  .A\n",
      "00000000  81 9d 9e 25 41 44 4d 49  4e 00 00 00 00 00 00 00  |...%ADMIN.......|\n"
      "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000030\n",
      "0000000 9d81 259e 4441 494d 004e\n000000a\n",
      "0000000 201 235 236 045\n0000004\n",
      "0000000 81 9d 9e 25 41 44 4d 49 4e 00 00 00 00 00 00 00  >...%ADMIN.......<\n0000020 41\n0000021\n",
      "0000016 41 42\n0000018\n",
      "12:00:00.000000 IP a.138 > b.138: UDP\n\t0x0000:  4500 0030 0001 0000 4011\n\t0x000a:  41\n"
      "12:00:01.000000 IP a.138 > b.138: UDP\n\t0x0000:  4500 0030\n",
      "unsigned char alert[] = {\n  0x81, 0x9d, /* time */ 158, 'A', // end\n  0x00\n};\nunsigned int n = 5;\n",
      "char a[] = { 0x81U, 0235uL, '\\x9e', '\\n', \"AB\\x43\" \"D\" };\n",
      "char a[] = \"\\x81\\x9d\" // time\n  \"AD\\115IN\";\n",
      "0000000 259e9d81 494d4441\n*\n0000040 0000004e\n0000043\n",
      "0000000 494d4441259e9d81 000000000000004e\n0000011\n",
      "00000000: 259e9d81 494d4441  ...%ADMI\n",
      "00000000: 819d9e25 41444d49  ...%ADMI\n00000008: 4e00  N.\n",
      "0000000  81  9d  9e  25\n        201 235 236   %\n0000004  41\n          A\n0000005\n",
      "819d 9e25 4144\n4d49 4e00\n",
      "0000000   40321   09630   17473\n0000006\n",
      "0000: 4142\nbetween\n0002: 43\n",
      "\xEF\xBB\xBF"
      "0000: 4142\n",
      std::string("\xFF\xFE"
                  "4\0001\0\n\0004\0002\0\n\0",
                  14),
      std::string(76, '4') + '\n' + std::string(78, '5') + "\r\n" + std::string(4, '6'),
      "a@b:~$ xxd -p c\n819d9e25\n41444d49\na@b:~$ ",
      " 81 9d 9e 25\n*\n 41\n",
      "\\x81\\x9d\\x9e\\x25",
      "\"81:9d-9e;25, 0x41\"\n"};
  for (std::size_t i = 0; i < golden::alerts().valid.size(); i += 8)
    texts.push_back(alert::to_hex(golden::alerts().valid[i].bytes));
  Seeds all;
  for (const std::string& text : texts) {
    const auto bytes = alert::as_bytes(text);
    all.emplace_back(bytes.begin(), bytes.end());
  }
  return all;
}

/// Bare, and in the frame of each link.
[[nodiscard]] inline Seeds datagrams() {
  Seeds all;
  for (const auto& d : golden::datagrams()) all.push_back(d.bytes);
  all.push_back(golden::from_hex("41004200544558540041"));  // a pop-up message
  const Buffer packet = capture::ipv4(capture::udp(golden::datagram_named("dg-alert-aligned").bytes));
  all.push_back(packet);
  all.push_back(capture::ipv4(packet, {17, 0x2000, 2}));
  all.push_back(capture::ethernet(packet));
  all.push_back(capture::ethernet(packet, {0x88A8, 0x8100}));
  all.push_back(capture::Built().zeros(14).u16(0x0800).bytes(packet));
  all.push_back(capture::Built().u16(0x0800).zeros(18).bytes(packet));
  all.push_back(capture::Built().u32(2).bytes(packet));
  return all;
}

/// pcap and pcapng in both orders, and a journal's segment.
[[nodiscard]] inline Seeds captures() {
  using alert::LinkType;
  const Buffer frame = capture::ethernet(capture::ipv4(capture::udp(golden::from_hex("4142434445"))));
  Seeds all;
  for (const auto order : {alert::ByteOrder::little, alert::ByteOrder::big}) {
    for (const std::uint32_t magic : {capture::kMicroseconds, capture::kNanoseconds}) {
      auto file = capture::pcap(order, magic, LinkType::ethernet);
      capture::add_record(file, 1'700'000'000, 123'456, frame);
      capture::add_record(file, 1'700'000'001, 0, frame, 2000);
      all.push_back(file);
    }
    capture::Built file(order);
    file.bytes(capture::section(order));
    file.bytes(capture::interface(order, LinkType::ethernet, 40, std::uint8_t{0x8A}, -1));
    file.bytes(capture::simple_packet(order, frame.size(), alert::Bytes(frame).first(40)));
    file.bytes(capture::obsolete_packet(order, 0, 1 << 20, frame));
    file.bytes(capture::block(order, 5, golden::from_hex("00")));
    file.bytes(capture::enhanced_packet(order, 0, 1 << 20, frame));
    all.push_back(file);
  }
  std::vector<std::byte> segment;
  alert::pcapng::BlockBuilder journal(segment);
  journal.section_header("alertbroker");
  journal.interface("alerts");
  journal.interface("table");
  for (const std::string_view body : {"one", "two"}) {
    alert::RecordHeader header;
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    header.kind = 1;
    header.profile = 1;
    const alert::Bytes fixed{reinterpret_cast<const std::byte*>(&header), sizeof header};
    journal.packet(0, 1'700'000'000'000'000'000, {fixed, alert::as_bytes(body)});
  }
  all.push_back(segment);
  return all;
}

/// In the form that mailbox_fuzz takes, which leaves out the empty end of the header. The last one's third record
/// is at the front again.
[[nodiscard]] inline Seeds mailboxes() {
  std::ifstream in(ALERT_GOLDEN_DIR "/mailbox.bin", std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(in)), {});
  const auto golden = alert::as_bytes(file);
  Seeds all;
  for (const std::uint64_t start : {0u, 72u}) {  // where its first two records are
    capture::Built seed(alert::ByteOrder::little);
    seed.u64(start).u64(start == 0 ? 41 : 42).u64(0).bytes(golden.first(200));
    all.push_back(seed.bytes(golden.subspan(alert::kMailboxHeaderBytes)));
  }
  constexpr std::uint64_t kThird = 136;
  capture::Built seed(alert::ByteOrder::little);
  seed.u64(kThird).u64(43).u64(0).bytes(golden.first(offsetof(alert::MailboxHeader, intent))).u64(4096 + 88);
  seed.bytes(golden.subspan(72, 56)).u64(4096 + 88).u64(44).u64(kThird).bytes(golden.subspan(152, 48));
  all.push_back(seed.bytes(golden.subspan(alert::kMailboxHeaderBytes + kThird)));
  return all;
}

/// By the name of its target.
[[nodiscard]] inline Seeds of(std::string_view target) {
  if (target == "decode") return alerts();
  if (target == "hex") return pastes();
  if (target == "datagram") return datagrams();
  if (target == "capture") return captures();
  if (target == "mailbox") return mailboxes();
  throw std::invalid_argument("no such fuzz target");
}

}  // namespace seeds
