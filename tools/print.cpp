#include "print.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "alert/wire/hex.hpp"
#include "exit_status.hpp"
#include "field_by_field.hpp"
#include "field_values.hpp"
#include "json_lines.hpp"
#include "steering.hpp"

using namespace alert;

namespace {

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
    if (c.length == 0 || is_surrogate(c.value)) {
      append_utf8(out, 0xFFFD);
    } else if (steers_terminal(c.value)) {
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

/// Lines of at most 16 bytes with their offset; the note stands on the first.
void append_bytes(std::string& out, Bytes wire, std::size_t from, std::size_t to, const std::string& note) {
  constexpr std::size_t kPerLine = 16;
  for (std::size_t at = from; at < to; at += kPerLine) {
    char offset[24];
    std::snprintf(offset, sizeof offset, "%6zu  ", at);
    std::string hex = to_hex(wire.subspan(at, std::min(kPerLine, to - at)));
    if (at == from && !note.empty()) hex.resize(2 * kPerLine, ' ');
    out += offset + hex + (at == from && !note.empty() ? "  " + note : "") + "\n";
  }
}

std::string name_text(TextCodec& oem, const NetbiosName& name) {
  char suffix[8];
  std::snprintf(suffix, sizeof suffix, "<%02x>", name.suffix);
  return printable(oem.to_utf8(name.name).utf8, Quotes::as_they_are) + suffix;
}

/// Hands what FieldByField finds on in words, as show(part, name, value, place).
template <class Show>
class InWords {
 public:
  InWords(Profile profile, TextCodec& codec, Show show)
      : profile_(profile), codec_(codec), show_(std::move(show)) {}

  void number(std::string_view name, std::uint32_t value, Place place) {
    show_(Part::value, name, number_text(profile_, name, value), place);
  }
  void text(std::string_view name, std::string_view wire, Text text, Place place) {
    show_(Part::value, name, quoted(codec_, wire) + (text == Text::cut ? "  (cut)" : ""), place);
  }
  void payload(std::string_view name, std::string_view bytes, Place place) {
    constexpr std::size_t kShown = 64;
    show_(Part::value, name,
          counted(bytes.size(), "byte") + "  " + to_hex(as_bytes(bytes.substr(0, kShown))) +
              (bytes.size() > kShown ? "..." : ""),
          place);
  }
  void unused(Part part, std::string_view name, Place place) {
    show_(part, name, part == Part::padding ? "padding" : "undefined, ignored", place);
  }
  void begin_texts(std::string_view) {}
  void end_texts() {}

 private:
  Profile profile_;
  TextCodec& codec_;
  Show show_;
};

/// Two lines about a damaged alert: what is wrong and where, and what should have been there.
template <class Pass>
std::string complaint(const Pass& pass, Bytes wire) {
  const auto error = pass.error();
  if (!error) return {};
  const std::size_t left = wire.size() - error->offset;
  return "  broken: " + std::string(meaning(error->code)) + " (field at offset " + std::to_string(error->offset) +
         ")\n  expected: " + pass.expected() + "; there " + (left == 1 ? "is " : "are ") + counted(left, "byte") +
         "\n";
}

/// Lines about where an alert comes from.
std::string heading(Codecs& codecs, const Provenance& from) {
  std::string out;
  if (from.record) {
    out += "#" + std::to_string(from.record->sequence) + "  " + instant_text(from.record->accepted_ns) + "  uid " +
           std::to_string(from.record->uid) + " pid " + std::to_string(from.record->pid) +
           (from.record->flags & kRedelivered ? "  redelivered" : "") +
           (from.record->flags & kCutAtMaxdata ? "  cut at maxdata" : "") +
           (is_message(from) ? "  priority " + std::to_string(priority(*from.record)) : "") + "\n";
  }
  if (from.packet)
    out += "packet " + std::to_string(from.packet->number) +
           (from.packet->ns ? "  " + instant_text(*from.packet->ns) : "") + "\n";
  if (const MailslotWrite* write = from.datagram)
    out += name_text(codecs.lm20, write->source) + " " + ip_text(write->source_ip) + " -> " +
           name_text(codecs.lm20, write->destination) + "  " +
           printable(codecs.lm20.to_utf8(write->mailslot).utf8, Quotes::as_they_are) + "  priority " +
           std::to_string(write->priority) + ", class " + std::to_string(write->class_of_service) + "\n";
  return out;
}

}  // namespace

std::string for_terminal(std::string_view utf8) { return printable(utf8, Quotes::as_they_are); }

std::string quoted(TextCodec& codec, std::string_view wire) {
  return "\"" + printable(codec.to_utf8(wire).utf8, Quotes::escaped) + "\"";
}

std::string alert_block(Profile profile, Bytes wire, Codecs& codecs, const Provenance& from) {
  std::string fields;
  InWords words(profile, codecs.of(profile),
                [&](Part part, std::string_view name, const std::string& value, Place) {
                  if (part == Part::value) fields += padded_name(name) + value + "\n";
                });
  FieldByField pass(profile, wire, words);
  const std::string_view class_name = pass.read();
  const std::size_t trailing = pass.in().rest().size();

  std::string out = heading(codecs, from) + std::string(name(profile)) + " " +
                    std::string(class_name.empty() ? "unknown class" : class_name) + ", " +
                    counted(wire.size(), "byte") +
                    (trailing ? ", " + std::to_string(trailing) + " of them trailing" : "") + "\n" + fields;
  if (!from.event.empty()) out += "  raised for " + for_terminal(from.event) + "\n";
  out += complaint(pass, wire);
  return out + "\n";
}

std::string explain_block(Profile profile, Bytes wire, Codecs& codecs, std::string_view why) {
  std::string out =
      std::string(name(profile)) + " (" + std::string(why) + "), " + counted(wire.size(), "byte") + "\n";
  std::size_t shown = 0;
  InWords words(profile, codecs.of(profile), [&](Part, std::string_view name, const std::string& value, Place at) {
    append_bytes(out, wire, at.from, at.to, std::string(name) + " = " + value);
    shown = at.to;
  });
  FieldByField pass(profile, wire, words);
  pass.read();
  append_bytes(out, wire, shown, wire.size(), pass.in().failed() ? "not read" : "trailing");
  out += complaint(pass, wire);
  return out + "\n";
}

std::string payload_block(Bytes payload, Codecs& codecs, const Provenance& from) {
  std::string out = heading(codecs, from);
  if (const auto message = messngr(payload, from)) {
    out += "pop-up message, " + counted(payload.size(), "byte") + "\n";
    for (const auto& [name, text] :
         {std::pair("from", message->from), {"to", message->to}, {"text", message->text}})
      out += padded_name(name) + quoted(codecs.lm20, text) + "\n";
  } else {
    out += "no alert, " + counted(payload.size(), "byte") + "\n";
    append_bytes(out, payload, 0, payload.size(), {});
  }
  return out + "\n";
}

std::string gap_sentence(const GapBody& gap) {
  return "gap: " + (gap.count > 0 ? counted(gap.count, "alert") : "an unknown number of alerts") + " between " +
         std::to_string(gap.first) + " and " + std::to_string(gap.last) + (gap.count == 1 ? " is" : " are") +
         " lost (" + std::string(gap_reason(gap.reason)) + ")";
}
std::string gap_block(const GapBody& gap) { return gap_sentence(gap) + "\n\n"; }

bool put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
  complain(std::string("cannot write to standard output: ") + std::strerror(errno));
  return false;
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
