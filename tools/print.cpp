#include "print.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "alert/wire/hex.hpp"
#include "exit_status.hpp"
#include "json_lines.hpp"

using namespace alert;

namespace {

std::string utc(std::uint32_t seconds) {
  const std::time_t time = seconds;
  std::tm tm{};
  ::gmtime_r(&time, &tm);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
  return text;
}

std::string padded_name(std::string_view name) {
  std::string text = "  " + std::string(name);
  text.resize(std::max<std::size_t>(text.size() + 1, 22), ' ');
  return text;
}

enum class Quotes { as_they_are, escaped };

std::string printable(std::string_view utf8, Quotes quotes) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const CodePoint c = code_point(utf8.substr(i));
    const bool is_control = c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0);
    const bool turns_text = (c.value >= 0x202A && c.value <= 0x202E) || (c.value >= 0x2066 && c.value <= 0x2069);
    if (c.length == 0 || is_surrogate(c.value)) {
      append_utf8(out, 0xFFFD);
    } else if (is_control || turns_text) {
      char escaped[16];
      std::snprintf(escaped, sizeof escaped, c.value < 0x100 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(c.value));
      out += escaped;
    } else {
      if (quotes == Quotes::escaped && (c.value == '"' || c.value == '\\')) out += '\\';
      out.append(utf8.substr(i, c.length));
    }
    i += std::max<std::size_t>(c.length, 1);
  }
  return out;
}

std::string quoted(TextCodec& codec, std::string_view wire) {
  return "\"" + printable(codec.to_utf8(wire).utf8, Quotes::escaped) + "\"";
}

enum class Part { value, padding };

/// Runs the decoder field by field and calls `show(part, name, value, from, to)` for each that could
/// be read, and for what there is of a string that is cut.
template <class Show>
class FieldByField {
 public:
  FieldByField(Profile profile, Bytes wire, TextCodec& codec, Show show)
      : codec_(codec), size_(wire.size()), decoder_(profile, wire), show_(std::move(show)) {}

  [[nodiscard]] Profile profile() const noexcept { return decoder_.profile(); }
  void narrow(std::string_view name, std::uint32_t& value) {
    field(
        name, [&] { decoder_.narrow(name, value); }, [&] { return std::to_string(value); });
  }
  void wide(std::string_view name, std::uint32_t& value) {
    const bool is_time = name == "alrt_timestamp" || name == "alrtpr_submitted";
    field(
        name, [&] { decoder_.wide(name, value); },
        [&] { return std::to_string(value) + (is_time ? "  " + utc(value) : ""); });
  }
  void padding(std::string_view name, std::size_t size) {
    if (size > 0)
      field(
          name, [&] { decoder_.padding(name, size); }, [] { return "padding"; }, Part::padding);
  }
  void name(std::string_view name, std::string_view& text, std::size_t units) {
    field(
        name, [&] { decoder_.name(name, text, units); }, [&] { return quoted(codec_, text); });
  }
  void string(std::string_view name, std::string_view& text) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    decoder_.string(name, text);
    const bool cut = in().failed();
    if (!cut || !text.empty())
      show_(Part::value, name, quoted(codec_, text) + (cut ? "  (cut)" : ""), from, cut ? size_ : in().offset());
  }
  void count(std::string_view name, MergeStrings<std::string_view>& strings) {
    field(
        name, [&] { decoder_.count(name, strings); }, [&] { return std::to_string(strings.size()); });
  }
  void strings(std::string_view name, MergeStrings<std::string_view>& strings) {
    for (std::string_view& text : strings) string(name, text);
  }
  void rest(std::string_view name, std::string_view& payload) {
    field(
        name, [&] { decoder_.rest(name, payload); },
        [&] {
          constexpr std::size_t kShown = 64;
          return std::to_string(payload.size()) + " bytes  " + to_hex(as_bytes(payload.substr(0, kShown))) +
                 (payload.size() > kShown ? "..." : "");
        });
  }

  /// Reads the whole alert; returns its class as far as the header tells it.
  std::string_view read() {
    StdAlert<std::string_view> header;
    StdAlert<std::string_view>::fields(header, *this);
    if (in().failed()) return "unknown class";
    auto info = other_info_for<std::string_view>(profile(), header.alrt_eventname);
    std::visit([&](auto& i) { std::decay_t<decltype(i)>::fields(i, *this); }, info);
    return class_name(info);
  }
  [[nodiscard]] const Reader& in() const noexcept { return decoder_.in(); }

 private:
  template <class Read, class Value>
  void field(std::string_view name, Read&& read, Value&& value, Part part = Part::value) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    read();
    if (!in().failed()) show_(part, name, value(), from, in().offset());
  }

  TextCodec& codec_;
  std::size_t size_;
  detail::Decoder decoder_;
  Show show_;
};

