#include "files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "alert/system/descriptor.hpp"
#include "exit_status.hpp"

tl::expected<std::vector<std::byte>, FileError> read_file(const std::string& path, std::size_t limit) {
  const auto no = [](int status, std::string sentence) {
    return tl::unexpected<FileError>(FileError{status, std::move(sentence)});
  };
  alert::Descriptor opened;
  int fd = STDIN_FILENO;
  if (path != "-") {
    opened = alert::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return no(kSystem, std::strerror(errno));
    fd = opened.get();
  }
  std::vector<std::byte> bytes;
  for (;;) {
    constexpr std::size_t kStep = 64 * 1024;
    const std::size_t used = bytes.size();
    bytes.resize(used + kStep);
    const ssize_t n = ::read(fd, bytes.data() + used, kStep);
    bytes.resize(used + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno != EINTR) return no(kSystem, std::strerror(errno));
    if (n == 0) return bytes;
    if (bytes.size() > limit) return no(kDamaged, "holds more than " + std::to_string(limit) + " bytes");
  }
}
