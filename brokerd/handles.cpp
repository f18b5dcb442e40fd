#include "brokerd/handles.hpp"

#include <algorithm>
#include <cstring>

#include "alert/wire/hex.hpp"

namespace brokerd {

namespace {

struct Wire {
  std::uint32_t attributes;
  std::uint64_t life;
  std::uint64_t number;
} __attribute__((packed));
static_assert(sizeof(Wire) == 20);

}  // namespace

std::uint64_t Handles::make(const Owner& owner, HandleKind kind, Objects::Key object, std::string name) {
  const std::uint64_t number = next_++;
  handles_.emplace(number,
                   Handle{owner.uid, owner.session, kind, std::move(object), std::move(name), {owner.session}});
  by_session_[owner.session].insert(number);
  ++by_uid_[owner.uid];
  return number;
}

std::optional<std::uint64_t> Handles::use(std::string_view text, const Owner& owner) {
  const auto bytes = alert::from_hex(text);
  if (!bytes || bytes->size() != sizeof(Wire)) return std::nullopt;
  const auto wire = alert::load<Wire>(bytes->data());
  const auto found = handles_.find(wire.number);
  if (wire.attributes != 0 || wire.life != life_ || found == handles_.end() || found->second.uid != owner.uid)
    return std::nullopt;
  if (found->second.sessions.insert(owner.session).second) by_session_[owner.session].insert(wire.number);
  return wire.number;
}

void Handles::close(std::uint64_t number) {
  const auto found = handles_.find(number);
  if (found == handles_.end()) return;
  for (const std::uint64_t session : found->second.sessions)
    if (const auto mine = by_session_.find(session); mine != by_session_.end()) {
      mine->second.erase(number);
      if (mine->second.empty()) by_session_.erase(mine);
    }
  if (const auto mine = by_uid_.find(found->second.uid); --mine->second == 0) by_uid_.erase(mine);
  handles_.erase(found);
}

std::vector<std::uint64_t> Handles::leave(std::uint64_t session) {
  std::vector<std::uint64_t> gone;
  const auto mine = by_session_.find(session);
  if (mine == by_session_.end()) return gone;
  for (const std::uint64_t number : mine->second) {
    auto& sessions = handles_.at(number).sessions;
    sessions.erase(session);
    if (sessions.empty()) gone.push_back(number);
  }
  by_session_.erase(mine);
  std::sort(gone.begin(), gone.end());
  for (const std::uint64_t number : gone) close(number);
  return gone;
}

std::string Handles::text(std::uint64_t number) const {
  const Wire wire{0, life_, number};
  std::byte bytes[sizeof wire];
  std::memcpy(bytes, &wire, sizeof wire);
  return alert::to_hex(bytes);
}

std::size_t Handles::of_uid(std::uint32_t uid) const noexcept {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? 0 : found->second;
}

}  // namespace brokerd
