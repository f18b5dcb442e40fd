#pragma once
// An alert's bytes, one field after the other, as far as they can be read.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "alert/wire/alert.hpp"

enum class Part {
  value,
  padding,    // in the layout, without a meaning
  undefined,  // what the sender left behind the end of a name
};

/// Where a field's bytes are.
struct Place {
  std::size_t from;
  std::size_t to;
};

enum class Text { whole, cut };

/// Runs the decoder field by field and hands each that could be read to `show`:
///
///     number(name, value, place)             text(name, wire text, Text::whole, place)
///     payload(name, bytes, place)            unused(part, name, place)
///     begin_texts(name) and end_texts()      around those of mergestrings
///
/// What there is of a text that is cut comes as Text::cut.
template <class Show>
class FieldByField {
 public:
  /// `show` must outlive it.
  FieldByField(alert::Profile profile, alert::Bytes wire, Show& show)
      : wire_(wire), decoder_(profile, wire), show_(show) {}

  /// Reads the whole alert; returns its class; empty where the header does not tell it.
  std::string_view read() {
    alert::StdAlert<std::string_view> header;
    alert::StdAlert<std::string_view>::fields(header, *this);
    if (in().failed()) return {};
    auto info = alert::other_info_for<std::string_view>(profile(), header.alrt_eventname);
    std::visit([&](auto& i) { std::decay_t<decltype(i)>::fields(i, *this); }, info);
    return alert::class_name(info);
  }

  [[nodiscard]] const alert::Reader& in() const noexcept { return decoder_.in(); }
  /// As decode() says it; nothing for a well-formed alert.
  [[nodiscard]] std::optional<alert::Error> error() const noexcept {
    if (is_too_large()) return alert::Error{alert::Errc::too_large, alert::kLargestAlert};
    return in().failed() ? std::optional(in().error()) : std::nullopt;
  }
  /// What should have been where the error is: a field, and what it is made of.
  [[nodiscard]] std::string expected() const { return is_too_large() ? "the end" : expected_; }

  // The pass over the fields.
  [[nodiscard]] alert::Profile profile() const noexcept { return decoder_.profile(); }
  void narrow(std::string_view name, std::uint32_t& value) {
    field(
        name, profile() == alert::Profile::nt ? "4 bytes" : "2 bytes", [&] { decoder_.narrow(name, value); },
        [&](Place place) { show_.number(name, value, place); });
  }
  void wide(std::string_view name, std::uint32_t& value) {
    field(
        name, "4 bytes", [&] { decoder_.wide(name, value); },
        [&](Place place) { show_.number(name, value, place); });
  }
  void padding(std::string_view name, std::size_t size) {
    if (size == 0) return;
    field(
        name, std::to_string(size) + (size == 1 ? " byte" : " bytes"), [&] { decoder_.padding(name, size); },
        [&](Place place) { show_.unused(Part::padding, name, place); });
  }
  void name(std::string_view name, std::string_view& text, std::size_t units) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    decoder_.name(name, text, units);
    if (in().failed()) {
      expect(name, "at most " + std::to_string(units) + " characters and a zero");
      const alert::Bytes rest = wire_.subspan(from);
      return cut_name(name, rest.first(std::min(rest.size(), (units + 1) * alert::unit(profile()))), from);
    }
    const std::size_t behind = from + text.size() + alert::unit(profile());
    const std::string_view rest = alert::as_text(wire_.subspan(behind, in().offset() - behind));
    const bool is_clean = rest.find_first_not_of('\0') == std::string_view::npos;
    show_.text(name, text, Text::whole, {from, is_clean ? in().offset() : behind});
    if (!is_clean) show_.unused(Part::undefined, name, {behind, in().offset()});
  }
  void string(std::string_view name, std::string_view& text) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    decoder_.string(name, text);
    const bool cut = in().failed();
    if (cut) expect(name, "text and a zero behind it");
    if (!cut || !text.empty())
      show_.text(name, text, cut ? Text::cut : Text::whole, {from, cut ? wire_.size() : in().offset()});
  }
  void count(std::string_view name, alert::MergeStrings<std::string_view>& strings) {
    field(
        name, "0 to 9, in " + std::string(profile() == alert::Profile::nt ? "4 bytes" : "2 bytes"),
        [&] { decoder_.count(name, strings); },
        [&](Place place) { show_.number(name, static_cast<std::uint32_t>(strings.size()), place); });
  }
  void strings(std::string_view name, alert::MergeStrings<std::string_view>& strings) {
    if (in().failed()) return;
    show_.begin_texts(name);
    for (std::string_view& text : strings) string(name, text);
    show_.end_texts();
  }
  void rest(std::string_view name, std::string_view& payload) {
    field(
        name, "any bytes", [&] { decoder_.rest(name, payload); },
        [&](Place place) { show_.payload(name, payload, place); });
  }

 private:
  template <class Read, class ShowIt>
  void field(std::string_view name, const std::string& expected, Read&& read, ShowIt&& show_it) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    read();
    if (in().failed()) return expect(name, expected);
    show_it(Place{from, in().offset()});
  }
  void cut_name(std::string_view name, alert::Bytes there, std::size_t from) {
    const std::size_t end = std::min(alert::detail::text_length(profile(), there), there.size());
    const std::size_t whole_units = end - end % alert::unit(profile());
    if (whole_units > 0)
      show_.text(name, alert::as_text(there.first(whole_units)), Text::cut, {from, from + there.size()});
  }
  [[nodiscard]] bool is_too_large() const noexcept { return wire_.size() > alert::kLargestAlert; }
  void expect(std::string_view name, const std::string& what) { expected_ = std::string(name) + ", " + what; }

  alert::Bytes wire_;
  alert::detail::Decoder decoder_;
  Show& show_;
  std::string expected_;
};
