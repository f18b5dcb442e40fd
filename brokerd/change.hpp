#pragma once
// What the journal says about everything that is not an alert: one JSON object per change.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alert/control/json_fields.hpp"
#include "alert/control/object_calls.hpp"

namespace brokerd {

/// A mailslot's whole state: as it is made, and again in every checkpoint.
struct MailslotState {
  static constexpr std::string_view kChange = "mailslot";
  std::string name;
  std::uint32_t uid = 0;
  std::uint64_t incarnation = 0;
  std::uint32_t max_message = 0;
  std::uint64_t capacity = 0;
  bool session = false;
  std::uint64_t created = 0;  // alerts behind this sequence count
  std::uint64_t written = 0;  // ordinal of the last alert written
  std::uint64_t refused = 0;
  std::uint64_t read = 0;                     // ordinal of the last alert read
  std::uint64_t read_sequence = 0;            // its sequence
  std::uint64_t handed = 0;                   // ordinals up to here may have been seen by a consumer that crashed
  bool attached = false;                      // a consumer had it open
  std::uint64_t taken = 0;                    // ordinals up to here are no longer in the journal
  std::uint64_t taken_sequence = 0;           // nor sequences up to here
  std::uint64_t lost = 0;                     // how many of them nobody had read
  std::optional<std::uint64_t> told_after{};  // the last gap of taken alerts that the consumer was told:
  std::optional<std::uint64_t> told{};        // ordinals behind the one and up to the other
  /// For messages that are not read, in bytes.
  std::optional<std::uint64_t> room{};
  bool operator==(const MailslotState&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("name", s.name), p("uid", s.uid), p("incarnation", s.incarnation), p("max_message", s.max_message),
        p("capacity", s.capacity), p("session", s.session), p("created", s.created), p("written", s.written),
        p("refused", s.refused), p("read", s.read), p("read_sequence", s.read_sequence), p("handed", s.handed),
        p("attached", s.attached), p("taken", s.taken), p("taken_sequence", s.taken_sequence), p("lost", s.lost),
        p("told_after", s.told_after), p("told", s.told), p("room", s.room);
  }
};

struct MailslotDeleted {
  static constexpr std::string_view kChange = "mailslot_deleted";
  std::string name;
  bool operator==(const MailslotDeleted&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("name", s.name);
  }
};

/// A semaphore's whole state: as it comes to be, and again in every checkpoint.
struct SemaphoreState {
  static constexpr std::string_view kChange = "semaphore";
  std::string name;
  std::uint32_t uid = 0;
  std::uint64_t pulses = 0;  // alerts written to it
  bool operator==(const SemaphoreState&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("name", s.name), p("uid", s.uid), p("pulses", s.pulses);
  }
};

/// No registration and no connection keeps it any more: the name is free.
struct SemaphoreReleased {
  static constexpr std::string_view kChange = "semaphore_released";
  std::string name;
  bool operator==(const SemaphoreReleased&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("name", s.name);
  }
};

/// One row of the alert table.
struct Registration {
  static constexpr std::string_view kChange = "registered";
  std::uint64_t id = 0;  // in the order of registration
  std::string event;     // canonical
  std::string recipient;
  std::uint32_t maxdata = 0;
  std::uint32_t uid = 0;
  bool session = false;
  std::uint64_t from = 0;  // alerts behind this sequence match
  bool operator==(const Registration&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("id", s.id), p("event", s.event), p("recipient", s.recipient), p("maxdata", s.maxdata), p("uid", s.uid),
        p("session", s.session), p("from", s.from);
  }
};

struct Unregistered {
  static constexpr std::string_view kChange = "unregistered";
  std::string event;
  std::string recipient;
  std::uint64_t to = 0;  // the last sequence that could match
  bool operator==(const Unregistered&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("event", s.event), p("recipient", s.recipient), p("to", s.to);
  }
};

/// A registration that ended while its mailslot lives: what it matched can still be replayed.
struct PastRegistration {
  static constexpr std::string_view kChange = "past_registration";
  std::string mailslot;
  std::string event;
  std::uint32_t maxdata = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool operator==(const PastRegistration&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("event", s.event), p("maxdata", s.maxdata), p("from", s.from), p("to", s.to);
  }
};

struct CursorMoved {
  static constexpr std::string_view kChange = "cursor";
  std::string mailslot;
  std::uint64_t read = 0;
  std::uint64_t read_sequence = 0;
  std::uint64_t handed = 0;
  bool attached = false;
  bool operator==(const CursorMoved&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("read", s.read), p("read_sequence", s.read_sequence), p("handed", s.handed),
        p("attached", s.attached);
  }
};

/// Retention takes what the mailslot was due up to here out of the journal.
struct AlertsTaken {
  static constexpr std::string_view kChange = "taken";
  std::string mailslot;
  std::uint64_t ordinal = 0;
  std::uint64_t sequence = 0;
  bool operator==(const AlertsTaken&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("ordinal", s.ordinal), p("sequence", s.sequence);
  }
};

/// The consumer was told that these ordinals are taken: it has not read them, wherever it goes on.
struct GapTold {
  static constexpr std::string_view kChange = "gap_told";
  std::string mailslot;
  std::uint64_t after = 0;
  std::uint64_t to = 0;
  bool operator==(const GapTold&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("mailslot", s.mailslot), p("after", s.after), p("to", s.to);
  }
};

/// These numbers were never given to an alert that is still known.
struct NumbersSkipped {
  static constexpr std::string_view kChange = "numbers_skipped";
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string reason;
  bool operator==(const NumbersSkipped&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("first", s.first), p("last", s.last), p("reason", s.reason);
  }
};

/// Bytes of a segment that can be read no more, and the alerts that were there. What else happened to the
/// table and to cursors there is not known.
struct Unreadable {
  static constexpr std::string_view kChange = "unreadable";
  std::uint64_t segment = 0;  // its first sequence
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // the byte behind
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // before `first`: no alert
  bool operator==(const Unreadable&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("segment", s.segment), p("from", s.from), p("to", s.to), p("first", s.first), p("last", s.last);
  }
};

/// The receipt of a raise that carried an id (only in checkpoints: the alert itself carries it, too).
struct RaiseKnown {
  static constexpr std::string_view kChange = "raise_known";
  struct Refused {
    std::string recipient;
    std::uint16_t code = 0;
    bool operator==(const Refused&) const = default;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("recipient", s.recipient), p("code", s.code);
    }
  };
  std::string id;
  std::uint32_t uid = 0;
  std::uint64_t sequence = 0;
  std::uint64_t matched = 0;
  std::uint64_t written = 0;
  std::vector<Refused> refused;  // the first ones, as in the receipt
  bool operator==(const RaiseKnown&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("id", s.id), p("uid", s.uid), p("sequence", s.sequence), p("matched", s.matched), p("written", s.written),
        p("refused", s.refused);
  }
};

