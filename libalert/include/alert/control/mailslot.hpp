#pragma once
// An opened mailslot: a stream of records, whether they come from the ring or from the journal.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "alert/control/connection.hpp"
#include "alert/memory/adaptive_wait.hpp"
#include "alert/memory/consumer_page.hpp"
#include "alert/memory/mailbox.hpp"
#include "alert/memory/replay_window.hpp"

namespace alert {

/// Every record of the mailslot in order, each once. Not thread-safe.
///
/// A consumer's record counts as read when the next one is asked for or acknowledge() is called;
/// whoever opens the mailslot after a crash gets the record in hand again, marked redelivered.
class Mailslot {
 public:
  enum class Mode { consume, observe };
  enum class Wakeup { futex, poll };  // poll: through poll_descriptor()
  static constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

  /// Takes over the connection: the mailslot is open as long as it is. While it has another consumer,
  /// it is asked for again for `patience`, then refused as busy.
  [[nodiscard]] static CallResult<Mailslot> open(Connection connection, const std::string& name, Mode mode,
                                                 Wakeup wakeup = Wakeup::futex,
                                                 std::chrono::milliseconds patience = {}) {
    const OpenMailslot call{name, mode == Mode::consume, wakeup == Wakeup::poll};
    auto opening = ask(connection, call, Deadline(patience));
    if (!opening) return tl::unexpected<CallFailure>(opening.error());
    return Mailslot(std::move(connection), call, std::move(*opening));
  }

  /// The next record, valid until the next call. Fails with sem_timeout, with broken_pipe once the
  /// mailslot is deleted and empty, or with the connection's error when the broker is gone (a sleeper
  /// notices within about a second, whoever spins within a tenth).
  ///
  /// A connection that comes back is restored first, within `timeout` and its patience, and reading goes
  /// on behind the last record. Where the mailslot is another one by then (it ended with the session,
  /// or was deleted), what it cannot have got comes as one gap.
  [[nodiscard]] CallResult<RecordView> read(std::chrono::milliseconds timeout) {
    if (is_in_ring()) {
      give_from_ring();
      hand_over();
      return ring_.record();
    }
    acknowledge();  // what comes next may take a while
    auto record = take(timeout);
    if (record) hand_over();
    return record;
  }

  /// The same for a consumer that reads ahead and says itself, with acknowledge(place), what counts as
  /// read.
  [[nodiscard]] CallResult<RecordView> take(std::chrono::milliseconds timeout) {
    if (is_in_ring()) {
      give_from_ring();
      return ring_.record();
    }
    const Deadline deadline(timeout);
    auto record = next(deadline);
    while (!record && record.error().error && !connection_.is_connected() && connection_.patience().count() > 0) {
      const Deadline restored(std::min(deadline.left(), connection_.patience()));
      if (const auto back = come_back(restored); !back) return tl::unexpected<CallFailure>(back.error());
      record = next(deadline);
    }
    if (record && replaying_)
      give_replayed(record->header);
    else if (record)
      give_from_ring();
    return record;
  }

  /// The next record, which stays the next. Nothing counts as read by it.
  [[nodiscard]] CallResult<RecordView> peek() { return next(Deadline(std::chrono::milliseconds{0})); }

  /// The record that read() returned is done with.
  void acknowledge() noexcept {
    if (page_ && in_hand_) page_->commit({0, last_.ordinal, last_.sequence, last_.ordinal});
    in_hand_ = false;
  }
  /// Everything up to here is done with.
  void acknowledge(const HistoryPlace& place) noexcept {
    if (page_) page_->commit({0, place.ordinal, place.sequence, place.ordinal});
  }
  /// The record that was given out last, and the one before it.
  [[nodiscard]] const HistoryPlace& last() const noexcept { return last_; }
  [[nodiscard]] const HistoryPlace& before_last() const noexcept { return before_; }

  /// Observers: go back to the first record of this incarnation.
  void rewind() noexcept {
    last_ = from_;
    go_on(from_, std::nullopt);
  }

  /// Records behind the last one read.
  [[nodiscard]] std::uint64_t count() const noexcept {
    const std::uint64_t written = ring_.ordinal();
    return written > last_.ordinal ? written - last_.ordinal : 0;
  }
  /// Bytes of the largest message this mailslot takes.
  [[nodiscard]] std::uint32_t max_message() const noexcept { return ring_.max_message(); }
  /// For a program's own poll loop: readable when there may be something to read. It is armed by a
  /// read() that timed out; read until that happens. It keeps its number when the connection comes
  /// back, but is another open file then, which epoll has to be told.
  [[nodiscard]] int poll_descriptor() const noexcept { return poll_.get(); }
  [[nodiscard]] Connection& connection() noexcept { return connection_; }

