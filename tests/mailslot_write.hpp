#pragma once
// Mailslot writes over NetBIOS datagrams: the golden ones, and one to be written over.

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tshark.hpp"
#include "vectors.hpp"

namespace test {

struct Datagram {
  std::string name, bytes;
  bool accept;
  nlohmann::json fields;
};
/// The golden payloads of UDP port 138.
inline std::vector<Datagram> datagrams() {
  std::ifstream in(ALERT_GOLDEN_DIR "/mailslot-datagrams.json");
  std::vector<Datagram> result;
  const nlohmann::json all = nlohmann::json::parse(in);
  for (const nlohmann::json& v : all.at("vectors"))
    result.push_back({v.at("name"),
                      std::string(alert::as_text(golden::from_hex(v.at("hex").get_ref<const std::string&>()))),
                      v.at("expect") == "accept", v.value("fields", nlohmann::json::object())});
  return result;
}

/// A golden mailslot write with some of its SMB header written over. Offsets count from the 0xFF.
class MailslotWrite {
 public:
  static constexpr std::size_t kSmb = 82, kDataCount = 55, kByteCount = 67, kSlot = 69, kPayload = 88;

  MailslotWrite() : bytes_(datagrams().front().bytes) {}
  MailslotWrite& number(std::size_t at, std::uint16_t value) {
    std::memcpy(bytes_.data() + kSmb + at, &value, sizeof value);
    return *this;
  }
  MailslotWrite& slot(std::string_view name) {  // no longer than it was
    bytes_.replace(kSmb + kSlot, name.size() + 1, std::string(name) + '\0');
    return *this;
  }
  MailslotWrite& payload(std::string_view payload) {
    bytes_.replace(kSmb + kPayload, std::string::npos, payload);
    const std::size_t length = bytes_.size() - 14;
    bytes_[10] = static_cast<char>(length >> 8);
    bytes_[11] = static_cast<char>(length);
    return number(kDataCount, static_cast<std::uint16_t>(payload.size()));
  }
  [[nodiscard]] std::string frame() const { return test::frame(bytes_); }
  [[nodiscard]] std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace test
