// What a paste gave, written down again in other forms, gives the same; and no paste grows without end.

#include <cstdlib>
#include <vector>

#include "alert/capture/hex_paste.hpp"

namespace {

using Blocks = std::vector<std::vector<std::byte>>;

/// As xxd writes it.
std::string dumped(alert::Bytes bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const alert::Bytes line = bytes.subspan(at, std::min<std::size_t>(16, bytes.size() - at));
    for (unsigned shift = 32; shift > 0; shift -= 4) text += "0123456789abcdef"[at >> (shift - 4) & 15];
    text += ':';
    for (std::size_t i = 0; i < line.size(); ++i) text += (i % 2 ? "" : " ") + alert::to_hex(line.subspan(i, 1));
    text += "  ";
    for (const char c : alert::as_text(line)) text += c >= ' ' && c <= '~' ? c : '.';
    text += '\n';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Blocks blocks = alert::read_hex_paste({reinterpret_cast<const char*>(data), size});
  std::size_t total = 0;
  for (const std::vector<std::byte>& block : blocks) {
    if (block.empty()) std::abort();
    total += block.size();
  }
  if (total > alert::kMostRepeated + size) std::abort();
  constexpr std::size_t kEnough = 512;
  if (blocks.empty() || blocks.front().size() > kEnough) return 0;
  const Blocks first{blocks.front()};
  if (alert::read_hex_paste(alert::to_hex(first[0])) != first) std::abort();
  if (alert::read_hex_paste(dumped(first[0])) != first) std::abort();
  return 0;
}
