#pragma once
// The body of an indication record: one event at one notification port.
//
//     offset size field
//          0    4 key             of the filter that matched
//          4    4 filter          what happened: one bit of ClusterChange
//          8    4 state_sequence  of the object then; 0 without a state
//         12    4 lost            how many indications this one stands for that did not fit; else 0
//         16    - name            of the object, UTF-16LE, and a zero unit
//
// In the record's header `ordinal` counts the port's indications from 1 and has no holes but those that
// `lost` fills; `sequence` is where the journal was then, uid and pid are of who changed the object.

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "alert/wire/record.hpp"
#include "alert/wire/text.hpp"

namespace alert {

struct IndicationBody {
  std::uint32_t key = 0;
  std::uint32_t filter = 0;
  std::uint32_t state_sequence = 0;
  std::uint32_t lost = 0;
};
static_assert(sizeof(IndicationBody) == 16);
static_assert(offsetof(IndicationBody, key) == 0);
static_assert(offsetof(IndicationBody, filter) == 4);
static_assert(offsetof(IndicationBody, state_sequence) == 8);
static_assert(offsetof(IndicationBody, lost) == 12);

/// The whole record; size, kind and profile of `header` are filled in. Precondition: `name` is UTF-8.
[[nodiscard]] inline std::vector<std::byte> encode_indication(RecordHeader header, const IndicationBody& body,
                                                              std::string_view name) {
  const std::string wire = utf8_to_utf16le(name).value_or(std::string()) + std::string(2, '\0');
  header.size = static_cast<std::uint32_t>(sizeof header + sizeof body + wire.size());
  header.kind = static_cast<std::uint16_t>(RecordKind::indication);
  header.profile = static_cast<std::uint8_t>(Profile::nt);
  std::vector<std::byte> record(header.size);
  std::memcpy(record.data(), &header, sizeof header);
  std::memcpy(record.data() + sizeof header, &body, sizeof body);
  std::memcpy(record.data() + sizeof header + sizeof body, wire.data(), wire.size());
  return record;
}

/// An indication that somebody has.
struct IndicationView {
  RecordHeader header;
  IndicationBody body;
  std::string name;  // UTF-8
};

/// Refuses what is no record, none of an indication, and a name without its zero unit or with one in it.
[[nodiscard]] inline Result<IndicationView> decode_indication(Bytes bytes) {
  const auto record = read_record(bytes);
  if (!record) return tl::unexpected<Error>(record.error());
  if (record->kind() != RecordKind::indication) return failure(Errc::bad_magic, 4);
  constexpr std::size_t kName = sizeof(RecordHeader) + sizeof(IndicationBody);
  if (record->body.size() < sizeof(IndicationBody)) return failure(Errc::truncated, sizeof(RecordHeader));
  const std::string_view name = as_text(record->body.subspan(sizeof(IndicationBody)));
  if (name.size() % 2 != 0) return failure(Errc::odd_text, kName);
  for (std::size_t i = 0; i < name.size(); i += 2) {
    if (name[i] != 0 || name[i + 1] != 0) continue;
    if (i + 2 != name.size()) return failure(Errc::embedded_zero, kName + i);
    return IndicationView{record->header, load<IndicationBody>(record->body.data()),
                          utf16le_to_utf8(name.substr(0, i))};
  }
  return failure(Errc::unterminated, kName);
}

}  // namespace alert
