#pragma once
// The replay window: where the broker puts what a reader missed, one request at a time.
//
//     offset  size  field
//          0     8  magic    "ALRTRPL\n"
//          8     4  version  kReplayVersion
//         64     -  records  each padded to 8 bytes; the reply to the request says how many bytes
//
// Read-only for the client. The broker fills it before it answers and does not touch it again until
// the next request, so nothing in it moves under an honest reader.

#include <algorithm>
#include <cstring>

#include "alert/memory/shared_memory.hpp"
#include "alert/wire/record.hpp"

namespace alert {

inline constexpr std::uint64_t kReplayMagic = 0x0A4C505254524C41;  // "ALRTRPL\n"
inline constexpr std::uint32_t kReplayVersion = 1;
inline constexpr std::size_t kReplayHeaderBytes = 64;
inline constexpr std::size_t kReplayBytes = 256 * 1024;  // of records
static_assert(kReplayBytes >= padded(kLargestRecord));

class ReplayWindow {
 public:
  [[nodiscard]] static SystemResult<ReplayWindow> create() {
    auto memory =
        SharedMemory::create("alert-replay", kReplayHeaderBytes + kReplayBytes, SharedMemory::Seal::read_only);
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    std::memcpy(memory->data(), &kReplayMagic, 8);
    std::memcpy(memory->data() + 8, &kReplayVersion, 4);
    return ReplayWindow(std::move(*memory));
  }
  [[nodiscard]] static SystemResult<ReplayWindow> map(Descriptor fd) {
    auto memory = SharedMemory::map_read_only(std::move(fd));
    if (!memory) return tl::unexpected<std::error_code>(memory.error());
    if (memory->size() < kReplayHeaderBytes || load<std::uint64_t>(memory->data()) != kReplayMagic ||
        load<std::uint32_t>(memory->data() + 8) != kReplayVersion)
      return system_failure(EPROTO);
    return ReplayWindow(std::move(*memory));
  }

  /// Broker: empties the window.
  void clear() noexcept { used_ = 0; }
  /// Broker: false, and nothing written, when there is no more room.
  [[nodiscard]] bool append(const RecordHeader& header, Bytes body) noexcept {
    if (padded(header.size) > kReplayBytes - used_) return false;
    std::byte* to = memory_.data() + kReplayHeaderBytes + used_;
    std::memcpy(to, &header, sizeof header);
    if (!body.empty()) std::memcpy(to + sizeof header, body.data(), body.size());
    std::memset(to + header.size, 0, padded(header.size) - header.size);
    used_ += padded(header.size);
    return true;
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

  /// Client: the first `bytes` of records, as far as the window reaches.
  [[nodiscard]] Bytes records(std::size_t bytes) const noexcept {
    const Bytes all{memory_.data() + kReplayHeaderBytes, memory_.size() - kReplayHeaderBytes};
    return all.first(std::min(bytes, all.size()));
  }

  [[nodiscard]] const Descriptor& descriptor() const noexcept { return memory_.descriptor(); }

 private:
  explicit ReplayWindow(SharedMemory memory) noexcept : memory_(std::move(memory)) {}

  SharedMemory memory_;
  std::size_t used_ = 0;
};

}  // namespace alert