/// The rest of the state; the first change of every checkpoint, and the one that empties the fold.
struct Totals {
  static constexpr std::string_view kChange = "totals";
  std::string journal;         // its id, 32 hexadecimal digits
  std::uint64_t sequence = 0;  // of the last alert
  std::uint64_t accepted = 0;
  std::uint64_t matched = 0;
  std::uint64_t written = 0;
  std::uint64_t refused = 0;
  std::uint64_t incarnations = 0;   // given so far
  std::uint64_t registrations = 0;  // ids given so far
  std::uint64_t skipped = 0;        // the last number of the last hole in the numbering
  bool operator==(const Totals&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("journal", s.journal), p("sequence", s.sequence), p("accepted", s.accepted), p("matched", s.matched),
        p("written", s.written), p("refused", s.refused), p("incarnations", s.incarnations),
        p("registrations", s.registrations), p("skipped", s.skipped);
  }
};

/// An object's whole state: as it is made, and again in every checkpoint.
struct ObjectState {
  static constexpr std::string_view kChange = "object";
  std::string kind;
  std::string name;       // as it was first spelled
  std::uint32_t uid = 0;  // who made it
  std::uint32_t state = 0;
  std::uint32_t sequence = 0;  // changes with every change of the state
  std::vector<alert::ObjectProperty> properties;
  std::string security = {};  // of a key
  bool link = false;          // fed by the host's network links
  bool operator==(const ObjectState&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name), p("uid", s.uid), p("state", s.state), p("sequence", s.sequence),
        p("properties", s.properties), p("security", s.security), p("link", s.link);
  }
};

