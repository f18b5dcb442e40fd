#pragma once
// The legacy names, limits and numbers, and what makes an event or recipient name acceptable.
// Sources: the fact sheet, sections 1.4, 2, 3 and 4.2 (ALERT.H, NETCONS.H, lmcons.h, lmerr.h).

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace alert {

/// lm20: 16-bit LAN Manager, OEM text. nt: Win32, UTF-16LE. The numbers are the record header's.
enum class Profile : std::uint8_t { lm20 = 1, nt = 2 };

[[nodiscard]] constexpr std::string_view name(Profile profile) noexcept {
  return profile == Profile::nt ? "nt" : "lm20";
}
/// Bytes of one text unit.
[[nodiscard]] constexpr std::size_t unit(Profile profile) noexcept { return profile == Profile::nt ? 2 : 1; }

inline constexpr std::size_t kEventLength = 16;  // EVLEN, without the zero
[[nodiscard]] constexpr std::size_t service_length(Profile profile) noexcept {
  return profile == Profile::nt ? 80 : 15;  // SNLEN
}
inline constexpr std::size_t kMaxMergeStrings = 9;
inline constexpr std::size_t kLargestAlert = 65475;  // the largest mailslot message

inline constexpr std::string_view kPrintEvent = "PRINTING";
inline constexpr std::string_view kMessageEvent = "MESSAGE";
inline constexpr std::string_view kErrorlogEvent = "ERRORLOG";
inline constexpr std::string_view kAdminEvent = "ADMIN";
inline constexpr std::string_view kUserEvent = "USER";

/// The numbers a refusal, or the errcode of an alert, carries.
enum class Code : std::uint16_t {
  success = 0,                // NERR_Success
  invalid_function = 1,       // ERROR_INVALID_FUNCTION: a waiting GetNotify ended by Unblock or Close
  file_not_found = 2,         // ERROR_FILE_NOT_FOUND
  path_not_found = 3,         // ERROR_PATH_NOT_FOUND
  access_denied = 5,          // ERROR_ACCESS_DENIED
  invalid_handle = 6,         // ERROR_INVALID_HANDLE
  not_enough_memory = 8,      // ERROR_NOT_ENOUGH_MEMORY
  write_fault = 29,           // ERROR_WRITE_FAULT: the journal could not be written
  read_fault = 30,            // ERROR_READ_FAULT: something was lost before the next message
  not_supported = 50,         // ERROR_NOT_SUPPORTED
  bad_netpath = 53,           // ERROR_BAD_NETPATH
  sharing_paused = 70,        // ERROR_SHARING_PAUSED: the broker's state does not allow it now
  invalid_parameter = 87,     // ERROR_INVALID_PARAMETER
  interrupt = 95,             // ERROR_INTERRUPT
  broken_pipe = 109,          // ERROR_BROKEN_PIPE
  buffer_overflow = 111,      // ERROR_BUFFER_OVERFLOW: larger than the mailslot's messages
  sem_timeout = 121,          // ERROR_SEM_TIMEOUT
  insufficient_buffer = 122,  // ERROR_INSUFFICIENT_BUFFER
  invalid_name = 123,         // ERROR_INVALID_NAME
  dir_not_empty = 145,        // ERROR_DIR_NOT_EMPTY: a key with keys below
  busy = 170,                 // ERROR_BUSY: the mailslot has its consumer
  already_exists = 183,       // ERROR_ALREADY_EXISTS
  more_data = 234,            // ERROR_MORE_DATA
  wait_timeout = 258,         // WAIT_TIMEOUT
  no_more_items = 259,        // ERROR_NO_MORE_ITEMS: the port is unblocked
  not_enough_quota = 1816,    // ERROR_NOT_ENOUGH_QUOTA
  net_not_started = 2102,     // NERR_NetNotStarted
  share_mem = 2104,           // NERR_ShareMem
  wksta_not_started = 2138,   // NERR_WkstaNotStarted
  bad_event_name = 2143,      // NERR_BadEventName
  alert_exists = 2430,        // NERR_AlertExists
  too_many_alerts = 2431,     // NERR_TooManyAlerts
  no_such_alert = 2432,       // NERR_NoSuchAlert
  bad_recipient = 2433,       // NERR_BadRecipient
  invalid_log_seek = 2440,    // NERR_InvalidLogSeek

  resource_not_found = 5007,       // ERROR_RESOURCE_NOT_FOUND
  group_not_found = 5013,          // ERROR_GROUP_NOT_FOUND
  node_not_found = 5042,           // ERROR_CLUSTER_NODE_NOT_FOUND
  network_not_found = 5045,        // ERROR_CLUSTER_NETWORK_NOT_FOUND
  net_interface_not_found = 5047,  // ERROR_CLUSTER_NETINTERFACE_NOT_FOUND
  node_not_ready = 5072,           // ERROR_CLUSTER_NODE_NOT_READY
  node_shutting_down = 5073,       // ERROR_CLUSTER_NODE_SHUTTING_DOWN
  resource_type_not_found = 5078,  // ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND
};

inline constexpr std::string_view kUnknownCode = "ERROR_UNKNOWN";
[[nodiscard]] constexpr std::string_view name(Code code) noexcept {
  switch (code) {
    case Code::success: return "NERR_Success";
    case Code::invalid_function: return "ERROR_INVALID_FUNCTION";
    case Code::file_not_found: return "ERROR_FILE_NOT_FOUND";
    case Code::path_not_found: return "ERROR_PATH_NOT_FOUND";
    case Code::access_denied: return "ERROR_ACCESS_DENIED";
    case Code::invalid_handle: return "ERROR_INVALID_HANDLE";
    case Code::not_enough_memory: return "ERROR_NOT_ENOUGH_MEMORY";
    case Code::write_fault: return "ERROR_WRITE_FAULT";
    case Code::read_fault: return "ERROR_READ_FAULT";
    case Code::not_supported: return "ERROR_NOT_SUPPORTED";
    case Code::bad_netpath: return "ERROR_BAD_NETPATH";
    case Code::sharing_paused: return "ERROR_SHARING_PAUSED";
    case Code::invalid_parameter: return "ERROR_INVALID_PARAMETER";
    case Code::interrupt: return "ERROR_INTERRUPT";
    case Code::broken_pipe: return "ERROR_BROKEN_PIPE";
    case Code::buffer_overflow: return "ERROR_BUFFER_OVERFLOW";
    case Code::sem_timeout: return "ERROR_SEM_TIMEOUT";
    case Code::insufficient_buffer: return "ERROR_INSUFFICIENT_BUFFER";
    case Code::invalid_name: return "ERROR_INVALID_NAME";
    case Code::dir_not_empty: return "ERROR_DIR_NOT_EMPTY";
    case Code::busy: return "ERROR_BUSY";
    case Code::already_exists: return "ERROR_ALREADY_EXISTS";
    case Code::more_data: return "ERROR_MORE_DATA";
    case Code::wait_timeout: return "WAIT_TIMEOUT";
    case Code::no_more_items: return "ERROR_NO_MORE_ITEMS";
    case Code::not_enough_quota: return "ERROR_NOT_ENOUGH_QUOTA";
    case Code::net_not_started: return "NERR_NetNotStarted";
    case Code::share_mem: return "NERR_ShareMem";
    case Code::wksta_not_started: return "NERR_WkstaNotStarted";
    case Code::bad_event_name: return "NERR_BadEventName";
    case Code::alert_exists: return "NERR_AlertExists";
    case Code::too_many_alerts: return "NERR_TooManyAlerts";
    case Code::no_such_alert: return "NERR_NoSuchAlert";
    case Code::bad_recipient: return "NERR_BadRecipient";
    case Code::invalid_log_seek: return "NERR_InvalidLogSeek";
    case Code::resource_not_found: return "ERROR_RESOURCE_NOT_FOUND";
    case Code::group_not_found: return "ERROR_GROUP_NOT_FOUND";
    case Code::node_not_found: return "ERROR_CLUSTER_NODE_NOT_FOUND";
    case Code::network_not_found: return "ERROR_CLUSTER_NETWORK_NOT_FOUND";
    case Code::net_interface_not_found: return "ERROR_CLUSTER_NETINTERFACE_NOT_FOUND";
    case Code::node_not_ready: return "ERROR_CLUSTER_NODE_NOT_READY";
    case Code::node_shutting_down: return "ERROR_CLUSTER_NODE_SHUTTING_DOWN";
    case Code::resource_type_not_found: return "ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND";
  }
  return kUnknownCode;
}

[[nodiscard]] constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (upper(a[i]) != upper(b[i])) return false;
  return true;
}
[[nodiscard]] constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
/// Names that differ only in ASCII case are one: events in upper case, recipients in lower case.
[[nodiscard]] inline std::string canonical_event(std::string_view name) {
  std::string result(name);
  for (char& c : result) c = upper(c);
  return result;
}
[[nodiscard]] inline std::string canonical_recipient(std::string_view path) {
  std::string result(path);
  for (char& c : result) c = lower(c);
  return result;
}

