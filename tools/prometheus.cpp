#include "prometheus.hpp"

#include <cstdio>

#include "alert/wire/text.hpp"
#include "steering.hpp"

using namespace alert;

namespace {

/// A label's value. What steers a terminal becomes <U+009B>: no name of a recipient has a `<`, so two
/// names stay two.
std::string label(std::string_view utf8) {
  std::string out = "\"";
  for (std::size_t i = 0; i < utf8.size();) {
    const CodePoint c = code_point(utf8.substr(i));
    if (c.length == 0 || steers_terminal(c.value)) {
      char escaped[16];
      std::snprintf(escaped, sizeof escaped, "<U+%04X>", c.length == 0 ? 0xFFFDU : static_cast<unsigned>(c.value));
      out += escaped;
    } else {
      if (c.value == '"' || c.value == '\\') out += '\\';
      out.append(utf8.substr(i, c.length));
    }
    i += std::max<std::size_t>(c.length, 1);
  }
  return out + "\"";
}

enum class Type { counter, gauge };

class Exposition {
 public:
  /// Opens a metric; every sample of it follows.
  Exposition& metric(std::string_view name, Type type, std::string_view help) {
    name_ = "alertbroker_" + std::string(name) + (type == Type::counter ? "_total" : "");
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ +
             (type == Type::counter ? " counter\n" : " gauge\n");
    return *this;
  }
  void sample(std::uint64_t value, const std::string& labels = "") { sample(std::to_string(value), labels); }
  void sample(const std::string& value, const std::string& labels) {
    text_ += name_ + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  [[nodiscard]] std::string take() noexcept { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

void expose(Exposition& out, const Stats::Reply& s) {
  out.metric("journal_info", Type::gauge, "The id of the journal.").sample(1, "journal=" + label(s.journal));
  out.metric("last_sequence", Type::gauge, "The number of the last alert.").sample(s.sequence);
  out.metric("accepted", Type::counter, "Alerts accepted and journaled.").sample(s.accepted);
  out.metric("deliveries_matched", Type::counter, "Recipients matched: written and refused.").sample(s.matched);
  out.metric("deliveries_written", Type::counter, "Recipients written to.").sample(s.written);
  out.metric("deliveries_refused", Type::counter, "Recipients matched and not written to.").sample(s.refused);
  out.metric("raises_refused", Type::counter, "Raises malformed, not allowed or not journaled, since start.")
      .sample(s.refused_raises);
  out.metric("raises_denied", Type::counter, "Raises refused by a rule, since start.").sample(s.denied_raises);
  out.metric("calls_denied", Type::counter, "Other calls refused by a rule, since start.").sample(s.denied_calls);
  out.metric("registrations", Type::gauge, "Rows of the alert table.").sample(s.registrations);
  out.metric("mailslots", Type::gauge, "Mailslots.").sample(s.mailslots);
  out.metric("connections", Type::gauge, "Connections.").sample(s.connections);
  out.metric("turns", Type::counter, "Turns of the broker's loop, since start.").sample(s.turns);
  out.metric("poll_nanoseconds", Type::counter, "Spent looking whether a lane has more, since start.")
      .sample(s.poll_ns);
  out.metric("wakes", Type::counter, "Sleeping readers woken, since start.").sample(s.wakes);
  out.metric("replays", Type::counter, "Steps of replays, since start.").sample(s.replays);
  out.metric("pages_clamped", Type::counter, "Consumer pages with nonsense in them, since start.")
      .sample(s.nonsense);
  out.metric("receives", Type::counter, "Receives from clients, since start.").sample(s.receives);
  out.metric("sends", Type::counter, "Sends to clients, since start.").sample(s.sends);
  out.metric("spool_raised", Type::counter, "Alerts that came out of the spool, since start.").sample(s.spooled);
  out.metric("spool_bad", Type::counter, "Files moved aside in the spool, since start.").sample(s.spool_bad);
  out.metric("journal_segments", Type::gauge, "Segments of the journal.").sample(s.journal_segments);
  out.metric("journal_bytes", Type::gauge, "Bytes of the journal.").sample(s.journal_bytes);
  out.metric("journal_segments_removed", Type::counter, "Segments that retention took, since start.")
      .sample(s.segments_removed);
  out.metric("journal_writes", Type::counter, "Writes to the journal, since start.").sample(s.journal_writes);
  out.metric("journal_syncs", Type::counter, "Syncs of the journal, since start.").sample(s.journal_syncs);
  out.metric("journal_failures", Type::counter, "Turns that could not be journaled, since start.")
      .sample(s.journal_failures);
  out.metric("journal_skipped_sequence", Type::gauge, "Last number passed over for damage or a lost end, or 0.")
      .sample(s.skipped);
  out.metric("limit", Type::gauge, "What a bound is.");
  const auto bound = [&](std::string_view name, std::optional<std::uint64_t> limit) {
    out.sample(limit ? std::to_string(*limit) : "+Inf", "bound=" + label(name));
  };
  for (const Stats::Quota& quota : s.quotas) bound(quota.name, quota.limit);
  bound("segment_bytes", s.segment_bytes);
  bound("retain_bytes", s.retain_bytes);
  bound("retain_age_seconds", s.retain_age_s);
  bound("retain_unread", s.retain_unread);
  out.metric("limit_overruns", Type::counter, "Refusals for a bound, since start.");
  for (const Stats::Quota& quota : s.quotas) out.sample(quota.refused, "bound=" + label(quota.name));
  out.metric("uid_limit_overruns", Type::counter, "Refusals for a bound by uid, since start.");
  for (const Stats::Overrun& overrun : s.overruns)
    out.sample(overrun.refused, "uid=\"" + std::to_string(overrun.uid) + "\",bound=" + label(overrun.name));
}

void expose(Exposition& out, const std::vector<ListMailslots::Row>& mailslots,
            const std::vector<ListSemaphores::Row>& semaphores) {
  struct Column {
    std::string_view name;
    Type type;
    std::string_view help;
    std::uint64_t (*of)(const ListMailslots::Row&);
    bool of_semaphores = false;  // a pulse counts as written, and nothing else happens there
  };
  using Row = ListMailslots::Row;
  for (const Column& column : {
           Column{"matched", Type::counter, "Alerts that matched: written and refused.",
                  [](const Row& r) { return r.written + r.refused; }, true},
           Column{"written", Type::counter, "Alerts written: read, pending and lost.",
                  [](const Row& r) { return r.written; }, true},
           Column{"refused", Type::counter, "Alerts matched and not written.",
                  [](const Row& r) { return r.refused; }},
           Column{"read", Type::counter, "Alerts that the consumer has read.", [](const Row& r) { return r.read; }},
           Column{"pending", Type::gauge, "Alerts that nobody has read yet.",
                  [](const Row& r) { return r.pending; }},
           Column{"lost", Type::counter, "Alerts that retention took unread.", [](const Row& r) { return r.lost; }},
           Column{"mailslot_wakes", Type::counter, "Readers of this mailslot woken, since start.",
                  [](const Row& r) { return r.wakes; }},
           Column{"mailslot_replays", Type::counter, "Steps of its replays, since start.",
                  [](const Row& r) { return r.replays; }},
           Column{"mailslot_pages_clamped", Type::counter, "Its consumer's pages with nonsense, since start.",
                  [](const Row& r) { return r.nonsense; }},
           Column{"mailslot_readers", Type::gauge, "Connections that read it.",
                  [](const Row& r) { return r.observers + (r.consumer ? 1 : 0); }},
       }) {
    out.metric(column.name, column.type, column.help);
    for (const Row& row : mailslots) out.sample(column.of(row), "recipient=" + label(row.mailslot));
    if (column.of_semaphores)
      for (const ListSemaphores::Row& row : semaphores) out.sample(row.pulses, "recipient=" + label(row.semaphore));
  }
}

}  // namespace

std::string prometheus(const Stats::Reply& stats, const std::vector<ListMailslots::Row>& mailslots,
                       const std::vector<ListSemaphores::Row>& semaphores) {
  Exposition out;
  expose(out, stats);
  expose(out, mailslots, semaphores);
  return out.take();
}