/// Only what became different.
struct ObjectChanged {
  static constexpr std::string_view kChange = "object_changed";
  std::string kind;
  std::string name;
  std::optional<std::uint32_t> state = {};  // the sequence goes on by one
  std::vector<alert::ObjectProperty> set = {};
  std::vector<std::string> removed = {};
  std::optional<std::string> security = {};
  std::optional<std::string> rename = {};
  std::optional<bool> link = {};
  bool operator==(const ObjectChanged&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name), p("state", s.state), p("set", s.set), p("removed", s.removed),
        p("security", s.security), p("rename", s.rename), p("link", s.link);
  }
};

struct ObjectDeleted {
  static constexpr std::string_view kChange = "object_deleted";
  std::string kind;
  std::string name;
  bool operator==(const ObjectDeleted&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name);
  }
};

/// Only in checkpoints: the state sequence of the next object that is made.
struct ObjectSequences {
  static constexpr std::string_view kChange = "object_sequences";
  std::uint32_t next = 1;
  bool operator==(const ObjectSequences&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("next", s.next);
  }
};

using Change = std::variant<Totals, MailslotState, MailslotDeleted, SemaphoreState, SemaphoreReleased, Registration,
                            Unregistered, PastRegistration, CursorMoved, NumbersSkipped, RaiseKnown, AlertsTaken,
                            GapTold, Unreadable, ObjectState, ObjectChanged, ObjectDeleted, ObjectSequences>;

[[nodiscard]] inline alert::Json to_json(const Change& change) {
  return std::visit(
      [](const auto& c) {
        alert::Json json = alert::to_json(c);
        json["change"] = c.kChange;
        return json;
      },
      change);
}

/// The same as text.
template <class One>
void append_change(std::string& text, const One& change) {
  text.append("{\"change\":\"").append(change.kChange).append(1, '"');
  alert::append_members(text, change);
  text += '}';
}
inline void append_json(std::string& text, const Change& change) {
  std::visit([&](const auto& one) { append_change(text, one); }, change);
}

/// bad_json for anything that to_json(Change) does not write.
[[nodiscard]] inline alert::Result<Change> change_from_json(alert::Json json) {
  if (!json.is_object() || !json.contains("change") || !json["change"].is_string())
    return alert::failure(alert::Errc::bad_json, 0);
  const std::string kind = json["change"].get<std::string>();
  json.erase("change");
  tl::expected<Change, alert::Error> result = alert::failure(alert::Errc::bad_json, 0);
  const auto try_as = [&](auto empty) {
    if (kind == empty.kChange && !alert::from_json(json, empty)) result = Change(std::move(empty));
  };
  try_as(Totals{}), try_as(MailslotState{}), try_as(MailslotDeleted{}), try_as(Registration{});
  try_as(Unregistered{}), try_as(PastRegistration{}), try_as(CursorMoved{}), try_as(NumbersSkipped{});
  try_as(RaiseKnown{}), try_as(AlertsTaken{}), try_as(GapTold{});
  try_as(SemaphoreState{}), try_as(SemaphoreReleased{}), try_as(Unreadable{});
  try_as(ObjectState{}), try_as(ObjectChanged{}), try_as(ObjectDeleted{}), try_as(ObjectSequences{});
  return result;
}

}  // namespace brokerd