/// Lines of at most 16 bytes with their offset; the note stands on the first.
void append_bytes(std::string& out, Bytes wire, std::size_t from, std::size_t to, const std::string& note) {
  constexpr std::size_t kPerLine = 16;
  for (std::size_t at = from; at < to; at += kPerLine) {
    char offset[24];
    std::snprintf(offset, sizeof offset, "%6zu  ", at);
    std::string hex = to_hex(wire.subspan(at, std::min(kPerLine, to - at)));
    if (at == from) hex.resize(2 * kPerLine, ' ');
    out += offset + hex + (at == from ? "  " + note : "") + "\n";
  }
}

std::string broken_at(const Error& error) {
  return "  broken: " + std::string(meaning(error.code)) + " (field at offset " + std::to_string(error.offset) +
         ")\n";
}

}  // namespace

std::string for_terminal(std::string_view utf8) { return printable(utf8, Quotes::as_they_are); }

std::string alert_block(Profile profile, Bytes wire, TextCodec& codec, const RecordHeader* record) {
  std::string fields;
  FieldByField pass(profile, wire, codec,
                    [&](Part part, std::string_view name, const std::string& value, auto, auto) {
                      if (part == Part::value) fields += padded_name(name) + value + "\n";
                    });
  const std::string_view class_name = pass.read();
  const std::size_t trailing = pass.in().rest().size();

  std::string out;
  if (record) {
    out += "#" + std::to_string(record->sequence) + "  " + utc_ns(record->accepted_ns) + "  uid " +
           std::to_string(record->uid) + " pid " + std::to_string(record->pid) +
           (record->flags & kRedelivered ? "  redelivered" : "") +
           (record->flags & kCutAtMaxdata ? "  cut at maxdata" : "") + "\n";
  }
  out += std::string(name(profile)) + " " + std::string(class_name) + ", " + std::to_string(wire.size()) +
         " bytes" + (trailing ? ", " + std::to_string(trailing) + " of them trailing" : "") + "\n" + fields;
  if (pass.in().failed()) out += broken_at(pass.in().error());
  return out + "\n";
}

std::string explain_block(Profile profile, Bytes wire, TextCodec& codec) {
  std::string out = std::string(name(profile)) + ", " + std::to_string(wire.size()) + " bytes\n";
  std::size_t shown = 0;
  FieldByField pass(profile, wire, codec,
                    [&](Part, std::string_view name, const std::string& value, std::size_t from, std::size_t to) {
                      append_bytes(out, wire, from, to, std::string(name) + " = " + value);
                      shown = to;
                    });
  pass.read();
  append_bytes(out, wire, shown, wire.size(), pass.in().failed() ? "not read" : "trailing");
  if (pass.in().failed()) out += broken_at(pass.in().error());
  return out + "\n";
}

std::string gap_block(const GapBody& gap) {
  const std::string count = gap.count > 0 ? std::to_string(gap.count) : "an unknown number of";
  return "gap: " + count + " alerts between " + std::to_string(gap.first) + " and " + std::to_string(gap.last) +
         " are lost (" + std::string(gap_reason(gap.reason)) + ")\n\n";
}

void complain(std::string_view sentence) { std::fprintf(stderr, "alertctl: %s\n", for_terminal(sentence).c_str()); }

int complain(const CallFailure& failure, std::string_view subject) {
  if (failure.code == Code::success) {  // the connection, whatever the subject was
    complain(failure.message);
    return kSystem;
  }
  std::string sentence = subject.empty() ? failure.message : std::string(subject) + ": " + failure.message;
  sentence +=
      " (" + std::to_string(static_cast<unsigned>(failure.code)) + " " + std::string(name(failure.code)) + ")";
  complain(sentence);
  return exit_status(failure.code);
}
