#include "brokerd/bound.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "alert/control/json_fields.hpp"
#include "alert/wire/hex.hpp"
#include "brokerd/write_all.hpp"

namespace brokerd {

namespace {

constexpr std::size_t kLargestBound = 4096;

}  // namespace

std::string this_boot() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  return boot;
}

tl::expected<std::optional<Bound>, std::string> read_bound(const JournalFolder& folder) {
  const std::string name = (folder.path() / "bound").string();
  const alert::Descriptor file(::openat(folder.get(), "bound", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<Bound>();
  if (!file) return tl::unexpected<std::string>(name + ": " + std::strerror(errno));
  char text[kLargestBound];
  const ssize_t n = ::pread(file.get(), text, sizeof text, 0);
  const auto json = alert::parse_json({text, static_cast<std::size_t>(std::max<ssize_t>(n, 0))});
  Bound bound;
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 62;  // nobody counts that far; nonsense does
  if (!json || alert::from_json(*json, bound) || bound.bound > kEnd || bound.journal.size() != 32 ||
      !alert::from_hex(bound.journal))
    return tl::unexpected<std::string>(name + ": not what a broker wrote");
  return std::optional<Bound>(std::move(bound));
}

std::error_code write_bound(const JournalFolder& folder, const Bound& bound) {
  const std::string text = alert::to_json(bound).dump() + "\n";
  const alert::Descriptor file(::openat(
      folder.get(), "bound.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, JournalFolder::kFileMode));
  if (!file) return last_error();
  if (auto error = write_all(file.get(), alert::as_bytes(text), 0)) return error;
  if (::fdatasync(file.get()) != 0) return last_error();
  if (::renameat(folder.get(), "bound.new", folder.get(), "bound") != 0) return last_error();
  return ::fsync(folder.get()) != 0 ? last_error() : std::error_code();
}

}  // namespace brokerd
