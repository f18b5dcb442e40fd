#pragma once
// Real processes for tests: a broker in a folder of its own, and alertctl run against it.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "alert/control/client.hpp"
#include "alert/system/descriptor.hpp"

namespace test {

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "alert-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string file(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

struct Finished {
  int status = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// A child with its standard streams on pipes.
class Process {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;  // an empty value unsets

  explicit Process(std::vector<std::string> command, const Environment& environment = {}) {
    int in[2], out[2], err[2];
    if (::pipe2(in, O_CLOEXEC) || ::pipe2(out, O_CLOEXEC) || ::pipe2(err, O_CLOEXEC)) std::abort();
    // Made before: the child of a process whose other threads allocate may wait for ever to do so.
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(err[1], 2);
      for (const auto& [name, value] : environment)
        value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    in_ = alert::Descriptor(in[1]);
    out_ = alert::Descriptor(out[0]);
    err_ = alert::Descriptor(err[0]);
  }
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        in_(std::move(other.in_)),
        out_(std::move(other.out_)),
        err_(std::move(other.err_)) {}
  Process& operator=(Process&&) = delete;
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Writes to its standard input, which stays open.
  void feed(std::string_view input) const {
    while (!input.empty()) {
      const ssize_t n = ::write(in_.get(), input.data(), input.size());
      if (n < 0) std::abort();
      input.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// Feeds `input`, closes it, gathers everything until the end, and waits.
  Finished finish(std::string_view input = {}) {
    Finished result;
    bool out_open = true, err_open = true;
    ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    const auto ignored = std::signal(SIGPIPE, SIG_IGN);
    if (input.empty()) in_ = alert::Descriptor();
    while (out_open || err_open) {
      pollfd fds[3] = {{out_open ? out_.get() : -1, POLLIN, 0},
                       {err_open ? err_.get() : -1, POLLIN, 0},
                       {in_ ? in_.get() : -1, POLLOUT, 0}};
      ::poll(fds, 3, -1);
      if (fds[0].revents) out_open = take(out_, result.out);
      if (fds[1].revents) err_open = take(err_, result.err);
      if (fds[2].revents) {
        const ssize_t n = ::write(in_.get(), input.data(), input.size());
        input.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        if (input.empty() || (n < 0 && errno != EAGAIN)) in_ = alert::Descriptor();
      }
    }
    std::signal(SIGPIPE, ignored);
    result.status = wait();
    return result;
  }

  /// One line of standard output or error; blocks until it is there. Empty at the end.
  std::string out_line() { return line(out_); }
  std::string err_line() { return line(err_); }

  /// The exit status, or 128 + the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static bool take(const alert::Descriptor& from, std::string& to) {
    char bytes[65536];
    const ssize_t n = ::read(from.get(), bytes, sizeof bytes);
    if (n > 0) to.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }
  static std::string line(const alert::Descriptor& from) {
    std::string text;
    for (char c = 0; ::read(from.get(), &c, 1) == 1 && c != '\n';) text.push_back(c);
    return text;
  }

  pid_t pid_ = -1;
  alert::Descriptor in_, out_, err_;
};

inline std::string program(const std::string& name) { return std::string(ALERT_BIN_DIR) + "/" + name; }

/// brokerd with socket and journal in a folder of its own, ready when the constructor returns.
class Broker {
 public:
  explicit Broker(std::vector<std::string> options = {}) : options_(std::move(options)) { start(); }

  /// Starts it (again) on the same socket and journal; true when it listens.
  bool start() {
    launch();
    return await();
  }
  /// The first half of start(), for whoever does not wait for the second.
  void launch() {
    std::vector<std::string> command{program("brokerd"), "--socket", socket(), "--journal", journal()};
    command.insert(command.end(), options_.begin(), options_.end());
    process_.reset();
    process_.emplace(command, Process::Environment{{"XDG_CONFIG_HOME", folder_.path()}});  // not the tester's
    notes_.clear();
  }
  bool await() {
    for (std::string line = process_->err_line(); !line.empty(); line = process_->err_line()) {
      if (line.find("listening at") != std::string::npos) return true;
      notes_ += line + "\n";
    }
    return false;
  }
  /// kill -9 and wait; 137, unless it ended before.
  int kill() {
    process_->signal(SIGKILL);
    return process_->wait();
  }
  /// SIGTERM and wait; the exit status.
  int stop() {
    process_->signal(SIGTERM);
    return process_->finish().status;
  }

  /// Runs `alertctl WORDS...` against it to its end.
  Finished ctl(std::vector<std::string> words, std::string_view input = {}) const {
    return alertctl(std::move(words)).finish(input);
  }
  /// The same, still running.
  [[nodiscard]] Process alertctl(std::vector<std::string> words) const {
    words.insert(words.begin(), {program("alertctl"), "--socket", socket()});
    return Process(words);
  }
  [[nodiscard]] alert::Client connect() const { return std::move(*alert::Client::connect({socket()})); }

  [[nodiscard]] std::string socket() const { return folder_ / "socket"; }
  [[nodiscard]] std::string journal() const { return folder_ / "journal"; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] const std::string& notes() const { return notes_; }  // what it said before it listened
  [[nodiscard]] Process& process() { return *process_; }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> options_;
  std::optional<Process> process_;
  std::string notes_;
};

/// alertctl without a broker.
inline Finished alertctl(std::vector<std::string> words, std::string_view input = {},
                         const Process::Environment& environment = {}) {
  words.insert(words.begin(), program("alertctl"));
  return Process(words, environment).finish(input);
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

}  // namespace test
