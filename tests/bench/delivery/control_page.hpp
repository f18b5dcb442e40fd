#pragma once
// What every message carries, and the page over which readers say how far they are.
//
// The page is the same for every subject: it costs a reader one store per message and one fence per 16.

#include <atomic>
#include <cstdint>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.hpp"

namespace bench {

/// The first bytes of a message.
struct Stamp {
  static constexpr std::uint32_t kMagic = 0x50424e43;
  static constexpr std::uint32_t kEnd = 1;
  static constexpr std::uint32_t kProbe = 2;
  std::uint32_t magic = kMagic;
  std::uint32_t flags = 0;
  std::uint64_t sequence = 0;
  std::uint64_t sent_ns = 0;  // CLOCK_MONOTONIC
};
static_assert(sizeof(Stamp) == 24);

constexpr std::size_t kMostReaders = 1024;
constexpr std::uint64_t kStride = 16;  // messages between two looks at who waits

struct ControlPage {
  struct alignas(128) Line {  // only its reader and the raiser touch it
    std::atomic<std::uint64_t> received;
    std::atomic<std::uint64_t> wanted;  // the raiser sleeps until so many are received; 0: it does not
    std::uint32_t bell;                 // futex word
    std::atomic<std::uint32_t> ready;
    std::atomic<std::uint32_t> done;
  };
  Line lines[kMostReaders];

  [[nodiscard]] static ControlPage& map(const Options& options) {
    const int file = ::open(options.in_run("ctl").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(ControlPage)) != 0) fail("the control page");
    void* const memory =
        ::mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (memory == MAP_FAILED) fail("the control page's memory");
    ::close(file);
    return *static_cast<ControlPage*>(memory);
  }
};

}  // namespace bench
