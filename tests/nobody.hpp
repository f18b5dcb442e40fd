#pragma once
// Another uid for tests that root runs: a child that became nobody, without privileges.

#include <cstdint>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace test {

inline constexpr std::uint32_t kNobody = 65534;

/// From here on this process is uid and gid 65534, of these groups, without a way back.
[[nodiscard]] inline bool become_nobody(const std::vector<gid_t>& groups = {}) {
  return ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0;
}

/// What `act` returns in a process of uid and gid 65534 and of these groups.
template <class F>
int as_nobody(F act, const std::vector<gid_t>& groups = {}) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const int answer = become_nobody(groups) ? act() : -1;
    ::_exit(::write(ends[1], &answer, sizeof answer) == sizeof answer ? 0 : 1);
  }
  ::close(ends[1]);
  int answer = -1;
  EXPECT_EQ(::read(ends[0], &answer, sizeof answer), static_cast<ssize_t>(sizeof answer));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return answer;
}

}  // namespace test
