#pragma once
// What the command line said to every verb. Nothing here knows CLI11, which sets itself up at the start of a
// program once for each file that does.

#include <chrono>
#include <functional>
#include <string>

#include "alert/control/client.hpp"
#include "codecs.hpp"

/// What every verb may use.
struct Context {
  std::string socket;   // --socket
  int timeout_ms = -1;  // --timeout
  std::string codepage{alert::kDefaultCodepage};
  std::string behind_verb;    // the word there
  bool has_options = false;   // some word looks like one, besides a --socket in front
  std::function<int()> verb;  // what the command line chose; returns the exit status

  /// --timeout bounds each call.
  [[nodiscard]] alert::CallResult<alert::Client> connect() const;
  /// For verbs whose --timeout is about alerts: their calls get a second at least.
  [[nodiscard]] alert::CallResult<alert::Client> connect_patiently() const;
  /// The text conversions, for lm20 in --codepage, or the exit status after a complaint.
  [[nodiscard]] tl::expected<Codecs, int> open_codecs() const;
  /// --timeout as a verb that waits takes it: unset means `unset`.
  [[nodiscard]] std::chrono::milliseconds timeout(std::chrono::milliseconds unset) const {
    return timeout_ms < 0 ? unset : std::chrono::milliseconds(timeout_ms);
  }
};

/// A bare NAME on the command line means \mailslot\NAME.
[[nodiscard]] std::string mailslot_path(const std::string& name);
