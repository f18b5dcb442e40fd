#include "brokerd/differences.hpp"

#include <algorithm>
#include <map>

namespace brokerd {

namespace {

using alert::Json;

/// What a change is about: the same in both states, whatever else it says.
std::string subject(const Change& change) {
  return std::visit(
      [](const auto& c) {
        using Kind = std::decay_t<decltype(c)>;
        std::string text(c.kChange);
        if constexpr (requires { c.name; }) text += " " + c.name;
        if constexpr (requires { c.mailslot; }) text += " " + c.mailslot;
        if constexpr (requires { c.event; }) text += " " + c.event;
        if constexpr (requires { c.recipient; }) text += " " + c.recipient;
        if constexpr (std::is_same_v<Kind, PastRegistration>) text += " after " + std::to_string(c.from);
        if constexpr (std::is_same_v<Kind, RaiseKnown>) text += " " + c.id + " of uid " + std::to_string(c.uid);
        return text;
      },
      change);
}

std::map<std::string, const Change*> by_subject(const std::vector<Change>& state) {
  std::map<std::string, const Change*> result;
  for (const Change& change : state) result.emplace(subject(change), &change);
  return result;
}

}  // namespace

std::vector<std::string> differences(const std::vector<Change>& said, const std::vector<Change>& folded,
                                     std::size_t most) {
  std::vector<std::string> result;
  if (said == folded) return result;
  const auto theirs = by_subject(said);
  const auto ours = by_subject(folded);
  const auto tell = [&](std::string sentence) {
    if (result.size() < most) result.push_back(std::move(sentence));
  };
  for (const auto& [subject, change] : theirs) {
    const auto mine = ours.find(subject);
    if (mine == ours.end()) {
      tell(subject + ": is there, and by the fold should not be");
      continue;
    }
    if (*change == *mine->second || result.size() >= most) continue;
    const Json said_of_it = to_json(*change);
    Json folded_of_it = to_json(*mine->second);
    for (const auto& [member, value] : said_of_it.items())
      if (value != folded_of_it[member])
        tell(subject + ": " + member + " is " + value.dump() + ", the fold says " + folded_of_it[member].dump());
  }
  for (const auto& [subject, change] : ours)
    if (!theirs.contains(subject)) tell(subject + ": is missing");
  if (result.empty()) tell("the same is there in another order");
  return result;
}

std::vector<std::string> wrong_sums(const Ledger& ledger) {
  std::vector<std::string> result;
  const Totals& totals = ledger.totals();
  if (totals.matched != totals.written + totals.refused)
    result.push_back("totals: matched " + std::to_string(totals.matched) + " is not written " +
                     std::to_string(totals.written) + " + refused " + std::to_string(totals.refused));
  for (const auto& [name, slot] : ledger.mailslots()) {
    const MailslotState& s = slot.state;
    const std::uint64_t behind = std::max(s.read, s.taken);
    if (behind > s.written || s.lost > s.taken || s.lost > behind)
      result.push_back("mailslot " + name + ": written " + std::to_string(s.written) +
                       " is not read + pending + lost (" + "read up to " + std::to_string(s.read) +
                       ", taken up to " + std::to_string(s.taken) + ", lost " + std::to_string(s.lost) + ")");
  }
  return result;
}

}  // namespace brokerd
