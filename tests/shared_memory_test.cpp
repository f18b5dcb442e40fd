// Shared memory: what its seals keep from whoever holds the descriptor, and what a map refuses.

#include "alert/memory/shared_memory.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

using alert::Descriptor;
using alert::SharedMemory;

constexpr std::size_t kBytes = 8192;
constexpr ::uid_t kAnotherUser = 65534;

Descriptor copy(const Descriptor& fd) { return Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

Descriptor unsealed(unsigned flags = MFD_ALLOW_SEALING) {
  Descriptor fd(::memfd_create("unsealed", flags | MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(fd.get(), kBytes), 0);
  return fd;
}

Descriptor reopened(int fd, int flags) {
  return Descriptor(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), flags | O_CLOEXEC));
}

/// Whether `act` succeeds on a map of `fd` with this protection.
template <class Act>
bool with_map(int fd, int protection, Act act) {
  void* map = ::mmap(nullptr, kBytes, protection, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return false;
  const bool success = act(map);
  ::munmap(map, kBytes);
  return success;
}

bool maps_it_writable(int fd) {
  return with_map(fd, PROT_READ | PROT_WRITE, [](void*) { return true; });
}
bool writes_to_it(int fd) { return ::pwrite(fd, "x", 1, 0) == 1; }
bool shrinks_it(int fd) { return ::ftruncate(fd, kBytes / 2) == 0; }
bool grows_it(int fd) { return ::ftruncate(fd, kBytes * 2) == 0; }
bool grows_it_by_writing(int fd) { return ::pwrite(fd, "x", 1, kBytes) == 1; }
bool grows_it_by_allocating(int fd) { return ::fallocate(fd, 0, kBytes, kBytes) == 0; }
bool punches_a_hole(int fd) {
  return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kBytes / 2) == 0;
}
bool removes_its_pages(int fd) {
  return with_map(fd, PROT_READ, [](void* map) { return ::madvise(map, kBytes, MADV_REMOVE) == 0; });
}
bool makes_a_map_writable(int fd) {
  return with_map(fd, PROT_READ, [](void* map) { return ::mprotect(map, kBytes, PROT_READ | PROT_WRITE) == 0; });
}
bool reopens_and_maps_it_writable(int fd) { return maps_it_writable(reopened(fd, O_RDWR).get()); }
bool reopens_and_writes_to_it(int fd) { return writes_to_it(reopened(fd, O_WRONLY).get()); }
bool reopens_and_truncates_it(int fd) { return bool(reopened(fd, O_RDWR | O_TRUNC)); }
bool adds_a_seal(int fd) {
  bool added = false;
  for (const int seal : {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_SEAL})
    added |= ::fcntl(fd, F_ADD_SEALS, seal) == 0;
  return added;
}
bool replaces_the_seals(int fd) { return ::fcntl(fd, F_ADD_SEALS, 0) == 0; }

struct Attack {
  const char* name;
  bool (*succeeds)(int fd);
};
constexpr std::array kAttacks{
    Attack{"MappingItWritable", maps_it_writable},
    Attack{"Writing", writes_to_it},
    Attack{"Shrinking", shrinks_it},
    Attack{"Growing", grows_it},
    Attack{"GrowingByWriting", grows_it_by_writing},
    Attack{"GrowingByAllocating", grows_it_by_allocating},
    Attack{"PunchingAHole", punches_a_hole},
    Attack{"RemovingPages", removes_its_pages},
    Attack{"MakingAMapWritable", makes_a_map_writable},
    Attack{"ReopeningAndMapping", reopens_and_maps_it_writable},
    Attack{"ReopeningAndWriting", reopens_and_writes_to_it},
    Attack{"ReopeningAndTruncating", reopens_and_truncates_it},
    Attack{"AddingASeal", adds_a_seal},
    Attack{"ReplacingTheSeals", replaces_the_seals},
};

enum Outcome { refused = 0, succeeded = 1, did_not_become_another_user = 2 };

/// What comes of the attack in a process of another user that inherited the descriptor. It stays
/// dumpable, so that its /proc/self/fd is its own and only the seals can refuse.
Outcome outcome_for_another_user(const Attack& attack, int fd) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    const bool is_another =
        ::setgroups(0, nullptr) == 0 && ::setresgid(kAnotherUser, kAnotherUser, kAnotherUser) == 0 &&
        ::setresuid(kAnotherUser, kAnotherUser, kAnotherUser) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0;
    ::_exit(!is_another ? did_not_become_another_user : attack.succeeds(fd) ? succeeded : refused);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return static_cast<Outcome>(WEXITSTATUS(status));
}

class SealedMemory : public testing::TestWithParam<Attack> {
 protected:
  SealedMemory() { std::memset(memory.data(), 'm', kBytes); }

  [[nodiscard]] bool is_intact() const {
    struct stat status {};
    return ::fstat(fd(), &status) == 0 && status.st_size == kBytes && ::fcntl(fd(), F_GET_SEALS) == seals &&
           std::string(reinterpret_cast<const char*>(memory.data()), kBytes) == std::string(kBytes, 'm');
  }
  [[nodiscard]] int fd() const { return memory.descriptor().get(); }

  SharedMemory memory = SharedMemory::create("sealed", kBytes, SharedMemory::Seal::read_only).value();
  int seals = ::fcntl(fd(), F_GET_SEALS);
};

TEST_P(SealedMemory, Withstands) {
  EXPECT_FALSE(GetParam().succeeds(fd()));
  EXPECT_TRUE(is_intact());
}

