#pragma once
// What the broker has counted.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/control/nothing.hpp"

namespace alert {

/// matched = written + refused, since the journal began.
struct Stats {
  static constexpr std::string_view kMethod = "Stats";
  /// A bound and how often it was hit since start. No limit: unlimited.
  struct Quota {
    std::string name;
    std::optional<std::uint64_t> limit;
    std::uint64_t refused = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("name", s.name), p("limit", s.limit), p("refused", s.refused);
    }
  };
  /// The caller's own part of that (root: everybody's, by uid).
  struct Overrun {
    std::uint32_t uid = 0;
    std::string name;
    std::uint64_t refused = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("uid", s.uid), p("name", s.name), p("refused", s.refused);
    }
  };
  /// Bytes of the journal that could not be read when a broker started, and the alerts that were there:
  /// none where `last` is before `first`. Registrations, mailslots and cursors that changed there are as
  /// they were before.
  struct Unreadable {
    std::string file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;  // the byte behind
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("file", s.file), p("from", s.from), p("to", s.to), p("first", s.first), p("last", s.last);
    }
  };
  struct Reply {
    std::string journal;
    std::uint64_t sequence = 0;  // of the last alert accepted
    std::uint64_t accepted = 0;
    std::uint64_t matched = 0;
    std::uint64_t written = 0;
    std::uint64_t refused = 0;
    std::uint64_t refused_raises = 0;  // since start: malformed, not allowed, or not journaled
    std::uint64_t registrations = 0;
    std::uint64_t numalerts = 0;  // the table's size
    std::uint64_t mailslots = 0;
    std::uint64_t connections = 0;
    std::uint64_t turns = 0;     // since start
    std::uint64_t wakes = 0;     // since start
    std::uint64_t replays = 0;   // since start
    std::uint64_t nonsense = 0;  // consumer pages that had to be clamped, since start
    /// By a rule, since start: of the refused raises; and of Start, MakeMailslot and OpenMailslot.
    std::uint64_t denied_raises = 0;
    std::uint64_t denied_calls = 0;
    std::vector<Quota> quotas;
    std::uint64_t spooled = 0;    // alerts that came out of the spool, since start
    std::uint64_t spool_bad = 0;  // files that were moved aside there, since start
    std::vector<Overrun> overruns = {};
    std::uint64_t journal_segments = 0;
    std::uint64_t journal_bytes = 0;                 // of all segments
    std::uint64_t segments_removed = 0;              // by retention, since start
    std::uint64_t segment_bytes = 0;                 // after which a new segment begins
    std::optional<std::uint64_t> retain_bytes = {};  // none: no limit
    std::optional<std::uint64_t> retain_age_s = {};  // none: no limit
    std::uint64_t retain_unread = 0;                 // bytes beyond these limits for each uid
    /// System calls, since start.
    std::uint64_t journal_writes = 0;
    std::uint64_t journal_syncs = 0;
    std::uint64_t journal_failures = 0;  // turns that could not be written
    std::uint64_t receives = 0;          // from clients
    std::uint64_t sends = 0;             // to clients
    std::uint64_t skipped = 0;           // the last number passed over behind damage or a lost end; 0: none was
    std::vector<Unreadable> unreadable = {};  // the last ones
    std::uint64_t objects = 0;
    std::uint64_t ports = 0;
    std::uint64_t filters = 0;           // of all ports
    std::uint64_t indications = 0;       // queued on them
    std::uint64_t lost_indications = 0;  // did not fit, since start
    std::uint64_t push_sessions = 0;
    std::uint64_t datagrams = 0;       // sent to callback addresses, since start
    std::uint64_t lost_datagrams = 0;  // that the system did not take
    std::uint64_t poll_ns = 0;         // of processor time, spent looking whether a lane has more, since start
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("journal", s.journal), p("sequence", s.sequence), p("accepted", s.accepted), p("matched", s.matched),
          p("written", s.written), p("refused", s.refused), p("refused_raises", s.refused_raises),
          p("registrations", s.registrations), p("numalerts", s.numalerts), p("mailslots", s.mailslots),
          p("connections", s.connections), p("turns", s.turns), p("wakes", s.wakes), p("replays", s.replays),
          p("nonsense", s.nonsense), p("denied_raises", s.denied_raises), p("denied_calls", s.denied_calls),
          p("quotas", s.quotas), p("spooled", s.spooled), p("spool_bad", s.spool_bad), p("overruns", s.overruns),
          p("journal_segments", s.journal_segments), p("journal_bytes", s.journal_bytes),
          p("segments_removed", s.segments_removed), p("segment_bytes", s.segment_bytes),
          p("retain_bytes", s.retain_bytes), p("retain_age_s", s.retain_age_s), p("retain_unread", s.retain_unread),
          p("journal_writes", s.journal_writes), p("journal_syncs", s.journal_syncs),
          p("journal_failures", s.journal_failures), p("receives", s.receives), p("sends", s.sends),
          p("skipped", s.skipped), p("unreadable", s.unreadable), p("objects", s.objects), p("ports", s.ports),
          p("filters", s.filters), p("indications", s.indications), p("lost_indications", s.lost_indications),
          p("push_sessions", s.push_sessions), p("datagrams", s.datagrams), p("lost_datagrams", s.lost_datagrams),
          p("poll_ns", s.poll_ns);
    }
  };
  template <class Self, class Pass>
  static void fields(Self&, Pass&) {}
};

}  // namespace alert
