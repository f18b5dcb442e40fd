#pragma once
// What can be wrong with foreign bytes, and how a function that reads them says so.

#include <cstddef>
#include <string_view>

#include <tl/expected.hpp>

namespace alert {

enum class Errc {
  truncated,         // the bytes end inside this field
  unterminated,      // a name or string without its zero unit
  too_many_strings,  // numstrings above 9
  name_too_long,     // longer than its array
  embedded_zero,     // a string to be written contains its own terminator
  odd_text,          // UTF-16LE text with half a code unit
  number_too_large,  // does not fit the field in this profile
  class_mismatch,    // the event name does not name the class of the trailer
  too_large,         // above the largest alert
  no_room,           // the caller's buffer is too small
  bad_magic,         // not this kind of file, page or record
  bad_version,       // a layout this program does not know
  bad_length,        // a length that contradicts the bytes around it
  bad_checksum,      // the stored CRC-32 is another one
  bad_text,          // not valid UTF-8, or not representable in the code page
  bad_json,          // not JSON, or deeper or larger than allowed
  wrong_segment,     // of a journal: its records are those of another one
  no_profile,        // bytes that make sense in neither profile
};

/// `offset` is where the field starts that could not be read (or written).
struct Error {
  Errc code;
  std::size_t offset;
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> failure(Errc code, std::size_t offset) noexcept {
  return tl::unexpected<Error>(Error{code, offset});
}

[[nodiscard]] constexpr std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::truncated: return "truncated";
    case Errc::unterminated: return "unterminated";
    case Errc::too_many_strings: return "too_many_strings";
    case Errc::name_too_long: return "name_too_long";
    case Errc::embedded_zero: return "embedded_zero";
    case Errc::odd_text: return "odd_text";
    case Errc::number_too_large: return "number_too_large";
    case Errc::class_mismatch: return "class_mismatch";
    case Errc::too_large: return "too_large";
    case Errc::no_room: return "no_room";
    case Errc::bad_magic: return "bad_magic";
    case Errc::bad_version: return "bad_version";
    case Errc::bad_length: return "bad_length";
    case Errc::bad_checksum: return "bad_checksum";
    case Errc::bad_text: return "bad_text";
    case Errc::bad_json: return "bad_json";
    case Errc::wrong_segment: return "wrong_segment";
    case Errc::no_profile: return "no_profile";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view meaning(Errc code) noexcept {
  switch (code) {
    case Errc::truncated: return "the bytes end inside this field";
    case Errc::unterminated: return "no terminating zero before the end of the field";
    case Errc::too_many_strings: return "more than 9 merge strings announced";
    case Errc::name_too_long: return "the name does not fit its array";
    case Errc::embedded_zero: return "the text contains a zero, which would end it early";
    case Errc::odd_text: return "the text ends with half a UTF-16 code unit";
    case Errc::number_too_large: return "the number does not fit the field in this profile";
    case Errc::class_mismatch: return "the event name does not belong to the class of the fields";
    case Errc::too_large: return "larger than the largest alert (65475 bytes)";
    case Errc::no_room: return "the buffer is too small";
    case Errc::bad_magic: return "the magic number is another one";
    case Errc::bad_version: return "unknown layout version";
    case Errc::bad_length: return "a length contradicts the bytes around it";
    case Errc::bad_checksum: return "the stored checksum does not match the bytes";
    case Errc::bad_text: return "the text cannot be converted";
    case Errc::bad_json: return "not acceptable JSON";
    case Errc::wrong_segment: return "the records of another segment of the journal";
    case Errc::no_profile: return "makes sense in neither profile";
  }
  return "unknown";
}

}  // namespace alert
