#include "brokerd/config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>

#include "alert/control/socket_path.hpp"
#include "alert/system/descriptor.hpp"
#include "alert/wire/names.hpp"

namespace brokerd {

namespace {

constexpr std::size_t kLongestName = 64;            // of a rule: it travels in replies
constexpr std::uint64_t kLongestInterval = 86'400;  // seconds
constexpr std::int64_t kNobodysId = 0xFFFFFFFF;

struct Suffix {
  std::string_view text;
  std::uint64_t times;
};
constexpr Suffix kBytes[] = {{"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}};
constexpr Suffix kTimes[] = {{"s", 1}, {"min", 60}, {"h", 3'600}, {"d", 86'400}};

/// "64MiB" as a number; none for anything else.
std::optional<std::uint64_t> quantity(std::string_view text, std::span<const Suffix> suffixes) {
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits == 15) return std::nullopt;
    number = 10 * number + static_cast<std::uint64_t>(text[digits] - '0');
  }
  for (const Suffix& suffix : suffixes)
    if (digits > 0 && text.substr(digits) == suffix.text && number < (1ULL << 62) / suffix.times)
      return number * suffix.times;
  return std::nullopt;
}

/// Walks the document and keeps the first misfit; what comes after it is read and dropped.
class Reading {
 public:
  Reading(Config& config, const Accounts& accounts) : config_(config), accounts_(accounts) {}

  struct Misfit {
    toml::source_position at;
    std::string sentence;
  };
  [[nodiscard]] const std::optional<Misfit>& misfit() const noexcept { return misfit_; }

  void document(const toml::table& table) {
    each_key(table, "", "limits, rule, journal or push", [&](std::string_view key, const toml::node& value) {
      if (key == "limits") return section(value, "limits", "[limits]", [&](auto& t) { limits(t); });
      if (key == "journal") return section(value, "journal", "[journal]", [&](auto& t) { journal(t); });
      if (key == "push") return section(value, "push", "[push]", [&](auto& t) { push(t); });
      if (key != "rule") return false;
      if (const toml::array* array = value.as_array())
        for (const toml::node& one : *array) section(one, "rule", "[[rule]]", [&](auto& t) { rule(t); });
      else
        unfit(value, "rule", "[[rule]]");
      return true;
    });
  }

 private:
  void limits(const toml::table& table) {
    each_key(table, "limits.", "the name of a limit", [&](std::string_view key, const toml::node& value) {
      for (std::size_t i = 0; i < kQuotas.size(); ++i) {
        if (key != kQuotas[i].name) continue;
        const bool bytes = kQuotas[i].unit == Unit::bytes;
        const auto suffixes = bytes ? std::span<const Suffix>(kBytes) : std::span<const Suffix>();
        if (const auto number = amount(value, suffixes))
          config_.policy.limits[static_cast<Quota>(i)] = *number;
        else
          unfit(value, "limits." + std::string(key),
                std::string("a number from 0") + (bytes ? ", \"64MiB\"" : "") + " or \"unlimited\"");
        return true;
      }
      return false;
    });
  }

  void journal(const toml::table& table) {
    const char* keys = "durability, retain_bytes, retain_age, retain_unread or segment_bytes";
    const char* bytes = "a number from 1 (bytes), \"64MiB\"";
    Retention& retention = config_.journal.retention;
    each_key(table, "journal.", keys, [&](std::string_view key, const toml::node& value) {
      if (key == "durability") {
        const auto text = value.value_exact<std::string_view>();
        if (text != "process" && text != "disk") unfit(value, "journal.durability", "\"process\" or \"disk\"");
        config_.journal.durability = text == "disk" ? Durability::disk : Durability::process;
        return true;
      }
      if (key == "retain_bytes") return journal_amount(value, key, kBytes, bytes, 0, retention.bytes);
      if (key == "retain_age")
        return journal_amount(value, key, kTimes, "a number from 1 (seconds), \"12h\", \"30d\"", 0,
                              retention.age_s);
      if (key == "retain_unread")
        return journal_amount(value, key, kBytes, bytes, kUnlimited, retention.unread_bytes_per_uid);
      if (key == "segment_bytes")
        return journal_amount(value, key, kBytes, bytes, kUnlimited, config_.journal.segment_bytes);
      return false;
    });
  }

