// What a paste gave, written down again in other forms, gives the same; and no paste grows without end.

#include <cstdlib>
#include <vector>

#include "alert/capture/hex_paste.hpp"

namespace {

using alert::Blocks;

void must(bool holds) {
  if (!holds) std::abort();
}

/// As xxd writes it.
std::string dumped(alert::Bytes bytes) {
  std::string text;
  const auto digits = [&](std::size_t value, unsigned count) {
    for (unsigned shift = 4 * count; shift > 0; shift -= 4) text += "0123456789abcdef"[value >> (shift - 4) & 15];
  };
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const alert::Bytes line = bytes.subspan(at, std::min<std::size_t>(16, bytes.size() - at));
    digits(at, 8);
    text += ':';
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i % 2 == 0) text += ' ';
      digits(std::to_integer<std::size_t>(line[i]), 2);
    }
    text += "  ";
    for (const char c : alert::as_text(line)) text += c >= ' ' && c <= '~' ? c : '.';
    text += '\n';
  }
  return text;
}

std::size_t size_of(const Blocks& blocks) {
  std::size_t total = 0;
  for (const auto& block : blocks) {
    must(!block.empty());
    total += block.size();
  }
  return total;
}

/// Bytes of which the text leaves nothing open.
void must_be(std::string_view text, const Blocks& blocks) {
  const auto paste = alert::read_hex_paste(text);
  must(paste && paste->blocks == blocks && paste->otherwise.empty() && paste->start == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = alert::pasted_text({reinterpret_cast<const std::byte*>(data), size});
  if (!text) return 0;
  must(text->size() <= size);
  const auto paste = alert::read_hex_paste(*text);
  if (!paste) {
    must(paste.error().offset <= text->size());
    return 0;
  }
  const std::size_t total = size_of(paste->blocks), otherwise = size_of(paste->otherwise);
  must(total > 0 && total <= alert::kMostRepeated + size && (otherwise == 0 || otherwise == total));
  must(paste->open_word == 0 || otherwise == total);
  constexpr std::size_t kEnough = 512;
  const Blocks first{paste->blocks.front()};
  if (first[0].size() > kEnough) return 0;
  must_be(alert::to_hex(first[0]), first);
  must_be(dumped(first[0]), first);
  return 0;
}
