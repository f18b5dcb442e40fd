#include "brokerd/listener.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace brokerd {

tl::expected<Listener, std::string> Listener::open(const std::filesystem::path& path, Access access) {
  const auto sentence = [&](const std::string& what) {
    return tl::unexpected<std::string>("socket " + path.string() + ": " + what);
  };
  const auto failed = [&](const std::string& what) { return sentence(what + ": " + std::strerror(errno)); };

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return sentence("the path is longer than 107 bytes");
  std::memcpy(address.sun_path, path.c_str(), path.native().size());

  const auto folder = path.parent_path();
  if (!folder.empty() && ::mkdir(folder.c_str(), access == Access::user ? 0700 : 0755) != 0 && errno != EEXIST)
    return failed("cannot make its folder");
  Listener listener;
  const std::string lock = path.string() + ".lock";
  listener.lock_ = alert::Descriptor(::open(lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!listener.lock_) return failed("cannot make its lock file");
  if (::flock(listener.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return sentence("another broker is listening there");
    return failed("cannot lock its lock file");
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return sentence("there is something else of this name");
    const alert::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN)
      return sentence("another program is listening there");
    ::unlink(path.c_str());  // left behind by a broker that was killed
  }
  listener.socket_ = alert::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket_) return failed("cannot make it");
  const mode_t before = ::umask(access == Access::user ? 0177 : 0111);
  const int bound = ::bind(listener.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  errno = error;
  if (bound != 0 || ::listen(listener.socket_.get(), SOMAXCONN) != 0) return failed("cannot listen");
  listener.path_ = path;
  return listener;
}

Listener::~Listener() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace brokerd
