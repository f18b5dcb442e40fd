#include "brokerd/overruns.hpp"

namespace brokerd {

std::optional<std::string> Overruns::count(Quota quota, std::uint32_t uid, const Limits& limits,
                                           std::uint64_t now_ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  Count& count = counts_[static_cast<std::size_t>(quota)];
  ++count.refused;
  if (by_uid_.size() < kUids || by_uid_.contains(uid)) ++by_uid_[uid][static_cast<std::size_t>(quota)];
  if (count.said_ns && now_ns - *count.said_ns < kSecond) return std::nullopt;
  count.said_ns = now_ns;
  return "uid " + std::to_string(uid) + ": " + std::string(facts(quota).sentence) + " (" +
         std::string(facts(quota).name) + " = " + std::to_string(limits[quota]) +
         "); refused since the start: " + std::to_string(count.refused);
}

}  // namespace brokerd
