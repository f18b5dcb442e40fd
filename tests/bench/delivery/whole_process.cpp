// whole_process COUNT COMMAND...: the time and processor time of so many runs, from posix_spawn to the exit.

#include <algorithm>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>

#include "roles.hpp"

int main(int count, char** words) {
  ::alarm(90);
  if (count < 3) return 2;
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<double> wall_ns, cpu_ns;
  int failed = 0;
  for (int left = std::atoi(words[1]); left > 0; --left) {
    const std::uint64_t start_ns = bench::now_ns();
    pid_t child = 0;
    if (::posix_spawnp(&child, words[2], &files, nullptr, words + 2, environ) != 0) bench::fail(words[2]);
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child) bench::fail("wait4");
    wall_ns.push_back(static_cast<double>(bench::now_ns() - start_ns));
    cpu_ns.push_back(static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
                     static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3);
    failed += status != 0;
  }
  if (wall_ns.empty()) return 2;
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  std::printf("RESULT {\"failed\":%d,\"wall_ns\":%.0f,\"cpu_ns\":%.0f}\n", failed, median(wall_ns), median(cpu_ns));
  return 0;
}
