#include "json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "alert/wire/text.hpp"
#include "steering.hpp"

using namespace alert;

namespace {

void append_escape(std::string& out, std::uint32_t c) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "\\u%04x", static_cast<unsigned>(c));
  out += digits;
}

}  // namespace

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
  separate();
  out_.push_back('"');
  out_ += name;
  out_ += "\":";
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
  while (!text.empty()) {
    const auto is_plain = [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' && c != '\\';
    };
    const auto plain = std::find_if_not(text.begin(), text.end(), is_plain);
    out_.append(text.begin(), plain);
    text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
    if (text.empty()) break;
    const CodePoint c = code_point(text);
    if (c.length == 0) {
      append_escape(out_, 0xFFFD);
    } else if (c.value == '"' || c.value == '\\') {
      out_.push_back('\\');
      out_.push_back(text.front());
    } else if (steers_terminal(c.value) || is_surrogate(c.value)) {
      append_escape(out_, c.value);
    } else {
      out_.append(text.substr(0, c.length));
    }
    text.remove_prefix(std::max<std::size_t>(c.length, 1));
  }
  out_.push_back('"');
}

std::string escaped_json(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const CodePoint c = code_point(json);
    const std::size_t length = std::max<std::size_t>(c.length, 1);
    if (c.length > 0 && steers_terminal(c.value))
      append_escape(out, c.value);
    else
      out.append(json.substr(0, length));
    json.remove_prefix(length);
  }
  return out;
}
