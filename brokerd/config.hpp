#pragma once
// The configuration file (TOML): rules, limits and what the journal is told.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "brokerd/journal_options.hpp"
#include "brokerd/policy.hpp"

namespace brokerd {

inline constexpr const char* kHostConfig = "/etc/alertbroker/brokerd.toml";
inline constexpr const char* kOperatorGroup = "alertbroker";
inline constexpr std::size_t kLargestConfig = 1024 * 1024;  // bytes

struct Config {
  Policy policy;
  JournalOptions journal;
};

/// Who the names in rules are; the number, or none for a name that nobody has.
struct Accounts {
  std::function<std::optional<std::uint32_t>(const std::string&)> uid_of;
  std::function<std::optional<std::uint32_t>(const std::string&)> gid_of;

  [[nodiscard]] static Accounts of_system();
};

/// What holds before any file is read.
[[nodiscard]] Config standard_config(bool host, std::uint32_t broker_uid, const Accounts& accounts);

/// What `text` says on top of `base`; `file` is what the error calls it:
/// "FILE:LINE:COLUMN: KEY: expected ...". Of several errors the one that comes first in the file.
[[nodiscard]] tl::expected<Config, std::string> parse_config(std::string_view text, const std::string& file,
                                                             Config base, const Accounts& accounts);

enum class MissingFile { is_empty, is_an_error };
/// The same for a regular file of at most kLargestConfig bytes.
[[nodiscard]] tl::expected<Config, std::string> read_config(const std::filesystem::path& file, MissingFile missing,
                                                            Config base, const Accounts& accounts);

/// Where a broker looks without being told; empty where neither XDG_CONFIG_HOME nor HOME says.
[[nodiscard]] std::string default_config_path(bool host);

}  // namespace brokerd
