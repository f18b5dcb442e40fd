#pragma once
// The calls of the control interface io.alertbroker: parameters and replies, as both ends use them.
//
// Each structure lists its fields once; writing JSON, reading JSON and the interface description are
// passes over that list (json_fields.hpp). Names of recipients and events are UTF-8.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/control/inquiries.hpp"
#include "alert/control/nothing.hpp"
#include "alert/control/object_calls.hpp"
#include "alert/control/port_calls.hpp"
#include "alert/control/push_calls.hpp"
#include "alert/control/stats.hpp"

namespace alert {

inline constexpr std::string_view kInterface = "io.alertbroker";
inline constexpr std::size_t kLargestMessage = 256 * 1024;  // bytes of one request or reply, without the NUL
inline constexpr int kDeepestNesting = 16;
inline constexpr std::size_t kRowsPerPage = 256;    // of ListTable and ListMailslots
inline constexpr std::size_t kNamesInReceipt = 64;  // recipients by name; the counts are always whole

/// One recipient that was matched and not written, and why.
struct RefusedRecipient {
  std::string recipient;
  std::uint32_t code = 0;
  std::string reason;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("recipient", s.recipient), p("code", s.code), p("reason", s.reason);
  }
};

/// What the raiser learns: matched = written + refused. No sequence in the answer to a dry run.
struct Receipt {
  std::string journal;  // 32 hexadecimal digits
  std::optional<std::uint64_t> sequence;
  std::uint64_t matched = 0;
  std::uint64_t written = 0;
  std::vector<RefusedRecipient> refused;               // the first ones
  std::optional<std::vector<std::string>> recipients;  // of a dry run: the first ones that would get it
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("journal", s.journal), p("sequence", s.sequence), p("matched", s.matched), p("written", s.written),
        p("refused", s.refused), p("recipients", s.recipients);
  }
};

/// `wire`: the alert's bytes in hexadecimal, delivered unchanged; `event` decides who gets them. A
/// raise that carries an `id` may be repeated: it counts once, and gets the first receipt again.
struct Raise {
  static constexpr std::string_view kMethod = "Raise";
  using Reply = Receipt;
  std::string event;
  std::string profile;
  std::string wire;
  std::optional<bool> dry_run;
  std::optional<std::string> id = {};  // 32 lower-case hexadecimal digits; the caller's uid's own
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("event", s.event), p("profile", s.profile), p("wire", s.wire), p("dry_run", s.dry_run), p("id", s.id);
  }
};

/// DosWriteMailslot: a message, in hexadecimal, for one mailslot and whatever its registrations. It is
/// numbered, journaled and counted as alerts are; its reader gets it before those of lower priority.
/// Where `room` is exhausted, the answer is sem_timeout at once, and asking again is up to the caller.
struct Write {
  static constexpr std::string_view kMethod = "Write";
  using Reply = Receipt;
  std::string mailslot;
  std::string message;
  std::optional<std::uint32_t> priority = {};          // 0 (low) to 9; default: 0
  std::optional<std::uint32_t> class_of_service = {};  // 1 guaranteed (the default) or 2, which here is the same
  std::optional<bool> dry_run = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("message", s.message), p("priority", s.priority), p("class", s.class_of_service),
        p("dry_run", s.dry_run);
  }
};

/// NetAlertStart. `session`: the registration ends with this connection.
struct Start {
  static constexpr std::string_view kMethod = "Start";
  using Reply = Nothing;
  std::string event;
  std::string recipient;
  std::optional<std::uint32_t> maxdata;  // bytes; longer alerts are cut; default: the largest alert
  std::optional<bool> session;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("event", s.event), p("recipient", s.recipient), p("maxdata", s.maxdata), p("session", s.session);
  }
};

/// NetAlertStop.
struct Stop {
  static constexpr std::string_view kMethod = "Stop";
  using Reply = Nothing;
  std::string event;
  std::string recipient;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("event", s.event), p("recipient", s.recipient);
  }
};

/// `session`: the mailslot ends with this connection. `room`: how many bytes of messages Write may
/// leave in it unread; without it, any number. (Alerts are never refused for want of room.)
struct MakeMailslot {
  static constexpr std::string_view kMethod = "MakeMailslot";
  struct Reply {
    std::uint64_t incarnation = 0;
    std::uint32_t max_message = 0;
    std::uint64_t capacity = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("incarnation", s.incarnation), p("max_message", s.max_message), p("capacity", s.capacity);
    }
  };
  std::string mailslot;
  std::optional<std::uint32_t> max_message;  // bytes; default: the largest alert
  std::optional<std::uint64_t> capacity;     // bytes of the ring; rounded up to a power of two
  std::optional<bool> session;
  std::optional<std::uint64_t> room = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("max_message", s.max_message), p("capacity", s.capacity), p("session", s.session),
        p("room", s.room);
  }
};