 private:
  static constexpr std::chrono::milliseconds kLookUp{1000};  // a dead broker wakes nobody

  /// What comes with the reply to OpenMailslot.
  struct Opening {
    OpenMailslot::Reply reply;
    MailboxReader ring;
    ReplayWindow window;
    std::optional<ConsumerPage> page;
    Descriptor poll;
  };

  static CallResult<Opening> ask(Connection& connection, const OpenMailslot& call, const Deadline& deadline) {
    using std::chrono::milliseconds;
    auto reply = connection.call(call);
    for (milliseconds pause{1}; !reply && reply.error().code == Code::busy && !deadline.has_passed();
         pause = std::min(pause * 2, Connection::kLongestPause)) {
      std::this_thread::sleep_for(std::min(pause, deadline.left()));
      reply = connection.call(call);
    }
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    std::vector<Descriptor> fds = connection.take_descriptors();
    const bool polls = call.poll.value_or(false);
    if (fds.size() != 2u + call.consume + polls) return call_failure(EPROTO, "descriptors of " + call.mailslot);
    auto ring = MailboxReader::map(std::move(fds[0]));
    auto window = ReplayWindow::map(std::move(fds[1]));
    if (!ring || !window) return call_failure(EPROTO, "memory of " + call.mailslot);
    Opening opening{*reply, std::move(*ring), std::move(*window), {}, {}};
    if (call.consume) {
      auto page = ConsumerPage::map(std::move(fds[2]));
      if (!page) return call_failure(EPROTO, "consumer page of " + call.mailslot);
      opening.page = std::move(*page);
    }
    if (polls) opening.poll = std::move(fds.back());
    return opening;
  }

  Mailslot(Connection connection, OpenMailslot call, Opening opening)
      : connection_(std::move(connection)),
        call_(std::move(call)),
        ring_(std::move(opening.ring)),
        window_(std::move(opening.window)),
        page_(std::move(opening.page)),
        poll_(std::move(opening.poll)) {
    start(opening.reply);
  }

  void start(const OpenMailslot::Reply& reply) noexcept {
    call_.journal = reply.journal;
    call_.incarnation = reply.incarnation;
    from_ = reply.from;
    last_ = reply.after;
    go_on(reply.after, reply.resume);
  }

  CallResult<std::monostate> come_back(const Deadline& deadline) {
    for (;;) {
      auto back = connection_.restore(deadline).and_then([&](auto) { return reopen(deadline); });
      if (back) return back;
      connection_.close();  // half restored is not restored: the next read() tries again
      if (!back.error().error || deadline.has_passed()) return back;
    }
  }

  CallResult<std::monostate> reopen(const Deadline& deadline) {
    OpenMailslot call = call_;
    call.after = last_;
    auto opening = ask(connection_, call, deadline);
    if (!opening) return tl::unexpected<CallFailure>(opening.error());
    ring_ = std::move(opening->ring);
    window_ = std::move(opening->window);
    page_ = std::move(opening->page);
    if (poll_ && ::dup3(opening->poll.get(), poll_.get(), O_CLOEXEC) < 0)
      return call_failure(errno, "poll descriptor of " + call.mailslot);
    const bool is_other_journal = opening->reply.journal != call.journal;
    const bool is_another = is_other_journal || opening->reply.incarnation != call.incarnation;
    const std::uint64_t behind = is_other_journal ? 0 : last_.sequence;
    start(opening->reply);
    if (is_another && behind < from_.sequence) tell_gap({behind + 1, from_.sequence});
    return std::monostate{};
  }

  /// Gives out a gap before anything else.
  void tell_gap(GapBody gap) {
    gap.reason = static_cast<std::uint32_t>(GapReason::no_mailslot);
    RecordHeader header;
    header.size = sizeof header + sizeof gap;
    header.kind = static_cast<std::uint16_t>(RecordKind::gap);
    header.ordinal = last_.ordinal;
    header.sequence = last_.sequence;
    gap_.resize(sizeof header + sizeof gap);
    std::memcpy(gap_.data(), &header, sizeof header);
    std::memcpy(gap_.data() + sizeof header, &gap, sizeof gap);
    replayed_ = gap_;
    replaying_ = true;
  }

  /// Either the ring goes on, or the journal has something first.
  void go_on(const HistoryPlace& after, const std::optional<RingPlace>& resume) noexcept {
    replayed_ = {};
    ask_after_ = after;
    resume_ = resume;
    replaying_ = !resume;
    if (resume) ring_.seek(resume->position, resume->ordinal);
  }

