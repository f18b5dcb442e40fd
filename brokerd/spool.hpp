#pragma once
// The spool folder: what raisers left there while no broker answered. A hostile place.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <dirent.h>

#include "alert/control/spool.hpp"

namespace brokerd {

/// The files of a spool folder, of each uid in the order of their times and then names, one uid after
/// the other. Everything in it may be anything: only regular files with one link, a raise id for a
/// name and a call inside are given out; the rest is moved aside, where the last few are kept.
class Spool {
 public:
  enum class Access { user, everybody };  // mode 0700 or 01733: drop in, but neither look nor remove
  static constexpr std::size_t kNamesPerLook = 256;
  static constexpr std::size_t kWaitingPerUid = 1'024;  // the oldest; the rest is found by a later look
  static constexpr std::size_t kWaiting = 16'384;       // of all uids, shared out among them
  static constexpr std::size_t kBadKept = 64;

  struct Entry {
    std::string name;
    std::uint32_t uid = 0;  // the file's owner
    alert::Raise call;      // with the name for an id
  };

  /// Makes the folder where there is none. The error is a sentence.
  [[nodiscard]] static tl::expected<Spool, std::string> open(const std::filesystem::path& path, Access access);

  /// One step of looking, bounded. `now_ns` only ever grows.
  void look(std::uint64_t now_ns);
  /// The next file, when a look is finished; none at the end, or after as many bad ones in a row as a
  /// turn has time for. It stays until it is removed, and is not given out again before the next look.
  [[nodiscard]] std::optional<Entry> next();
  void remove(const Entry& entry);
  void set_aside(const std::string& name, std::string_view why);
  /// Not now: this uid's files are passed over for a second.
  void postpone(std::uint32_t uid, std::uint64_t now_ns);

  /// Readable when something was put there; -1 where the system has no inotify left.
  [[nodiscard]] int descriptor() const noexcept { return events_.get(); }
  /// For epoll: how soon there is something to do without a new event.
  [[nodiscard]] int timeout_ms() const noexcept {
    return folder_stream_ || !waiting_.empty() || changed_ ? 0 : again_ns_ > 0 ? 1'000 : -1;
  }
  [[nodiscard]] std::uint64_t bad() const noexcept { return bad_; }                 // moved aside so far
  [[nodiscard]] const std::string& last_bad() const noexcept { return last_bad_; }  // which, and why

 private:
  struct CloseStream {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  using Place = std::pair<std::int64_t, std::string>;  // time in ns, name

  Spool() = default;
  void begin_look();
  void sort_in(const std::string& name);
  [[nodiscard]] std::optional<Entry> read(const std::string& name);

  alert::Descriptor folder_;
  alert::Descriptor bad_folder_;
  alert::Descriptor events_;
  bool changed_ = true;                              // since the last look began
  std::uint64_t again_ns_ = 0;                       // when to look even without a change; 0: never
  std::unique_ptr<DIR, CloseStream> folder_stream_;  // of the look in progress
  struct Waiting {
    std::set<Place> places;  // never empty
    bool has_more = false;   // in the folder
  };
  std::map<std::uint32_t, Waiting> waiting_;          // by uid
  std::map<std::uint32_t, std::uint64_t> postponed_;  // by uid: until when
  std::uint32_t served_uid_ = 0;                      // whose file was given out last
  std::uint64_t bad_ = 0;
  std::string last_bad_;
};

}  // namespace brokerd
