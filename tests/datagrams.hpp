#pragma once
// The golden NetBIOS datagrams, whose verdicts and fields other programs agreed on.

#include "vectors.hpp"

namespace golden {

struct Datagram {
  std::string name;
  bool is_accepted;
  Buffer bytes;
  json fields;  // of an accepted one
};

[[nodiscard]] inline const std::vector<Datagram>& datagrams() {
  static const std::vector<Datagram> kDatagrams = [] {
    std::ifstream in(ALERT_GOLDEN_DIR "/mailslot-datagrams.json");
    const json file = json::parse(in);
    std::vector<Datagram> all;
    for (const json& v : file.at("vectors"))
      all.push_back({v.at("name"), v.at("expect") == "accept", from_hex(v.at("hex").get_ref<const std::string&>()),
                     v.value("fields", json::object())});
    return all;
  }();
  return kDatagrams;
}
[[nodiscard]] inline const Datagram& datagram_named(std::string_view name) {
  for (const Datagram& d : datagrams())
    if (d.name == name) return d;
  throw std::out_of_range(std::string(name));
}

}  // namespace golden
