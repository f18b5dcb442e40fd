#pragma once
// One alert: decoding to views, encoding into a caller's buffer, in both profiles.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "alert/wire/bytes.hpp"
#include "alert/wire/other_info.hpp"
#include "alert/wire/std_alert.hpp"

namespace alert {

/// Text members are wire text without the terminator: OEM bytes (lm20) or UTF-16LE (nt).
template <class Text>
struct BasicAlert {
  Profile profile = Profile::lm20;
  StdAlert<Text> header{};
  OtherInfo<Text> other_info{};
};

/// Owns its strings.
using Alert = BasicAlert<std::string>;
/// Borrows them: valid as long as the bytes that it was decoded from.
using AlertView = BasicAlert<std::string_view>;

template <class Text>
[[nodiscard]] constexpr std::string_view class_name(const OtherInfo<Text>& info) noexcept {
  return std::visit([](const auto& i) { return std::decay_t<decltype(i)>::kClass; }, info);
}

/// Whether wire text spells `ascii`, ASCII letters compared without case.
[[nodiscard]] constexpr bool spells(Profile profile, std::string_view wire, std::string_view ascii) noexcept {
  const std::size_t step = unit(profile);
  if (wire.size() != ascii.size() * step) return false;
  for (std::size_t i = 0; i < ascii.size(); ++i) {
    if (upper(wire[i * step]) != upper(ascii[i])) return false;
    if (step == 2 && wire[i * step + 1] != 0) return false;
  }
  return true;
}

/// The empty trailer of the class that an event name stands for.
template <class Text>
[[nodiscard]] OtherInfo<Text> other_info_for(Profile profile, std::string_view eventname) noexcept {
  OtherInfo<Text> info;
  for_each_named_class<Text>([&](auto&& empty) {
    if (spells(profile, eventname, empty.kEvent)) info = std::forward<decltype(empty)>(empty);
  });
  return info;
}

namespace detail {

/// Length in bytes of the text before the first zero unit; npos when there is none.
[[nodiscard]] inline std::size_t text_length(Profile profile, Bytes bytes) noexcept {
  if (profile == Profile::lm20) return as_text(bytes).find('\0');
  for (std::size_t at = 0; bytes.size() - at >= 2; at += 2)
    if (load<std::uint16_t>(bytes.data() + at) == 0) return at;
  return std::string_view::npos;
}

/// After the first error the views hold what could be read: the cut string is the last one.
class Decoder {
 public:
  Decoder(Profile profile, Bytes bytes) noexcept : profile_(profile), in_(bytes) {}

  void narrow(std::string_view, std::uint32_t& value) noexcept {
    value = profile_ == Profile::lm20 ? in_.number<std::uint16_t>() : in_.number<std::uint32_t>();
  }
  void wide(std::string_view, std::uint32_t& value) noexcept { value = in_.number<std::uint32_t>(); }
  void padding(std::string_view, std::size_t size) noexcept { (void)in_.take(size); }

  void name(std::string_view, std::string_view& text, std::size_t max_units) noexcept {
    const std::size_t start = in_.offset();
    const Bytes field = in_.take((max_units + 1) * unit(profile_));
    if (in_.failed()) return;
    const std::size_t length = text_length(profile_, field);
    if (length == std::string_view::npos) return in_.fail(Errc::unterminated, start);
    text = as_text(field.first(length));
  }

  void string(std::string_view, std::string_view& text) noexcept {
    const std::size_t start = in_.offset();
    const Bytes rest = in_.rest();
    const std::size_t length = text_length(profile_, rest);
    if (length == std::string_view::npos) {
      text = as_text(rest.first(rest.size() - rest.size() % unit(profile_)));
      return in_.fail(Errc::unterminated, start);
    }
    text = as_text(in_.take(length + unit(profile_)).first(length));
  }

  void count(std::string_view field, MergeStrings<std::string_view>& strings) noexcept {
    const std::size_t start = in_.offset();
    std::uint32_t count = 0;
    narrow(field, count);
    if (!strings.resize(count)) in_.fail(Errc::too_many_strings, start);
  }
  void strings(std::string_view field, MergeStrings<std::string_view>& strings) noexcept {
    std::size_t read = 0;
    for (std::string_view& text : strings) {
      if (in_.failed()) break;
      if (!in_.rest().empty()) ++read;  // a cut between two strings leaves none
      string(field, text);
    }
    strings.resize(read);
  }
  void rest(std::string_view, std::string_view& payload) noexcept {
    payload = as_text(in_.take(in_.rest().size()));
  }

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  [[nodiscard]] const Reader& in() const noexcept { return in_; }

