#pragma once
// A process that uses the C library: a broker of its own, found through the environment, and waiting
// threads that can be watched.

#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "netalert.h"
#include "process.hpp"

namespace test {

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr unsigned short kEnough = 1024;  // bytes of a message, in most tests

/// The bytes of an lm20 alert without a trailer, padded with zeros to `size`.
inline std::string bare_alert(const std::string& event = "TEST", std::size_t size = 38) {
  std::string bytes(size, '\0');
  bytes.replace(4, event.size(), event);
  return bytes;
}

class CCaller : public testing::Test {
 protected:
  explicit CCaller(std::vector<std::string> options = {}) : broker(std::move(options)) {
    ::setenv("ALERTBROKER_SOCKET", broker.socket().c_str(), 1);
  }
  ~CCaller() override { ::unsetenv("ALERTBROKER_SOCKET"); }

  static int raise(const std::string& event = "TEST", const std::string& bytes = bare_alert(),
                   unsigned long timeout = ALERT_LONG_WAIT) {
    return NetAlertRaise(event.c_str(), bytes.data(), static_cast<unsigned short>(bytes.size()), timeout);
  }

  Broker broker;
};

/// A call that waits, in a thread of its own.
class Waiter {
 public:
  explicit Waiter(std::function<int()> act)
      : result_(std::async(std::launch::async, [this, act = std::move(act)] {
          thread_ = ::pthread_self();
          tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
          return act();
        })) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Returns once the thread sleeps in this system call; false when it does not any more. Between two looks it lets
  /// the processor go: of a thread that it has not let go entirely yet the kernel says that it runs.
  [[nodiscard]] bool sleeps_in(long system_call) const {
    while (result_.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready) {
      std::ifstream at("/proc/self/task/" + std::to_string(tid_) + "/syscall");
      long number = -1;
      if (tid_ != 0 && at >> number && number == system_call) return true;
    }
    return false;
  }
  /// Signals it until it is done.
  int signalled(int number) {
    const auto before = std::signal(number, [](int) {});
    while (tid_ == 0) std::this_thread::yield();
    while (result_.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready)
      ::pthread_kill(thread_, number);
    std::signal(number, before);
    return result_.get();
  }
  [[nodiscard]] bool is_done() const {
    return result_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  int result() { return result_.get(); }

 private:
  std::atomic<pid_t> tid_ = 0;
  pthread_t thread_{};
  std::future<int> result_;
};

/// What `act` returns in a forked child.
inline int in_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace test
