#pragma once
// A journal's segment with some of its records changed, and every checksum right again.

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "alert/journal/journal.hpp"

namespace test {

/// What becomes of one record: its header and body may be changed; how often it is written.
using Rewrite = std::function<int(alert::RecordHeader& header, std::string& body)>;

inline void rewrite(const std::filesystem::path& file, const Rewrite& change) {
  std::vector<std::byte> out;
  alert::pcapng::BlockBuilder blocks(out);
  blocks.section_header("test");
  blocks.interface("alerts");
  blocks.interface("table");
  auto segment = alert::SegmentReader::open(file);
  for (auto next = segment->next(); next && *next; next = segment->next()) {
    alert::RecordHeader header = (*next)->record.header;
    std::string body(alert::as_text((*next)->record.body));
    const auto kind = static_cast<alert::RecordKind>(header.kind);
    const auto interface = kind == alert::RecordKind::alert || kind == alert::RecordKind::gap
                               ? alert::kAlertsInterface
                               : alert::kTableInterface;
    const int times = change(header, body);
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    const std::string padding((*next)->annex.empty() ? 0 : alert::padded(header.size) - header.size, '\0');
    for (int i = 0; i < times; ++i)
      blocks.packet(interface, header.accepted_ns,
                    {alert::Bytes{reinterpret_cast<const std::byte*>(&header), sizeof header},
                     alert::as_bytes(body), alert::as_bytes(padding), (*next)->annex});
  }
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size()));
}

/// Replaces the first `from` in a record of this kind.
inline Rewrite replace(alert::RecordKind kind, std::string from, std::string to) {
  return [=, done = false](alert::RecordHeader& header, std::string& body) mutable {
    const std::size_t at = body.find(from);
    if (done || header.kind != static_cast<std::uint16_t>(kind) || at == std::string::npos) return 1;
    body.replace(at, from.size(), to);
    done = true;
    return 1;
  };
}

}  // namespace test
