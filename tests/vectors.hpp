#pragma once
// The golden alerts, and the way between wire bytes and the JSON fields they are written down as.

#include <cstdint>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alert/wire/alert.hpp"
#include "alert/wire/text.hpp"

namespace golden {

using nlohmann::json;
using Buffer = std::vector<std::byte>;  // as long as what it holds, so that a sanitizer sees its end

[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes)
    for (const unsigned shift : {4u, 0u})
      hex.push_back("0123456789abcdef"[static_cast<unsigned>(byte) >> shift & 0xF]);
  return hex;
}
/// Spaces and line ends may stand anywhere between the digits.
[[nodiscard]] inline Buffer from_hex(std::string_view hex) {
  Buffer bytes;
  unsigned value = 1;  // a leading one tells when two digits are in
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) throw std::invalid_argument("not a hex digit");
    value = value << 4 | static_cast<unsigned>(digit);
    if (value < 0x100) continue;
    bytes.push_back(static_cast<std::byte>(value & 0xFF));
    value = 1;
  }
  if (value != 1) throw std::invalid_argument("half a byte of hex");
  return bytes;
}

[[nodiscard]] inline Buffer prefix(alert::Bytes bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// What became of something, in words: "accepted", or such as "truncated at 38".
[[nodiscard]] inline std::string verdict(const alert::Error& error) {
  return std::string(name(error.code)) + " at " + std::to_string(error.offset);
}
template <class T>
[[nodiscard]] std::string verdict(const alert::Result<T>& result) {
  return result ? "accepted" : verdict(result.error());
}

/// An alert that decodes: to `fields`, with `trailing` bytes behind it.
struct Vector {
  std::string name;
  alert::Profile profile;
  std::string class_name;
  std::string codepage;
  bool canonical;  // encoding `fields` gives `bytes`
  Buffer bytes;
  json fields;
  json raw_hex;  // the wire bytes of fields that are not plain ASCII
  std::size_t trailing;
};

/// Bytes that do not.
struct Malformed {
  std::string name;
  alert::Profile profile;
  std::string reason;
  Buffer bytes;
};

struct Alerts {
  std::vector<Vector> valid;     // nothing behind the alert
  std::vector<Vector> trailing;  // something behind it
  std::vector<Malformed> malformed;
};

inline void load_into(Alerts& into, const std::string& file) {
  std::ifstream in(std::string(ALERT_GOLDEN_DIR "/") + file);
  const json all = json::parse(in);
  const auto profile = all.at("profile") == "nt" ? alert::Profile::nt : alert::Profile::lm20;
  const auto vector = [&](const json& v) {
    return Vector{v.at("name"),
                  profile,
                  v.at("class"),
                  v.value("codepage", std::string(alert::kDefaultCodepage)),
                  v.value("canonical", false),
                  from_hex(v.at("hex").get_ref<const std::string&>()),
                  v.at("fields"),
                  v.value("raw_hex", json::object()),
                  v.value("trailing", std::size_t{0})};
  };
  for (const json& v : all.at("vectors")) into.valid.push_back(vector(v));
  for (const json& v : all.at("malformed")) {
    if (v.at("expect") == "accept_trailing")
      into.trailing.push_back(vector(v));
    else
      into.malformed.push_back(
          {v.at("name"), profile, v.at("reason"), from_hex(v.at("hex").get_ref<const std::string&>())});
  }
}

/// Both profiles, read once.
[[nodiscard]] inline const Alerts& alerts() {
  static const Alerts kAlerts = [] {
    Alerts all;
    load_into(all, "alerts-lm20.json");
    load_into(all, "alerts-nt.json");
    return all;
  }();
  return kAlerts;
}
[[nodiscard]] inline const Vector& vector_named(std::string_view name) {
  for (const Vector& v : alerts().valid)
    if (v.name == name) return v;
  throw std::out_of_range(std::string(name));
}

[[nodiscard]] inline alert::TextCodec codec_of(const Vector& vector) {
  return alert::TextCodec::open(vector.profile, vector.codepage).value();
}

/// A pass that collects every field; `text_of` says how wire text is written down.
template <class TextOf>
class FieldsPass {
 public:
  FieldsPass(alert::Profile profile, TextOf text_of) : profile_(profile), text_of_(std::move(text_of)) {}

  void narrow(std::string_view field, std::uint32_t value) { put(field, value); }
  void wide(std::string_view field, std::uint32_t value) { put(field, value); }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view field, std::string_view text, std::size_t) { put(field, text_of_(text)); }
  void string(std::string_view field, std::string_view text) { put(field, text_of_(text)); }
  template <class Strings>
  void count(std::string_view field, const Strings& strings) {
    put(field, strings.size());
  }
  template <class Strings>
  void strings(std::string_view field, const Strings& strings) {
    json all = json::array();
    for (const std::string_view text : strings) all.push_back(text_of_(text));
    put(field, std::move(all));
  }
  void rest(std::string_view field, std::string_view payload) { put(field, to_hex(payload)); }

  [[nodiscard]] alert::Profile profile() const { return profile_; }
  [[nodiscard]] const json& fields() const { return fields_; }

 private:
  void put(std::string_view field, json value) { fields_[std::string(field)] = std::move(value); }

  alert::Profile profile_;
  TextOf text_of_;
  json fields_ = json::object();
};

