#pragma once
// Sessions that have something to be done, one of each uid in turn: whoever has many connections waits for itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace brokerd {

class Ready {
 public:
  /// Behind those of its uid that wait already, if it is not one of them.
  void add(std::uint32_t uid, std::uint64_t session) {
    auto& line = lines_[uid];
    if (std::find(line.begin(), line.end(), session) != line.end()) return;
    if (line.empty()) uids_.push_back(uid);
    line.push_back(session);
  }

  [[nodiscard]] bool empty() const noexcept { return uids_.empty(); }

  /// Whose turn it is. Precondition: !empty().
  std::uint64_t take() {
    const std::uint32_t uid = uids_.front();
    uids_.pop_front();
    auto& line = lines_[uid];  // stays when it is empty: it will soon be needed again
    const std::uint64_t session = line.front();
    line.pop_front();
    if (!line.empty()) uids_.push_back(uid);
    return session;
  }

  /// Nobody of this uid is connected any more.
  void forget(std::uint32_t uid) {
    lines_.erase(uid);
    std::erase(uids_, uid);
  }

 private:
  std::unordered_map<std::uint32_t, std::deque<std::uint64_t>> lines_;
  std::deque<std::uint32_t> uids_;  // that have somebody waiting
};

}  // namespace brokerd
