#pragma once
// One alert: decoding to views, encoding into a caller's buffer, in both profiles.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "alert/wire/bytes.hpp"
#include "alert/wire/event_class.hpp"
#include "alert/wire/known_profile.hpp"
#include "alert/wire/other_info.hpp"
#include "alert/wire/std_alert.hpp"
#include "alert/wire/zero_unit.hpp"

namespace alert {

/// Text members are wire text without the terminator: OEM bytes (lm20) or UTF-16LE (nt).
template <class Text>
struct BasicAlert {
  Profile profile = Profile::lm20;
  StdAlert<Text> header{};
  OtherInfo<Text> other_info;
};

/// Owns its strings.
using Alert = BasicAlert<std::string>;
/// Borrows them: valid as long as the bytes that it was decoded from.
using AlertView = BasicAlert<std::string_view>;

namespace detail {

/// `ProfileType` is Profile, or a KnownProfile where speed counts.
/// After the first error the views hold what could be read: the cut string is the last one.
template <class ProfileType>
class BasicDecoder {
 public:
  /// Starts `at` bytes into them.
  BasicDecoder(ProfileType profile, Bytes bytes, std::size_t at = 0) noexcept : profile_(profile), in_(bytes, at) {}

  void narrow(std::string_view, std::uint32_t& value) noexcept {
    value = profile_ == Profile::lm20 ? in_.template number<std::uint16_t>() : in_.template number<std::uint32_t>();
  }
  void wide(std::string_view, std::uint32_t& value) noexcept { value = in_.template number<std::uint32_t>(); }
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

  [[nodiscard]] ProfileType profile() const noexcept { return profile_; }
  [[nodiscard]] const Reader& in() const noexcept { return in_; }

 private:
  [[no_unique_address]] ProfileType profile_;
  Reader in_;
};
using Decoder = BasicDecoder<Profile>;

template <class Text, class ProfileType = Profile>
class Encoder {
 public:
  /// Starts `at` bytes into the buffer.
  Encoder(ProfileType profile, MutableBytes out, std::size_t at = 0) noexcept : profile_(profile), out_(out, at) {}

  void narrow(std::string_view, std::uint32_t value) noexcept {
    if (profile_ == Profile::nt) return out_.number(value);
    if (value > 0xFFFF) return out_.fail(Errc::number_too_large, out_.offset());
    out_.number(static_cast<std::uint16_t>(value));
  }
  void wide(std::string_view, std::uint32_t value) noexcept { out_.number(value); }
  void padding(std::string_view, std::size_t size) noexcept { out_.zeros(size); }

  void name(std::string_view, const Text& text, std::size_t max_units) noexcept {
    const std::size_t start = out_.offset();
    if (text.size() > max_units * unit(profile_)) return out_.fail(Errc::name_too_long, start);
    std::byte* const to = out_.room((max_units + 1) * unit(profile_));
    if (!to) return;
    clear(to, (max_units + 1) * unit(profile_));
    put(to, text, start);
  }
  void string(std::string_view, const Text& text) noexcept {
    const std::size_t start = out_.offset();
    std::byte* const to = out_.room(text.size() + unit(profile_));
    if (!to) return;
    put(to, text, start);
    std::memset(to + text.size(), 0, unit(profile_));
  }
  void count(std::string_view field, const MergeStrings<Text>& strings) noexcept {
    narrow(field, static_cast<std::uint32_t>(strings.size()));
  }
  void strings(std::string_view field, const MergeStrings<Text>& strings) noexcept {
    for (const Text& text : strings) string(field, text);
  }
  void rest(std::string_view, const Text& payload) noexcept { out_.bytes(as_bytes(payload)); }

  [[nodiscard]] ProfileType profile() const noexcept { return profile_; }
  [[nodiscard]] const Writer& out() const noexcept { return out_; }

 private:
  void put(std::byte* to, std::string_view text, std::size_t start) noexcept {
    if (text.size() % unit(profile_)) return out_.fail(Errc::odd_text, start);
    if (!copy_text(profile_, to, as_bytes(text))) return out_.fail(Errc::embedded_zero, start);
  }