namespace detail {

/// Not in the function that asks it, which would make it anew each time.
inline constexpr auto kForbiddenInEvent = [] {
  std::array<bool, 256> forbidden{};
  std::fill_n(forbidden.begin(), 0x20, true);
  for (const char c : std::string_view("\"/\\[]:|<>+=;,?")) forbidden[static_cast<unsigned char>(c)] = true;
  return forbidden;
}();

}  // namespace detail

/// 1 to 16 characters of UTF-8, none of `" / \ [ ] : | < > + = ; , ?` and nothing below 0x20.
/// Precondition: `text` is valid UTF-8.
[[nodiscard]] constexpr bool is_event_name(std::string_view text) noexcept {
  std::size_t characters = 0;
  for (const char c : text) {
    if (detail::kForbiddenInEvent[static_cast<unsigned char>(c)]) return false;
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++characters;
  }
  return characters >= 1 && characters <= kEventLength;
}

inline constexpr std::string_view kMailslotPrefix = "\\mailslot\\";
inline constexpr std::string_view kSemaphorePrefix = "\\sem\\";
inline constexpr std::size_t kMaxRecipientLength = 255;  // bytes, prefix included

/// What follows the prefix: printable, no wildcard or empty path component, UTF-8 passes.
[[nodiscard]] constexpr bool is_recipient_name(std::string_view path, std::string_view prefix) noexcept {
  if (path.size() <= prefix.size() || path.size() > kMaxRecipientLength) return false;
  if (!equal_ignoring_case(path.substr(0, prefix.size()), prefix)) return false;
  char before = '\\';
  for (const char c : path.substr(prefix.size())) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
    if (std::string_view("\"/:|<>*?").find(c) != std::string_view::npos) return false;
    if (c == '\\' && before == '\\') return false;
    before = c;
  }
  return before != '\\';
}
[[nodiscard]] constexpr bool is_mailslot_name(std::string_view path) noexcept {
  return is_recipient_name(path, kMailslotPrefix);
}
[[nodiscard]] constexpr bool is_semaphore_name(std::string_view path) noexcept {
  return is_recipient_name(path, kSemaphorePrefix);
}

}  // namespace alert
