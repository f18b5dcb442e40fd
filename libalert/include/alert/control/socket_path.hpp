#pragma once
// Where brokers listen and keep things: the user's own, or the host's.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace alert {

inline constexpr const char* kHostSocket = "/run/alertbroker/socket";
inline constexpr const char* kHostJournal = "/var/lib/alertbroker/journal";
inline constexpr const char* kHostSpool = "/var/spool/alertbroker";

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

/// What the user's broker keeps in `name`; empty without XDG_STATE_HOME and HOME.
[[nodiscard]] inline std::string user_state(const std::string& name) {
  std::string state = environment_path("XDG_STATE_HOME");
  if (state.empty())
    if (const std::string home = environment_path("HOME"); !home.empty()) state = home + "/.local/state";
  return state.empty() ? "" : state + "/alertbroker/" + name;
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

/// Where a client leaves what it could not raise: the spool of the first of these brokers that has one.
/// A broker at a socket of its own has the spool it was given, which nobody else can know: empty.
[[nodiscard]] inline std::string client_spool(const std::vector<std::string>& sockets) {
  for (const std::string& socket : sockets) {
    const std::string spool = socket == kHostSocket     ? kHostSpool
                              : socket == user_socket() ? user_state("spool")
                                                        : "";
    std::error_code none;
    if (!spool.empty() && std::filesystem::is_directory(spool, none)) return spool;
  }
  return "";
}

}  // namespace alert
