#pragma once
// Packet captures of other programs: pcap and pcapng, both byte orders, any clock resolution.
//
//     pcap   file    magic 4 (A1B2C3D4 microseconds, A1B23C4D nanoseconds), version 2+2, 8 ignored,
//                    snap length 4, link type 4 (its low 16 bits)
//            packet  seconds 4, fraction 4, captured size 4, original size 4, data
//     pcapng         journal/pcapng.hpp; also the older packet block (2) and the simple one (3),
//                    several sections and several interfaces each; zeros up to the end, as behind the last
//                    block of a journal that is written to, are none

#include <optional>
#include <vector>

#include "alert/journal/pcapng.hpp"
#include "alert/system/file_window.hpp"

namespace alert {

/// The numbers of tcpdump.org's registry of link types.
enum class LinkType : std::uint16_t {
  null = 0,  // BSD loopback: address family 4, in the sender's byte order
  ethernet = 1,
  raw_bsd = 12,  // an IP packet, as BSD counts it
  raw_openbsd = 14,
  raw = 101,
  loop = 108,  // OpenBSD loopback: address family 4, big endian
  linux_sll = 113,
  user0 = 147,  // ours: records of a journal
  ipv4 = 228,
  linux_sll2 = 276,
};

struct CapturedPacket {
  std::uint64_t number;             // from 1, as Wireshark counts
  std::optional<std::uint64_t> ns;  // since 1970, where the capture knows
  LinkType link;
  Bytes data;
  std::uint32_t original_size;
  std::uint64_t offset;  // of its block or record in the file
};

/// Reads front to back, in memory that does not grow with the file.
class CaptureReader {
 public:
  /// Whether a file that starts with these bytes is a capture.
  [[nodiscard]] static bool recognises(Bytes head) noexcept {
    return head.size() >= pcapng::kBlockOverhead && (pcap_format(head) || is_section_header(head));
  }

  explicit CaptureReader(FileWindow window) : window_(std::move(window)) {}

  /// The next packet; none at the end. An error's offset is in the file. Views are valid until the
  /// next call, which after an error goes on with the next packet unless is_lost().
  [[nodiscard]] Result<std::optional<CapturedPacket>> next() {
    is_lost_ = true;
    if (const auto error = std::exchange(started_, true) ? std::nullopt : read_file_header())
      return tl::unexpected<Error>(*error);
    auto packet = pcap_ ? next_record() : next_block();
    if (packet) is_lost_ = false;
    return packet;
  }

  /// Where the next packet starts cannot be known any more.
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_; }

  [[nodiscard]] std::uint64_t offset() const noexcept { return window_.offset(); }
  /// Whether the next packet may need bytes that are not here yet.
  [[nodiscard]] bool must_read() const noexcept { return !window_.has(kSmallestPacket); }
  /// Of the file, where it could not be read; the capture then seems to end.
  [[nodiscard]] std::error_code error() const noexcept { return window_.error(); }

 private:
  static constexpr std::size_t kPcapFileHeader = 24;
  static constexpr std::size_t kPcapRecordHeader = 16;
  static constexpr std::size_t kSmallestPacket = 16;
  static constexpr std::size_t kLargestPacket = 1024 * 1024;  // four times what tcpdump captures at most
  static constexpr std::size_t kMaxInterfaces = 65536;

  struct Pcap {
    ByteOrder order;
    std::uint64_t fraction_ns;
    LinkType link;
  };
  struct Interface {
    LinkType link;
    std::uint32_t snap_length;
    std::uint8_t resolution = 6;  // a power of ten, or of two with the highest bit set
    std::int64_t offset_s = 0;
  };

  static LinkType link_of(std::uint32_t number) noexcept { return static_cast<LinkType>(number & 0xFFFF); }

