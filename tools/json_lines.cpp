#include "json_lines.hpp"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "alert/wire/hex.hpp"

using namespace alert;

void JsonWriter::separate() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
}

void JsonWriter::key(std::string_view name) {
  string(name);
  out_.push_back(':');
  first_ = true;
}

void JsonWriter::number(std::uint64_t value) {
  separate();
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::string(std::string_view text) {
  separate();
  out_.push_back('"');
  const auto escape = [&](std::uint32_t c) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "\\u%04x", static_cast<unsigned>(c));
    out_ += digits;
  };
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(c);
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      escape(static_cast<unsigned char>(c));
      ++i;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      out_.push_back(c);
      ++i;
    } else if (const CodePoint point = code_point(text.substr(i)); point.length == 0) {
      escape(0xFFFD);
      ++i;
    } else {
      if (is_surrogate(point.value))
        escape(point.value);
      else
        out_.append(text.substr(i, point.length));
      i += point.length;
    }
  }
  out_.push_back('"');
}

namespace {

/// Writes every field of an alert under its C name.
struct FieldWriter {
  JsonWriter& json;
  TextCodec& codec;
  Profile profile_;
  bool all_exact = true;

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  void narrow(std::string_view name, std::uint32_t value) { wide(name, value); }
  void wide(std::string_view name, std::uint32_t value) {
    json.key(name);
    json.number(value);
  }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view name, std::string_view text, std::size_t) { string(name, text); }
  void string(std::string_view name, std::string_view text) {
    json.key(name);
    put(text);
  }
  void count(std::string_view name, const MergeStrings<std::string_view>& strings) {
    wide(name, static_cast<std::uint32_t>(strings.size()));
  }
  void strings(std::string_view name, const MergeStrings<std::string_view>& strings) {
    json.key(name);
    json.begin_array();
    for (const std::string_view text : strings) put(text);
    json.end_array();
  }
  void rest(std::string_view name, std::string_view payload) {
    json.key(name);
    json.string(to_hex(as_bytes(payload)));
  }

  void put(std::string_view wire) {
    const OutsideText text = codec.to_utf8(wire);
    all_exact = all_exact && text.exact;
    json.string(text.utf8);
  }
};

/// Writes the wire bytes of the strings that UTF-8 cannot carry back.
struct RawWriter {
  JsonWriter& json;
  TextCodec& codec;
  Profile profile_;

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  void narrow(std::string_view, std::uint32_t) {}
  void wide(std::string_view, std::uint32_t) {}
  void padding(std::string_view, std::size_t) {}
  void count(std::string_view, const MergeStrings<std::string_view>&) {}
  void rest(std::string_view, std::string_view) {}
  void name(std::string_view name, std::string_view text, std::size_t) { string(name, text); }
  void string(std::string_view name, std::string_view text) {
    if (codec.to_utf8(text).exact) return;
    json.key(name);
    json.string(to_hex(as_bytes(text)));
  }
  void strings(std::string_view name, const MergeStrings<std::string_view>& strings) {
    bool all_exact = true;
    for (const std::string_view text : strings) all_exact = all_exact && codec.to_utf8(text).exact;
    if (all_exact) return;
    json.key(name);
    json.begin_array();
    for (const std::string_view text : strings) json.string(to_hex(as_bytes(text)));
    json.end_array();
  }
};

void append_provenance(JsonWriter& json, Bytes wire, const Provenance& from) {
  if (from.record) {
    json.key("sequence");
    json.number(from.record->sequence);
    json.key("accepted");
    json.string(utc_ns(from.record->accepted_ns));
    json.key("uid");
    json.number(from.record->uid);
    json.key("pid");
    json.number(from.record->pid);
    json.key("origin");
    json.string(to_hex(Bytes{reinterpret_cast<const std::byte*>(from.record->origin.data()), 16}));
    if (from.record->flags & kRedelivered) {
      json.key("redelivered");
      json.boolean(true);
    }
    if (from.record->flags & kCutAtMaxdata) {
      json.key("cut");
      json.boolean(true);
    }
  }
  if (!from.event.empty()) {
    json.key("event");
    json.string(from.event);
  }
  if (from.with_hex) {
    json.key("hex");
    json.string(to_hex(wire));
  }
}

}  // namespace

std::string utc_ns(std::uint64_t ns) {
  const auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  std::tm tm{};
  ::gmtime_r(&seconds, &tm);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
  char text[64];
  std::snprintf(text, sizeof text, "%s.%09uZ", date, static_cast<unsigned>(ns % 1'000'000'000));
  return text;
}

std::string_view gap_reason(std::uint32_t reason) noexcept {
  switch (static_cast<GapReason>(reason)) {
    case GapReason::retention: return "retention";
    case GapReason::damaged: return "damaged";
  }
  return "unknown";
}

bool append_alert_line(std::string& out, Profile profile, Bytes wire, TextCodec& codec, const Provenance& from) {
  JsonWriter json(out);
  json.begin_object();
  json.key("profile");
  json.string(name(profile));
  const auto decoded = decode(profile, wire);
  if (decoded) {
    json.key("class");
    json.string(class_name(decoded->alert.other_info));
    json.key("size");
    json.number(wire.size());
    json.key("trailing");
    json.number(decoded->trailing);
    json.key("fields");
    json.begin_object();
    FieldWriter fields{json, codec, profile};
    for_each_field(decoded->alert, fields);
    json.end_object();
    if (!fields.all_exact) {
      json.key("raw_hex");
      json.begin_object();
      RawWriter raw{json, codec, profile};
      for_each_field(decoded->alert, raw);
      json.end_object();
    }
  } else {
    json.key("error");
    json.begin_object();
    json.key("code");
    json.string(name(decoded.error().code));
    json.key("offset");
    json.number(decoded.error().offset);
    json.key("message");
    json.string(meaning(decoded.error().code));
    json.end_object();
  }
  append_provenance(json, wire, from);
  json.end_object();
  out.push_back('\n');
  return decoded.has_value();
}

void append_gap_line(std::string& out, const GapBody& gap) {
  JsonWriter json(out);
  json.begin_object();
  json.key("gap");
  json.begin_object();
  json.key("first");
  json.number(gap.first);
  json.key("last");
  json.number(gap.last);
  json.key("count");
  json.number(gap.count);
  json.key("reason");
  json.string(gap_reason(gap.reason));
  json.end_object();
  json.end_object();
  out.push_back('\n');
}
