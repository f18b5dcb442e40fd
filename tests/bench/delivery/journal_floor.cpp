// journal_floor --run FOLDER --turn RECORDS --bytes BYTES --sync 0|1 --secs S: the same bytes with one write a turn
// (and fdatasync), round and round through files that are there already once the first round is over.

#include <array>
#include <vector>

#include "alert/journal/journal.hpp"
#include "roles.hpp"

namespace {

constexpr std::size_t kFiles = 4, kFileBytes = 64 << 20;

class Files {
 public:
  explicit Files(const bench::Options& options) : syncs_(options.number("sync", 0) != 0) {
    for (std::size_t i = 0; i < kFiles; ++i) {
      files_[i] = ::open(options.in_run("file." + std::to_string(i)).c_str(),
                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (files_[i] < 0) bench::fail("cannot write in " + options.text("run"));
    }
  }
  void write_turn(const std::vector<std::byte>& turn) {
    if (at_ % kFileBytes + turn.size() > kFileBytes) at_ = (at_ / kFileBytes + 1) * kFileBytes;
    const int file = files_[at_ / kFileBytes % kFiles];
    const auto size = static_cast<ssize_t>(turn.size());
    if (::pwrite(file, turn.data(), turn.size(), static_cast<off_t>(at_ % kFileBytes)) != size)
      bench::fail("write");
    if (syncs_ && ::fdatasync(file) != 0) bench::fail("fdatasync");
    at_ += turn.size();
  }
  [[nodiscard]] bool is_warm() const noexcept { return syncs_ || at_ >= kFiles * kFileBytes; }

 private:
  const bool syncs_;
  std::array<int, kFiles> files_{};
  std::size_t at_ = 0;
};

std::size_t block_bytes(std::size_t alert_bytes) {
  std::vector<std::byte> block;
  const std::vector<std::byte> record(sizeof(alert::RecordHeader) + alert_bytes);
  alert::pcapng::BlockBuilder(block).packet(alert::kAlertsInterface, 0, {alert::Bytes(record)}, 0);
  return block.size();
}

}  // namespace

int main(int count, char** words) {
  bench::end_in_time();
  const bench::Options options(count, words);
  const std::size_t records = options.size("turn", 64);
  Files files(options);
  const std::vector<std::byte> turn(records * block_bytes(options.size("size", 128)), std::byte{'x'});
  while (!files.is_warm()) files.write_turn(turn);

  const std::uint64_t start_ns = bench::now_ns();
  const std::uint64_t end_ns = start_ns + static_cast<std::uint64_t>(options.seconds() * 1e9);
  double written = 0;
  for (; bench::now_ns() < end_ns; written += static_cast<double>(records)) files.write_turn(turn);
  const auto elapsed_ns = static_cast<double>(bench::now_ns() - start_ns);
  std::printf("RESULT {\"records_per_s\":%.0f,\"ns\":%.2f}\n", written * 1e9 / elapsed_ns, elapsed_ns / written);
  return 0;
}