  [[no_unique_address]] ProfileType profile_;
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

namespace detail {

template <class Info, class ProfileType, class Done>
[[gnu::flatten, gnu::noinline]] void read_large_trailer(ProfileType profile, Bytes bytes, AlertView& alert,
                                                        const Done& done) noexcept {
  BasicDecoder<ProfileType> in(profile, bytes, std_alert_size(profile));
  Info::fields(alert.other_info.template emplace<Info>(Info{}), in);
  done(in.in());
}
template <class ProfileType, class Done>
[[gnu::noinline]] void read_cut_header(ProfileType profile, Bytes bytes, AlertView& alert,
                                       const Done& done) noexcept {
  BasicDecoder<ProfileType> in(profile, bytes);
  StdAlert<std::string_view>::fields(alert.header, in);
  done(in.in());
}

/// Reads into an alert that is new what can be read of it, then calls `done(reader)`. What is large or
/// rare is a function of its own, so that this one needs few registers and no checks inside the header.
template <class ProfileType, class Done>
void read(ProfileType profile, Bytes bytes, AlertView& alert, const Done& done) noexcept {
  if (bytes.size() < std_alert_size(profile)) return read_cut_header(profile, bytes, alert, done);
  BasicDecoder<ProfileType> in(profile, bytes);
  StdAlert<std::string_view>::fields(alert.header, in);
  if (in.in().failed()) return done(in.in());
  with_class_of<std::string_view>(profile, alert.header.alrt_eventname, [&]<class Info>(std::type_identity<Info>) {
    if constexpr (sizeof(Info) > sizeof(std::string_view))
      return read_large_trailer<Info>(profile, bytes, alert, done);
    Info::fields(alert.other_info.template emplace<Info>(Info{}), in);
    done(in.in());
  });
}

}  // namespace detail

[[nodiscard, gnu::flatten]] inline Partial decode_leniently(Profile profile, Bytes bytes) noexcept {
  Partial partial;
  partial.alert.profile = profile;
  if (bytes.size() > kLargestAlert) {
    partial.error = Error{Errc::too_large, kLargestAlert};
    return partial;
  }
  detail::with_known(profile, [&](auto known) {
    detail::read(known, bytes, partial.alert, [&](const Reader& in) {
      if (in.failed())
        partial.error = in.error();
      else
        partial.trailing = in.rest().size();
    });
  });
  return partial;
}

struct Decoded {
  AlertView alert;
  std::size_t trailing = 0;  // bytes behind the alert: legal, meaningless, kept

  Decoded() noexcept {}  // written out: the implicit one clears the room of the largest class first
};

namespace detail {

template <class ProfileType>
[[nodiscard, gnu::flatten]] Result<Decoded> decode(ProfileType profile, Bytes bytes) noexcept {
  Result<Decoded> decoded;  // the only one: an alert is large, and never copied
  decoded->alert.profile = profile;
  read(profile, bytes, decoded->alert, [&](const Reader& in) {
    if (in.failed())
      decoded = tl::unexpected<Error>(in.error());
    else
      decoded->trailing = in.rest().size();
  });
  return decoded;
}

}  // namespace detail

/// A well-formed alert of its class, or the first field that is not.
[[nodiscard]] inline Result<Decoded> decode(Profile profile, Bytes bytes) noexcept {
  if (bytes.size() > kLargestAlert) return failure(Errc::too_large, kLargestAlert);
  return detail::with_known(profile, [&](auto known) { return detail::decode(known, bytes); });
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

namespace detail {

/// Where a header does not fit.
template <class Text, class ProfileType>
[[nodiscard, gnu::noinline]] Result<std::size_t> cut_header(ProfileType profile, const BasicAlert<Text>& alert,
                                                            MutableBytes out) noexcept {
  Encoder<Text, ProfileType> to(profile, out);
  StdAlert<Text>::fields(alert.header, to);
  return tl::unexpected<Error>(to.out().error());
}

/// Writes into a buffer that is no larger than the largest alert.
template <class Text, class ProfileType>
[[nodiscard, gnu::flatten]] Result<std::size_t> write(ProfileType profile, const BasicAlert<Text>& alert,
                                                      MutableBytes out) noexcept {
  if (out.size() < std_alert_size(profile)) return cut_header(profile, alert, out);
  Encoder<Text, ProfileType> to(profile, out);
  bool is_of_its_class = false;
  StdAlert<Text>::fields(alert.header, to);
  with_class_of<Text>(profile, alert.header.alrt_eventname, [&]<class Info>(std::type_identity<Info>) {
    const Info* const info = std::get_if<Info>(&alert.other_info);
    if (!info) return;
    is_of_its_class = true;
    Info::fields(*info, to);
  });
  if (!is_of_its_class) return failure(Errc::class_mismatch, 4);
  if (!to.out().failed()) return to.out().offset();
  Error error = to.out().error();
  if (error.code == Errc::no_room && out.size() == kLargestAlert) error.code = Errc::too_large;
  return tl::unexpected<Error>(error);
}

}  // namespace detail

/// Writes the canonical bytes (zeros in every undefined place) and returns their number.
/// On failure `out` may have been written in part.
template <class Text>
[[nodiscard]] Result<std::size_t> encode(const BasicAlert<Text>& alert, MutableBytes out) noexcept {
  const MutableBytes bounded = out.first(std::min(out.size(), kLargestAlert));
  return detail::with_known(alert.profile, [&](auto known) { return detail::write(known, alert, bounded); });
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
