// What the broker has counted, for whoever asks.

#include "alert/journal/journal.hpp"
#include "brokerd/broker.hpp"

namespace brokerd {

namespace {

/// As an operator says it: 0 is none.
std::optional<std::uint64_t> limit(std::uint64_t amount) {
  return amount > 0 ? std::optional(amount) : std::nullopt;
}

}  // namespace

alert::Stats::Reply Broker::stats(const Caller& caller) {
  settle();
  const Totals& totals = ledger_.totals();
  alert::Stats::Reply stats;
  stats.journal = totals.journal;
  stats.sequence = totals.sequence;
  stats.accepted = totals.accepted;
  stats.matched = totals.matched;
  stats.written = totals.written;
  stats.refused = totals.refused;
  stats.skipped = totals.skipped;
  stats.refused_raises = refused_raises_;
  stats.denied_raises = denied_raises_;
  stats.denied_calls = denied_calls_;
  stats.registrations = ledger_.table().size();
  stats.numalerts = policy_.limits[Quota::numalerts];
  stats.mailslots = ledger_.mailslots().size();
  stats.wakes = mailboxes_.wakes() + semaphores_.wakes();
  stats.replays = replays_;
  stats.nonsense = nonsense_;
  stats.quotas = quotas();
  stats.overruns = overruns(caller);
  stats.unreadable = unreadable();

  stats.journal_segments = past_.size() + 1;
  stats.journal_bytes = journal_.size();
  for (const PastSegment& segment : past_) stats.journal_bytes += segment.bytes;
  stats.journal_writes = journal_.counts().writes;
  stats.journal_syncs = journal_.counts().syncs;
  stats.journal_failures = journal_.counts().failures;
  stats.segments_removed = segments_removed_;
  stats.segment_bytes = journal_.segment_bytes();
  stats.retain_bytes = limit(retention_.bytes);
  stats.retain_age_s = limit(retention_.age_s);
  stats.retain_unread = retention_.unread_bytes_per_uid;

  stats.objects = ledger_.objects().all().size();
  stats.ports = ports_.size();
  stats.filters = ports_.filters();
  stats.indications = ports_.queued();
  stats.lost_indications = ports_.lost();
  stats.push_sessions = push_.size();
  return stats;
}

std::vector<alert::Stats::Quota> Broker::quotas() const {
  std::vector<alert::Stats::Quota> rows;
  for (std::size_t i = 0; i < kQuotas.size(); ++i) {
    const auto quota = static_cast<Quota>(i);
    alert::Stats::Quota row{std::string(facts(quota).name), {}, overruns_.of(quota)};
    if (policy_.limits[quota] != kUnlimited) row.limit = policy_.limits[quota];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<alert::Stats::Overrun> Broker::overruns(const Caller& caller) const {
  std::vector<alert::Stats::Overrun> rows;
  for (const auto& [uid, counts] : overruns_.by_uid())
    for (std::size_t i = 0; i < kQuotas.size(); ++i)
      if (counts[i] > 0 && policy_.may_touch(caller.uid, uid))
        rows.push_back({uid, std::string(kQuotas[i].name), counts[i]});
  return rows;
}

std::vector<alert::Stats::Unreadable> Broker::unreadable() const {
  std::vector<alert::Stats::Unreadable> ranges;
  for (const Unreadable& range : ledger_.unreadable())
    ranges.push_back({alert::segment_name(range.segment), range.from, range.to, range.first, range.last});
  return ranges;
}

}  // namespace brokerd
