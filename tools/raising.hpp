#pragma once
// How alerts get to the broker, one or many, and what is said of each.

#include <deque>
#include <optional>
#include <string>

#include "alert/control/raiser.hpp"
#include "alert_input.hpp"
#include "context.hpp"

struct RaisingOptions {
  std::string event;  // instead of that in the alert's header
  std::string id;
  bool json = false;
  bool must_deliver = false;
  bool dry_run = false;
  std::uint64_t require = 0;
  bool spool = false;
  std::string spool_dir;

  [[nodiscard]] bool may_spool() const { return !dry_run && (spool || !spool_dir.empty()); }
};

/// One connection, for as many alerts as come. What is said of them, receipts and complaints, comes in their
/// order. Once one of them had to be left in the spool, those behind it follow it there, so that they stay in
/// order.
class Raising {
 public:
  enum class Way {
    call,  // one after the other
    lane,  // many under way at once
  };
  Raising(const Context& context, const RaisingOptions& options, Way way)
      : context_(context), options_(options), way_(options.dry_run ? Way::call : way) {}

  /// Puts an alert under way. False: it is no use to go on.
  bool raise(PackedAlert alert);
  /// Complains of something in their midst that is no alert. False as above.
  bool complain_of(const AlertInput::Flaw& flaw);
  /// Waits for what is under way, and shows all there is to show. False as above.
  bool settle();
  /// The first one that is not kDone, of what is settled; but kSystem comes before all others.
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  struct UnderWay {
    PackedAlert alert;
    std::string id;  // empty: none
    [[nodiscard]] alert::Raise call() const;
  };

  /// Whether there is a broker to raise them at; where it gives no lane, they go by calls.
  [[nodiscard]] bool connect(const alert::Deadline& deadline);
  /// The last one, into the lane.
  void write();
  /// The last one, when nothing else is under way.
  [[nodiscard]] alert::CallResult<alert::Receipt> ask(const alert::Deadline& deadline);
  void settle_all_but(std::size_t count);
  /// What became of the first one.
  void conclude(const alert::CallResult<alert::Receipt>& receipt);
  void lose_broker(const alert::CallFailure& failure);
  /// All that is under way, into the spool.
  void leave();
  /// False, after a complaint, where nobody takes what is shown: then nothing counts any more.
  [[nodiscard]] bool flush();
  void note(int status) noexcept;
  [[nodiscard]] std::chrono::milliseconds timeout() const {
    return context_.timeout(alert::Client::kDefaultTimeout);
  }

  const Context& context_;
  const RaisingOptions& options_;
  Way way_;
  std::optional<alert::Client> client_;
  std::optional<alert::Raiser> raiser_;
  std::deque<UnderWay> under_way_;
  std::size_t unflushed_ = 0;  // raises in the lane
  bool is_broker_gone_ = false;
  std::string shown_;  // and not yet written to stdout
  int status_ = 0;
};
