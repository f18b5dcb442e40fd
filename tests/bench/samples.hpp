#pragma once
// The alerts that are measured: one of each class, in both profiles, with texts of everyday length.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "alert/wire/alert.hpp"
#include "alert/wire/text.hpp"

namespace bench {

using alert::Alert;
using alert::AlertView;
using alert::Bytes;
using alert::Profile;

/// One pass over the fields of an alert, `visit(number)` and `visit(text)` in wire order.
template <class Visit>
class FieldVisitor {
 public:
  FieldVisitor(Profile profile, Visit& visit) : profile_(profile), visit_(visit) {}
  void narrow(std::string_view, std::uint32_t number) { visit_(number); }
  void wide(std::string_view, std::uint32_t number) { visit_(number); }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view, std::string_view text, std::size_t) { visit_(text); }
  void string(std::string_view, std::string_view text) { visit_(text); }
  template <class Strings>
  void count(std::string_view, const Strings&) {}
  template <class Strings>
  void strings(std::string_view, const Strings& strings) {
    for (const std::string_view text : strings) visit_(text);
  }
  void rest(std::string_view, std::string_view payload) { visit_(payload); }
  [[nodiscard]] Profile profile() const { return profile_; }

 private:
  Profile profile_;
  Visit& visit_;
};
template <class Visit>
void visit_fields(const AlertView& alert, Visit& visit) {
  FieldVisitor<Visit> pass(alert.profile, visit);
  for_each_field(alert, pass);
}

/// Every field of an alert, so that two readings of it can be compared.
struct Fields {
  std::vector<std::uint32_t> numbers;
  std::vector<std::string> texts;
  void operator()(std::uint32_t number) { numbers.push_back(number); }
  void operator()(std::string_view text) { texts.emplace_back(text); }
  friend bool operator==(const Fields&, const Fields&) = default;
};

/// A page of its own for what is written, and half a page for what is read: where the two have the same
/// place in their pages, processors take a load for one of the store before it, and luck decides the result.
struct alignas(4096) WrittenPage : std::array<std::byte, 2048> {};
class alignas(4096) ReadPage {
 public:
  explicit ReadPage(Bytes bytes) : size_(bytes.size()) { std::copy(bytes.begin(), bytes.end(), bytes_.begin()); }
  [[nodiscard]] Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  std::array<std::byte, 2048> unused_{};
  std::array<std::byte, 1024> bytes_{};
  std::size_t size_;
};

/// An alert as wire bytes, and as views into them. `plain` is the same alert with 8-bit text, for JSON,
/// which has no other.
struct Sample {
  std::string class_name;
  Profile profile;
  ReadPage page;
  ReadPage plain_page;

  [[nodiscard]] Bytes wire() const { return page.bytes(); }
  [[nodiscard]] AlertView view() const { return decode(profile, page.bytes()).value().alert; }
  [[nodiscard]] AlertView plain() const { return decode(Profile::lm20, plain_page.bytes()).value().alert; }
};

/// Turns the ASCII of an alert into the text of its profile and the alert into bytes.
inline std::vector<std::byte> packed(Profile profile, Alert alert) {
  struct ToWire {
    Profile profile_;
    [[nodiscard]] Profile profile() const { return profile_; }
    void narrow(std::string_view, std::uint32_t) {}
    void wide(std::string_view, std::uint32_t) {}
    void padding(std::string_view, std::size_t) {}
    void name(std::string_view field, std::string& text, std::size_t) { string(field, text); }
    void string(std::string_view, std::string& text) {
      if (profile_ == Profile::nt) text = alert::utf8_to_utf16le(text).value();
    }
    void count(std::string_view, alert::MergeStrings<std::string>&) {}
    void strings(std::string_view field, alert::MergeStrings<std::string>& strings) {
      for (std::string& text : strings) string(field, text);
    }
    void rest(std::string_view, std::string&) {}
  } to_wire{profile};
  alert.profile = profile;
  for_each_field(alert, to_wire);
  std::vector<std::byte> bytes(encoded_size(alert));
  bytes.resize(encode(alert, bytes).value());
  return bytes;
}

inline alert::MergeStrings<std::string> merge_strings(std::initializer_list<const char*> texts) {
  alert::MergeStrings<std::string> strings;
  for (const char* text : texts) strings.push_back(text);
  return strings;
}

inline std::vector<Sample> samples() {
  using Text = std::string;
  constexpr std::uint32_t kTime = 1795226400;
  const auto alert = [](Text event, Text service, alert::OtherInfo<Text> info) {
    return Alert{Profile::lm20, {kTime, std::move(event), std::move(service)}, std::move(info)};
  };
  const Alert alerts[] = {
      alert("ADMIN", "SERVER", alert::AdminOtherInfo<Text>{2102, merge_strings({"FILESRV01", "C:\\SPOOL", "95"})}),
      alert("USER", "WORKSTATION",
            alert::UserOtherInfo<Text>{2119, merge_strings({"FILESRV01", "DOCS"}), "jdoe", "ACCOUNTING07"}),
      alert("PRINTING", "SPOOLER",
            alert::PrintOtherInfo<Text>{412, 0x0004, kTime - 60, 148223, "ACCOUNTING07", "jdoe", "laser-2nd-floor",
                                        "LPT1", "The printer is out of paper"}),
      alert("ERRORLOG", "NETLOGON", alert::ErrlogOtherInfo<Text>{3100, 20480}),
      alert("MESSAGE", "MESSENGER",
            alert::MessageOtherInfo<Text>{"The file server goes down for maintenance at 18:00. Please close your "
                                          "documents and log off until then."}),
      alert("BACKUP", "TAPEROBOT",
            alert::CustomOtherInfo<Text>{"set=weekly volume=0017 files=184223 bytes=88123456789 elapsed=5412s "
                                         "errors=0 next=2026-11-28T02:00:00Z"}),
  };
  std::vector<Sample> all;
  for (const Alert& a : alerts)
    for (const Profile profile : {Profile::lm20, Profile::nt})
      all.push_back({std::string(class_name(a.other_info)), profile, ReadPage(packed(profile, a)),
                     ReadPage(packed(Profile::lm20, a))});
  return all;
}

}  // namespace bench
