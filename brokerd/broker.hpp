#pragma once
// The broker: judge, number, journal, match, deliver. Everything that happens, happens here, in turns.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "alert/control/calls.hpp"
#include "alert/memory/lane.hpp"
#include "alert/memory/replay_window.hpp"
#include "alert/wire/names.hpp"
#include "brokerd/explanation.hpp"
#include "brokerd/handles.hpp"
#include "brokerd/journal_writer.hpp"
#include "brokerd/ledger.hpp"
#include "brokerd/mailboxes.hpp"
#include "brokerd/overruns.hpp"
#include "brokerd/policy.hpp"
#include "brokerd/ports.hpp"
#include "brokerd/push.hpp"
#include "brokerd/push_socket.hpp"
#include "brokerd/raised_as.hpp"
#include "brokerd/rates.hpp"
#include "brokerd/refold.hpp"
#include "brokerd/refusal.hpp"
#include "brokerd/replay.hpp"
#include "brokerd/retention.hpp"
#include "brokerd/room.hpp"
#include "brokerd/semaphore_pages.hpp"

namespace brokerd {

/// Who calls: the kernel's word, and the connection.
struct Caller {
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;
  SessionRef session;
  std::vector<std::uint32_t> groups;  // when it connected
};

/// What travels with the reply to OpenMailslot.
struct Opened {
  alert::OpenMailslot::Reply reply;
  alert::Descriptor ring;
  alert::Descriptor page;  // of a consumer
  alert::Descriptor poll;  // the client's end, where asked for
};

/// What travels with the reply to OpenSemaphore.
struct OpenedSemaphore {
  alert::OpenSemaphore::Reply reply;
  alert::Descriptor page;
};

/// A raise as it came in, whichever way; nothing of it is owned.
struct Raising {
  std::string_view event;  // UTF-8
  alert::Profile profile;
  alert::Bytes wire;
  std::string_view id;  // 32 lower-case hexadecimal digits; empty: it has none
};

/// Protocol server state of the ports' calls. Read-only while the journal cannot be written.
enum class ServerState { none, read_only, read_write };

/// What became of a raise.
struct Settled {
  std::uint64_t sequence;  // 0: a dry run
  Tally told;
  std::vector<std::string> recipients{};  // that a dry run would have written to
};

class Broker {
 public:
  Broker(Ledger ledger, JournalWriter journal, Policy policy);

  /// Accepted for this turn: what became of it is the ticket's element of take_settled() once the turn has
  /// settled. A dry run settles at once.
  using Ticket = std::size_t;
  Outcome<Ticket> raise(const Caller& caller, const alert::Raise& call, std::uint64_t now_ns);
  Outcome<Ticket> raise(const Caller& caller, const alert::LaneReader& lane, std::uint64_t now_ns);

  /// The same for a message; without room for it in the mailslot the answer is sem_timeout.
  Outcome<Ticket> write(const Caller& caller, const alert::Write& call, std::uint64_t now_ns);

  /// Journals the turn's alerts with one write, delivers them, wakes the readers. Every other call
  /// does it first, so that what happens happens in one order.
  void settle();
  [[nodiscard]] std::size_t raises_in_turn() const noexcept { return staged_.size(); }
  /// In place of what the vector has, whose memory is used again.
  void take_settled(std::vector<Outcome<Settled>>& settled) noexcept {
    settled.clear();
    settled.swap(settled_);
  }
  [[nodiscard]] alert::Receipt receipt(const Settled& settled) const;
  /// Its id: 32 hexadecimal digits.
  [[nodiscard]] const std::string& journal() const noexcept { return ledger_.totals().journal; }

