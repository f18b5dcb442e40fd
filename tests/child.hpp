#pragma once
// A process of its own that takes orders over one pipe and reports over another, until it is killed.

#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/system/descriptor.hpp"

namespace test {

/// The child's ends.
template <class Report>
class Line {
 public:
  Line(alert::Descriptor orders, alert::Descriptor reports) noexcept
      : orders_(std::move(orders)), reports_(std::move(reports)) {}

  /// The next order; none when nobody gives any more.
  [[nodiscard]] std::optional<std::uint32_t> order() const {
    std::uint32_t number = 0;
    if (::read(orders_.get(), &number, sizeof number) != sizeof number) return std::nullopt;
    return number;
  }
  /// Whole or, where the child is killed, not at all: a pipe takes this much at once.
  void report(const Report& report) const {
    static_assert(sizeof report <= PIPE_BUF && std::is_trivially_copyable_v<Report>);
    if (::write(reports_.get(), &report, sizeof report) != sizeof report) ::_exit(1);
  }

 private:
  alert::Descriptor orders_, reports_;
};

template <class Report>
class Child {
 public:
  /// Forks and runs `life(Line<Report>)`; ends with its owner.
  template <class Life>
  explicit Child(Life life) {
    int orders[2], reports[2];
    if (::pipe2(orders, O_CLOEXEC) != 0 || ::pipe2(reports, O_CLOEXEC) != 0) std::abort();
    const pid_t owner = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != owner) ::_exit(1);
      ::close(orders[1]);
      ::close(reports[0]);
      life(Line<Report>(alert::Descriptor(orders[0]), alert::Descriptor(reports[1])));
      ::_exit(0);
    }
    ::close(orders[0]);
    ::close(reports[1]);
    orders_ = alert::Descriptor(orders[1]);
    reports_ = alert::Descriptor(reports[0]);
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        orders_(std::move(other.orders_)),
        reports_(std::move(other.reports_)) {}
  Child& operator=(Child&&) = delete;
  ~Child() { kill(); }

  void order(std::uint32_t number) const {
    if (::write(orders_.get(), &number, sizeof number) != sizeof number) std::abort();
  }
  /// The next report; blocks until it is there. None at the end.
  [[nodiscard]] std::optional<Report> next() const {
    Report report{};
    if (::read(reports_.get(), &report, sizeof report) != sizeof report) return std::nullopt;
    return report;
  }
  /// Readable when there is a report.
  [[nodiscard]] int descriptor() const noexcept { return reports_.get(); }

  void signal(int number) const { ::kill(pid_, number); }
  /// kill -9 and wait; what it reported before can still be had.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  alert::Descriptor orders_, reports_;
};

}  // namespace test
