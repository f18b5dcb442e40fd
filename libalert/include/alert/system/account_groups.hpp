#pragma once
// The groups of an account, where no connected process can be asked for its own.

#include <cstdint>
#include <vector>

#include <grp.h>
#include <pwd.h>

namespace alert {

/// From the system's group database, which may be a network away and make the caller wait.
[[nodiscard]] inline std::vector<std::uint32_t> groups_of(const passwd& account) {
  int count = 32;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(account.pw_name, account.pw_gid, groups.data(), &count) < 0)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  return {groups.begin(), groups.end()};
}

}  // namespace alert
