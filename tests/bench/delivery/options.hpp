#pragma once
// What the harness says to a program on its command line: `--name value` pairs (README.md).

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace bench {

/// Ends the program: the harness shows what it said.
[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::_Exit(3);
}

class Options {
 public:
  Options(int count, char** words) {
    for (int i = 1; i + 1 < count; i += 2) {
      const std::string name = words[i];
      if (!name.starts_with("--")) fail("expected --name, not " + name);
      values_[name.substr(2)] = words[i + 1];
    }
  }

  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  [[nodiscard]] long number(const std::string& name, long otherwise) const {
    return std::atol(text(name, std::to_string(otherwise)).c_str());
  }
  [[nodiscard]] std::size_t size(const std::string& name, long otherwise) const {
    return static_cast<std::size_t>(number(name, otherwise));
  }
  [[nodiscard]] double seconds() const { return std::atof(text("secs", "1").c_str()); }
  /// The folder of this run, with `file` in it.
  [[nodiscard]] std::string in_run(const std::string& file) const { return text("run") + "/" + file; }
  /// The name of the reader's own inbox, where names are the host's.
  [[nodiscard]] std::string inbox(std::size_t reader) const {
    return "bench." + text("tag") + "." + std::to_string(reader);
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace bench
