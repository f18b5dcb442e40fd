#pragma once
// A raiser's side of the harness: finds its readers, does the work it is told, says what it cost.

#include <cstdio>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "alert/wire/bytes.hpp"
#include "pacer.hpp"

namespace bench {

/// `Raiser`: Raiser(const Options&); send(Bytes); flush(), which sees to it that what was sent is on its
/// way; idle(), which takes what has come back.
template <class Raiser>
class RaiserRole {
 public:
  explicit RaiserRole(const Options& options)
      : options_(options),
        readers_(options.size("n", 1)),
        count_(options.size("count", 1'000'000'000)),
        page_(ControlPage::map(options)),
        raiser_(options),
        pacer_(page_, readers_),
        message_(options.size("size", 128)) {
    for (std::size_t i = 0; i < message_.size(); ++i) message_[i] = static_cast<std::byte>('a' + i % 23);
  }

  [[noreturn]] void run() {
    find_readers();
    std::puts("READY");
    std::fflush(stdout);
    char line[64];
    if (!std::fgets(line, sizeof line, stdin)) fail("told nothing");
    const Usage before = Usage::now();
    const std::uint64_t start_ns = now_ns();
    end_ns_ = start_ns + static_cast<std::uint64_t>(options_.seconds() * 1e9);
    const std::string mode = options_.text("mode", "flood");
    if (mode == "ping")
      ping();
    else if (mode == "paced")
      pace(start_ns);
    else
      flood();
    pacer_.wait(sent_, raiser_);
    const std::uint64_t elapsed_ns = now_ns() - start_ns - pacer_.stalls() * Pacer::kPatienceNs;
    const Usage after = Usage::now();
    end_readers();
    report(elapsed_ns, before, after);
    std::_Exit(0);
  }

 private:
  void send(std::uint32_t flags, bool timed) {
    const Stamp stamp{Stamp::kMagic, flags, sent_, timed ? now_ns() : 0};
    std::memcpy(message_.data(), &stamp, sizeof stamp);
    raiser_.send(message_);
    if (flags == 0) ++sent_;
  }

  [[nodiscard]] bool all(std::atomic<std::uint32_t> ControlPage::Line::*flag) const noexcept {
    for (std::size_t i = 0; i < readers_; ++i)
      if ((page_.lines[i].*flag).load() == 0) return false;
    return true;
  }

  /// A subscription may take a while to reach whoever publishes.
  void find_readers() {
    for (int tries = 0; tries < 4000 && !all(&ControlPage::Line::ready); ++tries) {
      send(Stamp::kProbe, false);
      raiser_.flush();
      raiser_.idle();
      ::usleep(tries < 20 ? 1000 : 5000);
    }
    if (!all(&ControlPage::Line::ready)) fail("a reader never got a probe");
    ::usleep(20'000);
  }

  void end_readers() {
    for (int tries = 0; tries < 10 && !all(&ControlPage::Line::done); ++tries) {
      send(Stamp::kEnd, false);
      raiser_.flush();
      raiser_.idle();
      for (int pauses = 0; pauses < 100 && !all(&ControlPage::Line::done); ++pauses) ::usleep(2000);
    }
  }

  [[nodiscard]] bool is_over() const { return sent_ >= count_ || now_ns() >= end_ns_; }

  void ping() {
    while (!is_over() && pacer_.stalls() == 0) {
      send(0, true);
      raiser_.flush();
      pacer_.wait(sent_, raiser_);
    }
  }

  void pace(std::uint64_t next_ns) {
    const std::uint64_t step_ns = 1'000'000'000 / options_.size("rate", 1000);
    while (!is_over()) {
      next_ns += step_ns;
      const timespec at{static_cast<time_t>(next_ns / 1'000'000'000), static_cast<long>(next_ns % 1'000'000'000)};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
      send(0, true);
      raiser_.flush();
      raiser_.idle();
    }
  }

  /// At most a window of messages is unread; they leave in bursts.
  void flood() {
    const std::uint64_t window = options_.size("window", 256), burst = options_.size("burst", 16);
    std::uint64_t taken = 0;
    while (!is_over() && pacer_.stalls() < 2) {
      if (sent_ + kStride > taken + window) taken = pacer_.taken_by_all();
      if (sent_ + kStride > taken + window) {
        pacer_.wait((sent_ + kStride - window / 2) / kStride * kStride, raiser_);
        taken = pacer_.taken_by_all();
      }
      for (std::uint64_t i = 1; i <= kStride; ++i) {
        send(0, false);
        if (i % burst == 0) raiser_.flush();
      }
    }
  }

  void report(std::uint64_t elapsed_ns, const Usage& before, const Usage& after) const {
    std::uint64_t delivered = 0;
    for (std::size_t i = 0; i < readers_; ++i) delivered += page_.lines[i].received.load();
    std::printf(
        "RESULT {\"sent\":%llu,\"elapsed_ns\":%llu,\"delivered\":%llu,\"lost\":%lld,\"stalls\":%llu,"
        "\"cpu_user_ns\":%.0f,\"cpu_sys_ns\":%.0f}\n",
        static_cast<unsigned long long>(sent_), static_cast<unsigned long long>(elapsed_ns),
        static_cast<unsigned long long>(delivered), static_cast<long long>(sent_ * readers_ - delivered),
        static_cast<unsigned long long>(pacer_.stalls()), after.user_ns - before.user_ns,
        after.system_ns - before.system_ns);
    std::fflush(stdout);
  }

  const Options& options_;
  const std::size_t readers_;
  const std::size_t count_;  // at most
  ControlPage& page_;
  Raiser raiser_;
  Pacer pacer_;
  std::vector<std::byte> message_;
  std::uint64_t sent_ = 0;
  std::uint64_t end_ns_ = 0;
};

}  // namespace bench
