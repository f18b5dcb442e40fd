#pragma once
// The bounds: each with its name, what it is unless the configuration says otherwise, and its sentence.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace brokerd {

enum class Quota : std::uint8_t {
  numalerts,
  connections,
  mailslots,
  ring_bytes,
  registrations,
  past_registrations,
  open_mailslots,
  semaphores,
  open_semaphores,
  inquiries,
  objects,
  handles,
  filters,
  indication_bytes,
  port_bytes,
  push_sessions,
  alerts_per_second,
  bytes_per_second,
  bytes_per_hour,
  table_changes_per_second,
};

enum class Unit : std::uint8_t { count, bytes };

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct QuotaFacts {
  std::string_view name;  // in the configuration, in Stats and in the log
  Unit unit;
  std::uint64_t host;  // the standard of the host's broker
  std::uint64_t user;  // and of a user's, where nobody else can be hurt
  std::string_view sentence;
};

/// In the order of the enumeration. Each holds for every uid alike, root included, but numalerts, which
/// is of the whole table (its name is the old INI file's), and open_mailslots and open_semaphores, of one
/// connection: each may cost a descriptor. A mailslot that is registered and stopped for ever would grow the
/// table's history for ever; past_registrations counts those of all mailslots of a uid.
inline constexpr std::array kQuotas{
    QuotaFacts{"numalerts", Unit::count, 65'536, 65'536, "the alert table is full"},
    QuotaFacts{"connections", Unit::count, 1'024, 1'024, "too many connections of this uid"},
    QuotaFacts{"mailslots", Unit::count, 1'024, 1'024, "too many mailslots of this uid"},
    QuotaFacts{"ring_bytes", Unit::bytes, 1ULL << 30, 1ULL << 30,
               "too many bytes in the open mailboxes of this uid"},
    QuotaFacts{"registrations", Unit::count, 16'384, kUnlimited, "too many registrations of this uid"},
    QuotaFacts{"past_registrations", Unit::count, 16'384, 16'384,
               "mailslots of this uid were registered and stopped too often"},
    QuotaFacts{"open_mailslots", Unit::count, 64, 64, "too many mailslots are open on this connection"},
    QuotaFacts{"semaphores", Unit::count, 1'024, 1'024, "too many open semaphores of this uid"},
    QuotaFacts{"open_semaphores", Unit::count, 64, 64, "too many semaphores are open on this connection"},
    QuotaFacts{"inquiries", Unit::count, 16, 16, "too many questions of this uid are being answered"},
    QuotaFacts{"objects", Unit::count, 16'384, 16'384, "too many objects of this uid"},
    QuotaFacts{"handles", Unit::count, 32'768, 32'768, "too many ports and open objects of this uid"},
    QuotaFacts{"filters", Unit::count, 262'144, 262'144, "too many filters of this uid"},
    QuotaFacts{"indication_bytes", Unit::bytes, 64ULL << 20, 64ULL << 20,
               "the ports of this uid hold too many indications, some are lost"},
    QuotaFacts{"port_bytes", Unit::bytes, 16ULL << 20, 16ULL << 20,
               "a port holds too many indications, some are lost"},
    QuotaFacts{"push_sessions", Unit::count, 256, 256, "too many sessions of this uid have a callback address"},
    QuotaFacts{"alerts_per_second", Unit::count, 10'000, kUnlimited, "this uid raises too many alerts a second"},
    QuotaFacts{"bytes_per_second", Unit::bytes, 64ULL << 20, kUnlimited, "this uid raises too many bytes a second"},
    QuotaFacts{"bytes_per_hour", Unit::bytes, 16ULL << 30, kUnlimited,
               "this uid has had its share of the journal for this hour"},
    QuotaFacts{"table_changes_per_second", Unit::count, 10'000, kUnlimited,
               "this uid makes, opens or registers too often a second"},
};
static_assert(kQuotas.size() == static_cast<std::size_t>(Quota::table_changes_per_second) + 1);

[[nodiscard]] constexpr const QuotaFacts& facts(Quota quota) noexcept {
  return kQuotas[static_cast<std::size_t>(quota)];
}

class Limits {
 public:
  [[nodiscard]] static constexpr Limits standard(bool host) noexcept {
    Limits limits;
    for (std::size_t i = 0; i < kQuotas.size(); ++i) limits.values_[i] = host ? kQuotas[i].host : kQuotas[i].user;
    return limits;
  }

  [[nodiscard]] constexpr std::uint64_t operator[](Quota quota) const noexcept {
    return values_[static_cast<std::size_t>(quota)];
  }
  constexpr std::uint64_t& operator[](Quota quota) noexcept { return values_[static_cast<std::size_t>(quota)]; }

 private:
  std::array<std::uint64_t, kQuotas.size()> values_{};
};

}  // namespace brokerd
