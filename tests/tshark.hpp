#pragma once
// tshark with the dissector loaded, and captures for it to read.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "alert/wire/record.hpp"
#include "process.hpp"

namespace test {

using Values = std::vector<std::string>;
using Packet = std::map<std::string, Values>;  // by field

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A pcap file under construction. A packet of which less was captured than was sent may be added.
class Capture {
 public:
  static constexpr std::uint32_t kEthernet = 1, kRecords = 147;

  explicit Capture(std::uint32_t link_type) {
    for (const std::uint32_t word : {0xA1B2C3D4u, 0x00040002u, 0u, 0u, 262144u, link_type}) put(bytes_, word);
  }
  Capture& add(std::string_view packet, std::size_t captured = std::string_view::npos) {
    const std::string_view part = packet.substr(0, captured);
    for (const std::size_t word : {packets_++, std::size_t{0}, part.size(), packet.size()})
      put(bytes_, static_cast<std::uint32_t>(word));
    bytes_ += part;
    return *this;
  }
  /// Every proper prefix, as a shorter packet and as one that was captured in part, and the packet with each
  /// of its bytes set to 255.
  Capture& add_damaged(const std::string& packet) {
    for (std::size_t size = 0; size < packet.size(); ++size) {
      add(packet.substr(0, size)).add(packet, size);
      std::string other = packet;
      other[size] = '\xff';
      add(other);
    }
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t packets() const { return packets_; }

 private:
  std::string bytes_;
  std::size_t packets_ = 0;
};

inline std::string record(std::string_view body, std::uint16_t kind, std::uint8_t profile) {
  alert::RecordHeader header;
  header.size = static_cast<std::uint32_t>(sizeof header + body.size());
  header.kind = kind;
  header.profile = profile;
  header.sequence = 7;
  std::string bytes;
  put(bytes, header);
  return bytes.append(body);
}
inline std::string record(std::string_view body, alert::Profile profile) {
  return record(body, 1, static_cast<std::uint8_t>(profile));
}
/// An Ethernet frame with an IPv4 packet with a datagram from and to UDP port 138.
inline std::string frame(std::string_view datagram) {
  const auto big = [](std::size_t value) {
    return std::string{static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
  };
  using namespace std::string_literals;
  return "\2\2\2\2\2\2\4\4\4\4\4\4\x08\0"s + "\x45\0"s + big(28 + datagram.size()) + "\0\0\0\0\x40\x11\0\0"s +
         "\xc0\0\2\1\xc0\0\2\2"s + big(138) + big(138) + big(8 + datagram.size()) + "\0\0"s + std::string(datagram);
}

/// tshark with the dissector, and without what the user has set and installed for himself. It may be run as root:
/// then it says so on its standard error, and loads the dissector all the same.
class Tshark {
 public:
  [[nodiscard]] std::string out(const std::string& file, std::vector<std::string> words) const {
    words.insert(words.begin(), {"tshark", "-X", "lua_script:" ALERT_SOURCE_DIR "/tools/wireshark/alertbroker.lua",
                                 "-n", "-r", file});
    const auto done =
        test::Process(words, {{"HOME", folder_.path().string()}, {"XDG_CONFIG_HOME", ""}, {"LC_ALL", "C.UTF-8"}})
            .finish();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.err.find("Lua Error"), std::string::npos) << done.err;
    EXPECT_EQ(done.err.find("Error during loading"), std::string::npos)
        << done.err << "If the dissector is installed on this machine, tshark loads that one and not this one.";
    return done.out;
  }
  /// The values of these fields in every packet that passes the filter.
  [[nodiscard]] std::vector<Packet> packets(const std::string& file, const std::vector<std::string>& fields,
                                            std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"-T", "json"});
    for (const std::string& field : fields) words.insert(words.end(), {"-e", field});
    std::vector<Packet> result;
    for (const nlohmann::json& packet : nlohmann::json::parse(out(file, words))) {
      const nlohmann::json& layers = packet.at("_source").value("layers", nlohmann::json::object());
      result.push_back(layers.get<Packet>());
    }
    return result;
  }
  [[nodiscard]] std::vector<Packet> packets(const Capture& capture, const std::vector<std::string>& fields,
                                            std::vector<std::string> words = {}) const {
    const test::TemporaryFolder folder;
    return packets(folder.file("capture.pcap", capture.bytes()), fields, std::move(words));
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace test
