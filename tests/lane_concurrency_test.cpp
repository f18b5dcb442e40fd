// The lane while its client and its broker run at once. Verdicts rest on content and counts: never on time.

#include "alert/memory/lane.hpp"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "at_once.hpp"

namespace {

using alert::LaneReader;
using alert::LaneVerdict;
using alert::LaneWriter;
using Seen = LaneReader::Seen;

constexpr std::uint64_t kRaises = kIsTraced ? 60'000 : 200'000;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// What raise number n carries: another length and other bytes than its neighbours.
std::string wire_of(std::uint64_t n) {
  return std::string(n * 7 % 300, static_cast<char>('a' + n % 26)) + std::to_string(n);
}

/// The doorbell of this test: a word that the broker sleeps on.
class Doorbell {
 public:
  void ring() {
    std::atomic_ref(rung_).fetch_add(1);
    alert::futex_wake_all(&rung_);
  }
  [[nodiscard]] std::uint32_t rung() { return std::atomic_ref(rung_).load(); }
  void await(std::uint32_t seen) {
    while (rung() == seen) alert::futex_wait(&rung_, seen, std::chrono::hours(1));
  }

 private:
  std::uint32_t rung_ = 0;
};

/// Both sides sleep whenever they have nothing to do, without a time-out: a wake-up that is lost hangs.
TEST(Lane, LosesNoRaiseNoVerdictAndNoWakeUp) {
  auto broker = LaneReader::create(alert::kMinLaneCapacity).value();
  auto client = LaneWriter::map(copy(broker.descriptor())).value();
  Doorbell doorbell;
  std::uint64_t wrong_raises = 0;
  std::uint64_t wrong_verdicts = 0;

  const auto serve = [&] {
    for (std::uint64_t taken = 0; taken < kRaises;) {
      const std::uint32_t seen = doorbell.rung();
      std::uint64_t served = 0;
      for (; served < 64 && broker.look() == Seen::raise; ++served) {
        wrong_raises += alert::as_text(broker.wire()) != wire_of(taken + served);
        broker.advance();
      }
      for (std::uint64_t i = 0; i < served; ++i) broker.answer({0, 0, ++taken, 0, 0});
      if (served > 0) {
        broker.publish();
        broker.wake();
      } else if (broker.listen()) {
        doorbell.await(seen);
      }
    }
  };
  const auto raise = [&] {
    std::uint64_t raised = 0;
    std::uint64_t known = 0;
    while (known < kRaises) {
      const std::uint64_t burst = std::min<std::uint64_t>(kRaises, raised + 1 + raised % 97);
      while (raised < burst && client.write(alert::Profile::nt, "ADMIN", alert::as_bytes(wire_of(raised))))
        ++raised;
      if (client.publish()) doorbell.ring();
      if (client.outstanding() > 0) client.wait(std::chrono::hours(1));
      while (const auto verdict = client.take()) wrong_verdicts += verdict->sequence != ++known;
    }
  };

  at_once({serve, raise});
  EXPECT_EQ(wrong_raises, 0U);
  EXPECT_EQ(wrong_verdicts, 0U);
}

TEST(Lane, OfALiarThatNeverRestsNeitherHoldsNorHarmsTheBroker) {
  constexpr int kLives = 200;
  for (int life = 0; life < kLives; ++life) {
    auto broker = LaneReader::create(alert::kMinLaneCapacity).value();
    const auto memory = alert::SharedMemory::map_writable(copy(broker.descriptor())).value();
    std::atomic<bool> is_needed = true;
    const auto lie = [&] {
      std::mt19937_64 random(static_cast<std::uint64_t>(life));
      auto& header = *reinterpret_cast<alert::LaneHeader*>(memory.data());
      auto* words = reinterpret_cast<std::uint64_t*>(memory.data() + alert::kLaneHeaderBytes);
      for (std::uint64_t tail = 0; is_needed;) {
        for (int i = 0; i < 16; ++i) {
          const std::uint64_t likely = 64 + random() % 4096;  // a size that may pass
          std::atomic_ref(words[random() % 1024]).store(random() % 4 == 0 ? random() : likely);
        }
        std::atomic_ref(header.tail).store(random() % 64 == 0 ? random() : tail += random() % 512 * 8);
        std::atomic_ref(header.head).store(random());
        std::atomic_ref(header.waiting).store(1);
      }
    };
    const auto serve = [&] {
      for (int looks = 0; looks < 1000; ++looks) {
        if (broker.look() != Seen::raise) continue;
        EXPECT_LE(broker.wire().size(), alert::kLargestAlert);
        EXPECT_LE(broker.event().size(), alert::kLargestEvent);
        broker.advance();
        broker.answer({});
        broker.publish();
        broker.wake();
      }
      is_needed = false;
    };
    at_once({lie, serve});
  }
}

}  // namespace