  static std::optional<Pcap> pcap_format(Bytes head) noexcept {
    const auto magic = load<std::uint32_t>(head.data());
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
      if (in_order(magic, order) == 0xA1B2C3D4) return Pcap{order, 1000, {}};
      if (in_order(magic, order) == 0xA1B23C4D) return Pcap{order, 1, {}};
    }
    return std::nullopt;
  }
  static bool is_section_header(Bytes head) noexcept {
    return load<std::uint32_t>(head.data()) == pcapng::kSectionHeader && pcapng::section_order(head);
  }

  std::optional<Error> read_file_header() {
    const Bytes head = window_.at_least(kPcapFileHeader);
    if (!recognises(head)) return Error{Errc::bad_magic, offset()};
    pcap_ = pcap_format(head);
    if (!pcap_) return std::nullopt;
    if (head.size() < kPcapFileHeader) return Error{Errc::truncated, offset()};
    pcap_->link = link_of(in_order(load<std::uint32_t>(head.data() + 20), pcap_->order));
    window_.skip(kPcapFileHeader);
    return std::nullopt;
  }

  Result<std::optional<CapturedPacket>> next_record() {
    const std::uint64_t start = offset();
    Bytes bytes = window_.at_least(kPcapRecordHeader);
    if (bytes.empty()) return std::optional<CapturedPacket>();
    Reader in(bytes);
    const std::uint64_t seconds = take<std::uint32_t>(in, pcap_->order);
    const std::uint64_t fraction = take<std::uint32_t>(in, pcap_->order);
    const auto captured = take<std::uint32_t>(in, pcap_->order);
    const auto original = take<std::uint32_t>(in, pcap_->order);
    if (in.failed()) return failure(Errc::truncated, start);
    if (captured > kLargestPacket) return failure(Errc::bad_length, start + 8);
    bytes = window_.at_least(kPcapRecordHeader + captured);
    if (bytes.size() < kPcapRecordHeader + captured) return failure(Errc::truncated, start + kPcapRecordHeader);
    window_.skip(kPcapRecordHeader + captured);
    return std::optional(CapturedPacket{++packets_, seconds * 1'000'000'000 + fraction * pcap_->fraction_ns,
                                        pcap_->link, bytes.subspan(kPcapRecordHeader, captured), original, start});
  }

  Result<std::optional<CapturedPacket>> next_block() {
    for (;;) {
      is_lost_ = true;
      const std::uint64_t start = offset();
      const auto located = [start](const Error& error) { return failure(error.code, start + error.offset); };
      const bool is_room = window_.ends_in_zeros(pcapng::kMostRoom);
      Bytes bytes = window_.at_least(pcapng::kBlockOverhead);
      if (bytes.empty() || is_room) return std::optional<CapturedPacket>();
      if (bytes.size() < pcapng::kBlockOverhead) return failure(Errc::truncated, start);
      if (load<std::uint32_t>(bytes.data()) == pcapng::kSectionHeader) {
        const auto order = pcapng::section_order(bytes);
        if (!order) return failure(Errc::bad_magic, start + 8);
        order_ = *order;
        interfaces_.clear();
      }
      const auto type = in_order(load<std::uint32_t>(bytes.data()), order_);
      const std::size_t length = pcapng::block_length(bytes, order_);
      if (length > kLargestPacket) {
        if (is_packet(type) || length % 4 != 0) return failure(Errc::bad_length, start + 4);
        window_.skip(length);  // whatever it is, it is no packet
        continue;
      }
      bytes = window_.at_least(length);
      const auto block = pcapng::read_block(bytes, order_);
      if (!block) return located(block.error());
      window_.skip(length);
      is_lost_ = false;
      if (type == pcapng::kInterface && !add_interface(*block)) return failure(Errc::bad_length, start);
      if (!is_packet(type)) continue;
      const auto packet = read(*block);
      if (!packet) return located(packet.error());
      return captured(*packet, type != pcapng::kSimplePacket, start);
    }
  }

  static bool is_packet(std::uint32_t type) noexcept {
    return type == pcapng::kEnhancedPacket || type == pcapng::kSimplePacket || type == pcapng::kObsoletePacket;
  }

  Result<pcapng::Packet> read(const pcapng::Block& block) const noexcept {
    if (block.type == pcapng::kEnhancedPacket) return pcapng::read_packet(block, order_);
    Reader in(block.body);
    pcapng::Packet packet{};
    std::size_t size = 0;
    if (block.type == pcapng::kObsoletePacket) {
      packet.interface_id = take<std::uint16_t>(in, order_);
      (void)in.number<std::uint16_t>();  // packets dropped
      const std::uint64_t high = take<std::uint32_t>(in, order_);
      packet.time = high << 32 | take<std::uint32_t>(in, order_);
      size = take<std::uint32_t>(in, order_);
      packet.original_size = take<std::uint32_t>(in, order_);
    } else {
      packet.original_size = take<std::uint32_t>(in, order_);
      const std::uint32_t snap = interfaces_.empty() ? 0 : interfaces_.front().snap_length;
      size = snap ? std::min(snap, packet.original_size) : packet.original_size;
    }
    packet.data = in.take(size);
    if (in.failed()) return failure(Errc::truncated, 8 + in.error().offset);
    return packet;
  }

  Result<std::optional<CapturedPacket>> captured(const pcapng::Packet& packet, bool has_time, std::uint64_t start) {
    if (packet.interface_id >= interfaces_.size()) return failure(Errc::bad_length, start + 8);
    const Interface& from = interfaces_[packet.interface_id];
    std::optional<std::uint64_t> ns;
    if (has_time) ns = nanoseconds(packet.time, from);
    return std::optional(CapturedPacket{++packets_, ns, from.link, packet.data, packet.original_size, start});
  }

  static std::uint64_t nanoseconds(std::uint64_t time, const Interface& from) noexcept {
    const unsigned exponent = from.resolution & 0x7F;
    __extension__ using Wide = unsigned __int128;
    Wide ns = time;
    if (from.resolution & 0x80) {
      ns = exponent < 64 ? (ns * 1'000'000'000) >> exponent : 0;
    } else {
      for (unsigned i = 9; i < exponent && ns > 0; ++i) ns /= 10;
      for (unsigned i = exponent; i < 9; ++i) ns *= 10;
    }
    return static_cast<std::uint64_t>(ns) + static_cast<std::uint64_t>(from.offset_s) * 1'000'000'000;
  }

  bool add_interface(const pcapng::Block& block) {
    Reader in(block.body);
    Interface added{};
    added.link = static_cast<LinkType>(take<std::uint16_t>(in, order_));
    (void)in.number<std::uint16_t>();
    added.snap_length = take<std::uint32_t>(in, order_);
    pcapng::for_each_option(in, order_, [&](std::uint16_t code, Bytes value) {
      if (code == 9 && value.size() == 1) added.resolution = std::to_integer<std::uint8_t>(value[0]);
      if (code == 14 && value.size() == 8)
        added.offset_s = static_cast<std::int64_t>(in_order(load<std::uint64_t>(value.data()), order_));
    });
    if (in.failed() || interfaces_.size() == kMaxInterfaces) return false;
    interfaces_.push_back(added);
    return true;
  }

  FileWindow window_;
  bool started_ = false;
  bool is_lost_ = false;
  std::optional<Pcap> pcap_;  // none: pcapng
  ByteOrder order_ = ByteOrder::little;
  std::vector<Interface> interfaces_;
  std::uint64_t packets_ = 0;
};

}  // namespace alert
