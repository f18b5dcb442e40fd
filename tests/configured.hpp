#pragma once
// A broker with a configuration of its own, asked as oneself or as nobody.

#include <optional>
#include <string>
#include <vector>

#include "nobody.hpp"
#include "process.hpp"

namespace test {

constexpr int kNoConnection = 1'000;  // or it ended during the call

/// The legacy number of a refusal; 0 for a reply.
template <class Reply>
int code_of(const alert::CallResult<Reply>& result) {
  if (result) return 0;
  return result.error().error ? kNoConnection : static_cast<int>(result.error().code);
}

struct Configured {
  explicit Configured(const std::string& text, std::vector<std::string> options = {})
      : file(folder.file("brokerd.toml", text)) {
    options.insert(options.end(), {"--config", file});
    broker.emplace(options);
    std::filesystem::permissions(broker->folder().path(), std::filesystem::perms{0755});
  }
  /// The next thing the broker says.
  std::string said() { return broker->process().err_line(); }
  /// Writes the file anew, has it read, and returns what the broker says.
  std::string reload(const std::string& text) {
    folder.file("brokerd.toml", text);
    broker->process().signal(SIGHUP);
    return said();
  }
  template <class Call>
  int ask(const Call& call) {
    return code_of(broker->connect().call(call));
  }
  template <class Call>
  int ask_as_nobody(const Call& call, const std::vector<gid_t>& groups = {}) {
    return as_nobody([&] { return ask(call); }, groups);
  }

  TemporaryFolder folder;
  std::string file;
  std::optional<Broker> broker;
};

}  // namespace test
