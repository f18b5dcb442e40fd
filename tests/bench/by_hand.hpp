#pragma once
// What an engineer writes who knows the class and the profile beforehand and wants no library: the
// yardstick of the codec.
//
// `find_strings` does: check that the fixed parts are there, find the end of both names within their
// arrays and of every string before the end of the bytes, keep the places. It does not: learn the class
// from the event name, read the numbers (but numstrings), bound the alert, keep what is cut, or say what
// is wrong and where.
//
// `write` does: check once that the buffer has room and that the names fit, then write the same bytes as
// `encode`. It does not: look for zeros inside a text or for half a code unit, compare the event name with
// the class, or check that a number fits its field.

#include <array>
#include <cstring>
#include <optional>

#include "alert/wire/alert.hpp"

namespace bench {

using alert::AlertView;
using alert::Bytes;
using alert::MutableBytes;
using alert::Profile;

template <Profile kProfile>
class ByHand {
  static constexpr std::size_t kUnit = alert::unit(kProfile);
  static constexpr std::size_t kNumber = kProfile == Profile::nt ? 4 : 2;
  static constexpr std::size_t kEventAt = 4;
  static constexpr std::size_t kEventSize = (alert::kEventLength + 1) * kUnit;
  static constexpr std::size_t kServiceAt = kEventAt + kEventSize + alert::pad1_size(kProfile);
  static constexpr std::size_t kServiceSize = (alert::service_length(kProfile) + 1) * kUnit;
  static constexpr std::size_t kHeader = alert::std_alert_size(kProfile);

 public:
  struct Ends {
    std::array<const char*, 2 + alert::kMaxMergeStrings + 2> ends;
    std::size_t count = 0;
  };

  template <class Info>
  static bool find_strings(Bytes bytes, Ends& found) noexcept {
    const char* const data = alert::as_text(bytes).data();
    const char* const end = data + bytes.size();
    found.count = 0;
    if (bytes.size() < kHeader + fixed_size<Info>()) return false;
    if (!keep(found, end_of(data + kEventAt, data + kEventAt + kEventSize))) return false;
    if (!keep(found, end_of(data + kServiceAt, data + kServiceAt + kServiceSize))) return false;
    std::size_t left = string_count<Info>();
    if constexpr (has_merge_strings<Info>()) {
      const std::size_t merge_strings = number(data + kHeader + kNumber);
      if (merge_strings > alert::kMaxMergeStrings) return false;
      left += merge_strings;
    }
    for (const char* at = data + kHeader + fixed_size<Info>(); left > 0; --left) {
      const char* const zero = end_of(at, end);
      if (!keep(found, zero)) return false;
      at = zero + kUnit;
    }
    return true;
  }

  template <class Info>
  static std::optional<std::size_t> write(const AlertView& alert, const Info& info, MutableBytes out) noexcept {
    struct Strings {
      std::size_t bytes = 0;
      void operator()(std::string_view text) { bytes += text.size() + kUnit; }
    } strings;
    for_each_string(info, strings);
    const auto& header = alert.header;
    if (out.size() < kHeader + fixed_size<Info>() + strings.bytes) return std::nullopt;
    if (header.alrt_eventname.size() > kEventSize - kUnit) return std::nullopt;
    if (header.alrt_servicename.size() > kServiceSize - kUnit) return std::nullopt;

    char* const start = reinterpret_cast<char*>(out.data());
    std::memcpy(start, &header.alrt_timestamp, 4);
    std::memset(start + kEventAt, 0, kHeader - kEventAt);
    std::memcpy(start + kEventAt, header.alrt_eventname.data(), header.alrt_eventname.size());
    std::memcpy(start + kServiceAt, header.alrt_servicename.data(), header.alrt_servicename.size());
    struct Put {
      char* at;
      void wide(std::uint32_t value) {
        std::memcpy(at, &value, 4);
        at += 4;
      }
      void narrow(std::size_t value) {
        std::memcpy(at, &value, kNumber);
        at += kNumber;
      }
      void operator()(std::string_view text) {
        std::memcpy(at, text.data(), text.size());
        std::memset(at + text.size(), 0, kUnit);
        at += text.size() + kUnit;
      }
    } put{start + kHeader};
    put_numbers(info, put);
    if constexpr (is<alert::CustomOtherInfo, Info>) {
      if (static_cast<std::size_t>(start + out.size() - put.at) < info.payload.size()) return std::nullopt;
      std::memcpy(put.at, info.payload.data(), info.payload.size());
      put.at += info.payload.size();
    }
    for_each_string(info, put);
    return static_cast<std::size_t>(put.at - start);
  }

