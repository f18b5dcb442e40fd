#pragma once
// The verbs of alertctl: each file adds its own to the command line and says what becomes of them.

#include <chrono>
#include <functional>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include "alert/control/client.hpp"
#include "codecs.hpp"

/// What every verb may use.
struct Context {
  std::string socket;   // --socket
  int timeout_ms = -1;  // --timeout
  std::string codepage{alert::kDefaultCodepage};
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

void add_raise(CLI::App& app, Context& context);
void add_read(CLI::App& app, Context& context);   // read, listen
void add_table(CLI::App& app, Context& context);  // make, rm, start, stop, table, mailslots, stats
void add_can(CLI::App& app, Context& context);
void add_inquire(CLI::App& app, Context& context);  // explain, audit
void add_wait(CLI::App& app, Context& context);
void add_object(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_push(CLI::App& app, Context& context);
void add_dump(CLI::App& app, Context& context);
void add_pack(CLI::App& app, Context& context);

/// The name of a kind of object.
[[nodiscard]] CLI::Validator object_kind();
/// A bare NAME on the command line means \mailslot\NAME.
[[nodiscard]] std::string mailslot_path(const std::string& name);
/// Writes to stdout at once; false, after a complaint, when stdout does not take it.
[[nodiscard]] bool put(std::string_view text);

/// Checks a number, and writes it as CLI11 reads it.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);
/// An option or argument whose value is a whole number, decimal or behind 0x hexadecimal, not less than `least`.
/// (CLI11 alone takes "" for 0, 070 for 56 and -1 for the largest number.)
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, const std::string& what,
                        std::uint64_t least = 0) {
  return app.add_option(name, value, what)->transform(whole_number(least, std::numeric_limits<T>::max()));
}

/// Lets CLI11 print and check a profile name.
void add_profile_option(CLI::App& app, std::string& profile);
[[nodiscard]] alert::Profile profile_of(const std::string& name);
