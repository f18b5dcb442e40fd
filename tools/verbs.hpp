#pragma once
// The verbs of alertctl: each file adds its own to the command line and says what becomes of them.

#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include "context.hpp"

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