 private:
  template <template <class> class Of, class Info>
  static constexpr bool is = std::is_same_v<Of<std::string_view>, Info>;
  template <class Info>
  static constexpr bool has_merge_strings() {
    return is<alert::AdminOtherInfo, Info> || is<alert::UserOtherInfo, Info>;
  }
  template <class Info>
  static constexpr std::size_t fixed_size() {
    if (has_merge_strings<Info>()) return 2 * kNumber;
    if (is<alert::PrintOtherInfo, Info>) return 2 * kNumber + 8;
    return is<alert::ErrlogOtherInfo, Info> ? kNumber + 4 : 0;
  }
  template <class Info>
  static constexpr std::size_t string_count() {  // without the merge strings
    if (is<alert::PrintOtherInfo, Info>) return 5;
    if (is<alert::UserOtherInfo, Info>) return 2;
    return is<alert::MessageOtherInfo, Info> ? 1 : 0;
  }

  static std::size_t number(const char* from) noexcept {
    std::size_t value = 0;
    std::memcpy(&value, from, kNumber);
    return value;
  }
  static const char* end_of(const char* at, const char* end) noexcept {
    if constexpr (kProfile == Profile::lm20) {
      return static_cast<const char*>(std::memchr(at, 0, static_cast<std::size_t>(end - at)));
    } else {
      for (; end - at >= 2; at += 2) {
        std::uint16_t unit;
        std::memcpy(&unit, at, 2);
        if (unit == 0) return at;
      }
      return nullptr;
    }
  }
  static bool keep(Ends& found, const char* end) noexcept {
    found.ends[found.count++] = end;
    return end != nullptr;
  }

  template <class Info, class F>
  static void for_each_string(const Info& info, F& f) {
    if constexpr (has_merge_strings<Info>())
      for (const std::string_view text : info.mergestrings) f(text);
    if constexpr (is<alert::UserOtherInfo, Info>) {
      f(info.username);
      f(info.computername);
    } else if constexpr (is<alert::PrintOtherInfo, Info>) {
      f(info.computername);
      f(info.username);
      f(info.queuename);
      f(info.destname);
      f(info.status_string);
    } else if constexpr (is<alert::MessageOtherInfo, Info>) {
      f(info.msg_text);
    }
  }
  template <class Info, class Put>
  static void put_numbers(const Info& info, Put& put) {
    if constexpr (is<alert::AdminOtherInfo, Info>) {
      put.narrow(info.alrtad_errcode);
      put.narrow(info.mergestrings.size());
    } else if constexpr (is<alert::UserOtherInfo, Info>) {
      put.narrow(info.alrtus_errcode);
      put.narrow(info.mergestrings.size());
    } else if constexpr (is<alert::PrintOtherInfo, Info>) {
      put.narrow(info.alrtpr_jobid);
      put.narrow(info.alrtpr_status);
      put.wide(info.alrtpr_submitted);
      put.wide(info.alrtpr_size);
    } else if constexpr (is<alert::ErrlogOtherInfo, Info>) {
      put.narrow(info.alrter_errcode);
      put.wide(info.alrter_offset);
    }
  }
};

}  // namespace bench
