#pragma once
// The calls about push notification, as MS-OXCRPC has EcRRegisterPushNotification.
//
// A session belongs to the connection that opened it and ends with that. Pending is what its mailslots hold
// that their readers have not read, and what is queued on the ports that it made. While something is, the
// broker sends the context, and nothing else, as a UDP datagram to the callback address: once at once, then
// at an interval.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/control/nothing.hpp"
#include "alert/control/port_calls.hpp"

namespace alert {

inline constexpr std::size_t kLargestContext = 16;       // bytes
inline constexpr std::uint32_t kAdviseAll = 0xFFFFFFFF;  // the only advise bits
inline const std::string kNullHandle(40, '0');

/// What RegisterPush, FetchPending and CloseSession return beside their other values.
enum class PushResult : std::uint32_t {
  success = 0,
  access_denied = 0x80070005,  // not a callback address that this broker may send to
  invalid_param = 0x80070057,  // ecInvalidParam
  not_supported = 0x80040102,  // ecNotSupported
  too_big = 0x80040305,        // ecTooBig
  logon_failed = 0x80040111,   // there is no such session
};

/// This connection's session; asked again, the same one.
struct OpenSession {
  static constexpr std::string_view kMethod = "OpenSession";
  struct Reply {
    std::string session;        // a handle
    std::uint32_t poll_ms = 0;  // how often to look before the first datagram has come
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("session", s.session), p("poll_ms", s.poll_ms);
    }
  };
  template <class Self, class Pass>
  static void fields(Self&, Pass&) {}
};

/// No datagram leaves after it.
struct CloseSession {
  static constexpr std::string_view kMethod = "CloseSession";
  struct Reply {
    std::string session;  // the null handle
    std::uint32_t result = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("session", s.session), p("result", s.result);
    }
  };
  std::string session;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("session", s.session);
  }
};

/// EcRRegisterPushNotification. A second one replaces the first. Bytes are hexadecimal; a size that is given
/// and is another one is refused like hexadecimal that is none.
struct RegisterPush {
  static constexpr std::string_view kMethod = "RegisterPush";
  struct Reply {
    std::string session;  // as in the call; the null handle where there is no such session
    std::uint32_t notification = 0;
    std::uint32_t result = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("session", s.session), p("notification", s.notification), p("result", s.result);
    }
  };
  std::string session;
  std::string context;  // at most kLargestContext bytes
  std::string address;  // see wire/callback_address.hpp
  std::uint32_t advise_bits = kAdviseAll;
  std::optional<std::uint32_t> rpc = {};  // ignored
  std::optional<std::uint16_t> context_size = {};
  std::optional<std::uint16_t> address_size = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("session", s.session), p("context", s.context), p("address", s.address), p("advise_bits", s.advise_bits),
        p("rpc", s.rpc), p("context_size", s.context_size), p("address_size", s.address_size);
  }
};

/// Takes what is queued on the session's ports, as far as it fits, and says what waits in its mailslots, which
/// are read as ever.
struct FetchPending {
  static constexpr std::string_view kMethod = "FetchPending";
  static constexpr std::size_t kMost = 64;  // indications in one reply
  struct Indication {
    std::string port;
    GetNotify::Reply indication;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("port", s.port);
      GetNotify::Reply::fields(s.indication, p);
    }
  };
  struct Unread {
    std::string mailslot;
    std::uint64_t pending = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("mailslot", s.mailslot), p("pending", s.pending);
    }
  };
  struct Reply {
    std::string session;
    std::uint32_t result = 0;
    std::vector<Indication> indications;
    std::vector<Unread> mailslots;  // those with something unread
    bool more = false;              // more indications are queued than fitted
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("session", s.session), p("result", s.result), p("indications", s.indications), p("mailslots", s.mailslots),
          p("more", s.more);
    }
  };
  std::string session;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("session", s.session);
  }
};

}  // namespace alert
