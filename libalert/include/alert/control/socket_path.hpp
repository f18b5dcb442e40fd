#pragma once
// Where brokers listen: the user's own, or the host's.

#include <cstdlib>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace alert {

inline constexpr const char* kHostSocket = "/run/alertbroker/socket";
inline constexpr const char* kHostJournal = "/var/lib/alertbroker/journal";

/// An absolute path from the environment; empty when it is unset or relative (which would depend on
/// the current directory).
[[nodiscard]] inline std::string environment_path(const char* variable) {
  const char* value = std::getenv(variable);
  return value && value[0] == '/' ? value : "";
}

/// The user's socket; empty without XDG_RUNTIME_DIR. There is no fallback below /tmp on purpose:
/// anybody could be listening there.
[[nodiscard]] inline std::string user_socket() {
  const std::string runtime = environment_path("XDG_RUNTIME_DIR");
  return runtime.empty() ? "" : runtime + "/alertbroker/socket";
}

/// What a client tries, in this order; a socket named by option or environment is the only one.
[[nodiscard]] inline std::vector<std::string> client_sockets(const std::string& option) {
  if (!option.empty()) return {option};
  if (const char* named = std::getenv("ALERTBROKER_SOCKET"); named && *named) return {named};
  std::vector<std::string> sockets;
  if (std::string user = user_socket(); !user.empty()) sockets.push_back(std::move(user));
  sockets.emplace_back(kHostSocket);
  return sockets;
}

}  // namespace alert
