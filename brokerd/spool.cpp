#include "brokerd/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace brokerd {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr const char* kBadFolder = "bad";

/// Why this cannot be a spooled raise, whatever is inside; empty if it can.
std::string_view wrong_with(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  if (status.st_nlink != 1) return "a file with several links";
  if (status.st_size > static_cast<off_t>(alert::kLargestMessage)) return "too large";
  return "";
}

/// A folder of ours that nobody else may rearrange.
tl::expected<alert::Descriptor, std::string> open_folder(int at, const char* path) {
  const auto failed = [] { return tl::unexpected<std::string>(std::strerror(errno)); };
  if (::mkdirat(at, path, 0700) != 0 && errno != EEXIST) return failed();
  alert::Descriptor folder(::openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return failed();
  if (status.st_uid != ::geteuid()) return tl::unexpected<std::string>("it belongs to somebody else");
  if (::fchmod(folder.get(), 0700) != 0) return failed();
  return folder;
}

}  // namespace

tl::expected<Spool, std::string> Spool::open(const std::filesystem::path& path, Access access) {
  const auto sentence = [&](const std::string& what) {
    return tl::unexpected<std::string>("spool " + path.string() + ": " + what);
  };
  std::error_code ignored;  // what follows fails too, and says it better
  std::filesystem::create_directories(path.parent_path(), ignored);
  auto folder = open_folder(AT_FDCWD, path.c_str());
  if (!folder) return sentence(folder.error());
  if (::flock(folder->get(), LOCK_EX | LOCK_NB) != 0) return sentence("another broker drains it");
  auto bad = open_folder(folder->get(), kBadFolder);
  if (!bad) return sentence(kBadFolder + (": " + bad.error()));
  if (::fchmod(folder->get(), access == Access::user ? 0700 : 01733) != 0) return sentence(std::strerror(errno));
  Spool spool;
  spool.folder_ = std::move(*folder);
  spool.bad_folder_ = std::move(*bad);
  spool.events_ = alert::Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (::inotify_add_watch(spool.events_.get(), path.c_str(), IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0) {
    spool.events_ = alert::Descriptor();
    spool.again_ns_ = 1;
  }
  return spool;
}

void Spool::look(std::uint64_t now_ns) {
  alignas(inotify_event) char events[16 * 1024];
  if (events_ && ::read(events_.get(), events, sizeof events) > 0) changed_ = true;
  if (again_ns_ > 0 && now_ns >= again_ns_) {
    changed_ = true;
    again_ns_ = events_ ? 0 : now_ns + kSecond;
  }
  std::erase_if(postponed_, [&](const auto& uid) { return uid.second <= now_ns; });
  if (!postponed_.empty()) again_ns_ = again_ns_ > 0 ? again_ns_ : now_ns + kSecond;
  if (changed_ && !folder_stream_ && waiting_.empty()) begin_look();
  for (std::size_t names = 0; folder_stream_ && names < kNamesPerLook; ++names) {
    if (const dirent* found = ::readdir(folder_stream_.get()))
      sort_in(found->d_name);
    else
      folder_stream_.reset();
  }
}

void Spool::begin_look() {
  changed_ = false;
  const int folder = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  folder_stream_.reset(folder >= 0 ? ::fdopendir(folder) : nullptr);  // which owns it from here on
  if (folder_stream_) return;
  if (folder >= 0) ::close(folder);
  again_ns_ = std::max<std::uint64_t>(again_ns_, 1);
}

void Spool::sort_in(const std::string& name) {
  if (name.front() == '.' || name == kBadFolder) return;
  struct stat status {};
  if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (const auto wrong = wrong_with(status); !wrong.empty()) return set_aside(name, wrong);
  if (!alert::is_spool_name(name)) return set_aside(name, "not named by a raise id");
  if (postponed_.contains(status.st_uid)) return;
  Waiting& waiting = waiting_[status.st_uid];
  waiting.places.emplace(status.st_mtim.tv_sec * static_cast<std::int64_t>(kSecond) + status.st_mtim.tv_nsec, name);
  // Fewer of each where many uids left something, so that all together stay bounded, too.
  const std::size_t most = std::clamp<std::size_t>(kWaiting / waiting_.size(), 1, kWaitingPerUid);
  while (waiting.places.size() > most) {
    waiting.places.erase(std::prev(waiting.places.end()));
    waiting.has_more = true;
  }
}

std::optional<Spool::Entry> Spool::next() {
  constexpr std::size_t kReads = 4;  // a bad file may be large, too
  if (folder_stream_) return std::nullopt;
  for (std::size_t reads = 0; !waiting_.empty() && reads < kReads; ++reads) {
    auto of_uid = waiting_.upper_bound(served_uid_);
    if (of_uid == waiting_.end()) of_uid = waiting_.begin();
    served_uid_ = of_uid->first;
    Waiting& waiting = of_uid->second;
    const std::string name = waiting.places.extract(waiting.places.begin()).value().second;
    changed_ |= waiting.places.empty() && waiting.has_more;
    if (waiting.places.empty()) waiting_.erase(of_uid);
    if (auto entry = read(name)) return entry;
  }
  return std::nullopt;
}

/// The file as it is now, which may be another one than the look found.
std::optional<Spool::Entry> Spool::read(const std::string& name) {
  const auto bad = [&](std::string_view why) {
    set_aside(name, why);
    return std::nullopt;
  };
  const alert::Descriptor file(
      ::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return errno == ENOENT ? std::nullopt : bad(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return bad(std::strerror(errno));
  if (const auto wrong = wrong_with(status); !wrong.empty()) return bad(wrong);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t n = ::read(file.get(), text.data(), text.size());
  if (n != static_cast<ssize_t>(text.size())) return bad("cannot be read whole");
  const auto json = alert::parse_json(text);
  Entry entry{name, status.st_uid, {}};
  if (!json || !json->is_object() || alert::from_json(*json, entry.call)) return bad("not a call of Raise");
  if (entry.call.id.value_or(name) != name) return bad("not the raise that its name says");
  if (entry.call.dry_run.value_or(false)) return bad("a dry run");
  entry.call.id = name;
  return entry;
}

void Spool::remove(const Entry& entry) { ::unlinkat(folder_.get(), entry.name.c_str(), 0); }

void Spool::set_aside(const std::string& name, std::string_view why) {
  const auto clear = [](const alert::Descriptor& folder, const std::string& entry) {
    return ::unlinkat(folder.get(), entry.c_str(), 0) == 0 ||
           ::unlinkat(folder.get(), entry.c_str(), AT_REMOVEDIR) == 0;
  };
  const std::string slot = std::to_string(bad_ % kBadKept);
  clear(bad_folder_, slot);
  const bool is_away =
      ::renameat(folder_.get(), name.c_str(), bad_folder_.get(), slot.c_str()) == 0 || clear(folder_, name);
  if (!is_away) return;  // somebody took it, or it is a folder that a full one of its slot keeps out
  ++bad_;
  last_bad_ = name + ": " + std::string(why);
}

void Spool::postpone(std::uint32_t uid, std::uint64_t now_ns) {
  waiting_.erase(uid);
  postponed_[uid] = now_ns + kSecond;
  if (again_ns_ == 0) again_ns_ = now_ns + kSecond;
}

}  // namespace brokerd
