#pragma once
// Who may do what: pure questions with yes or no for an answer.

#include <cstddef>
#include <cstdint>

namespace brokerd {

struct Limits {
  std::size_t numalerts = 65'536;              // rows of the alert table; the name is the old INI file's
  std::size_t registrations_per_uid = 16'384;  // of the host's broker
  std::size_t connections_per_uid = 1'024;
  std::size_t mailslots_per_uid = 1'024;
  std::uint64_t ring_bytes_per_uid = 1'024 * 1'024 * 1'024;
};

struct Policy {
  bool host = false;             // the host's broker serves everybody, a user's only its user
  std::uint32_t broker_uid = 0;  // who runs it
  Limits limits;

  [[nodiscard]] bool may_connect(std::uint32_t uid) const noexcept { return host || uid == broker_uid || uid == 0; }
  /// `rows`: how many the uid has already.
  [[nodiscard]] bool may_register(std::uint32_t uid, std::size_t rows) const noexcept {
    return !host || uid == 0 || rows < limits.registrations_per_uid;
  }
  /// Mailslots and registrations belong to a uid; root may touch everything.
  [[nodiscard]] bool may_touch(std::uint32_t uid, std::uint32_t owner) const noexcept {
    return uid == owner || uid == 0;
  }
};

}  // namespace brokerd
