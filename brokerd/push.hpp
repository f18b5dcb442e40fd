#pragma once
// Push registrations: which sessions have something pending, and when each one's datagram is due. Pure: time
// and what is pending come in, datagrams go out.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "alert/wire/callback_address.hpp"

namespace brokerd {

/// One of a session's mailslots, or all of its ports together: `newest` grows with what comes, `read` with
/// what is fetched.
struct Source {
  std::uint64_t id = 0;
  std::uint64_t newest = 0;
  std::uint64_t read = 0;
};

struct Callback {
  alert::CallbackAddress address;
  std::vector<std::byte> context;
};

class Push {
 public:
  /// At most one datagram leaves for an address in this time, whoever asks for it.
  static constexpr std::uint64_t kQuietNs = 1'000'000'000;
  static constexpr std::uint64_t kPorts =
      0;  // the source that stands for a session's ports; mailslots: incarnations

  void set_interval(std::uint64_t ns) noexcept { interval_ns_ = ns; }

  /// Replaces the session's registration, if any; the new one's handle, never 0. The session is to be looked at.
  std::uint32_t add(std::uint64_t session, std::uint32_t uid, Callback callback);
  void remove(std::uint64_t session);
  [[nodiscard]] bool has(std::uint64_t session) const { return sessions_.contains(session); }
  [[nodiscard]] bool empty() const noexcept { return sessions_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t of_uid(std::uint32_t uid) const;

  /// What comes for this mailslot is news for the session, where that is registered.
  void watch(std::uint64_t session, std::uint64_t incarnation);
  void delivered(std::uint64_t incarnation) {
    if (!by_mailslot_.empty()) tell_watchers(incarnation);
  }
  void has_news(std::uint64_t session);

  /// The sessions that have news or whose time has come, who has waited longest first.
  [[nodiscard]] std::vector<std::uint64_t> take_news(std::uint64_t monotonic_ns);
  /// Whether a datagram is due, given what is pending now. A pending period ends when everything has been read
  /// that the last look has seen: before anything else came, the session was drained.
  void look(std::uint64_t session, std::span<const Source> sources, std::uint64_t monotonic_ns);
  [[nodiscard]] std::vector<Callback> take_datagrams() { return std::exchange(datagrams_, {}); }
  [[nodiscard]] std::optional<std::uint64_t> next_deadline() const;

 private:
  struct Session {
    std::uint32_t uid = 0;
    std::uint32_t handle = 0;
    Callback callback;
    std::optional<std::uint64_t> due_ns;             // while something is pending
    std::uint64_t planned_ns = 0;                    // not before its address may be written to again
    std::map<std::uint64_t, std::uint64_t> covered;  // by source: what the datagrams so far are about
    std::unordered_set<std::uint64_t> mailslots;     // incarnations
  };
  void tell_watchers(std::uint64_t incarnation);
  void plan(std::uint64_t number, Session& session, std::optional<std::uint64_t> due_ns,
            std::optional<std::uint64_t> planned_ns = {});

  std::uint64_t interval_ns_ = 60'000'000'000;
  std::uint32_t last_handle_ = 0;
  std::unordered_map<std::uint64_t, Session> sessions_;
  std::unordered_map<std::uint32_t, std::size_t> by_uid_;
  std::unordered_map<std::uint64_t, std::set<std::uint64_t>> by_mailslot_;
  std::set<std::uint64_t> news_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> deadlines_;  // (time, session)
  using QuietUntil = std::map<alert::CallbackAddress, std::uint64_t>;
  QuietUntil quiet_until_;
  std::deque<QuietUntil::iterator> quiet_;  // in the order in which they end
  std::vector<Callback> datagrams_;
};

}  // namespace brokerd
