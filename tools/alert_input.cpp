#include "alert_input.hpp"

#include <algorithm>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "exit_status.hpp"

using namespace alert;

namespace {

FileWindow standard_input() {
  const off_t start = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
  return FileWindow(Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)),
                    static_cast<std::uint64_t>(std::max<off_t>(start, 0)));
}

/// Whether more bytes could still make an alert of these.
bool is_cut(const Error& error, Profile profile) {
  const bool is_string = error.offset >= std_alert_size(profile);  // a name has its end where its array has
  return error.code == Errc::truncated || (error.code == Errc::unterminated && is_string);
}

}  // namespace

AlertInput::AlertInput(Form form, FieldDefaults defaults, Codecs codecs)
    : form_(form), defaults_(std::move(defaults)), codecs_(std::move(codecs)), window_(standard_input()) {}

bool AlertInput::must_wait() {
  for (look(); !size_ && !at_end_; look()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 0) == 0) return true;
    read_more();
  }
  return false;
}

tl::expected<std::optional<PackedAlert>, AlertInput::Flaw> AlertInput::next() {
  for (look(); !size_ && !at_end_; look()) read_more();
  if (window_.error()) return tl::unexpected<Flaw>(Flaw{kSystem, "standard input: " + window_.error().message()});
  if (!size_) return std::nullopt;
  const Bytes bytes = at_hand().first(*size_);
  auto found = form_ == Form::lines ? line(bytes) : wire(bytes);
  const bool is_lost = !found && form_ == Form::wire;
  window_.skip(is_lost ? at_hand().size() : bytes.size());
  at_end_ = at_end_ || is_lost;
  size_.reset();
  looked_at_ = 0;
  if (!found) return tl::unexpected<Flaw>(std::move(found.error()));
  return std::optional<PackedAlert>(std::move(*found));
}

void AlertInput::read_more() {
  const std::size_t before = at_hand().size();
  at_end_ = window_.at_least(before + 1).size() == before;
}

void AlertInput::look() {
  if (size_) return;
  if (form_ == Form::lines)
    look_for_line();
  else
    look_for_wire();
}

void AlertInput::look_for_line() {
  for (;;) {
    const std::string_view text = as_text(at_hand());
    const std::size_t end = std::min(text.find('\n', looked_at_), text.size());
    const bool has_end = end < text.size();
    if (is_overlong_) {
      window_.skip(end);
      is_overlong_ = !has_end;
      if (!has_end) return;
    } else if (has_end && end == 0) {  // of the line before, or of an empty one
      window_.skip(1);
      ++number_;
    } else if (has_end || end > kLargestLine || (at_end_ && end > 0)) {
      size_ = end;
      is_overlong_ = !has_end;
      return;
    } else {
      looked_at_ = end;
      return;
    }
  }
}

void AlertInput::look_for_wire() {
  const Bytes bytes = at_hand().first(std::min(at_hand().size(), kLargestAlert));
  if (bytes.empty()) return;
  const auto decoded = decode(defaults_.profile, bytes);
  if (decoded)
    size_ = bytes.size() - decoded->trailing;
  else if (!is_cut(decoded.error(), defaults_.profile) || bytes.size() == kLargestAlert || at_end_)
    size_ = bytes.size();
}

tl::expected<PackedAlert, AlertInput::Flaw> AlertInput::line(Bytes text) {
  defaults_.timestamp = static_cast<std::uint32_t>(std::time(nullptr));
  auto packed = pack_alert(as_text(text), defaults_, codecs_);
  if (packed) return std::move(*packed);
  return tl::unexpected<Flaw>(Flaw{kDamaged, "line " + std::to_string(number_) + ": " + packed.error()});
}

tl::expected<PackedAlert, AlertInput::Flaw> AlertInput::wire(Bytes bytes) {
  auto packed = pack_alert(defaults_.profile, bytes, codecs_);
  const bool is_custom = packed && decode(defaults_.profile, bytes)->alert.other_info.index() == 0;
  if (packed && !is_custom) return std::move(*packed);
  const std::string sentence =
      packed ? "a custom alert, which does not say where it ends: raise it as JSON, or alone with --wire"
             : packed.error();
  return tl::unexpected<Flaw>(
      Flaw{kDamaged, "standard input, byte " + std::to_string(window_.offset()) + ": " + sentence});
}
