#pragma once
// The calls that ask the ledger: why was an alert written or not, and does it all add up.
//
// Their answers may need more of the journal than a turn can spare: a reply that is not `done` asks for
// the same call again on the same connection. Nothing is kept longer than the connection.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alert {

/// Alerts behind sequence `from` and up to `to` matched; no `to`: it goes on.
struct RegisteredInterval {
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;
  std::uint32_t maxdata = 0;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("from", s.from), p("to", s.to), p("maxdata", s.maxdata);
  }
};

/// Why alert `sequence` was written to `recipient`, or not: for the owner of the mailslot or semaphore,
/// and root. `as_of_sequence` asks as of the moment before the next alert, `as_of_ns` as of a time (ns since
/// 1970); without both, as of now.
///
/// verdict         what else is there
/// written         event, size, and of a mailslot incarnation, ordinal (but behind damage), maxdata, place;
///                 `cut` to that many bytes where maxdata made it shorter
/// refused         event, size, code, reason
/// not_registered  event; the registrations `before` and `after`; `obstacle`: what keeps a Start from
///                 succeeding now
/// other_event     event; registered_for: the first events that it was registered for then
/// no_recipient    there was no such mailslot or semaphore, or another's; `created`: alerts behind that
///                 sequence may be in the present one
/// policy          reason: the rule that does not let the caller know of this event
/// retention       the journal begins behind it: first; `place` where it is certain that nothing unread was taken
/// damaged         first, last (where known), reason; `where` in the journal
/// not_given       last: the sequence of the latest alert as of that moment
///
/// place: read, pending, in_hand (of the consumer, not acknowledged), redelivered (unread, and will be
/// marked so when it is read), lost (taken by retention before it was read), deleted (the mailslot).
struct Explain {
  static constexpr std::string_view kMethod = "Explain";
  struct Reply {
    bool done = false;
    std::string verdict;
    std::optional<std::string> event;
    std::optional<std::uint32_t> size;
    std::optional<std::uint32_t> cut;
    std::optional<std::uint64_t> incarnation;
    std::optional<std::uint64_t> ordinal;
    std::optional<std::string> place;
    std::optional<std::uint32_t> code;
    std::optional<std::string> reason;
    std::optional<RegisteredInterval> registration;
    std::optional<RegisteredInterval> before;
    std::optional<RegisteredInterval> after;
    std::optional<std::vector<std::string>> registered_for;
    std::optional<std::string> obstacle;
    std::optional<std::uint64_t> created;
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> last;
    std::optional<std::string> where;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("done", s.done), p("verdict", s.verdict), p("event", s.event), p("size", s.size), p("cut", s.cut),
          p("incarnation", s.incarnation), p("ordinal", s.ordinal), p("place", s.place), p("code", s.code),
          p("reason", s.reason), p("registration", s.registration), p("before", s.before), p("after", s.after),
          p("registered_for", s.registered_for), p("obstacle", s.obstacle), p("created", s.created),
          p("first", s.first), p("last", s.last), p("where", s.where);
    }
  };
  std::uint64_t sequence = 0;
  std::string recipient;
  std::optional<std::uint64_t> as_of_sequence = {};
  std::optional<std::uint64_t> as_of_ns = {};
  bool operator==(const Explain&) const = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("sequence", s.sequence), p("recipient", s.recipient), p("as_of_sequence", s.as_of_sequence),
        p("as_of_ns", s.as_of_ns);
  }
};

/// Recomputes the ledger from the whole journal, as of the first call, and compares every checkpoint
/// with it, and at the end the broker's running state. For root and the uid that runs the broker.
struct Audit {
  static constexpr std::string_view kMethod = "Audit";
  /// In the order of the journal; `where`: a segment and the offset in it.
  struct Finding {
    std::string where;
    std::string sentence;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("where", s.where), p("sentence", s.sentence);
    }
  };
  struct Reply {
    bool done = false;
    std::uint64_t segments = 0;
    std::uint64_t checkpoints = 0;  // compared, and equal
    std::uint64_t alerts = 0;
    std::uint64_t bytes = 0;
    std::vector<Finding> differences;  // the first ones; none: it adds up
    std::vector<Finding> notes;        // damage that a journaled gap accounts for, and the like
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("done", s.done), p("segments", s.segments), p("checkpoints", s.checkpoints), p("alerts", s.alerts),
          p("bytes", s.bytes), p("differences", s.differences), p("notes", s.notes);
    }
  };
  template <class Self, class Pass>
  static void fields(Self&, Pass&) {}
};

}  // namespace alert