 private:
  Profile profile_;
  Reader in_;
};

template <class Text>
class Encoder {
 public:
  Encoder(Profile profile, MutableBytes out) noexcept : profile_(profile), out_(out) {}

  void narrow(std::string_view, std::uint32_t value) noexcept {
    if (profile_ == Profile::nt) return out_.number(value);
    if (value > 0xFFFF) return out_.fail(Errc::number_too_large, out_.offset());
    out_.number(static_cast<std::uint16_t>(value));
  }
  void wide(std::string_view, std::uint32_t value) noexcept { out_.number(value); }
  void padding(std::string_view, std::size_t size) noexcept { out_.zeros(size); }

  void name(std::string_view, const Text& text, std::size_t max_units) noexcept {
    if (text.size() > max_units * unit(profile_)) return out_.fail(Errc::name_too_long, out_.offset());
    const std::size_t end = out_.offset() + (max_units + 1) * unit(profile_);
    string({}, text);
    if (!out_.failed()) out_.zeros(end - out_.offset());
  }
  void string(std::string_view, const Text& text) noexcept {
    if (text.size() % unit(profile_)) return out_.fail(Errc::odd_text, out_.offset());
    if (text_length(profile_, as_bytes(text)) != std::string_view::npos)
      return out_.fail(Errc::embedded_zero, out_.offset());
    out_.bytes(as_bytes(text));
    out_.zeros(unit(profile_));
  }
  void count(std::string_view field, const MergeStrings<Text>& strings) noexcept {
    narrow(field, static_cast<std::uint32_t>(strings.size()));
  }
  void strings(std::string_view field, const MergeStrings<Text>& strings) noexcept {
    for (const Text& text : strings) string(field, text);
  }
  void rest(std::string_view, const Text& payload) noexcept { out_.bytes(as_bytes(payload)); }

  [[nodiscard]] Profile profile() const noexcept { return profile_; }
  [[nodiscard]] const Writer& out() const noexcept { return out_; }