  /// The commonest case, in which nothing else need be asked.
  [[nodiscard]] bool is_in_ring() noexcept { return !replaying_ && ring_.look() == MailboxReader::Seen::record; }

  /// Who polls comes here when poll() has found something, which may be that; who spins comes all the time.
  [[nodiscard]] bool is_broker_there() noexcept {
    return poll_ ? connection_.is_connected() : connection_.seems_connected();
  }

  void give_from_ring() noexcept {
    ring_.advance();
    before_ = last_;
    last_ = {ring_.ordinal_at_position(), ring_.sequence()};
  }
  void give_replayed(const RecordHeader& header) noexcept {
    replayed_ = replayed_.subspan(std::min(padded(header.size), replayed_.size()));
    before_ = last_;
    last_ = {header.ordinal, header.sequence};
  }
  /// What was given out is the consumer's, and what it had before is done with.
  void hand_over() noexcept {
    in_hand_ = true;
    if (page_) page_->commit({0, before_.ordinal, before_.sequence, last_.ordinal});
  }

  CallResult<RecordView> next(const Deadline& deadline) {
    for (;;) {
      if (replaying_) {
        auto record = next_replayed();
        if (!record || *record) return record.map([](const auto& found) { return *found; });
        continue;
      }
      switch (ring_.look()) {
        case MailboxReader::Seen::record: return ring_.record();
        case MailboxReader::Seen::lapped: go_on(last_, std::nullopt); continue;
        case MailboxReader::Seen::closed: return refusal(Code::broken_pipe, call_.mailslot + " was deleted");
        case MailboxReader::Seen::empty: break;
      }
      if (!is_broker_there()) return call_failure(ECONNRESET, "the broker is gone");
      const auto left = deadline.left();
      if (left.count() == 0 && !(poll_ && arm()))
        return refusal(Code::sem_timeout, "nothing to read in " + call_.mailslot);
      if (left.count() == 0) continue;
      adaptive_.wait(
          last_.ordinal, [this] { return ring_.has_more(); }, [&] { sleep(std::min(kLookUp, left)); });
    }
  }

  /// A replayed record, or none when the ring goes on or the window has to be asked for again.
  CallResult<std::optional<RecordView>> next_replayed() {
    if (!replayed_.empty()) {
      const auto record = read_record(replayed_);
      if (!record) return call_failure(EPROTO, "replay of " + call_.mailslot);
      return std::optional<RecordView>(*record);
    }
    if (resume_) {
      go_on(ask_after_, resume_);
      return std::optional<RecordView>();
    }
    auto reply = connection_.call(Replay{call_.mailslot, ask_after_});
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    replayed_ = window_.records(reply->bytes);
    ask_after_ = reply->after;
    resume_ = reply->resume;
    return std::optional<RecordView>();
  }

  void sleep(std::chrono::milliseconds timeout) {
    if (page_) {
      page_->set_sleep(Sleep::on_flag);
      if (ring_.look() == MailboxReader::Seen::empty) page_->wait(timeout);
      page_->set_awake();
    } else {
      const std::uint32_t bell = ring_.bell();
      if (ring_.look() == MailboxReader::Seen::empty) ring_.wait(bell, timeout);
    }
  }

  /// Readies the poll descriptor; true if something arrived meanwhile.
  bool arm() {
    char bytes[64];
    while (::recv(poll_.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
    if (page_) page_->set_sleep(Sleep::in_poll);
    if (ring_.look() == MailboxReader::Seen::empty) return false;
    if (page_) page_->set_awake();
    return true;
  }

  static tl::unexpected<CallFailure> refusal(Code code, std::string message) {
    return tl::unexpected<CallFailure>(CallFailure{code, {}, std::move(message)});
  }

  Connection connection_;
  OpenMailslot call_;  // as it was opened, and what that opened
  MailboxReader ring_;
  ReplayWindow window_;
  std::optional<ConsumerPage> page_;
  Descriptor poll_;
  AdaptiveWait adaptive_;

  HistoryPlace from_;       // the beginning of this incarnation
  HistoryPlace last_;       // the last record given out
  HistoryPlace before_;     // the one before that
  bool in_hand_ = false;    // and not yet acknowledged
  bool replaying_ = false;  // the next record comes out of the window, not the ring
  Bytes replayed_;          // what is left in the window, or of gap_
  HistoryPlace ask_after_;
  std::optional<RingPlace> resume_;
  std::vector<std::byte> gap_;  // a record
};

}  // namespace alert