  Outcome<alert::Nothing> start(const Caller& caller, const alert::Start& call, std::uint64_t now_ns);
  Outcome<alert::Nothing> stop(const Caller& caller, const alert::Stop& call, std::uint64_t now_ns);
  Outcome<alert::MakeMailslot::Reply> make(const Caller& caller, const alert::MakeMailslot& call,
                                           std::uint64_t now_ns);
  Outcome<alert::Nothing> remove(const Caller& caller, const alert::DeleteMailslot& call, std::uint64_t now_ns);
  Outcome<Opened> open(const Caller& caller, const alert::OpenMailslot& call, std::uint64_t now_ns);
  Outcome<OpenedSemaphore> open(const Caller& caller, const alert::OpenSemaphore& call, std::uint64_t now_ns);
  /// Belongs to the connection, as long as that is.
  Outcome<alert::LaneReader> open(const Caller& caller, const alert::OpenLane& call, std::uint64_t now_ns);
  Outcome<alert::Replay::Reply> replay(const Caller& caller, const alert::Replay& call, alert::ReplayWindow& window,
                                       std::uint64_t now_ns);
  Outcome<alert::StateSequence> add(const Caller& caller, const alert::ObjectAdd& call, std::uint64_t now_ns);
  Outcome<alert::StateSequence> change(const Caller& caller, const alert::ObjectChange& call, std::uint64_t now_ns);
  Outcome<alert::Nothing> remove(const Caller& caller, const alert::ObjectDelete& call, std::uint64_t now_ns);
  Outcome<alert::ListObjects::Reply> list(const Caller& caller, const alert::ListObjects& call);
  Outcome<alert::ObjectOpen::Reply> open(const Caller& caller, const alert::ObjectOpen& call, std::uint64_t now_ns);
  Outcome<alert::Nothing> close(const Caller& caller, const alert::ObjectClose& call);
  Outcome<alert::CreateNotify::Reply> create(const Caller& caller, std::uint64_t now_ns);
  Outcome<alert::AddNotify::Reply> add(const Caller& caller, const alert::AddNotify& call, std::uint64_t now_ns);
  Outcome<alert::Nothing> add_again(const Caller& caller, const alert::ReAddNotify& call, std::uint64_t now_ns);
  /// The reply, or where `wait` is not 0 the number under which take_answers() will have it.
  struct Waiting {
    std::uint64_t wait = 0;
    alert::GetNotify::Reply reply;
  };
  Outcome<Waiting> get(const Caller& caller, const alert::GetNotify& call, std::uint64_t monotonic_ns);
  Outcome<alert::Nothing> unblock(const Caller& caller, const alert::UnblockGetNotify& call);
  Outcome<alert::Nothing> close(const Caller& caller, const alert::CloseNotify& call);
  /// A GetNotify that has waited.
  struct Answer {
    std::uint64_t session = 0;
    std::uint64_t wait = 0;
    Outcome<alert::GetNotify::Reply> reply;
  };
  [[nodiscard]] std::vector<Answer> take_answers(std::uint64_t monotonic_ns);
  /// When the first call that waits is to be answered, or the first datagram sent.
  [[nodiscard]] std::optional<std::uint64_t> next_deadline() const;
  /// Nobody is there any more to be told: the connection's waits end and take nothing.
  void forget_waits(const Caller& caller) { ports_.leave(caller.session.id); }
  /// Who waits is told that the broker goes, and nothing new begins.
  void leave_service();
  void set_server_state(ServerState state) noexcept { server_state_ = state; }
  [[nodiscard]] const Ports& ports() const noexcept { return ports_; }

  Outcome<alert::OpenSession::Reply> open_session(const Caller& caller, std::uint64_t now_ns);
  alert::CloseSession::Reply close_session(const Caller& caller, const alert::CloseSession& call);
  Outcome<alert::RegisterPush::Reply> register_push(const Caller& caller, const alert::RegisterPush& call,
                                                    Reach (*reach)(const alert::IpAddress&), std::uint64_t now_ns);
  Outcome<alert::FetchPending::Reply> fetch_pending(const Caller& caller, const alert::FetchPending& call);
  /// What is to be sent now, where judge_callback() still agrees. To be called at the end of every turn.
  [[nodiscard]] std::vector<Callback> take_datagrams(std::uint64_t monotonic_ns);
  /// Whether datagrams may go there: success, not_supported or access_denied.
  [[nodiscard]] alert::PushResult judge_callback(const alert::IpAddress& ip,
                                                 Reach (*reach)(const alert::IpAddress&)) const;

