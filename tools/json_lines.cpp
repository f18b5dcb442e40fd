#include "json_lines.hpp"

#include <chrono>

#include "alert/wire/hex.hpp"
#include "field_by_field.hpp"
#include "json_writer.hpp"

using namespace alert;

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

void append_record(JsonWriter& json, const RecordHeader& record) {
  json.key("sequence");
  json.number(record.sequence);
  json.key("accepted");
  json.string(utc_ns(record.accepted_ns));
  json.key("uid");
  json.number(record.uid);
  json.key("pid");
  json.number(record.pid);
  json.key("origin");
  json.string(to_hex(Bytes{reinterpret_cast<const std::byte*>(record.origin.data()), record.origin.size()}));
  if (record.flags & kRedelivered) {
    json.key("redelivered");
    json.boolean(true);
  }
  if (record.flags & kCutAtMaxdata) {
    json.key("cut");
    json.boolean(true);
  }
}

void append_datagram(JsonWriter& json, const MailslotWrite& write, TextCodec& oem) {
  const auto number = [&](std::string_view name, std::uint64_t value) {
    json.key(name);
    json.number(value);
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    json.key(name);
    json.string(oem.to_utf8(value).utf8);
  };
  text("mailslot", write.mailslot);
  number("priority", write.priority);
  number("class_of_service", write.class_of_service);
  text("source", write.source.name);
  number("source_suffix", write.source.suffix);
  text("source_ip", ip_text(write.source_ip));
  number("source_port", write.source_port);
  text("dest_name", write.destination.name);
  number("dest_suffix", write.destination.suffix);
  text("scope", write.source.scope);
  number("msg_type", write.msg_type);
  number("dgm_id", write.dgm_id);
  number("payload_offset", write.payload_offset);
}

void append_provenance(JsonWriter& json, Codecs& codecs, const Provenance& from) {
  if (from.record) append_record(json, *from.record);
  if (from.record && is_message(from)) {
    json.key("priority");
    json.number(priority(*from.record));
  }
  if (!from.event.empty()) {
    json.key("event");
    json.string(from.event);
  }
  if (from.packet) {
    json.key("packet");
    json.number(from.packet->number);
    if (from.packet->ns) {
      json.key("captured");
      json.string(utc_ns(*from.packet->ns));
    }
  }
  if (from.datagram) append_datagram(json, *from.datagram, codecs.lm20);
}

/// Writes the fields that FieldByField finds under their C names.
class ReadableFields {
 public:
  ReadableFields(JsonWriter& json, TextCodec& codec) : json_(json), codec_(codec) {}

  void number(std::string_view name, std::uint32_t value, Place) {
    json_.key(name);
    json_.number(value);
  }
  void text(std::string_view name, std::string_view wire, Text, Place) {
    if (!is_in_array_) json_.key(name);
    json_.string(codec_.to_utf8(wire).utf8);
  }
  void payload(std::string_view name, std::string_view bytes, Place) {
    json_.key(name);
    json_.string(to_hex(as_bytes(bytes)));
  }
  void unused(Part, std::string_view, Place) {}
  void begin_texts(std::string_view name) {
    json_.key(name);
    json_.begin_array();
    is_in_array_ = true;
  }
  void end_texts() {
    json_.end_array();
    is_in_array_ = false;
  }

 private:
  JsonWriter& json_;
  TextCodec& codec_;
  bool is_in_array_ = false;
};

/// The members of "error" that every error has.
void append_error_members(JsonWriter& json, const Error& error) {
  json.key("code");
  json.string(name(error.code));
  json.key("offset");
  json.number(error.offset);
  json.key("message");
  json.string(meaning(error.code));
}

void append_error(JsonWriter& json, const Error& error) {
  json.key("error");
  json.begin_object();
  append_error_members(json, error);
  json.end_object();
}

