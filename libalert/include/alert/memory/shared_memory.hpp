#pragma once
// Memory that two processes map: made, sealed and sent by the broker, mapped by its clients.
// Boost maps; it does not own the bytes or the synchronisation.

#include <cstddef>
#include <span>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/interprocess/mapped_region.hpp>

#include "alert/system/descriptor.hpp"

namespace alert {

class SharedMemory {
 public:
  /// Who may write after the seal. No seal can be taken off or added later, by anybody.
  enum class Seal {
    read_only,  // whoever gets the descriptor can only map it read-only; the maker's map stays writable
    size,       // writable by both sides, never resized
  };

  /// `bytes` of zeros, mapped writable here, sealed.
  [[nodiscard]] static SystemResult<SharedMemory> create(const char* name, std::size_t bytes, Seal seal) {
    Descriptor fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return system_failure();
    auto memory = map(std::move(fd), bytes, boost::interprocess::read_write);
    if (!memory) return memory;
    // Order matters: FUTURE_WRITE spares the writable map that exists already.
    const int seals =
        F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (seal == Seal::read_only ? F_SEAL_FUTURE_WRITE : 0);
    if (::fcntl(memory->fd_.get(), F_ADD_SEALS, seals) != 0) return system_failure();
    return memory;
  }

  /// Maps what the other side made. Refuses a descriptor that could shrink under the map.
  [[nodiscard]] static SystemResult<SharedMemory> map_read_only(Descriptor fd) {
    return map_sealed(std::move(fd), boost::interprocess::read_only);
  }
  [[nodiscard]] static SystemResult<SharedMemory> map_writable(Descriptor fd) {
    return map_sealed(std::move(fd), boost::interprocess::read_write);
  }

  [[nodiscard]] std::byte* data() const noexcept { return static_cast<std::byte*>(region_.get_address()); }
  [[nodiscard]] std::size_t size() const noexcept { return region_.get_size(); }
  [[nodiscard]] const Descriptor& descriptor() const noexcept { return fd_; }

 private:
  struct Mappable {
    int fd;
    [[nodiscard]] boost::interprocess::mapping_handle_t get_mapping_handle() const noexcept {
      return boost::interprocess::ipcdetail::mapping_handle_from_file_handle(fd);
    }
  };

  static SystemResult<SharedMemory> map_sealed(Descriptor fd, boost::interprocess::mode_t mode) {
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) return system_failure(seals < 0 ? errno : EPERM);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return system_failure();
    return map(std::move(fd), static_cast<std::size_t>(status.st_size), mode);
  }

  static SystemResult<SharedMemory> map(Descriptor fd, std::size_t bytes, boost::interprocess::mode_t mode) {
    if (bytes == 0) return system_failure(EINVAL);
    try {
      SharedMemory memory;
      memory.region_ = boost::interprocess::mapped_region(Mappable{fd.get()}, mode, 0, bytes);
      memory.fd_ = std::move(fd);
      return memory;
    } catch (const boost::interprocess::interprocess_exception& e) {
      return system_failure(e.get_native_error());
    }
  }

  Descriptor fd_;
  boost::interprocess::mapped_region region_;
};

}  // namespace alert