  Outcome<alert::ListTable::Reply> list(const Caller& caller, const alert::ListTable& call);
  Outcome<alert::ListMailslots::Reply> list(const Caller& caller, const alert::ListMailslots& call);
  Outcome<alert::ListSemaphores::Reply> list(const Caller& caller, const alert::ListSemaphores& call);
  /// But for what the loop counts.
  alert::Stats::Reply stats(const Caller& caller);
  Outcome<alert::Can::Reply> can(const Caller& caller, const alert::Can& call) const;
  /// Both do one turn's work; a reply that is not done wants the same call again.
  Outcome<alert::Explain::Reply> explain(const Caller& caller, const alert::Explain& call, std::uint64_t now_ns);
  Outcome<alert::Audit::Reply> audit(const Caller& caller, std::uint64_t now_ns);

  /// The cluster, this node and the root key, where they are missing. To be called at start.
  void begin_objects(const std::string& host, std::uint64_t now_ns);
  /// False where the journal did not take it: then all links have to be told again.
  bool take_links(const std::vector<LinkNews>& news, std::uint64_t now_ns);

  /// A connection is gone: what it had open is closed, what lived with it ends.
  void end_session(const Caller& caller, std::uint64_t now_ns);

  /// Journals how far the consumers have come. To be called about once a second.
  void record_cursors(std::uint64_t now_ns);
  [[nodiscard]] bool has_consumers() const noexcept { return consumers_ > 0; }

  /// Begins a new segment where the open one is large enough. To be called at the end of every turn, and
  /// only then: whatever is journaled stays in the segment that its turn began with.
  void rotate(std::uint64_t now_ns);

  /// After a start nothing is taken for so long while a consumer of the last broker may come back and
  /// say how far it has read.
  static constexpr std::uint64_t kReturnNs = 60'000'000'000;

  /// What recovery has applied and could not journal: it goes before whatever comes next.
  void take_over(std::vector<Change> owed) { owed_ = std::move(owed); }
  /// Removes the segments that the journal need not keep, after telling it what that takes from whom.
  /// To be called at start and about once a minute; rotate() does it with every new segment.
  void retain(std::uint64_t now_ns);
  /// Shortens the journal at once where that is what they say.
  void set_journal_options(const JournalOptions& options, std::uint64_t now_ns);
  [[nodiscard]] bool waits_for_disk() const noexcept { return journal_.durability() == Durability::disk; }
  [[nodiscard]] bool ages() const noexcept { return retention_.age_s > 0; }

  /// A proper end.
  std::error_code close(std::uint64_t now_ns);

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  /// What is there already stays, whatever the new one would say.
  void set_policy(Policy policy) {
    policy_ = std::move(policy);
    judged_ = {};
  }
  /// Counts a refusal for this bound and logs it, at most once a second.
  Refusal over(Quota quota, std::uint32_t uid, std::uint64_t now_ns);

 private:
  /// A record of this turn: the next number, and where it lies in what the journal has gathered.
  struct Staged {
    std::size_t at;
    std::uint32_t size;
    std::uint32_t origin;  // of origins_: neighbours for the same event share one, but for those with an id
  };
  struct Origin {
    RaisedAs as;
    std::uint32_t uid;
  };
  /// The event that somebody was allowed to raise last: most raises are for the same one again, and nothing about
  /// it needs to be asked twice.
  struct Judged {
    std::uint64_t session = 0;  // 0: nothing was judged
    std::uint32_t uid = 0;
    std::string given;
    std::string event;  // the same, canonical
  };

