#pragma once
// A bar on stderr for long inputs, where stderr is a terminal and stdout is not the same one.

#include <chrono>
#include <cstdint>

class Progress {
 public:
  /// `total` bytes; 0 where nobody knows, and then there is no bar.
  explicit Progress(std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// So many bytes are done; draws a few times a second at most.
  void at(std::uint64_t done);
  /// Makes room for something else on stderr.
  void wipe();

 private:
  void draw(std::uint64_t done) const;

  std::uint64_t total_;
  unsigned calls_ = 0;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};
