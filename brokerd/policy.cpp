#include "brokerd/policy.hpp"

#include <algorithm>

#include "alert/wire/names.hpp"

namespace brokerd {

namespace {

template <class List, class Value>
bool has(const List& list, const Value& value) noexcept {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool concerns(const Rule& rule, std::uint32_t uid, std::span<const std::uint32_t> groups) noexcept {
  if (rule.uids.empty() && rule.gids.empty()) return true;
  return has(rule.uids, uid) ||
         std::any_of(groups.begin(), groups.end(), [&](std::uint32_t gid) { return has(rule.gids, gid); });
}

bool fits(const Rule& rule, std::uint32_t uid, std::span<const std::uint32_t> groups, Verb verb,
          std::string_view event) noexcept {
  return (rule.verbs.empty() || has(rule.verbs, verb)) && (rule.events.empty() || has(rule.events, event)) &&
         concerns(rule, uid, groups);
}

}  // namespace

std::optional<Verb> verb_named(std::string_view text) noexcept {
  for (std::size_t i = 0; i < std::size(kVerbs); ++i)
    if (text == kVerbs[i]) return static_cast<Verb>(i);
  return std::nullopt;
}

std::string rule_text(const Verdict& verdict) {
  const std::string which = verdict.rule == 0 ? "the built-in rule" : "rule " + std::to_string(verdict.rule);
  return verdict.name.empty() ? which : which + " (" + std::string(verdict.name) + ")";
}

Policy Policy::standard(bool host, std::uint32_t broker_uid, std::optional<std::uint32_t> operators) {
  Policy policy{host, broker_uid, Limits::standard(host), {}, {}, {}};
  if (!host) return policy;
  policy.built_in = {{"the broker's user and root", true, {Verb::change}, {}, {0, broker_uid}, {}},
                     {"the broker's user and root only", false, {Verb::change}, {}, {}, {}}};
  const std::vector<std::string> events{std::string(alert::kAdminEvent), std::string(alert::kErrorlogEvent)};
  Rule may{"operators", true, {Verb::start}, events, {0}, {}};
  if (operators) may.gids.push_back(*operators);
  policy.built_in.push_back(std::move(may));
  policy.built_in.push_back({"operators only", false, {Verb::start}, events, {}, {}});
  return policy;
}

Verdict Policy::judge(std::uint32_t uid, std::span<const std::uint32_t> groups, Verb verb,
                      std::string_view event) const noexcept {
  if (!may_connect(uid)) return {false, 0, "its user and root only"};
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (fits(rules[i], uid, groups, verb, event)) return {rules[i].allow, i + 1, rules[i].name};
  for (const Rule& rule : built_in)
    if (fits(rule, uid, groups, verb, event)) return {rule.allow, 0, rule.name};
  return {true, 0, !host ? "its user and root" : verb == Verb::write ? "into mailslots of one's own" : "everybody"};
}

}  // namespace brokerd