  struct OpenedMailslot {
    std::string name;
    std::uint64_t incarnation = 0;
    ReplayPlace replay;
  };
  struct AuditInProgress {
    Refold refold;
    std::vector<Change> running;  // the state when it was asked for
    std::vector<Change> owed;     // applied then, not journaled
    JournalPlace end;             // of the journal then
  };
  /// What ends with a connection.
  struct SessionState {
    Caller caller;  // as it was when it opened a mailslot or inquired
    std::vector<OpenedMailslot> opened;
    std::vector<std::string> semaphores;       // opened
    std::vector<std::uint64_t> registrations;  // ids
    std::vector<std::pair<std::string, std::uint64_t>> mailslots;
    std::uint64_t lane_bytes = 0;
    std::unique_ptr<Explanation> explanation;
    std::unique_ptr<AuditInProgress> audit;
    std::uint64_t push_session = 0;  // its handle's number
  };

  Outcome<alert::Nothing> judge(const Caller& caller, Verb verb, std::string_view event);
  Outcome<Ticket> accept(const Caller& caller, const Raising& raising, bool is_dry, std::uint64_t now_ns);
  Outcome<Ticket> accept(const Caller& caller, const alert::Write& call, std::uint64_t now_ns);
  /// What a dry run is told.
  Ticket preview(std::string_view event, std::size_t size);
  /// `ticket`, with a refusal counted.
  Outcome<Ticket> counted(Outcome<Ticket> ticket) noexcept;
  Outcome<alert::Nothing> judge_rate(const Caller& caller, std::size_t bytes, std::uint64_t now_ns);
  Outcome<alert::Nothing> judge_change(const Caller& caller, std::uint64_t now_ns);
  Outcome<alert::Nothing> judge_reading(const Caller& caller, const Mailslot& slot);
  /// Whether everybody who has the mailslot open may also read this event.
  Outcome<alert::Nothing> judge_readers(const Mailslot& slot, std::string_view event);
  Outcome<alert::Nothing> judge_writing(const Caller& caller, const Mailslot& slot);
  [[nodiscard]] bool has_room(const Mailslot& slot, std::size_t size);
  [[nodiscard]] std::vector<alert::Stats::Quota> quotas() const;
  [[nodiscard]] std::vector<alert::Stats::Overrun> overruns(const Caller& caller) const;
  Outcome<alert::Nothing> admit_inquiry(const Caller& caller, std::uint64_t now_ns);
  [[nodiscard]] alert::Explain::Reply discreet(const Caller& caller, alert::Explain::Reply reply) const;
  /// The segments that are no longer written to.
  [[nodiscard]] std::vector<PastSegment> past_segments() const;
  /// The header of the turn's next record.
  [[nodiscard]] alert::RecordHeader numbered(const Caller& caller, alert::RecordKind kind, alert::Bytes body,
                                             std::uint64_t now_ns) const noexcept;
  /// Takes it into the turn; what it was raised as is the last of origins_.
  Ticket stage(const alert::RecordHeader& header, alert::Bytes body, std::string_view annex);
  [[nodiscard]] std::uint64_t next_sequence() const noexcept {
    return ledger_.totals().sequence + staged_.size() + 1;
  }
  std::error_code journal_staged();
  void refuse_staged(const std::error_code& error);
  /// Neighbours in the turn that go the same way, where there is more than one none of them cut: how many, and the
  /// size of the largest body.
  struct Alike {
    std::size_t count;
    std::size_t size;
  };
  [[nodiscard]] Alike alike(std::size_t first);
  /// These. Returns how many.
  std::size_t deliver(std::size_t first);
  [[nodiscard]] std::vector<alert::Stats::Unreadable> unreadable() const;
  [[nodiscard]] alert::RecordHeader stamp(const Caller& caller, std::uint64_t now_ns) const noexcept;
  Outcome<alert::Nothing> change(const Caller& caller, const std::vector<Change>& changes, std::uint64_t now_ns);
  Outcome<alert::Nothing> change_objects(const Caller& caller, const Changes& changes, std::uint64_t now_ns);
  /// For changes that have happened whether or not the journal can be written now, such as the end of
  /// a connection: they count at once and are journaled before anything that comes later.
  void owe(const Caller& caller, const std::vector<Change>& changes, std::uint64_t now_ns);
  void gather(const Caller& caller, const Change& change, std::uint64_t now_ns);
  std::error_code commit(std::uint64_t now_ns);
  Outcome<const Mailslot*> owned(const Caller& caller, const std::string& name) const;
  /// A ticket for the first receipt, where a raise with this id is known.
  std::optional<Ticket> receipt_of(const Caller& caller, std::string_view id);
  [[nodiscard]] std::optional<CursorMoved> cursor_of(const Mailslot& slot);
  void detach(const std::string& mailslot, std::uint64_t incarnation, const Caller& caller, std::uint64_t now_ns);
  void release_lane(const Caller& caller, std::uint64_t bytes);
  /// Forgets a semaphore that neither a registration nor a connection keeps.
  void release_semaphore(const Caller& caller, const std::string& name, std::uint64_t now_ns);
  void begin_segment(std::uint64_t now_ns);
  /// About the journal, once a second at most.
  void complain(const std::string& sentence, std::uint64_t now_ns);

