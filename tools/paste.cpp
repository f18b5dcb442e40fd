#include "paste.hpp"

#include "alert/capture/datagram.hpp"
#include "alert/capture/frame.hpp"
#include "alert/capture/hex_paste.hpp"
#include "alert/wire/alert.hpp"
#include "alert/wire/text.hpp"
#include "exit_status.hpp"

using namespace alert;

namespace {

constexpr const char* kAdvice = "; make it with xxd or od -tx1";

std::string sentence(const PasteError& error, std::string_view text) {
  const TextPlace place = place_in(text, error.offset);
  const std::string at = "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) + ": ";
  switch (error.fault) {
    case PasteFault::empty: return "is empty";
    case PasteFault::no_hex: return "is text, but no bytes in hexadecimal";
    case PasteFault::character: return at + "not a hexadecimal digit";
    case PasteFault::asterisk:
      return at + "an asterisk, and no offsets that tell how many lines it stands for; make it with od -v";
    case PasteFault::odd_digits: return at + "an odd number of hexadecimal digits";
    case PasteFault::no_byte: return at + "expected a byte, as 0x20 or 'A'";
    case PasteFault::offset: return at + "this offset is not where the bytes before it end";
    case PasteFault::interruption: return at + "the dump goes on behind something that is no part of it";
    case PasteFault::columns:
      return at + "a dump whose columns are not single bytes in hexadecimal, as od, od -c and hexdump -d print" +
             kAdvice;
    case PasteFault::reversed_words: return at + "words with the last byte first, as xxd -e prints" + kAdvice;
  }
  return at;
}

tl::unexpected<Damage> refusal(const std::string& path, const std::string& sentence, std::size_t offset) {
  return tl::unexpected<Damage>(Damage{kDamaged, path + ": " + sentence, Error{Errc::bad_text, offset}});
}

constexpr Profile kProfiles[] = {Profile::lm20, Profile::nt};

bool names_class(Profile profile, Bytes bytes) {
  const Partial partial = decode_leniently(profile, bytes);
  return other_info_for<std::string_view>(profile, partial.alert.header.alrt_eventname).index() != 0;
}
/// Starts as an alert of the five classes does, or carries a datagram.
bool starts_known(Bytes bytes) {
  return datagram_in(bytes) || std::ranges::any_of(kProfiles, [&](Profile p) { return names_class(p, bytes); });
}
bool is_whole(Bytes bytes) {
  return std::ranges::any_of(kProfiles, [&](Profile p) { return decode(p, bytes).has_value(); });
}
/// One alert of the five classes and nothing behind it.
bool is_known(Bytes bytes) {
  return std::ranges::any_of(kProfiles, [&](Profile p) {
    const auto decoded = decode(p, bytes);
    return decoded && decoded->trailing == 0 && names_class(p, bytes);
  });
}
bool is_datagram(Bytes bytes) {
  const auto datagram = datagram_in(bytes);
  return datagram && read_mailslot_write(*datagram);
}

bool are_lines(const HexPaste& paste) {
  const Blocks& lines = paste.otherwise;
  if (lines.empty() || is_known(paste.blocks[0])) return false;
  return std::ranges::any_of(lines, is_known) || std::ranges::any_of(lines, is_datagram) ||
         std::ranges::all_of(lines, is_whole);
}

/// No alert has such a time and such characters at once.
bool looks_like_datagram(Bytes bytes) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(bytes[at]); };
  return bytes.size() >= 14 && byte(0) >= 0x10 && byte(0) <= 0x16 && byte(8) == 0 &&
         byte(9) == kNetbiosDatagramPort;
}

}  // namespace

tl::expected<std::optional<Paste>, Damage> read_paste(const std::string& path, std::string_view text,
                                                      PastePart part) {
  auto paste = read_hex_paste(text);
  if (!paste) {
    const bool may_be_raw = part == PastePart::whole && paste.error().fault == PasteFault::no_hex;
    if (may_be_raw && !utf8_to_utf16le(text)) return std::optional<Paste>();
    return refusal(path, sentence(paste.error(), text) + (may_be_raw ? " (--format raw: take it as it is)" : ""),
                   paste.error().offset);
  }
  std::string remark;
  if (paste->start != 0) {
    remark = "the dump starts at offset " + std::to_string(paste->start) + ", what is before it is not there";
    if (part == PastePart::whole) return refusal(path, remark + " (--format hex: take it as it is)", 0);
    remark = path + ": " + remark;
  }
  if (paste->open_word != 0) {
    const bool is_printed = std::ranges::any_of(paste->blocks, starts_known);
    const bool is_other = std::ranges::any_of(paste->otherwise, starts_known);
    if (is_printed == is_other)
      return refusal(path,
                     "in words of " + std::to_string(paste->open_word) +
                         " bytes, and nothing tells which byte of them is first" + kAdvice,
                     0);
    if (is_other) paste->blocks.swap(paste->otherwise);
  } else if (are_lines(*paste)) {
    paste->blocks.swap(paste->otherwise);
  }
  return Paste{std::move(paste->blocks), std::move(remark)};
}

std::optional<Bytes> datagram_in(Bytes block) {
  if (looks_like_datagram(block)) return block;
  for (const LinkType link : {LinkType::raw, LinkType::ethernet, LinkType::linux_sll, LinkType::linux_sll2}) {
    const Frame frame = read_frame(link, block);
    if (frame.kind == FrameKind::udp && looks_like_datagram(frame.payload)) return frame.payload;
  }
  return std::nullopt;
}