/// `incarnation`: only that one, not another that has the name by now.
struct DeleteMailslot {
  static constexpr std::string_view kMethod = "DeleteMailslot";
  using Reply = Nothing;
  std::string mailslot;
  std::optional<std::uint64_t> incarnation = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("incarnation", s.incarnation);
  }
};

/// Where the ring goes on after a replay: the record behind `ordinal` will be at `position`.
struct RingPlace {
  std::uint64_t ordinal = 0;
  std::uint64_t position = 0;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("ordinal", s.ordinal), p("position", s.position);
  }
};

/// A point in a mailslot's history: the last record that a reader has.
struct HistoryPlace {
  std::uint64_t ordinal = 0;
  std::uint64_t sequence = 0;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("ordinal", s.ordinal), p("sequence", s.sequence);
  }
};

/// With the reply travel descriptors, in this order: the ring, the replay window, for a consumer its
/// page, and where `poll` was asked for a socket that becomes readable when there is something to read.
/// `from` is the beginning of this incarnation, `after` what its consumer has read. Where something
/// waits behind `after`, `resume` is missing and Replay comes first.
///
/// A reader that lives on brings its own place, `after` in `incarnation` of `journal`. It counts as
/// read if it can be: the same incarnation, not beyond what was written, for a consumer not before what was read.
/// Otherwise the reply's `after` is the one above.
struct OpenMailslot {
  static constexpr std::string_view kMethod = "OpenMailslot";
  struct Reply {
    std::uint64_t incarnation = 0;
    HistoryPlace from;
    HistoryPlace after;
    std::optional<RingPlace> resume;
    std::string journal = {};
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("incarnation", s.incarnation), p("from", s.from), p("after", s.after), p("resume", s.resume),
          p("journal", s.journal);
    }
  };
  std::string mailslot;
  bool consume = false;  // false: an observer, whose reading changes nothing
  std::optional<bool> poll;
  std::optional<std::string> journal = {};
  std::optional<std::uint64_t> incarnation = {};
  std::optional<HistoryPlace> after = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("consume", s.consume), p("poll", s.poll), p("journal", s.journal),
        p("incarnation", s.incarnation), p("after", s.after);
  }
};

/// Fills this connection's window with what the mailslot was due behind `after`. The reply says how
/// many bytes of records are in it and how far the search came (`after`): either ask again from
/// there, or `resume` says where the ring goes on.
struct Replay {
  static constexpr std::string_view kMethod = "Replay";
  struct Reply {
    std::uint64_t bytes = 0;
    HistoryPlace after;
    std::optional<RingPlace> resume;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("bytes", s.bytes), p("after", s.after), p("resume", s.resume);
    }
  };
  std::string mailslot;
  HistoryPlace after;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("after", s.after);
  }
};

/// Makes the semaphore where nobody has registered or opened it; it stays until nobody does any more.
/// With the reply travels the descriptor of its page; `pulses` is the counter as of now.
struct OpenSemaphore {
  static constexpr std::string_view kMethod = "OpenSemaphore";
  struct Reply {
    std::uint64_t pulses = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("pulses", s.pulses);
    }
  };
  std::string semaphore;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("semaphore", s.semaphore);
  }
};

/// This connection's lane, for who raises a lot; with the reply travels its descriptor. Behind a raise
/// that finds the broker listening goes one NUL over the connection.
///
/// With `answers`, whatever a verdict has no room for comes over the connection: of a raise that was refused, or
/// that a recipient refused, the answer that Raise would have got, in their order. Until they have left, the
/// broker takes nothing more from the lane; other calls would mix their replies with them.
struct OpenLane {
  static constexpr std::string_view kMethod = "OpenLane";
  struct Reply {
    std::uint64_t capacity = 0;
    std::string journal;  // 32 hexadecimal digits: that of every receipt
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("capacity", s.capacity), p("journal", s.journal);
    }
  };
  std::optional<std::uint64_t> capacity;  // bytes of the ring; rounded up to a power of two
  std::optional<bool> answers = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("capacity", s.capacity), p("answers", s.answers);
  }
};