  [[nodiscard]] Outcome<alert::Nothing> check_state(ServerState least) const;
  Outcome<std::uint64_t> port(const Caller& caller, const std::string& handle);
  template <class Call>
  Outcome<std::pair<std::uint64_t, Filter>> filter_of(const Caller& caller, const Call& call, std::uint64_t now_ns);
  [[nodiscard]] Outcome<alert::GetNotify::Reply> reply_to(const Got& got) const;
  void tell(const std::vector<ObjectEvent>& events, const Caller& caller, std::uint64_t now_ns);
  void end_handles(std::uint64_t session);
  /// The connection whose push session this handle is.
  std::optional<std::uint64_t> push_session(const Caller& caller, const std::string& handle);
  void end_push(std::uint64_t connection);
  [[nodiscard]] alert::PushResult judge_push(const alert::RegisterPush& call, const std::vector<std::byte>& context,
                                             const std::vector<std::byte>& address,
                                             Reach (*reach)(const alert::IpAddress&)) const;
  std::vector<Source> sources(std::uint64_t connection);

  Ledger ledger_;
  JournalWriter journal_;
  Policy policy_;
  Retention retention_;
  Rates rates_;
  Overruns overruns_;
  alert::JournalId journal_id_{};
  Mailboxes mailboxes_;
  Room room_;
  SemaphorePages semaphores_;
  Handles handles_;
  Ports ports_;
  Push push_;
  ServerState server_state_ = ServerState::read_write;
  std::uint64_t waits_ = 0;              // numbers given to calls of GetNotify
  std::vector<Staged> staged_;           // of this turn,
  std::vector<Origin> origins_;          // what they were raised as,
  std::vector<alert::Bytes> records_;    // their records, while the turn settles,
  std::unordered_set<std::string> ids_;  // and those of its raises that have one
  Judged judged_;
  std::vector<Change> owed_;  // applied, not yet journaled
  std::vector<Outcome<Settled>> settled_;
  std::unordered_map<std::uint64_t, SessionState> sessions_;
  std::unordered_map<std::uint32_t, std::uint64_t> lane_bytes_;  // by uid
  std::size_t consumers_ = 0;
  std::uint64_t refused_raises_ = 0;
  std::uint64_t denied_raises_ = 0;  // by a rule
  std::uint64_t denied_calls_ = 0;
  std::uint64_t replays_ = 0;
  std::vector<PastSegment> past_;
  std::uint64_t segments_removed_ = 0;
  std::uint64_t nonsense_ = 0;
  std::optional<std::uint64_t> began_ns_;  // when retention was asked for first
  std::set<std::uint64_t> awaited_;        // incarnations whose consumer of the last broker is not back
  std::uint64_t complained_ns_ = 0;        // when the log last heard of a journal that cannot be written
};

}  // namespace brokerd
