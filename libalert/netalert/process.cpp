#include "process.hpp"

#include <map>
#include <mutex>
#include <vector>

#include <pthread.h>
#include <sys/stat.h>

#include "alert/wire/text.hpp"

namespace netalert {

using alert::Code;

namespace {

/// The inode tells whether the number still is that socket.
struct Socket {
  int fd;
  ino_t inode;
};

ino_t inode_of(int fd) noexcept {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

constexpr std::size_t kMostIdle = 4;  // connections

struct Process {
  struct Idle {
    std::vector<std::string> sockets;
    std::unique_ptr<alert::Client> client;
  };

  std::mutex mutex;
  std::vector<Socket> sockets;
  std::vector<Idle> idle;
  std::map<unsigned, std::shared_ptr<const Slot>> slots;
  unsigned last_handle = 0;
  std::vector<std::vector<Idle>> parents_idle;  // in a child
  std::vector<std::map<unsigned, std::shared_ptr<const Slot>>> parents_slots;
};

/// Never destroyed: other threads may be calling while the process ends.
Process& process() {
  static Process* const all = [] {
    auto* made = new Process;
    ::pthread_atfork([] { process().mutex.lock(); }, [] { process().mutex.unlock(); },
                     [] {
                       Process& child = process();
                       for (const Socket& socket : child.sockets)
                         if (inode_of(socket.fd) == socket.inode) ::close(socket.fd);
                       child.sockets.clear();
                       // Left as they are: their destructors would close numbers that are no longer theirs, and
                       // a thread that is not here may have held their locks.
                       child.parents_idle.emplace_back(std::exchange(child.idle, {}));
                       child.parents_slots.emplace_back(std::exchange(child.slots, {}));
                       child.mutex.unlock();
                     });
    return made;
  }();
  return *all;
}

}  // namespace

void keep_from_children(int socket) noexcept {
  const std::lock_guard lock(process().mutex);
  process().sockets.push_back({socket, inode_of(socket)});
}

void release(int socket) noexcept {
  const std::lock_guard lock(process().mutex);
  auto& sockets = process().sockets;
  for (auto one = sockets.begin(); one != sockets.end(); ++one)
    if (one->fd == socket) {
      sockets.erase(one);
      return;
    }
}

alert::CallResult<Line> Line::get(std::chrono::milliseconds timeout) {
  std::vector<std::string> sockets = alert::client_sockets("");
  for (;;) {
    Process::Idle found;
    {
      const std::lock_guard lock(process().mutex);
      auto& idle = process().idle;
      auto one = idle.begin();
      while (one != idle.end() && one->sockets != sockets) ++one;
      if (one == idle.end()) break;
      found = std::move(*one);
      idle.erase(one);
    }
    Line line(std::move(found.sockets), std::move(found.client));
    if (line.client_->is_connected()) return line;
    line.client_->close();
  }
  auto client = alert::Client::connect(sockets, timeout);
  if (!client) return tl::unexpected<alert::CallFailure>(client.error());
  keep_from_children(client->socket());
  return Line(std::move(sockets), std::make_unique<alert::Client>(std::move(*client)));
}

Line::~Line() {
  if (!client_) return;
  if (client_->socket() == socket_) {
    const std::lock_guard lock(process().mutex);
    if (process().idle.size() < kMostIdle) {
      process().idle.push_back({std::move(sockets_), std::move(client_)});
      return;
    }
  }
  release(socket_);
}

unsigned add_handle(Slot slot) {
  const std::lock_guard lock(process().mutex);
  process().slots.emplace(++process().last_handle, std::make_shared<Slot>(std::move(slot)));
  return process().last_handle;
}

std::shared_ptr<const Slot> slot_of(unsigned handle, Slot::Front front) {
  const std::lock_guard lock(process().mutex);
  const auto found = process().slots.find(handle);
  return found != process().slots.end() && found->second->front == front ? found->second : nullptr;
}

std::shared_ptr<const Slot> remove_handle(unsigned handle, Slot::Front front) {
  const std::lock_guard lock(process().mutex);
  const auto found = process().slots.find(handle);
  if (found == process().slots.end() || found->second->front != front) return nullptr;
  const auto slot = found->second;
  process().slots.erase(found);
  return slot;
}

bool is_without_broker(const alert::CallFailure& failure) noexcept {
  return failure.error && failure.error != std::errc::timed_out && failure.error != std::errc::connection_reset &&
         failure.error != std::errc::protocol_error;
}

std::uint16_t number(const alert::CallFailure& failure) noexcept {
  if (!failure.error) return static_cast<std::uint16_t>(failure.code);
  return static_cast<std::uint16_t>(is_without_broker(failure) ? Code::net_not_started : Code::wksta_not_started);
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const alert::CodePoint c = alert::code_point(text);
    if (c.length == 0 || alert::is_surrogate(c.value)) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

}  // namespace netalert