/// The caller's rows (root: all), in the order of registration, a page at a time.
struct ListTable {
  static constexpr std::string_view kMethod = "ListTable";
  struct Row {
    std::string event;
    std::string recipient;
    std::uint32_t maxdata = 0;
    std::uint32_t uid = 0;
    bool session = false;
    std::uint64_t from = 0;  // the sequence after which it counts
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("event", s.event), p("recipient", s.recipient), p("maxdata", s.maxdata), p("uid", s.uid),
          p("session", s.session), p("from", s.from);
    }
  };
  struct Reply {
    std::vector<Row> rows;
    std::optional<std::uint64_t> next;  // pass it as `after` for the following page
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("rows", s.rows), p("next", s.next);
    }
  };
  std::optional<std::uint64_t> after;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("after", s.after);
  }
};

/// The caller's mailslots (root: all), by name, a page at a time. written = read + pending + lost.
struct ListMailslots {
  static constexpr std::string_view kMethod = "ListMailslots";
  struct Row {
    std::string mailslot;
    std::uint32_t uid = 0;
    bool session = false;
    std::uint64_t incarnation = 0;
    std::uint32_t max_message = 0;
    std::uint64_t capacity = 0;
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    std::uint64_t pending = 0;
    std::uint64_t lost = 0;  // taken by retention before anybody read them
    std::uint64_t refused = 0;
    bool consumer = false;  // somebody reads it now
    std::uint64_t observers = 0;
    /// Since the broker's start: its readers woken, its replays, its consumer's pages that were clamped.
    std::uint64_t wakes = 0;
    std::uint64_t replays = 0;
    std::uint64_t nonsense = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("mailslot", s.mailslot), p("uid", s.uid), p("session", s.session), p("incarnation", s.incarnation),
          p("max_message", s.max_message), p("capacity", s.capacity), p("written", s.written), p("read", s.read),
          p("pending", s.pending), p("lost", s.lost), p("refused", s.refused), p("consumer", s.consumer),
          p("observers", s.observers), p("wakes", s.wakes), p("replays", s.replays), p("nonsense", s.nonsense);
    }
  };
  struct Reply {
    std::vector<Row> rows;
    std::optional<std::string> next;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("rows", s.rows), p("next", s.next);
    }
  };
  std::optional<std::string> after;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("after", s.after);
  }
};

/// The caller's semaphores (root: all), by name, a page at a time.
struct ListSemaphores {
  static constexpr std::string_view kMethod = "ListSemaphores";
  struct Row {
    std::string semaphore;
    std::uint32_t uid = 0;
    std::uint64_t pulses = 0;    // alerts written to it
    std::uint64_t sessions = 0;  // that have it open
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("semaphore", s.semaphore), p("uid", s.uid), p("pulses", s.pulses), p("sessions", s.sessions);
    }
  };
  struct Reply {
    std::vector<Row> rows;
    std::optional<std::string> next;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("rows", s.rows), p("next", s.next);
    }
  };
  std::optional<std::string> after;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("after", s.after);
  }
};

/// Whether a rule lets `uid` do this (quotas apart). Root may ask about everybody, others about
/// themselves. `verb`: raise, start, make, read, write, change, watch; only raise, start and read have an
/// event. `groups` are another uid's; the caller's own are always those of this connection.
struct Can {
  static constexpr std::string_view kMethod = "Can";
  struct Reply {
    bool allowed = false;
    std::optional<std::uint64_t> rule;  // of the configuration, from 1; missing: a built-in one
    std::string name;                   // of the rule; may be empty
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("allowed", s.allowed), p("rule", s.rule), p("name", s.name);
    }
  };
  std::uint32_t uid = 0;
  std::optional<std::vector<std::uint32_t>> groups;
  std::string verb;
  std::optional<std::string> event;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("uid", s.uid), p("groups", s.groups), p("verb", s.verb), p("event", s.event);
  }
};

/// Calls `f(Call{})` for every call of the interface.
template <class F>
void for_each_call(F&& f) {
  f(Raise{}), f(Start{}), f(Stop{}), f(MakeMailslot{}), f(OpenMailslot{}), f(DeleteMailslot{}), f(Replay{});
  f(OpenSemaphore{}), f(OpenLane{}), f(Write{});
  f(ObjectAdd{}), f(ObjectChange{}), f(ObjectDelete{}), f(ListObjects{}), f(ObjectOpen{}), f(ObjectClose{});
  f(CreateNotify{}), f(AddNotify{}), f(ReAddNotify{}), f(GetNotify{}), f(UnblockGetNotify{}), f(CloseNotify{});
  f(OpenSession{}), f(CloseSession{}), f(RegisterPush{}), f(FetchPending{});
  f(ListTable{}), f(ListMailslots{}), f(ListSemaphores{}), f(Stats{}), f(Can{}), f(Explain{}), f(Audit{});
}

}  // namespace alert