[[nodiscard]] inline json fields_of(const alert::AlertView& alert, alert::TextCodec& codec) {
  FieldsPass pass(alert.profile, [&](std::string_view text) { return codec.to_utf8(text).utf8; });
  for_each_field(alert, pass);
  return pass.fields();
}
/// The same, but every text as the hex of its wire bytes.
[[nodiscard]] inline json raw_fields_of(const alert::AlertView& alert) {
  FieldsPass pass(alert.profile, to_hex);
  for_each_field(alert, pass);
  return pass.fields();
}

/// Every text of a decoded alert by its name, merge strings as mergestrings[0] and so on.
[[nodiscard]] inline std::map<std::string, std::string_view> texts_of(const alert::AlertView& alert) {
  struct Texts {
    alert::Profile profile_;
    std::map<std::string, std::string_view> found{};
    [[nodiscard]] alert::Profile profile() const { return profile_; }
    void narrow(std::string_view, std::uint32_t) {}
    void wide(std::string_view, std::uint32_t) {}
    void padding(std::string_view, std::size_t) {}
    void name(std::string_view field, std::string_view text, std::size_t) { found[std::string(field)] = text; }
    void string(std::string_view field, std::string_view text) { found[std::string(field)] = text; }
    void count(std::string_view, const alert::MergeStrings<std::string_view>&) {}
    void strings(std::string_view field, const alert::MergeStrings<std::string_view>& strings) {
      for (std::size_t i = 0; i < strings.size(); ++i)
        found[std::string(field) + '[' + std::to_string(i) + ']'] = strings[i];
    }
    void rest(std::string_view field, std::string_view payload) { found[std::string(field)] = payload; }
  } texts{alert.profile};
  for_each_field(alert, texts);
  return std::move(texts.found);
}

/// The names of the zero-terminated strings of a golden alert by the offset where they start.
[[nodiscard]] inline std::map<std::size_t, std::string> string_offsets(const Vector& vector) {
  std::map<std::size_t, std::string> offsets;
  for (const auto& [name, text] : texts_of(alert::decode(vector.profile, vector.bytes).value().alert)) {
    const auto at = static_cast<std::size_t>(alert::as_bytes(text).data() - vector.bytes.data());
    if (at >= alert::std_alert_size(vector.profile) && name != "payload_hex") offsets[at] = name;
  }
  return offsets;
}

/// A pass that fills an alert from what FieldsPass collected.
class FillPass {
 public:
  FillPass(alert::Profile profile, const json& fields, alert::TextCodec& codec)
      : profile_(profile), fields_(fields), codec_(codec) {}

  void narrow(std::string_view field, std::uint32_t& value) { value = at(field); }
  void wide(std::string_view field, std::uint32_t& value) { value = at(field); }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view field, std::string& text, std::size_t) { text = wire(at(field)); }
  void string(std::string_view field, std::string& text) { text = wire(at(field)); }
  void count(std::string_view, alert::MergeStrings<std::string>&) {}
  void strings(std::string_view field, alert::MergeStrings<std::string>& strings) {
    for (const json& text : at(field))
      if (!strings.push_back(wire(text))) throw std::length_error("mergestrings");
  }
  void rest(std::string_view field, std::string& payload) {
    payload = alert::as_text(from_hex(at(field).get_ref<const std::string&>()));
  }

  [[nodiscard]] alert::Profile profile() const { return profile_; }

 private:
  [[nodiscard]] const json& at(std::string_view field) const { return fields_.at(std::string(field)); }
  [[nodiscard]] std::string wire(const json& text) {
    return codec_.to_wire(text.get_ref<const std::string&>()).value();
  }

  alert::Profile profile_;
  const json& fields_;
  alert::TextCodec& codec_;
};

/// The alert whose event name and fields these are. Throws where a field is missing or not convertible.
[[nodiscard]] inline alert::Alert alert_of(alert::Profile profile, const json& fields, alert::TextCodec& codec) {
  alert::Alert alert{profile, {}, {}};
  const auto& event = fields.at("alrt_eventname").get_ref<const std::string&>();
  alert.other_info = alert::other_info_for<std::string>(profile, codec.to_wire(event).value());
  FillPass pass(profile, fields, codec);
  for_each_field(alert, pass);
  return alert;
}

/// The wire bytes of an alert, written over garbage in a buffer as long as it said.
template <class Text>
[[nodiscard]] alert::Result<Buffer> encoded(const alert::BasicAlert<Text>& alert) {
  Buffer out(encoded_size(alert), std::byte{0xA5});
  return encode(alert, out).map([&](std::size_t size) { return prefix(out, size); });
}

}  // namespace golden