/// "error" of a damaged alert, with what could be read of it and what was expected where it broke.
void append_damage(JsonWriter& json, Profile profile, Bytes wire, TextCodec& codec) {
  json.key("error");
  json.begin_object();
  json.key("fields");
  json.begin_object();
  ReadableFields fields(json, codec);
  FieldByField pass(profile, wire, fields);
  const std::string_view class_name = pass.read();
  json.end_object();
  if (const auto error = pass.error()) append_error_members(json, *error);
  if (!class_name.empty()) {
    json.key("class");
    json.string(class_name);
  }
  json.key("size");
  json.number(wire.size());
  json.key("expected");
  json.string(pass.expected());
  json.end_object();
}

}  // namespace

std::string ip_text(const std::array<std::uint8_t, 4>& ip) {
  std::string text;
  for (const std::uint8_t part : ip) text += (text.empty() ? "" : ".") + std::to_string(part);
  return text;
}

std::string utc_ns(std::uint64_t ns) {
  using namespace std::chrono;
  const sys_seconds time{seconds(ns / 1'000'000'000)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000000000Z";
  const auto put = [&](std::size_t end, std::uint64_t value) {
    for (; value > 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, static_cast<std::uint64_t>(clock.hours().count()));
  put(16, static_cast<std::uint64_t>(clock.minutes().count()));
  put(19, static_cast<std::uint64_t>(clock.seconds().count()));
  put(29, ns % 1'000'000'000);
  return text;
}

std::string_view gap_reason(std::uint32_t reason) noexcept {
  switch (static_cast<GapReason>(reason)) {
    case GapReason::retention: return "retention";
    case GapReason::damaged: return "damaged";
    case GapReason::no_mailslot: return "no mailslot";
  }
  return "unknown";
}

bool append_alert_line(std::string& out, Profile profile, Bytes wire, Codecs& codecs, const Provenance& from,
                       const LineExtras& extras) {
  TextCodec& codec = codecs.of(profile);
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
    if (decoded->trailing > 0) {
      json.key("trailing_hex");
      json.string(to_hex(wire.last(decoded->trailing)));
    }
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
    append_damage(json, profile, wire, codec);
  }
  if (extras.ambiguous) {
    json.key("ambiguous");
    json.boolean(true);
  }
  append_provenance(json, codecs, from);
  if (extras.hex) {
    json.key("hex");
    json.string(to_hex(wire));
  }
  json.end_object();
  out.push_back('\n');
  return decoded.has_value();
}

void append_payload_line(std::string& out, Bytes payload, Codecs& codecs, const Provenance& from) {
  JsonWriter json(out);
  json.begin_object();
  if (const auto message = messngr(payload, from)) {
    json.key("message");
    json.begin_object();
    for (const auto& [name, text] :
         {std::pair("from", message->from), {"to", message->to}, {"text", message->text}}) {
      json.key(name);
      json.string(codecs.lm20.to_utf8(text).utf8);
    }
    json.end_object();
  }
  json.key("payload_hex");
  json.string(to_hex(payload));
  append_provenance(json, codecs, from);
  json.end_object();
  out.push_back('\n');
}

void append_nonsense_line(std::string& out, Bytes wire, Codecs& codecs, bool hex) {
  JsonWriter json(out);
  json.begin_object();
  append_error(json, Error{Errc::no_profile, 0});
  json.key("readings");
  json.begin_array();
  for (const Profile profile : {Profile::lm20, Profile::nt}) {
    json.begin_object();
    json.key("profile");
    json.string(name(profile));
    append_damage(json, profile, wire, codecs.of(profile));
    json.end_object();
  }
  json.end_array();
  if (hex) {
    json.key("hex");
    json.string(to_hex(wire));
  }
  json.end_object();
  out.push_back('\n');
}

void append_error_line(std::string& out, const Error& error) {
  JsonWriter json(out);
  json.begin_object();
  append_error(json, error);
  json.end_object();
  out.push_back('\n');
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
