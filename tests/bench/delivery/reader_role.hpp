#pragma once
// A reader's side of the harness: counts and checks what it gets, and says what it cost.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "alert/memory/futex.hpp"
#include "alert/wire/bytes.hpp"
#include "clock.hpp"
#include "control_page.hpp"

namespace bench {

/// `Reader`: Reader(const Options&), which returns once it is registered; run(take), which hands over one
/// message after the other as Bytes until take() returns false.
template <class Reader>
class ReaderRole {
 public:
  explicit ReaderRole(const Options& options)
      : line_(ControlPage::map(options).lines[options.size("id", 0)]),
        reader_(options),
        timed_(options.text("mode", "flood") != "flood"),
        wakes_each_(options.text("mode") == "ping") {
    if (timed_) latencies_.reserve(400'000);
  }

  [[noreturn]] void run() {
    std::puts("READY");
    std::fflush(stdout);
    reader_.run([this](alert::Bytes message) { return take(message); });
    const Usage after = Usage::now();
    line_.done.store(1);
    report(after);
    std::_Exit(0);
  }

 private:
  bool take(alert::Bytes message) {
    Stamp stamp;
    if (message.size() < sizeof stamp) return true;
    std::memcpy(&stamp, message.data(), sizeof stamp);
    if (stamp.magic != Stamp::kMagic) return true;
    if (stamp.flags != 0) [[unlikely]]
      return is_told(stamp.flags);
    if (timed_)
      latencies_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(now_ns() - stamp.sent_ns, ~0U)));
    gaps_ += stamp.sequence != received_;
    line_.received.store(++received_, std::memory_order_release);
    if (wakes_each_ || received_ % kStride == 0) wake_raiser();
    return true;
  }

  bool is_told(std::uint32_t flags) {
    if ((flags & Stamp::kEnd) != 0) return false;
    if (line_.ready.load(std::memory_order_relaxed) == 0) {
      before_ = Usage::now();
      line_.ready.store(1);
    }
    return true;
  }

  void wake_raiser() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const std::uint64_t wanted = line_.wanted.load(std::memory_order_acquire);
    if (wanted == 0 || received_ < wanted) return;
    line_.wanted.store(0, std::memory_order_relaxed);
    std::atomic_ref(line_.bell).fetch_add(1);
    alert::futex_wake_all(&line_.bell);
  }

  void report(const Usage& after) {
    std::printf("RESULT {\"received\":%llu,\"gaps\":%llu,\"sleeps\":%ld,\"cpu_user_ns\":%.0f,\"cpu_sys_ns\":%.0f",
                static_cast<unsigned long long>(received_), static_cast<unsigned long long>(gaps_),
                after.sleeps - before_.sleeps, after.user_ns - before_.user_ns,
                after.system_ns - before_.system_ns);
    if (latencies_.size() >= 20) {
      const std::size_t warm_up = std::min<std::size_t>(500, latencies_.size() / 10);
      latencies_.erase(latencies_.begin(), latencies_.begin() + static_cast<std::ptrdiff_t>(warm_up));
      std::sort(latencies_.begin(), latencies_.end());
      double sum = 0;
      for (const std::uint32_t latency : latencies_) sum += latency;
      const auto count = static_cast<double>(latencies_.size());
      const auto quantile = [&](double share) { return latencies_[static_cast<std::size_t>(share * (count - 1))]; };
      std::printf(",\"samples\":%.0f,\"mean\":%.0f,\"min\":%u,\"p50\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u", count,
                  sum / count, latencies_.front(), quantile(.5), quantile(.99), quantile(.999), latencies_.back());
    }
    std::puts("}");
    std::fflush(stdout);
  }

  ControlPage::Line& line_;
  Reader reader_;
  const bool timed_;
  const bool wakes_each_;
  std::vector<std::uint32_t> latencies_;
  Usage before_;
  std::uint64_t received_ = 0;
  std::uint64_t gaps_ = 0;
};

}  // namespace bench
