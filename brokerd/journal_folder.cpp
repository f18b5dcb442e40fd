#include "brokerd/journal_folder.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/journal/journal.hpp"

namespace brokerd {

namespace {

/// Whether a folder is empty or has nothing but what a broker keeps there.
bool holds_only_a_journal(const std::filesystem::path& path) {
  std::error_code error;
  for (auto file = std::filesystem::directory_iterator(path, error);
       !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    std::string name = file->path().filename();
    if (name.ends_with(".new")) name.resize(name.size() - 4);
    if (name != "lock" && name != "bound" && !alert::segment_sequence(name)) return false;
  }
  return !error;
}

}  // namespace

tl::expected<JournalFolder, std::string> JournalFolder::open(const std::filesystem::path& given) {
  std::filesystem::path path = given.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a trailing slash would follow a link
  const auto sentence = [&](const std::string& what) {
    return tl::unexpected<std::string>("journal folder " + path.string() + ": " + what);
  };
  const auto failed = [&](const std::string& what) { return sentence(what + ": " + std::strerror(errno)); };

  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return sentence("cannot make its parent: " + error.message());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make it");

  JournalFolder folder;
  folder.path_ = path;
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) return sentence("is a symbolic link");
  folder.folder_ = alert::Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.folder_) return failed("cannot open it");
  if (::fstat(folder.get(), &status) != 0) return failed("cannot look at it");
  if (status.st_uid != ::geteuid()) return sentence("belongs to uid " + std::to_string(status.st_uid));
  if ((status.st_mode & 07777) != 0700 && !holds_only_a_journal(path))
    return sentence("holds other files and is not 0700: name a folder for the journal alone");
  if ((status.st_mode & 07777) != 0700 && ::fchmod(folder.get(), 0700) != 0) return failed("cannot make it 0700");

  folder.lock_ =
      alert::Descriptor(::openat(folder.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!folder.lock_) return failed("cannot write to it");
  if (::flock(folder.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return sentence("another broker is using it");
    return failed("cannot lock it");
  }
  return folder;
}

}  // namespace brokerd
