#include "alert_fields.hpp"

#include <algorithm>
#include <set>

#include "alert/control/json_fields.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/text.hpp"

using namespace alert;

namespace {

// nlohmann refuses the escape of an unpaired surrogate, which a WCHAR string may hold and `dump`
// therefore writes. Such escapes travel through the parser as the last 2,048 private-use characters.
constexpr std::uint32_t kStandIns = 0x10F800;

bool is_stand_in(std::uint32_t c) { return c >= kStandIns && c <= 0x10FFFF; }

std::uint32_t escaped_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return 0;
  std::uint32_t unit = 0;
  for (const char c : text.substr(2, 4)) {
    if (hex_digit(c) < 0) return 0;
    unit = unit << 4 | static_cast<std::uint32_t>(hex_digit(c));
  }
  return unit;
}

struct ParserText {
  std::string text;
  bool has_stand_ins = false;
  bool is_ambiguous = false;  // a stand-in was in the input already
};

ParserText with_stand_ins(std::string_view json) {
  ParserText result;
  bool had_private = false;
  for (std::size_t i = 0; i < json.size();) {
    const std::uint32_t unit = escaped_unit(json.substr(i));
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      const std::uint32_t low = escaped_unit(json.substr(i + 6));
      if (unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF) {
        had_private = had_private || is_stand_in(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
        result.text += json.substr(i, 12);
        i += 12;
        continue;
      }
      append_utf8(result.text, kStandIns + (unit - 0xD800));
      result.has_stand_ins = true;
      i += 6;
      continue;
    }
    const CodePoint c = code_point(json.substr(i));
    had_private = had_private || (c.length > 0 && is_stand_in(c.value));
    const std::size_t step = json[i] == '\\' && i + 1 < json.size() ? 2 : std::max<std::size_t>(c.length, 1);
    result.text += json.substr(i, step);
    i += step;
  }
  result.is_ambiguous = had_private && result.has_stand_ins;
  return result;
}

std::string without_stand_ins(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = code_point(text.substr(i));
    append_utf8(out, is_stand_in(c.value) ? 0xD800 + (c.value - kStandIns) : c.value);
    i += std::max<std::size_t>(c.length, 1);
  }
  return out;
}

Result<std::vector<std::byte>> hex_bytes(const Json& member) {
  return member.is_string() ? from_hex(member.get_ref<const std::string&>())
                            : Result<std::vector<std::byte>>(failure(Errc::bad_text, 0));
}