  bool journal_amount(const toml::node& value, std::string_view key, std::span<const Suffix> suffixes,
                      std::string expected, std::uint64_t unlimited, std::uint64_t& option) {
    const auto number = amount(value, suffixes);
    if (!number || *number == 0)
      unfit(value, "journal." + std::string(key), std::move(expected) + " or \"unlimited\"");
    else
      option = *number == kUnlimited ? unlimited : *number;
    return true;
  }

  void push(const toml::table& table) {
    PushPolicy& push = config_.policy.push;
    each_key(table, "push.", "enabled, interval or networks", [&](std::string_view key, const toml::node& value) {
      if (key == "enabled") {
        if (!value.is_boolean()) unfit(value, "push.enabled", "true or false");
        push.enabled = value.value_exact<bool>().value_or(false);
        return true;
      }
      if (key == "interval") {
        const auto seconds = amount(value, kTimes);
        const bool fits = seconds && *seconds >= 1 && *seconds <= kLongestInterval;
        if (fits) push.interval_s = *seconds;
        if (!fits) unfit(value, "push.interval", "a number from 1 to 86400 (seconds), \"5min\", \"1d\"");
        return true;
      }
      if (key != "networks") return false;
      push.networks.clear();
      each_item(value, "push.networks", "a network such as \"192.0.2.0/24\", one or several",
                [&](const toml::node& item) {
                  const auto network = Network::from_text(item.value_exact<std::string>().value_or(""));
                  if (network) push.networks.push_back(*network);
                  return network.has_value();
                });
      return true;
    });
  }

  void rule(const toml::table& table) {
    Rule rule;
    bool eventless = false;
    const char* keys = "name, allow, verb, event, user or group";
    each_key(table, "rule.", keys, [&](std::string_view key, const toml::node& value) {
      if (key == "name") {
        const auto text = value.value_exact<std::string>();
        if (!text || text->size() > kLongestName) unfit(value, "rule.name", "a text of at most 64 bytes");
        rule.name = text.value_or("");
      } else if (key == "allow") {
        if (!value.is_boolean()) unfit(value, "rule.allow", "true or false");
        rule.allow = value.value_exact<bool>().value_or(false);
      } else if (key == "verb") {
        each_item(value, "rule.verb", std::string(kVerbList) + ", one or several", [&](const toml::node& item) {
          const auto verb = verb_named(item.value_exact<std::string_view>().value_or(""));
          if (verb) rule.verbs.push_back(*verb);
          eventless |= verb && !has_event(*verb);
          return verb.has_value();
        });
      } else if (key == "event") {
        events(value, rule);
      } else if (key == "user") {
        each_item(value, "rule.user", "a user's name or uid that is known here, one or several",
                  [&](const toml::node& item) { return account(item, accounts_.uid_of, rule.uids); });
      } else if (key == "group") {
        each_item(value, "rule.group", "a group's name or gid that is known here, one or several",
                  [&](const toml::node& item) { return account(item, accounts_.gid_of, rule.gids); });
      } else {
        return false;
      }
      return true;
    });
    if (!table.contains("allow")) unfit(table, "rule", "allow = true or allow = false");
    if (eventless && !rule.events.empty())
      unfit(*table.get("event"), "rule.event", "no event beside a verb that has none (make, write, change, watch)");
    config_.policy.rules.push_back(std::move(rule));
  }

  void events(const toml::node& value, Rule& rule) {
    bool every = false;
    each_item(value, "rule.event", "an event's name or \"*\", one or several", [&](const toml::node& item) {
      const auto text = item.value_exact<std::string_view>().value_or("");
      every |= text == "*";
      rule.events.push_back(alert::canonical_event(text));
      return alert::is_event_name(text);
    });
    if (every) rule.events.clear();
  }

  static bool account(const toml::node& item, const auto& id_of, std::vector<std::uint32_t>& ids) {
    if (const auto number = item.value_exact<std::int64_t>(); number && *number >= 0 && *number < kNobodysId) {
      ids.push_back(static_cast<std::uint32_t>(*number));
      return true;
    }
    const auto text = item.value_exact<std::string>();
    const auto id = text ? id_of(*text) : std::nullopt;
    if (id) ids.push_back(*id);
    return id.has_value();
  }

  static std::optional<std::uint64_t> amount(const toml::node& value, std::span<const Suffix> suffixes) {
    if (const auto number = value.value_exact<std::int64_t>(); number && *number >= 0)
      return static_cast<std::uint64_t>(*number);
    const auto text = value.value_exact<std::string_view>();
    if (text == "unlimited") return kUnlimited;
    return text ? quantity(*text, suffixes) : std::nullopt;
  }