TEST_P(SealedMemory, WithstandsAnotherUser) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can become another user";
  EXPECT_EQ(outcome_for_another_user(GetParam(), fd()), refused);
  EXPECT_TRUE(is_intact());
}

TEST_P(SealedMemory, WouldNotWithstandWithoutSeals) {
  EXPECT_TRUE(GetParam().succeeds(unsealed().get()));
  if (::getuid() == 0) {
    EXPECT_EQ(outcome_for_another_user(GetParam(), unsealed().get()), succeeded);
  }
}

INSTANTIATE_TEST_SUITE_P(WhoeverHoldsIt, SealedMemory, testing::ValuesIn(kAttacks),
                         [](const auto& each) { return std::string(each.param.name); });

/// What map_read_only says to this descriptor.
std::error_code refusal_of(Descriptor fd) {
  const auto memory = SharedMemory::map_read_only(std::move(fd));
  return memory ? std::error_code() : memory.error();
}

/// Whether the kernel can store into the map, asked without touching it.
bool is_writable(const SharedMemory& memory) {
  const Descriptor zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  return ::read(zero.get(), memory.data(), 1) == 1;
}

TEST(SharedMemory, StartsAsZeros) {
  const auto memory = SharedMemory::create("zeros", kBytes, SharedMemory::Seal::size).value();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(memory.data()), memory.size()), std::string(kBytes, '\0'));
}

TEST(SharedMemory, ShowsItsReadersWhatTheMakerWrites) {
  const auto made = SharedMemory::create("made", kBytes, SharedMemory::Seal::read_only).value();
  const auto seen = SharedMemory::map_read_only(copy(made.descriptor())).value();
  made.data()[kBytes - 1] = std::byte{42};
  EXPECT_EQ(seen.size(), kBytes);
  EXPECT_EQ(seen.data()[kBytes - 1], std::byte{42});
}

TEST(SharedMemory, IsWritableForItsMakerAndNotForItsReaders) {
  const auto made = SharedMemory::create("made", kBytes, SharedMemory::Seal::read_only).value();
  const auto seen = SharedMemory::map_read_only(copy(made.descriptor())).value();
  EXPECT_TRUE(is_writable(made));
  EXPECT_FALSE(is_writable(seen));
  EXPECT_EQ(SharedMemory::map_writable(copy(made.descriptor())).error(), std::errc::operation_not_permitted);
}

TEST(SharedMemory, IsNotReachedByAPrivateCopy) {
  const auto made = SharedMemory::create("made", kBytes, SharedMemory::Seal::read_only).value();
  void* map = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, made.descriptor().get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  std::memset(map, 'x', kBytes);
  EXPECT_EQ(made.data()[0], std::byte{0});
  ::munmap(map, kBytes);
}

TEST(SharedMemory, SealedInSizeIsWrittenByBothSides) {
  const auto made = SharedMemory::create("page", kBytes, SharedMemory::Seal::size).value();
  const auto other = SharedMemory::map_writable(copy(made.descriptor())).value();
  made.data()[0] = std::byte{1};
  other.data()[1] = std::byte{2};
  EXPECT_EQ(other.data()[0], std::byte{1});
  EXPECT_EQ(made.data()[1], std::byte{2});
}

TEST(SharedMemory, SealedInSizeKeepsItsSizeAndItsSeals) {
  const auto made = SharedMemory::create("page", kBytes, SharedMemory::Seal::size).value();
  for (const auto attack : {shrinks_it, grows_it, grows_it_by_writing, grows_it_by_allocating,
                            reopens_and_truncates_it, adds_a_seal, replaces_the_seals})
    EXPECT_FALSE(attack(made.descriptor().get()));
}

TEST(SharedMemory, IsNotMadeOfNoBytes) {
  const auto memory = SharedMemory::create("empty", 0, SharedMemory::Seal::size);
  EXPECT_EQ(memory.error(), std::errc::invalid_argument);
}

TEST(SharedMemory, IsNotMappedWithoutTheShrinkSeal) {
  const Descriptor growing = unsealed();
  ASSERT_EQ(::fcntl(growing.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_FUTURE_WRITE), 0);
  EXPECT_EQ(refusal_of(copy(growing)), std::errc::operation_not_permitted);
  EXPECT_EQ(refusal_of(unsealed()), std::errc::operation_not_permitted);
  EXPECT_EQ(refusal_of(unsealed(0)), std::errc::operation_not_permitted);
}

TEST(SharedMemory, IsMappedWithTheShrinkSealAlone) {
  const Descriptor sealed = unsealed();
  ASSERT_EQ(::fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_EQ(refusal_of(copy(sealed)), std::error_code());
}

TEST(SharedMemory, IsNotMappedFromNoBytes) {
  const Descriptor empty(::memfd_create("empty", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  ASSERT_EQ(::fcntl(empty.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_EQ(refusal_of(copy(empty)), std::errc::invalid_argument);
}

TEST(SharedMemory, IsNotMappedFromARegularFile) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(::ftruncate(::fileno(file), kBytes), 0);
  EXPECT_TRUE(refusal_of(Descriptor(::dup(::fileno(file)))));
  std::fclose(file);
}

TEST(SharedMemory, IsNotMappedFromAPipe) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor write_end(ends[1]);
  EXPECT_EQ(refusal_of(Descriptor(ends[0])), std::errc::invalid_argument);
}

TEST(SharedMemory, IsNotMappedFromNoDescriptor) {
  EXPECT_EQ(refusal_of(Descriptor()), std::errc::bad_file_descriptor);
}

}  // namespace