/// Fills an alert from the members of `fields`; keeps the first complaint.
class FieldReader {
 public:
  /// `raw` are wire bytes of the profile `written_in`.
  FieldReader(const Json& fields, const Json& raw, Profile written_in, TextCodec& codec, Profile profile,
              bool has_stand_ins)
      : fields_(fields),
        raw_(raw),
        written_in_(written_in),
        codec_(codec),
        profile_(profile),
        has_stand_ins_(has_stand_ins) {}

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }
  [[nodiscard]] bool is_known(const std::string& name) const { return known_.contains(name); }

  void narrow(std::string_view name, std::uint32_t& value) {
    wide(name, value);
    const bool is_none = value == 0xFFFFFFFF && name.ends_with("_errcode") && profile_ != written_in_;
    if (is_none) value = 0xFFFF;  // "no message number": nt knows both (fact sheet 1.2)
  }
  void wide(std::string_view name, std::uint32_t& value) {
    const Json* member = find(name);
    if (!member) return;
    if (!member->is_number_unsigned() || member->get<std::uint64_t>() > 0xFFFFFFFF)
      return complain(name, "expected a number from 0 to 4294967295");
    value = member->get<std::uint32_t>();
  }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view name, std::string& text, std::size_t) { string(name, text); }
  void string(std::string_view name, std::string& text) {
    if (const Json* member = find(name)) text = wire(name, *member, raw_.find(name), 0);
  }
  void count(std::string_view name, const MergeStrings<std::string>&) {
    if (fields_.contains(name)) wide(name, announced_.emplace());
  }
  void strings(std::string_view name, MergeStrings<std::string>& strings) {
    const Json* member = find(name);
    if (!member) return;
    if (!member->is_array() || !strings.resize(member->size()))
      return complain(name, "expected an array of at most 9 strings");
    if (announced_ && *announced_ != member->size())
      return complain(name, "not as many strings as numstrings says");
    const auto raw = raw_.find(name);
    std::size_t i = 0;
    for (std::string& text : strings) {
      text = wire(name, (*member)[i], raw, i);
      ++i;
    }
  }
  void rest(std::string_view name, std::string& payload) {
    const Json* member = find(name);
    if (!member) return;
    const auto bytes = hex_bytes(*member);
    if (!bytes) return complain(name, "expected an even number of hexadecimal digits");
    payload = as_text(*bytes);
  }

 private:
  const Json* find(std::string_view name) {
    const auto member = fields_.find(name);
    if (member == fields_.end()) {
      complain(name, "missing");
      return nullptr;
    }
    known_.insert(std::string(name));
    return &*member;
  }
  std::string wire(std::string_view name, const Json& text, Json::const_iterator raw, std::size_t index) {
    if (raw != raw_.end() && profile_ != written_in_) {
      complain(name, "raw_hex: bytes that are no text cannot be converted");
      return {};
    }
    if (raw != raw_.end()) {
      const Json& hex = raw->is_array() && index < raw->size() ? (*raw)[index] : *raw;
      const auto bytes = hex_bytes(hex);
      if (bytes) return std::string(as_text(*bytes));
      complain(name, "raw_hex: expected hexadecimal digits");
      return {};
    }
    if (!text.is_string()) {
      complain(name, "expected a string");
      return {};
    }
    const auto& utf8 = text.get_ref<const std::string&>();
    auto converted = codec_.to_wire(has_stand_ins_ ? without_stand_ins(utf8) : utf8);
    if (converted) return std::move(*converted);
    complain(name, "has a character at byte " + std::to_string(converted.error().offset) +
                       " that the code page does not have");
    return {};
  }
  void complain(std::string_view name, const std::string& what) {
    if (complaint_.empty()) complaint_ = "fields." + std::string(name) + ": " + what;
  }

  const Json& fields_;
  const Json& raw_;
  Profile written_in_;
  TextCodec& codec_;
  Profile profile_;
  bool has_stand_ins_;
  std::optional<std::uint32_t> announced_;
  std::string complaint_;
  std::set<std::string> known_;
};

/// The empty trailer of a class by its name; nothing for an unknown one.
std::optional<OtherInfo<std::string>> other_info_named(const std::string& class_name, std::string_view& event) {
  std::optional<OtherInfo<std::string>> info;
  if (class_name == CustomOtherInfo<std::string>::kClass) info = CustomOtherInfo<std::string>{};
  for_each_named_class<std::string>([&](auto&& empty) {
    if (class_name != empty.kClass) return;
    event = empty.kEvent;
    info = std::forward<decltype(empty)>(empty);
  });
  return info;
}

}  // namespace

namespace {

/// Finds the name of the field that starts at an offset.
struct FieldAt {
  Profile profile_;
  std::size_t wanted;
  std::string found{"alert"};
  std::size_t at = 0;

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  void narrow(std::string_view field, std::uint32_t) { step(field, profile_ == Profile::nt ? 4 : 2); }
  void wide(std::string_view field, std::uint32_t) { step(field, 4); }
  void padding(std::string_view field, std::size_t size) { step(field, size); }
  void name(std::string_view field, const std::string& text, std::size_t units) {
    const bool here = at == wanted;
    step(field, (units + 1) * unit(profile_));
    if (here)
      found += " (\"" + TextCodec::open(profile_, std::string(kDefaultCodepage))->to_utf8(text).utf8 +
               "\", at most " + std::to_string(units) + " characters)";
  }
  void string(std::string_view field, const std::string& text) { step(field, text.size() + unit(profile_)); }
  void count(std::string_view field, const MergeStrings<std::string>&) { narrow(field, 0); }
  void strings(std::string_view field, const MergeStrings<std::string>& strings) {
    for (const std::string& text : strings) string(field, text);
  }
  void rest(std::string_view field, const std::string& payload) { step(field, payload.size()); }
  void step(std::string_view field, std::size_t size) {
    if (at == wanted) found = field;
    at += size;
  }
};

}  // namespace