  /// `take` says whether it knows the key.
  void each_key(const toml::table& table, const std::string& prefix, const std::string& expected, auto take) {
    for (auto&& [key, value] : table)
      if (!take(key.str(), value)) note(key.source(), prefix + std::string(key.str()) + ": expected " + expected);
  }

  /// One value, or an array of them that is not empty; `take` says whether it fits.
  void each_item(const toml::node& value, const std::string& key, const std::string& expected, auto take) {
    const toml::array* array = value.as_array();
    if (!array) {
      if (!take(value)) unfit(value, key, expected);
      return;
    }
    if (array->empty()) unfit(value, key, expected);
    for (const toml::node& item : *array)
      if (!take(item)) unfit(item, key, expected);
  }

  bool section(const toml::node& value, const std::string& key, const std::string& expected, auto read) {
    if (const toml::table* table = value.as_table())
      read(*table);
    else
      unfit(value, key, expected);
    return true;
  }

  void unfit(const toml::node& value, const std::string& key, const std::string& expected) {
    note(value.source(), key + ": expected " + expected);
  }
  void note(const toml::source_region& where, std::string sentence) {
    const auto is_before = [](const toml::source_position& a, const toml::source_position& b) {
      return a.line != b.line ? a.line < b.line : a.column < b.column;
    };
    if (!misfit_ || is_before(where.begin, misfit_->at)) misfit_ = Misfit{where.begin, std::move(sentence)};
  }

  Config& config_;
  const Accounts& accounts_;
  std::optional<Misfit> misfit_;
};

tl::unexpected<std::string> error_at(const std::string& file, const toml::source_position& at,
                                     std::string_view sentence) {
  return tl::unexpected<std::string>(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                                     std::string(sentence));
}

}  // namespace

Accounts Accounts::of_system() {
  Accounts accounts;  // a name with a zero in it is longer than the one that was found
  accounts.uid_of = [](const std::string& name) -> std::optional<std::uint32_t> {
    const passwd* found = ::getpwnam(name.c_str());
    return found && name == found->pw_name ? std::optional<std::uint32_t>(found->pw_uid) : std::nullopt;
  };
  accounts.gid_of = [](const std::string& name) -> std::optional<std::uint32_t> {
    const group* found = ::getgrnam(name.c_str());
    return found && name == found->gr_name ? std::optional<std::uint32_t>(found->gr_gid) : std::nullopt;
  };
  return accounts;
}

Config standard_config(bool host, std::uint32_t broker_uid, const Accounts& accounts) {
  return {Policy::standard(host, broker_uid, accounts.gid_of(kOperatorGroup)), {}};
}

tl::expected<Config, std::string> parse_config(std::string_view text, const std::string& file, Config base,
                                               const Accounts& accounts) {
  try {
    const toml::table table = toml::parse(text);
    Reading reading(base, accounts);
    reading.document(table);
    if (const auto& misfit = reading.misfit()) return error_at(file, misfit->at, misfit->sentence);
    return base;
  } catch (const toml::parse_error& error) {
    return error_at(file, error.source().begin, "expected TOML: " + std::string(error.description()));
  }
}

tl::expected<Config, std::string> read_config(const std::filesystem::path& file, MissingFile missing, Config base,
                                              const Accounts& accounts) {
  const auto failed = [&](const std::string& what) {
    return tl::unexpected<std::string>(file.string() + ": " + what);
  };
  const alert::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && errno == ENOENT && missing == MissingFile::is_empty) return base;
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return failed(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return failed("expected a regular file");
  std::string text(kLargestConfig + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + used, text.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(std::strerror(errno));
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  if (used > kLargestConfig) return failed("expected at most 1 MiB");
  return parse_config(std::string_view(text).substr(0, used), file.string(), std::move(base), accounts);
}

std::string default_config_path(bool host) {
  if (host) return kHostConfig;
  std::string folder = alert::environment_path("XDG_CONFIG_HOME");
  if (folder.empty())
    if (const std::string home = alert::environment_path("HOME"); !home.empty()) folder = home + "/.config";
  return folder.empty() ? "" : folder + "/alertbroker/brokerd.toml";
}

}  // namespace brokerd
