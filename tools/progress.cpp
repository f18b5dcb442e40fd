#include "progress.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include <unistd.h>

namespace {
constexpr std::chrono::milliseconds kInterval{200};
}

Progress::Progress(std::uint64_t total)
    : total_(::isatty(STDERR_FILENO) && !::isatty(STDOUT_FILENO) ? total : 0),
      next_(std::chrono::steady_clock::now() + kInterval) {}

Progress::~Progress() { wipe(); }

void Progress::wipe() {
  if (std::exchange(is_drawn_, false)) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(std::uint64_t done) {
  constexpr unsigned kCallsPerLook = 1024;  // a look at the clock costs as much as a short alert
  if (total_ == 0 || ++calls_ % kCallsPerLook != 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  is_drawn_ = true;
  draw(done);
}

void Progress::draw(std::uint64_t done) const {
  constexpr std::size_t kWidth = 40;
  const std::uint64_t percent = std::min<std::uint64_t>(done / (total_ / 100 + 1), 100);
  std::string bar(percent * kWidth / 100, '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r[%s] %3u%%", bar.c_str(), static_cast<unsigned>(percent));
  std::fflush(stderr);
}
