#pragma once
// Who may do what: pure questions, and the rule that answered. The first rule that fits decides.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "brokerd/limits.hpp"
#include "brokerd/push_policy.hpp"

namespace brokerd {

/// What rules are about: raising, registering for, making a mailslot, opening one that is registered
/// for the event, writing a message into one, changing objects, and watching them.
enum class Verb : std::uint8_t { raise, start, make, read, write, change, watch };
inline constexpr std::string_view kVerbs[] = {"raise", "start", "make", "read", "write", "change", "watch"};
inline constexpr std::string_view kVerbList = "raise, start, make, read, write, change or watch";
[[nodiscard]] constexpr bool has_event(Verb verb) noexcept {
  return verb == Verb::raise || verb == Verb::start || verb == Verb::read;
}

[[nodiscard]] constexpr std::string_view name(Verb verb) noexcept { return kVerbs[static_cast<std::size_t>(verb)]; }
[[nodiscard]] std::optional<Verb> verb_named(std::string_view text) noexcept;

/// An empty list does not narrow: every verb, every event (or none), everybody.
struct Rule {
  std::string name;
  bool allow = false;
  std::vector<Verb> verbs;
  std::vector<std::string> events;  // canonical
  std::vector<std::uint32_t> uids;  // who is one of these
  std::vector<std::uint32_t> gids;  // or in one of these groups
};

struct Verdict {
  bool allowed;
  std::size_t rule;       // from 1, in the configuration's order; 0: a built-in one
  std::string_view name;  // the policy's; may be empty
};

/// "rule 3 (printers)" for whoever wants to know.
[[nodiscard]] std::string rule_text(const Verdict& verdict);

struct Policy {
  bool host = false;             // the host's broker serves everybody, a user's only its user
  std::uint32_t broker_uid = 0;  // who runs it
  Limits limits;
  PushPolicy push;
  std::vector<Rule> rules;     // the configuration's
  std::vector<Rule> built_in;  // asked when none of them fits; where none of these fits, the answer is yes

  /// `operators`: the group that may register for ADMIN and ERRORLOG of the host, where there is one.
  [[nodiscard]] static Policy standard(bool host, std::uint32_t broker_uid, std::optional<std::uint32_t> operators);

  [[nodiscard]] bool may_connect(std::uint32_t uid) const noexcept { return host || uid == broker_uid || uid == 0; }
  /// `groups`: of the uid. `event`: canonical; empty where there is none, which no rule about events fits.
  [[nodiscard]] Verdict judge(std::uint32_t uid, std::span<const std::uint32_t> groups, Verb verb,
                              std::string_view event) const noexcept;
  /// Into a mailslot of one's own, or where a rule says so into anybody's: its reader takes what
  /// comes for alerts that were judged.
  [[nodiscard]] bool may_write(std::uint32_t uid, std::uint32_t owner, const Verdict& verdict) const noexcept {
    return verdict.allowed && (verdict.rule != 0 || may_touch(uid, owner));
  }
  /// Mailslots and registrations belong to a uid; root may touch everything.
  [[nodiscard]] bool may_touch(std::uint32_t uid, std::uint32_t owner) const noexcept {
    return uid == owner || uid == 0;
  }
};

}  // namespace brokerd
