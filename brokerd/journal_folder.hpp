#pragma once
// The folder that one broker keeps its journal in. Beside the segments:
//     lock    flock'ed by the broker that owns the journal
//     bound   what is known of the numbers: bound.hpp

#include <filesystem>
#include <string>

#include <sys/types.h>
#include <tl/expected.hpp>

#include "alert/system/descriptor.hpp"

namespace brokerd {

/// The folder, opened and locked for one broker: mode 0700, ours, not a symbolic link.
class JournalFolder {
 public:
  static constexpr mode_t kFileMode = 0600;  // of every file in it

  /// Makes the folder where it is missing. The error is a sentence for whoever started the broker.
  [[nodiscard]] static tl::expected<JournalFolder, std::string> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int get() const noexcept { return folder_.get(); }

 private:
  std::filesystem::path path_;
  alert::Descriptor folder_;
  alert::Descriptor lock_;
};

}  // namespace brokerd
