#pragma once
// A C library from outside: what its header declares, what it exports, what compiles against it.

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "process.hpp"

namespace test {

inline std::string include_folder() { return std::string(ALERT_SOURCE_DIR) + "/libalert/include"; }
inline std::string c_program(const std::string& name) { return std::string(ALERT_PROGRAMS_DIR) + "/" + name; }

/// The functions of a header whose declarations begin at the left edge, sorted.
inline std::vector<std::string> declared_calls(const std::string& header) {
  std::ifstream file(include_folder() + "/" + header);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    const auto end = line.find('(');
    if (end == std::string::npos || !(line[0] == 'H' || line.starts_with("unsigned ") || line.starts_with("void ")))
      continue;
    const auto begin = line.rfind(' ', end);
    names.push_back(line.substr(begin + 1, end - begin - 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What a shared library lets out, sorted, but for the name of its version.
inline std::vector<std::string> exported_calls(const std::string& library) {
  std::vector<std::string> names;
  for (const std::string& line : lines(Process({"nm", "-D", "--defined-only", library}).finish().out)) {
    const std::string name = line.substr(line.rfind(' ') + 1);
    if (line.find(" A ") == std::string::npos) names.push_back(name.substr(0, name.find('@')));
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline Finished compile_c89(const std::string& compiler, const std::string& option, const std::string& code) {
  return Process({compiler, "-std=c89", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", option,
                  "-I" + include_folder(), "-x", "c", "-"})
      .finish(code + "int main(void) { return 0; }\n");
}

}  // namespace test
