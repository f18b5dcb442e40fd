#pragma once
// JSON text, written directly. Names are ours, strings may be anybody's.

#include <cstdint>
#include <string>
#include <string_view>

/// Appends JSON to a string that the caller owns and reuses.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  /// A name of ours: nothing in it needs an escape.
  void key(std::string_view name);
  void number(std::uint64_t value);
  void boolean(bool value);
  /// UTF-8 or WTF-8: an unpaired surrogate becomes its \ud800 escape, a byte that is neither U+FFFD.
  void string(std::string_view text);

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;
};

/// JSON of another writer, with an escape for whatever steers a terminal.
[[nodiscard]] std::string escaped_json(std::string_view json);
