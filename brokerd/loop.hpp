#pragma once
// The loop of turns: drain all sources round-robin, settle, answer, and sleep until there is more.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "brokerd/broker.hpp"
#include "brokerd/drain.hpp"
#include "brokerd/group_commit.hpp"
#include "brokerd/links.hpp"
#include "brokerd/listener.hpp"
#include "brokerd/push_socket.hpp"
#include "brokerd/ready.hpp"
#include "brokerd/session.hpp"

namespace brokerd {

class Loop {
 public:
  static constexpr std::size_t kRequestsPerSession = 64;  // until it is the next one's turn
  static constexpr std::size_t kRequestsPerTurn = 512;
  static constexpr std::uint64_t kPollNs = 20'000;  // lanes are looked at before the loop sleeps
  static constexpr int kLooksPerClock = 16;
  static constexpr std::uint64_t kLaneTurnsNs = 50'000;  // of lanes alone: then sockets are looked at, too
  static constexpr std::uint64_t kTurnNs = 10'000'000;   // after which the rest waits for the next turn

  /// Throws std::system_error when the system has no epoll or signalfd left. Blocks SIGTERM and
  /// SIGINT in the calling thread: from here on they end run(). SIGHUP calls `reload` between turns.
  Loop(Broker& broker, Listener& listener, std::function<void()> reload, std::optional<Spool> spool = {},
       std::optional<Links> links = {});

  /// Serves until SIGTERM or SIGINT.
  void run();

 private:
  void turn(int timeout_ms);
  void accept();
  void take_signals();
  void handle(const Turn& turn);
  /// Keeps the turn open for raises that come in time to share its wait for the disk. Returns when that was.
  std::uint64_t gather(const Turn& turn);
  void admit(alert::Descriptor socket);
  void line_up(std::uint64_t id, const Session& session);
  /// Looks for raises in the lanes of whoever has raised lately. False: there are none, and they will ring.
  bool poll_lanes();
  /// Gives calls that have waited their answers.
  void answer(std::uint64_t monotonic_ns);
  [[nodiscard]] int timeout_ms() const;
  /// A session is read while it takes requests, and waited for while it has a reply that waits to leave.
  void watch(std::uint64_t id, const Session& session);
  void end(std::uint64_t id, std::uint64_t now_ns);

  Broker& broker_;
  Listener& listener_;
  std::function<void()> reload_;
  std::optional<Drain> drain_;
  std::optional<Links> links_;
  PushSocket push_;
  std::uint64_t datagrams_ = 0;  // sent
  std::uint64_t lost_datagrams_ = 0;
  bool links_are_stale_ = false;  // the journal did not take what they told
  alert::Descriptor epoll_;
  alert::Descriptor signals_;
  alert::Descriptor spare_;  // given up for a moment when no descriptor is left to accept with
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::unordered_map<std::uint32_t, std::size_t> connections_;  // by uid
  Ready ready_;                                                 // sessions with a whole request
  std::vector<std::uint64_t> touched_;                          // in this turn
  std::vector<Outcome<Settled>> settled_;                       // what became of this turn's raises
  std::unordered_set<std::uint64_t> raising_;                   // sessions whose lane is looked at
  std::unordered_map<std::uint64_t, std::uint32_t> watched_;    // what sessions that are not read are watched for
  std::uint64_t next_id_ = 4;  // the others are the listener, the signals, the spool, the links
  std::uint64_t turns_ = 0;
  Traffic traffic_;
  std::uint64_t cursors_ns_ = 0;   // when cursors were last journaled
  std::uint64_t retained_ns_ = 0;  // when the journal was last looked through for what may go
  const bool has_one_processor_;
  GroupCommit group_commit_;
  bool was_large_ = false;  // the last turn that had raises
  std::uint64_t polled_ns_ = 0;
  std::uint64_t waited_ns_ = 0;  // when sockets were last looked at
  bool stopping_ = false;
};

}  // namespace brokerd
