// The semaphore page: a counter that its broker alone writes, and sleepers that miss no pulse of it.

#include "alert/memory/semaphore_page.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

using alert::SemaphorePageLayout;
using alert::SemaphoreReader;
using alert::SemaphoreWriter;
using alert::SharedMemory;

constexpr auto kLonger = std::chrono::hours{1};  // than any test may take: a wake that is missed shows

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// A page with its broker's end and one waiter's.
struct Page {
  explicit Page(std::uint64_t pulses = 0) : broker(SemaphoreWriter::create(pulses).value()), waiter(another()) {}
  [[nodiscard]] SemaphoreReader another() const { return SemaphoreReader::map(copy(broker.descriptor())).value(); }

  SemaphoreWriter broker;
  SemaphoreReader waiter;
};

TEST(SemaphorePage, ShowsEveryWaiterTheSameCount) {
  Page page(7);
  EXPECT_EQ(page.waiter.pulses(), 7u);
  page.broker.pulse(2);
  EXPECT_EQ(page.waiter.pulses(), 9u);
  EXPECT_EQ(page.another().pulses(), 9u);
  EXPECT_EQ(page.broker.pulses(), 9u);
}

TEST(SemaphorePage, RingsItsBellOncePerPulsing) {
  Page page;
  const std::uint32_t before = page.waiter.bell();
  page.broker.pulse(100);
  EXPECT_EQ(page.waiter.bell(), before + 1);
}

TEST(SemaphorePage, LetsNobodySleepWhoseBellHasRung) {
  Page page;
  const std::uint32_t before = page.waiter.bell();
  page.broker.pulse(1);
  page.waiter.wait(before, kLonger);
  EXPECT_EQ(page.waiter.pulses(), 1u);
}

TEST(SemaphorePage, WakesEveryWaiterAndLosesNoPulse) {
  static constexpr std::uint64_t kPulses = 20'000;
  Page page;
  const auto wait_for_all = [&page] {
    const SemaphoreReader waiter = page.another();
    std::uint64_t seen = 0;
    while (seen < kPulses) {
      const std::uint32_t bell = waiter.bell();
      const std::uint64_t now = waiter.pulses();
      EXPECT_GE(now, seen);
      if (now == seen) waiter.wait(bell, kLonger);
      seen = now;
    }
    EXPECT_EQ(seen, kPulses);
  };
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 8; ++i) waiters.emplace_back(wait_for_all);
  for (std::uint64_t i = 0; i < kPulses; ++i) page.broker.pulse(1);
}

TEST(SemaphorePage, IsNotWrittenByWhoeverHoldsItsDescriptor) {
  Page page(5);
  const int fd = page.broker.descriptor().get();
  EXPECT_EQ(SharedMemory::map_writable(copy(page.broker.descriptor())).error(), std::errc::operation_not_permitted);
  const alert::Descriptor again(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC));
  for (const int held : {fd, again.get()}) {
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, held, 0), MAP_FAILED);
    EXPECT_NE(::pwrite(held, "x", 1, 64), 1);
    EXPECT_NE(::ftruncate(held, 0), 0);
    EXPECT_NE(::ftruncate(held, 8192), 0);
  }
  void* map = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  EXPECT_NE(::mprotect(map, 4096, PROT_READ | PROT_WRITE), 0);
  ::munmap(map, 4096);
  page.broker.pulse(1);
  EXPECT_EQ(page.waiter.pulses(), 6u);
}

/// What map() says to a page with this damage.
std::error_code refusal_after(void (*damage)(SemaphorePageLayout&), std::size_t bytes = 4096) {
  const auto memory = SharedMemory::create("damaged", bytes, SharedMemory::Seal::read_only).value();
  SemaphorePageLayout layout{};
  layout.magic = alert::kSemaphoreMagic;
  layout.version = alert::kSemaphoreVersion;
  damage(layout);
  std::memcpy(memory.data(), &layout, sizeof layout);
  const auto mapped = SemaphoreReader::map(copy(memory.descriptor()));
  return mapped ? std::error_code() : mapped.error();
}

TEST(SemaphorePage, IsRefusedWithAnotherMagicOrVersionOrSize) {
  EXPECT_EQ(refusal_after([](SemaphorePageLayout&) {}), std::error_code());
  EXPECT_EQ(refusal_after([](SemaphorePageLayout& page) { page.magic ^= 1; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](SemaphorePageLayout& page) { ++page.version; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](SemaphorePageLayout& page) { page.version = 0; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](SemaphorePageLayout&) {}, 4095), std::errc::protocol_error);
}

TEST(SemaphorePage, SurvivesItsOtherEnd) {
  std::optional<SemaphoreWriter> broker = SemaphoreWriter::create(0).value();
  { const SemaphoreReader gone = SemaphoreReader::map(copy(broker->descriptor())).value(); }
  const SemaphoreReader waiter = SemaphoreReader::map(copy(broker->descriptor())).value();
  broker->pulse(3);
  broker.reset();
  EXPECT_EQ(waiter.pulses(), 3u);
}

const std::string kGolden = ALERT_GOLDEN_DIR "/semaphore_page.bin";

TEST(SemaphorePageLayout, IsTheGoldenOne) {
  Page page(0x0102030405060700);
  page.broker.pulse(7);
  page.broker.pulse(1);
  const auto memory = SharedMemory::map_read_only(copy(page.broker.descriptor())).value();
  const std::string_view bytes(reinterpret_cast<const char*>(memory.data()), memory.size());
  if (std::getenv("ALERT_WRITE_GOLDEN")) std::ofstream(kGolden, std::ios::binary) << bytes;
  std::ifstream file(kGolden, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(golden.size(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(golden[i], bytes[i]) << "at offset " << i;
}

TEST(SemaphorePageLayout, GoldenBytesAreReadBack) {
  const auto memory = SharedMemory::create("golden", 4096, SharedMemory::Seal::read_only).value();
  std::ifstream(kGolden, std::ios::binary).read(reinterpret_cast<char*>(memory.data()), 4096);
  const SemaphoreReader waiter = SemaphoreReader::map(copy(memory.descriptor())).value();
  EXPECT_EQ(waiter.pulses(), 0x0102030405060708u);
  EXPECT_EQ(waiter.bell(), 2u);
}

}  // namespace
