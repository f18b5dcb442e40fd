#pragma once
// The trailers of the alert classes: each structure lists its fields once, in wire order, and
// decoder, encoder, JSON and annotation are passes over that list.
// Source: the fact sheet, sections 1.2 and 2.2. `narrow` fields are 2 bytes in lm20 and 4 in nt,
// `wide` fields 4 in both.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "alert/wire/names.hpp"

namespace alert {

namespace detail {

/// Room for the merge strings.
template <class Text>
struct MergeSlots {
  std::array<Text, kMaxMergeStrings> texts{};
};
/// Of views: not set to empty beforehand, which would take longer than reading an alert.
template <>
struct MergeSlots<std::string_view> {
  MergeSlots() noexcept {}
  union {
    std::array<std::string_view, kMaxMergeStrings> texts;
  };
};

}  // namespace detail

/// 0 to 9 strings; numstrings is their number.
template <class Text>
class MergeStrings {
 public:
  /// False, and nothing changed, when all nine are taken.
  bool push_back(Text text) {
    if (size_ == kMaxMergeStrings) return false;
    slots_.texts[size_++] = std::move(text);
    return true;
  }
  /// Makes room for `count` strings to be assigned; false if there may not be that many.
  bool resize(std::size_t count) noexcept {
    if (count > kMaxMergeStrings) return false;
    for (std::size_t i = size_; i < count; ++i) slots_.texts[i] = Text{};
    size_ = count;
    return true;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const Text& operator[](std::size_t i) const noexcept { return slots_.texts[i]; }
  [[nodiscard]] auto begin() noexcept { return slots_.texts.begin(); }
  [[nodiscard]] auto end() noexcept { return begin() + static_cast<std::ptrdiff_t>(size_); }
  [[nodiscard]] auto begin() const noexcept { return slots_.texts.begin(); }
  [[nodiscard]] auto end() const noexcept { return begin() + static_cast<std::ptrdiff_t>(size_); }

 private:
  detail::MergeSlots<Text> slots_;
  std::size_t size_ = 0;
};

template <class Text>
struct AdminOtherInfo {
  static constexpr std::string_view kClass = "admin";
  static constexpr std::string_view kEvent = kAdminEvent;
  std::uint32_t alrtad_errcode = 0;
  MergeStrings<Text> mergestrings;

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.narrow("alrtad_errcode", self.alrtad_errcode);
    pass.count("alrtad_numstrings", self.mergestrings);
    pass.strings("mergestrings", self.mergestrings);
  }
};

template <class Text>
struct UserOtherInfo {
  static constexpr std::string_view kClass = "user";
  static constexpr std::string_view kEvent = kUserEvent;
  std::uint32_t alrtus_errcode = 0;
  MergeStrings<Text> mergestrings;
  Text username{};
  Text computername{};

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.narrow("alrtus_errcode", self.alrtus_errcode);
    pass.count("alrtus_numstrings", self.mergestrings);
    pass.strings("mergestrings", self.mergestrings);
    pass.string("username", self.username);
    pass.string("computername", self.computername);
  }
};

template <class Text>
struct PrintOtherInfo {
  static constexpr std::string_view kClass = "print";
  static constexpr std::string_view kEvent = kPrintEvent;
  std::uint32_t alrtpr_jobid = 0;
  std::uint32_t alrtpr_status = 0;     // PRJOB_* bits
  std::uint32_t alrtpr_submitted = 0;  // seconds since 1970, UTC
  std::uint32_t alrtpr_size = 0;       // bytes
  Text computername{};
  Text username{};
  Text queuename{};
  Text destname{};
  Text status_string{};

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.narrow("alrtpr_jobid", self.alrtpr_jobid);
    pass.narrow("alrtpr_status", self.alrtpr_status);
    pass.wide("alrtpr_submitted", self.alrtpr_submitted);
    pass.wide("alrtpr_size", self.alrtpr_size);
    pass.string("computername", self.computername);
    pass.string("username", self.username);
    pass.string("queuename", self.queuename);
    pass.string("destname", self.destname);
    pass.string("status_string", self.status_string);
  }
};

template <class Text>
struct ErrlogOtherInfo {
  static constexpr std::string_view kClass = "errlog";
  static constexpr std::string_view kEvent = kErrorlogEvent;
  std::uint32_t alrter_errcode = 0;
  std::uint32_t alrter_offset = 0;  // bytes into the error log

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.narrow("alrter_errcode", self.alrter_errcode);
    pass.wide("alrter_offset", self.alrter_offset);  // lm20: at offset 2, nothing is aligned to 4
  }
};

/// MESSAGE has no structure, only its text.
template <class Text>
struct MessageOtherInfo {
  static constexpr std::string_view kClass = "message";
  static constexpr std::string_view kEvent = kMessageEvent;
  Text msg_text{};

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.string("msg_text", self.msg_text);
  }
};

/// Any other event: everything behind the header, uninterpreted.
template <class Text>
struct CustomOtherInfo {
  static constexpr std::string_view kClass = "custom";
  Text payload{};

  template <class Self, class Pass>
  static void fields(Self& self, Pass& pass) {
    pass.rest("payload_hex", self.payload);
  }
};

template <class Text>
using OtherInfo = std::variant<CustomOtherInfo<Text>, AdminOtherInfo<Text>, UserOtherInfo<Text>,
                               PrintOtherInfo<Text>, ErrlogOtherInfo<Text>, MessageOtherInfo<Text>>;

/// Calls `f(std::type_identity<Info>())` for each class that has an event name of its own, until one is true.
template <class Text, class F>
constexpr bool any_named_class(F&& f) {
  return f(std::type_identity<AdminOtherInfo<Text>>()) || f(std::type_identity<UserOtherInfo<Text>>()) ||
         f(std::type_identity<PrintOtherInfo<Text>>()) || f(std::type_identity<ErrlogOtherInfo<Text>>()) ||
         f(std::type_identity<MessageOtherInfo<Text>>());
}
/// Calls `f(Info{})` for each of them.
template <class Text, class F>
constexpr void for_each_named_class(F&& f) {
  any_named_class<Text>([&]<class Info>(std::type_identity<Info>) {
    f(Info{});
    return false;
  });
}

}  // namespace alert