tl::expected<PackedAlert, std::string> pack_alert(const Alert& alert, std::string event) {
  PackedAlert packed{alert.profile, std::move(event), std::vector<std::byte>(encoded_size(alert))};
  const auto size = encode(alert, packed.wire);
  if (!size) {
    FieldAt field{alert.profile, size.error().offset};
    for_each_field(alert, field);
    return tl::unexpected<std::string>(field.found + ": " + std::string(meaning(size.error().code)));
  }
  packed.wire.resize(*size);
  return packed;
}

tl::expected<PackedAlert, std::string> pack_alert(Profile profile, Bytes wire, Codecs& codecs) {
  const auto decoded = decode(profile, wire);
  if (decoded)
    return PackedAlert{
        profile, codecs.of(profile).to_utf8(decoded->alert.header.alrt_eventname).utf8, {wire.begin(), wire.end()}};
  return tl::unexpected<std::string>("not a well-formed " + std::string(name(profile)) +
                                     " alert: " + std::string(meaning(decoded.error().code)) +
                                     " (field at offset " + std::to_string(decoded.error().offset) + ")");
}

tl::expected<PackedAlert, std::string> pack_alert(std::string_view line, const FieldDefaults& defaults,
                                                  Codecs& codecs) {
  const auto no = [](std::string sentence) { return tl::unexpected<std::string>(std::move(sentence)); };
  const ParserText text = with_stand_ins(line);
  if (text.is_ambiguous) return no("unpaired surrogates beside private-use characters above U+10F800");
  const auto json = parse_json(text.text, kLargestLine);
  if (!json || !json->is_object()) return no("not a JSON object (at most a megabyte, nested at most 16 deep)");

  Profile written_in = defaults.profile;
  if (const auto profile = json->find("profile"); profile != json->end()) {
    if (*profile == "nt")
      written_in = Profile::nt;
    else if (*profile == "lm20")
      written_in = Profile::lm20;
    else
      return no("profile: expected \"lm20\" or \"nt\"");
  }
  Alert alert;
  alert.profile = defaults.convert_to.value_or(written_in);
  const auto class_member = json->find("class");
  if (class_member == json->end() || !class_member->is_string()) return no("class: missing");
  std::string_view event;
  auto info = other_info_named(class_member->get<std::string>(), event);
  if (!info) return no("class: expected admin, user, print, errlog, message or custom");
  alert.other_info = std::move(*info);
  const auto given = json->find("fields");
  if (given == json->end() || !given->is_object()) return no("fields: missing");
  Json fields = *given;
  if (!fields.contains("alrt_timestamp")) fields["alrt_timestamp"] = defaults.timestamp;
  if (!fields.contains("alrt_eventname") && !event.empty()) fields["alrt_eventname"] = event;

  const Json raw = json->value("raw_hex", Json::object());
  if (!raw.is_object()) return no("raw_hex: expected an object");
  FieldReader reader(fields, raw, written_in, codecs.of(alert.profile), alert.profile, text.has_stand_ins);
  for_each_field(alert, reader);
  if (!reader.complaint().empty()) return no(reader.complaint());
  for (const auto& [name, value] : fields.items())
    if (!reader.is_known(name)) return no("fields." + name + ": this class has no such field");
  const Json& name = fields["alrt_eventname"];
  auto packed =
      pack_alert(alert, name.is_string() ? without_stand_ins(name.get_ref<const std::string&>()) : std::string());
  if (!packed) return packed;
  const bool has_payload = alert.other_info.index() == 0 && packed->wire.size() > std_alert_size(alert.profile);
  if (alert.profile != written_in && has_payload) packed->unconverted = "payload_hex";
  const auto trailing = json->find("trailing_hex");
  if (trailing == json->end() || *trailing == "") return packed;
  const auto bytes = hex_bytes(*trailing);
  if (!bytes) return no("trailing_hex: expected an even number of hexadecimal digits");
  if (alert.other_info.index() == 0) return no("trailing_hex: all behind a custom header is its payload");
  if (bytes->size() > kLargestAlert - packed->wire.size())
    return no("trailing_hex: " + std::string(meaning(Errc::too_large)));
  packed->wire.insert(packed->wire.end(), bytes->begin(), bytes->end());
  if (alert.profile != written_in) packed->unconverted = "trailing_hex";
  return packed;
}
