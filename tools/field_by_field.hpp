#pragma once
// An alert's bytes, one field after the other, as far as they can be read.

#include <cstddef>
#include <string>
#include <string_view>

#include "alert/wire/alert.hpp"
#include "alert/wire/hex.hpp"
#include "alert/wire/text.hpp"
#include "field_values.hpp"
#include "print.hpp"

enum class Part {
  value,
  padding,    // in the layout, without a meaning
  undefined,  // what the sender left behind the end of a name
};

/// Runs the decoder field by field and calls `show(part, name, value, from, to)` for each that could
/// be read, and for what there is of a string that is cut.
template <class Show>
class FieldByField {
 public:
  FieldByField(alert::Profile profile, alert::Bytes wire, alert::TextCodec& codec, Show show)
      : codec_(codec), wire_(wire), decoder_(profile, wire), show_(std::move(show)) {}

  /// Reads the whole alert; returns its class as far as the header tells it.
  std::string_view read() {
    alert::StdAlert<std::string_view> header;
    alert::StdAlert<std::string_view>::fields(header, *this);
    if (in().failed()) return "unknown class";
    auto info = alert::other_info_for<std::string_view>(profile(), header.alrt_eventname);
    std::visit([&](auto& i) { std::decay_t<decltype(i)>::fields(i, *this); }, info);
    return alert::class_name(info);
  }

  [[nodiscard]] const alert::Reader& in() const noexcept { return decoder_.in(); }

  /// Two lines: what is wrong and where, and what should have been there. Precondition: in().failed().
  [[nodiscard]] std::string complaint() const {
    const alert::Error error = in().error();
    return "  broken: " + std::string(meaning(error.code)) + " (field at offset " + std::to_string(error.offset) +
           ")\n  expected: " + expected_ + "; there are " + std::to_string(wire_.size() - error.offset) +
           " bytes\n";
  }

  // The pass over the fields.
  [[nodiscard]] alert::Profile profile() const noexcept { return decoder_.profile(); }
  void narrow(std::string_view name, std::uint32_t& value) {
    field(
        name, profile() == alert::Profile::nt ? "4 bytes" : "2 bytes", [&] { decoder_.narrow(name, value); },
        [&] { return number_text(profile(), name, value); });
  }
  void wide(std::string_view name, std::uint32_t& value) {
    field(
        name, "4 bytes", [&] { decoder_.wide(name, value); }, [&] { return number_text(profile(), name, value); });
  }
  void padding(std::string_view name, std::size_t size) {
    if (size == 0) return;
    field(
        name, std::to_string(size) + " bytes", [&] { decoder_.padding(name, size); }, [] { return "padding"; },
        Part::padding);
  }
  void name(std::string_view name, std::string_view& text, std::size_t units) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    decoder_.name(name, text, units);
    if (in().failed()) return expect(name, "at most " + std::to_string(units) + " characters and a zero");
    const std::size_t behind = from + text.size() + alert::unit(profile());
    const std::string_view rest = alert::as_text(wire_.subspan(behind, in().offset() - behind));
    const bool is_clean = rest.find_first_not_of('\0') == std::string_view::npos;
    show_(Part::value, name, quoted(codec_, text), from, is_clean ? in().offset() : behind);
    if (!is_clean) show_(Part::undefined, name, "undefined, ignored", behind, in().offset());
  }
  void string(std::string_view name, std::string_view& text) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    decoder_.string(name, text);
    const bool cut = in().failed();
    if (cut) expect(name, "text and a zero behind it");
    if (!cut || !text.empty())
      show_(Part::value, name, quoted(codec_, text) + (cut ? "  (cut)" : ""), from,
            cut ? wire_.size() : in().offset());
  }
  void count(std::string_view name, alert::MergeStrings<std::string_view>& strings) {
    field(
        name, "0 to 9, in " + std::string(profile() == alert::Profile::nt ? "4 bytes" : "2 bytes"),
        [&] { decoder_.count(name, strings); }, [&] { return std::to_string(strings.size()); });
  }
  void strings(std::string_view name, alert::MergeStrings<std::string_view>& strings) {
    for (std::string_view& text : strings) string(name, text);
  }
  void rest(std::string_view name, std::string_view& payload) {
    field(
        name, "any bytes", [&] { decoder_.rest(name, payload); },
        [&] {
          constexpr std::size_t kShown = 64;
          return std::to_string(payload.size()) + " bytes  " +
                 alert::to_hex(alert::as_bytes(payload.substr(0, kShown))) + (payload.size() > kShown ? "..." : "");
        });
  }

 private:
  template <class Read, class Value>
  void field(std::string_view name, const std::string& expected, Read&& read, Value&& value,
             Part part = Part::value) {
    if (in().failed()) return;
    const std::size_t from = in().offset();
    read();
    if (in().failed()) return expect(name, expected);
    show_(part, name, value(), from, in().offset());
  }
  void expect(std::string_view name, const std::string& what) { expected_ = std::string(name) + ", " + what; }

  alert::TextCodec& codec_;
  alert::Bytes wire_;
  alert::detail::Decoder decoder_;
  Show show_;
  std::string expected_;
};
