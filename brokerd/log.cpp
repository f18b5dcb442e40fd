#include "brokerd/log.hpp"

#include <cstdio>

#include <poll.h>
#include <unistd.h>

namespace brokerd {

void log(std::string_view line) noexcept {
  char text[1024] = "brokerd: ";
  std::size_t used = 9;
  for (const char c : line) {
    if (used + 6 > sizeof text) break;
    if (c >= 0x20 && c < 0x7F) {
      text[used++] = c;
    } else {
      used += static_cast<std::size_t>(
          std::snprintf(text + used, 5, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c))));
    }
  }
  text[used++] = '\n';
  // A ready pipe takes at least PIPE_BUF (4096) bytes at once; O_NONBLOCK would change stderr for
  // everybody who shares it.
  pollfd poll{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&poll, 1, 0) == 1 && (poll.revents & POLLOUT)) [[maybe_unused]]
    const ssize_t n = ::write(STDERR_FILENO, text, used);
}

}  // namespace brokerd
