#pragma once
// The spool: a folder where raises wait for a broker that cannot be reached.
//
// Each file is one Raise call, its parameters in JSON as on the socket. Its name is the raise id in
// lower case; while it is being written, a dot precedes it and nobody looks at it. The broker raises it
// for the uid that owns the file, in the order of their times, and removes it once the alert is journaled.
//
// And if it is killed here? Before the rename nothing was left; behind it the alert is raised, and the
// id makes a second raise of it, by the raiser or by the broker that had not yet removed it, count once.

#include <cerrno>
#include <ctime>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/control/calls.hpp"
#include "alert/control/json_fields.hpp"
#include "alert/system/descriptor.hpp"

namespace alert {

/// 32 hexadecimal digits, in lower case.
[[nodiscard]] inline bool is_spool_name(std::string_view name) noexcept {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Leaves a call that has such an id; when there is no error, it is on the disk.
[[nodiscard]] inline std::error_code leave_in_spool(const std::string& folder, const Raise& call) {
  const auto failed = [] { return std::error_code(errno, std::generic_category()); };
  if (!is_spool_name(call.id.value_or(""))) return std::make_error_code(std::errc::invalid_argument);
  const Descriptor spool(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));  // which may be unreadable
  if (!spool) return failed();
  const std::string unfinished = "." + *call.id + "." + std::to_string(::getpid());
  const Descriptor file(
      ::openat(spool.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed();
  const std::string text = to_json(call).dump();
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(file.get(), text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) written += static_cast<std::size_t>(n);
  }
  timespec times[2]{};  // the kernel's own are as coarse as its tick, and the order is by them
  ::clock_gettime(CLOCK_REALTIME, &times[0]);
  times[1] = times[0];
  if (written < text.size() || ::futimens(file.get(), times) != 0 || ::fsync(file.get()) != 0 ||
      ::renameat(spool.get(), unfinished.c_str(), spool.get(), call.id->c_str()) != 0) {
    const auto error = failed();
    ::unlinkat(spool.get(), unfinished.c_str(), 0);
    return error;
  }
  const Descriptor readable(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (readable && ::fsync(readable.get()) != 0)
    return failed();  // the host's spool is not: its kernel syncs in time
  return {};
}

}  // namespace alert
