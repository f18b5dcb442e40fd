#pragma once
// An opened mailslot: a stream of records, whether they come from the ring or from the journal.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "alert/control/client.hpp"
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
  enum class Wakeup { bell, poll };  // poll: through poll_descriptor()
  static constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

  /// Takes over the connection: the mailslot is open as long as it is.
  [[nodiscard]] static CallResult<Mailslot> open(Client client, const std::string& name, Mode mode,
                                                 Wakeup wakeup = Wakeup::bell) {
    OpenMailslot call{name, mode == Mode::consume, wakeup == Wakeup::poll};
    const auto reply = client.call(call);
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    std::vector<Descriptor> fds = client.take_descriptors();
    const std::size_t expected = 2u + (mode == Mode::consume) + (wakeup == Wakeup::poll);
    if (fds.size() != expected) return call_failure(EPROTO, "descriptors of " + name);
    auto ring = MailboxReader::map(std::move(fds[0]));
    auto window = ReplayWindow::map(std::move(fds[1]));
    if (!ring || !window) return call_failure(EPROTO, "memory of " + name);
    Mailslot mailslot(std::move(client), name, std::move(*ring), std::move(*window));
    if (mode == Mode::consume) {
      auto page = ConsumerPage::map(std::move(fds[2]));
      if (!page) return call_failure(EPROTO, "consumer page of " + name);
      mailslot.page_ = std::move(*page);
    }
    if (wakeup == Wakeup::poll) mailslot.poll_ = std::move(fds.back());
    mailslot.from_ = reply->from;
    mailslot.last_ = reply->after;
    mailslot.go_on(reply->after, reply->resume);
    return mailslot;
  }

  /// The next record, valid until the next call. Fails with sem_timeout, with broken_pipe once the
  /// mailslot is deleted and empty, or with the connection's error when the broker is gone (a sleeper
  /// notices within about a second).
  [[nodiscard]] CallResult<RecordView> read(std::chrono::milliseconds timeout) {
    acknowledge();
    auto record = next(timeout);
    if (!record) return record;
    const HistoryPlace before = std::exchange(last_, {record->header.ordinal, record->header.sequence});
    if (replaying_)
      replayed_ = replayed_.subspan(std::min(padded(record->header.size), replayed_.size()));
    else
      ring_.advance();
    in_hand_ = true;
    if (page_) page_->commit({0, before.ordinal, before.sequence, last_.ordinal});
    return record;
  }

  /// The next record, which stays the next. Nothing counts as read by it.
  [[nodiscard]] CallResult<RecordView> peek() { return next(std::chrono::milliseconds{0}); }

  /// The record that read() returned is done with.
  void acknowledge() noexcept {
    if (page_ && in_hand_) page_->commit({0, last_.ordinal, last_.sequence, last_.ordinal});
    in_hand_ = false;
  }

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
  /// read() that timed out; read until that happens.
  [[nodiscard]] int poll_descriptor() const noexcept { return poll_.get(); }
  [[nodiscard]] Client& client() noexcept { return client_; }

 private:
  static constexpr std::chrono::milliseconds kLookUp{1000};  // a dead broker wakes nobody

  Mailslot(Client client, std::string name, MailboxReader ring, ReplayWindow window)
      : client_(std::move(client)), name_(std::move(name)), ring_(std::move(ring)), window_(std::move(window)) {}

  /// Either the ring goes on, or the journal has something first.
  void go_on(const HistoryPlace& after, const std::optional<RingPlace>& resume) noexcept {
    replayed_ = {};
    ask_after_ = after;
    resume_ = resume;
    replaying_ = !resume;
    if (resume) ring_.seek(resume->position, resume->ordinal);
  }

  CallResult<RecordView> next(std::chrono::milliseconds timeout) {
    const auto start = Client::Clock::now();
    for (;;) {
      if (replaying_) {
        auto record = next_replayed();
        if (!record || *record) return record.map([](const auto& found) { return *found; });
        continue;
      }
      switch (ring_.look()) {
        case MailboxReader::Seen::record: return ring_.record();
        case MailboxReader::Seen::lapped: go_on(last_, std::nullopt); continue;
        case MailboxReader::Seen::closed: return refusal(Code::broken_pipe, name_ + " was deleted");
        case MailboxReader::Seen::empty: break;
      }
      if (!client_.is_connected()) return call_failure(ECONNRESET, "the broker is gone");
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Client::Clock::now() - start);
      if (waited >= timeout && !(poll_ && arm())) return refusal(Code::sem_timeout, "nothing to read in " + name_);
      if (waited < timeout) sleep(std::min(kLookUp, timeout - waited));
    }
  }

  /// A replayed record, or none when the ring goes on or the window has to be asked for again.
  CallResult<std::optional<RecordView>> next_replayed() {
    if (!replayed_.empty()) {
      const auto record = read_record(replayed_);
      if (!record) return call_failure(EPROTO, "replay of " + name_);
      return std::optional<RecordView>(*record);
    }
    if (resume_) {
      go_on(ask_after_, resume_);
      return std::optional<RecordView>();
    }
    auto reply = client_.call(Replay{name_, ask_after_});
    if (!reply) return tl::unexpected<CallFailure>(reply.error());
    replayed_ = window_.records(reply->bytes);
    ask_after_ = reply->after;
    resume_ = reply->resume;
    return std::optional<RecordView>();
  }

  void sleep(std::chrono::milliseconds timeout) {
    const std::uint32_t bell = ring_.bell();
    if (page_) page_->set_sleep(Sleep::on_bell);
    if (ring_.look() == MailboxReader::Seen::empty) ring_.wait(bell, timeout);
    if (page_) page_->set_sleep(Sleep::awake);
  }

  /// Readies the poll descriptor; true if something arrived meanwhile.
  bool arm() {
    char bytes[64];
    while (::recv(poll_.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0) continue;
    if (page_) page_->set_sleep(Sleep::in_poll);
    return ring_.look() != MailboxReader::Seen::empty;
  }

  static tl::unexpected<CallFailure> refusal(Code code, std::string message) {
    return tl::unexpected<CallFailure>(CallFailure{code, {}, std::move(message)});
  }

  Client client_;
  std::string name_;
  MailboxReader ring_;
  ReplayWindow window_;
  std::optional<ConsumerPage> page_;
  Descriptor poll_;

  HistoryPlace from_;       // the beginning of this incarnation
  HistoryPlace last_;       // the last record given out
  bool in_hand_ = false;    // and not yet acknowledged
  bool replaying_ = false;  // the next record comes out of the window, not the ring
  Bytes replayed_;          // what is left in the window
  HistoryPlace ask_after_;
  std::optional<RingPlace> resume_;
};

}  // namespace alert
