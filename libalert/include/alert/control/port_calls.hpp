#pragma once
// The calls about notification ports (version 1), as MS-CMRP has them in protocol version 2.
//
// A handle is 40 hexadecimal digits. It is good on every connection of the uid that got it, and goes with the
// last connection that has used it: so a second connection can unblock what the first one waits for. Calls
// behind a GetNotify that waits on the same connection take effect at once; their replies come behind its own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alert/control/nothing.hpp"
#include "alert/control/object_calls.hpp"

namespace alert {

inline constexpr std::uint32_t kInfinite = 0xFFFFFFFF;  // milliseconds

/// A handle to a name. With `missing_ok` there need not be such an object now.
struct ObjectOpen {
  static constexpr std::string_view kMethod = "ObjectOpen";
  struct Reply {
    std::string handle;
    std::string name;                    // as it was first spelled
    std::optional<std::uint32_t> state;  // of an object that is there and has one
    std::uint32_t state_sequence = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("handle", s.handle), p("name", s.name), p("state", s.state), p("state_sequence", s.state_sequence);
    }
  };
  std::string kind;
  std::string name;  // may be empty for the cluster
  std::optional<bool> missing_ok = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name), p("missing_ok", s.missing_ok);
  }
};

/// The filters that were registered through it go; indications that are queued stay.
struct ObjectClose {
  static constexpr std::string_view kMethod = "ObjectClose";
  using Reply = Nothing;
  std::string handle;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("handle", s.handle);
  }
};

/// ApiCreateNotify.
struct CreateNotify {
  static constexpr std::string_view kMethod = "CreateNotify";
  struct Reply {
    std::string port;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("port", s.port);
    }
  };
  template <class Self, class Pass>
  static void fields(Self&, Pass&) {}
};

/// ApiAddNotifyCluster, ...Node, ...Group, ...Resource, ...Key, ...Network, ...NetInterface: `kind` says which.
struct AddNotify {
  static constexpr std::string_view kMethod = "AddNotify";
  struct Reply {
    std::optional<std::uint32_t> state_sequence;  // of kinds with a state
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("state_sequence", s.state_sequence);
    }
  };
  std::string port;
  std::string kind;
  std::string object;  // a handle
  std::uint32_t filter = 0;
  std::uint32_t key = 0;
  std::optional<bool> watch_subtree = {};  // of keys
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("port", s.port), p("kind", s.kind), p("object", s.object), p("filter", s.filter), p("key", s.key),
        p("watch_subtree", s.watch_subtree);
  }
};

/// ApiReAddNotifyNode, ...Group, ...Resource, ...Network, ...NetInterface.
struct ReAddNotify {
  static constexpr std::string_view kMethod = "ReAddNotify";
  using Reply = Nothing;
  std::string port;
  std::string kind;
  std::string object;
  std::uint32_t filter = 0;
  std::uint32_t key = 0;
  std::uint32_t state_sequence = 0;  // the last one that the caller knows
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("port", s.port), p("kind", s.kind), p("object", s.object), p("filter", s.filter), p("key", s.key),
        p("state_sequence", s.state_sequence);
  }
};

/// ApiGetNotify. Waits for `timeout` milliseconds; without, for ever.
struct GetNotify {
  static constexpr std::string_view kMethod = "GetNotify";
  struct Reply {
    std::uint32_t key = 0;
    std::uint32_t filter = 0;
    std::uint32_t state_sequence = 0;
    std::string name;
    std::uint32_t lost = 0;  // this one, CLUSTER_RECONNECT, stands for so many that did not fit
    std::string record;      // all of it as an indication record, in hexadecimal
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("key", s.key), p("filter", s.filter), p("state_sequence", s.state_sequence), p("name", s.name),
          p("lost", s.lost), p("record", s.record);
    }
  };
  std::string port;
  std::optional<std::uint32_t> timeout = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("port", s.port), p("timeout", s.timeout);
  }
};

/// ApiUnblockGetNotifyCall.
struct UnblockGetNotify {
  static constexpr std::string_view kMethod = "UnblockGetNotify";
  using Reply = Nothing;
  std::string port;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("port", s.port);
  }
};

/// ApiCloseNotify.
struct CloseNotify {
  static constexpr std::string_view kMethod = "CloseNotify";
  using Reply = Nothing;
  std::string port;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("port", s.port);
  }
};

}  // namespace alert