 private:
  Profile profile_;
  Writer out_;
};

}  // namespace detail

/// Runs a pass over every field of an alert in wire order: header, then trailer.
template <class AlertType, class Pass>
void for_each_field(AlertType& alert, Pass& pass) {
  std::decay_t<decltype(alert.header)>::fields(alert.header, pass);
  std::visit([&](auto& info) { std::decay_t<decltype(info)>::fields(info, pass); }, alert.other_info);
}

/// The lenient reading: whatever could be read, the first error if there was one, and the number of
/// bytes behind the alert (only of a whole one). A string cut by its end is kept up to there.
struct Partial {
  AlertView alert;
  std::optional<Error> error;
  std::size_t trailing = 0;
};

[[nodiscard]] inline Partial decode_leniently(Profile profile, Bytes bytes) noexcept {
  Partial partial;
  AlertView& alert = partial.alert;
  alert.profile = profile;
  if (bytes.size() > kLargestAlert) {
    partial.error = Error{Errc::too_large, kLargestAlert};
    return partial;
  }
  detail::Decoder in(profile, bytes);
  StdAlert<std::string_view>::fields(alert.header, in);
  if (!in.in().failed()) {
    alert.other_info = other_info_for<std::string_view>(profile, alert.header.alrt_eventname);
    std::visit([&](auto& info) { std::decay_t<decltype(info)>::fields(info, in); }, alert.other_info);
  }
  if (in.in().failed())
    partial.error = in.in().error();
  else
    partial.trailing = in.in().rest().size();
  return partial;
}

struct Decoded {
  AlertView alert;
  std::size_t trailing;  // bytes behind the alert: legal, meaningless, kept
};

/// A well-formed alert of its class, or the first field that is not.
[[nodiscard]] inline Result<Decoded> decode(Profile profile, Bytes bytes) noexcept {
  Partial partial = decode_leniently(profile, bytes);
  if (partial.error) return tl::unexpected<Error>(*partial.error);
  return Decoded{partial.alert, partial.trailing};
}

/// Bytes that `encode` would write if it succeeds.
template <class Text>
[[nodiscard]] std::size_t encoded_size(const BasicAlert<Text>& alert) noexcept {
  struct Size {
    Profile profile_;
    std::size_t bytes = 0;
    [[nodiscard]] Profile profile() const noexcept { return profile_; }
    void narrow(std::string_view, std::uint32_t) noexcept { bytes += profile_ == Profile::nt ? 4 : 2; }
    void wide(std::string_view, std::uint32_t) noexcept { bytes += 4; }
    void padding(std::string_view, std::size_t size) noexcept { bytes += size; }
    void name(std::string_view, const Text&, std::size_t units) noexcept { bytes += (units + 1) * unit(profile_); }
    void string(std::string_view, const Text& text) noexcept { bytes += text.size() + unit(profile_); }
    void count(std::string_view field, const MergeStrings<Text>&) noexcept { narrow(field, 0); }
    void strings(std::string_view field, const MergeStrings<Text>& strings) noexcept {
      for (const Text& text : strings) string(field, text);
    }
    void rest(std::string_view, const Text& payload) noexcept { bytes += payload.size(); }
  } size{alert.profile};
  for_each_field(alert, size);
  return size.bytes;
}

/// Writes the canonical bytes (zeros in every undefined place) and returns their number.
/// On failure `out` may have been written in part.
template <class Text>
[[nodiscard]] Result<std::size_t> encode(const BasicAlert<Text>& alert, MutableBytes out) noexcept {
  const auto expected = other_info_for<std::string_view>(alert.profile, alert.header.alrt_eventname);
  if (expected.index() != alert.other_info.index()) return failure(Errc::class_mismatch, 4);
  detail::Encoder<Text> encoder(alert.profile, out.first(std::min(out.size(), kLargestAlert)));
  for_each_field(alert, encoder);
  if (!encoder.out().failed()) return encoder.out().offset();
  Error error = encoder.out().error();
  if (error.code == Errc::no_room && out.size() >= kLargestAlert) error.code = Errc::too_large;
  return tl::unexpected<Error>(error);
}

/// ALERT_OTHER_INFO, checked: the bytes behind the header.
[[nodiscard]] inline Result<Bytes> alert_other_info(Profile profile, Bytes alert) noexcept {
  detail::Decoder in(profile, alert);
  StdAlert<std::string_view> header;
  StdAlert<std::string_view>::fields(header, in);
  if (in.in().failed()) return tl::unexpected<Error>(in.in().error());
  return in.in().rest();
}

/// ALERT_VAR_DATA, checked: the bytes behind the fixed part of the trailer, where the strings start.
/// The class is the one that the header names; it has to be read first.
[[nodiscard]] inline Result<Bytes> alert_var_data(Profile profile, Bytes alert) noexcept {
  struct Fixed {
    Profile profile_;
    std::size_t bytes = 0;
    [[nodiscard]] Profile profile() const noexcept { return profile_; }
    void narrow(std::string_view, std::uint32_t) noexcept { bytes += profile_ == Profile::nt ? 4 : 2; }
    void wide(std::string_view, std::uint32_t) noexcept { bytes += 4; }
    void count(std::string_view, const MergeStrings<std::string_view>&) noexcept { narrow({}, 0); }
    void string(std::string_view, std::string_view) noexcept {}
    void strings(std::string_view, const MergeStrings<std::string_view>&) noexcept {}
    void rest(std::string_view, std::string_view) noexcept {}
  } fixed{profile};
  detail::Decoder in(profile, alert);
  StdAlert<std::string_view> header;
  StdAlert<std::string_view>::fields(header, in);
  if (in.in().failed()) return tl::unexpected<Error>(in.in().error());
  auto info = other_info_for<std::string_view>(profile, header.alrt_eventname);
  std::visit([&](auto& i) { std::decay_t<decltype(i)>::fields(i, fixed); }, info);
  const Bytes trailer = in.in().rest();
  if (trailer.size() < fixed.bytes) return failure(Errc::truncated, std_alert_size(profile));
  return trailer.subspan(fixed.bytes);
}

}  // namespace alert
