#pragma once
// Bytes of files and of standard input.

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

/// Why a file's bytes are not there: the system (exit status 5) or their number (4).
struct FileError {
  int status;
  std::string sentence;  // without the file's name
};

/// The whole file (`-`: standard input), refused when it holds more than `limit` bytes.
[[nodiscard]] tl::expected<std::vector<std::byte>, FileError> read_file(const std::string& path, std::size_t limit);
