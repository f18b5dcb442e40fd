// The mailbox, its ring and the consumer page while threads write and read them at once. Every loop
// is bounded by counts and every verdict rests on content, ordinals and positions: never on time.

#include "alert/memory/consumer_page.hpp"
#include "alert/memory/mailbox.hpp"

#include <array>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "at_once.hpp"

namespace {

using alert::ConsumerPage;
using alert::Cursor;
using alert::MailboxReader;
using alert::MailboxWriter;
using alert::SharedMemory;
using Seen = MailboxReader::Seen;

constexpr std::uint64_t kRecords = kIsTraced ? 150'000 : 500'000;
constexpr std::uint64_t kLooks = kRecords / 4;
constexpr std::uint32_t kRounds = 20'000;
constexpr std::uint64_t kCapacity = 16 * 1024;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// What the record with this ordinal carries: other words than any other, so that a torn one shows.
std::string body_of(std::uint64_t ordinal) {
  std::uint64_t word = ordinal * 0x9E3779B97F4A7C15;
  const std::size_t length = word >> 56;
  std::string body(256, '\0');
  for (std::size_t i = 0; i < body.size(); i += 8, word += ordinal) std::memcpy(&body[i], &word, 8);
  body.resize(length);
  return body;
}

void write(MailboxWriter& writer) {
  const std::uint64_t ordinal = writer.ordinal() + 1;
  const std::string body = body_of(ordinal);
  alert::RecordHeader header;
  header.size = static_cast<std::uint32_t>(sizeof header + body.size());
  header.sequence = ordinal * 3;
  writer.write(header, alert::as_bytes(body));
}

bool is_right(const alert::RecordView& record, std::uint64_t ordinal) {
  return record.header.ordinal == ordinal && record.header.sequence == ordinal * 3 &&
         alert::as_text(record.body) == body_of(ordinal);
}

/// Where the ring goes on, for readers that were lapped: a quarter of it to half of it behind the tail.
class Resume {
 public:
  struct Place {
    std::uint64_t position = 0;
    std::uint64_t ordinal = 0;
  };
  void set(Place place) {
    const std::lock_guard lock(mutex_);
    place_ = place;
  }
  [[nodiscard]] Place get() {
    const std::lock_guard lock(mutex_);
    return place_;
  }

 private:
  std::mutex mutex_;
  Place place_;
};

/// A reader that follows the writer to its last record and keeps account. A dawdler now and then lets
/// the writer get more than a ring ahead, which the ordinals tell.
class Follower {
 public:
  enum class Pace { steady, dawdling };

  Follower(const MailboxWriter& writer, Resume& resume, Pace pace)
      : reader_(MailboxReader::map(copy(writer.descriptor())).value()),
        memory_(SharedMemory::map_read_only(copy(writer.descriptor())).value()),
        resume_(resume),
        pace_(pace) {}

  void follow() {
    while (ordinal_ < kRecords) {
      switch (reader_.look()) {
        case Seen::record: take(); break;
        case Seen::empty: std::this_thread::yield(); break;
        case Seen::lapped: excuse_lap(); break;
        case Seen::closed: ++wrong; return;
      }
    }
  }

  std::uint64_t taken = 0;
  std::uint64_t skipped = 0;
  std::uint64_t laps = 0;
  std::uint64_t wrong = 0;
  std::uint64_t laps_without_reason = 0;

 private:
  void take() {
    wrong += !is_right(reader_.record(), ++ordinal_);
    reader_.advance();
    ++taken;
    if (taken % 500 == 0) pause();
  }
  /// Leaves the processor to the others; a dawdler until it is more than a ring behind.
  void pause() {
    constexpr std::uint64_t kRing = kCapacity / sizeof(alert::RecordHeader) + 1;
    do std::this_thread::yield();
    while (pace_ == Pace::dawdling && reader_.ordinal() < std::min(kRecords, ordinal_ + kRing));
  }
  void excuse_lap() {
    auto& header = *reinterpret_cast<alert::MailboxHeader*>(memory_.data());
    laps_without_reason += std::atomic_ref(header.intent).load() <= reader_.position() + kCapacity;
    ++laps;
    const Resume::Place place = resume_.get();
    skipped += place.ordinal - ordinal_;
    ordinal_ = place.ordinal;
    reader_.seek(place.position, place.ordinal);
  }

  MailboxReader reader_;
  SharedMemory memory_;
  Resume& resume_;
  Pace pace_;
  std::uint64_t ordinal_ = 0;
};

TEST(Mailbox, GivesConcurrentReadersEveryRecordWholeOrAnHonestLap) {
  auto writer = MailboxWriter::create(kCapacity, 256, 1, 0).value();
  Resume resume;
  std::vector<Follower> followers;
  for (const auto pace : {Follower::Pace::steady, Follower::Pace::steady, Follower::Pace::dawdling})
    followers.emplace_back(writer, resume, pace);
  const auto write_all = [&] {
    Resume::Place recent;
    while (writer.ordinal() < kRecords) {
      for (std::uint64_t left = writer.ordinal() % 7; left <= 7 && writer.ordinal() < kRecords; ++left)
        write(writer);
      writer.publish();
      if (writer.tail() - recent.position > kCapacity / 4) {
        resume.set(recent);
        recent = {writer.tail(), writer.ordinal()};
      }
      if (writer.ordinal() % 13 != 0) continue;
      writer.start_over();  // and every place before is lapped sooner
      resume.set(recent = {writer.tail(), writer.ordinal()});
    }
  };

  at_once(
      {write_all, [&] { followers[0].follow(); }, [&] { followers[1].follow(); }, [&] { followers[2].follow(); }});

  for (const Follower& follower : followers) {
    EXPECT_EQ(follower.wrong, 0U);
    EXPECT_EQ(follower.laps_without_reason, 0U) << "of " << follower.laps;
    EXPECT_EQ(follower.taken + follower.skipped, kRecords);
  }
  EXPECT_GE(followers.back().laps, 1U);
}

/// A count of one thread that another waits for: at first awake, so that the two meet within
/// nanoseconds, and then asleep, so that a busy machine loses no time.
class Count {
 public:
  void set(std::uint32_t count) {
    std::atomic_ref(count_).store(count);
    alert::futex_wake_all(&count_);
  }
  [[nodiscard]] std::uint32_t get() { return std::atomic_ref(count_).load(); }
  void await(std::uint32_t wanted) {
    for (int spins = 0; spins < 20'000 && get() < wanted;) ++spins;
    for (std::uint32_t seen = get(); seen < wanted; seen = get())
      alert::futex_wait(&count_, seen, std::chrono::hours(1));
  }

 private:
  std::uint32_t count_ = 0;
};

/// A writer and a sleeping reader in lockstep: one record, one wake-up, one acknowledgement. The
/// record is ready before, and the reader dawdles until its look and the publishing coincide.
TEST(Mailbox, NeverLeavesAReaderAsleepOnARecord) {
  auto writer = MailboxWriter::create(4096, 256, 1, 0).value();
  auto reader = MailboxReader::map(copy(writer.descriptor())).value();
  auto page = ConsumerPage::create({}).value();
  auto brokers_page = ConsumerPage::map(copy(page.descriptor())).value();
  Count finished;      // turns of the writer, wake-up included
  Count acknowledged;  // records of the reader
  std::uint64_t wrong = 0;
  std::uint64_t missed = 0;
  const auto memory = alert::SharedMemory::map_writable(copy(page.descriptor())).value();
  auto& flag = reinterpret_cast<alert::ConsumerPageLayout*>(memory.data())->sleep;
  const auto is_asleep = [&] { return std::atomic_ref(flag).load() != 0; };

  const auto sleep_and_read = [&] {
    int steps = 0;
    for (std::uint32_t ordinal = 1; ordinal <= kRounds; ++ordinal) {
      for (int step = 0; step < steps; ++step) wrong += finished.get() > ordinal;
      bool is_first_look = true;
      for (;; is_first_look = false) {
        page.set_sleep(alert::Sleep::on_flag);
        const Seen seen = reader.look();
        if (seen == Seen::record) break;
        wrong += seen != Seen::empty;
        page.wait(std::chrono::seconds(1));
        // Asleep as the broker was told, its turn over, and nobody took the flag.
        missed += finished.get() >= ordinal && is_asleep();
      }
      steps = std::clamp(steps + (is_first_look ? -1 : 1), 0, 10'000);
      wrong += !is_right(reader.record(), ordinal);
      reader.advance();
      acknowledged.set(ordinal);
    }
  };
  const auto publish_and_wake = [&] {
    for (std::uint32_t ordinal = 1; ordinal <= kRounds; ++ordinal) {
      write(writer);
      acknowledged.await(ordinal - 1);
      writer.publish();
      if (brokers_page.take_sleep() == alert::Sleep::on_flag) brokers_page.wake();
      finished.set(ordinal);
    }
  };

  at_once({publish_and_wake, sleep_and_read});
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(missed, 0U);
}

TEST(Mailbox, WakesASleeperToTellItOfTheEnd) {
  for (int round = 0; round < 200; ++round) {
    auto writer = MailboxWriter::create(4096, 256, 1, 0).value();
    auto reader = MailboxReader::map(copy(writer.descriptor())).value();
    const auto sleep = [&] {
      for (std::uint32_t bell = reader.bell(); reader.look() != Seen::closed; bell = reader.bell())
        reader.wait(bell, std::chrono::hours(1));
    };
    at_once({[&] { writer.close(); }, sleep});
  }
}

/// Both sides in one map, where a race detector sees every access; word n of the ring's life holds n.
TEST(RingWords, CopiedBehindTheIntentAreNeverNewerThanItSays) {
  constexpr std::uint64_t kSize = 1024;
  std::array<std::uint64_t, kSize / 8> ring{};
  const alert::detail::RingWords words(reinterpret_cast<std::byte*>(ring.data()), kSize);
  std::atomic<std::uint64_t> intent = 0;
  std::atomic<std::uint64_t> tail = 0;
  std::atomic<bool> is_reading = true;
  std::uint64_t wrong = 0;
  const auto write_ahead = [&] {
    for (std::uint64_t at = 0; is_reading;) {
      std::array<std::uint64_t, 8> block{};
      for (std::size_t i = 0; i < block.size(); ++i) block[i] = at / 8 + i;
      intent.store(at + sizeof block, std::memory_order_relaxed);
      at = words.store(at, std::as_bytes(std::span(block)));
      tail.store(at, std::memory_order_release);
    }
  };
  const auto read_behind = [&] {
    std::uint64_t trusted = 0;
    for (std::uint64_t tries = 0; trusted < kLooks; ++tries) {
      std::array<std::uint64_t, 16> seen{};
      const std::uint64_t end = tail.load(std::memory_order_acquire);
      if (end < kSize) continue;
      const std::uint64_t from = end - kSize + tries % 7 * sizeof seen;
      words.load_into(from, std::as_writable_bytes(std::span(seen)));
      if (intent.load(std::memory_order_relaxed) > from + kSize) continue;
      for (std::size_t i = 0; i < seen.size(); ++i) wrong += seen[i] != from / 8 + i;
      ++trusted;
    }
    is_reading = false;
  };

  at_once({write_ahead, read_behind});
  EXPECT_EQ(wrong, 0U);
}

TEST(ConsumerPage, ShowsAWholeCursorWhileItIsCommitted) {
  const auto cursor = [](std::uint64_t n) { return Cursor{n * 5, n * 6, n * 7, n * 8}; };
  auto page = ConsumerPage::create(cursor(0)).value();
  std::atomic<bool> is_looking = true;
  std::uint64_t wrong = 0;
  const auto commit = [&] {
    for (std::uint64_t n = 1; is_looking; ++n) page.commit(cursor(n));
  };
  const auto look = [&] {
    std::uint64_t latest = 0;
    for (std::uint64_t whole = 0; whole < kLooks;) {
      const auto seen = page.cursor();
      if (!seen) continue;
      const std::uint64_t n = seen->position / 5;
      wrong += *seen != cursor(n) || n < latest;
      latest = n;
      ++whole;
    }
    is_looking = false;
  };

  at_once({commit, look});
  EXPECT_EQ(wrong, 0U);
}

TEST(ConsumerPage, OfAConsumerThatNeverRestsDoesNotHoldTheBroker) {
  auto page = ConsumerPage::create({}).value();
  const auto memory = SharedMemory::map_writable(copy(page.descriptor())).value();
  auto& bytes = *reinterpret_cast<alert::ConsumerPageLayout*>(memory.data());
  std::atomic<bool> is_needed = true;
  std::uint64_t wrong = 0;
  const auto lie = [&] {
    while (is_needed) {
      std::atomic_ref(bytes.turn).fetch_add(1);
      std::atomic_ref(bytes.sleep).store(77);
    }
  };
  const auto look = [&] {
    for (std::uint64_t looks = 0; looks < kLooks; ++looks) {
      wrong += page.cursor().value_or(Cursor{}) != Cursor{};
      wrong += page.take_sleep() == alert::Sleep::in_poll;
    }
    is_needed = false;
  };

  at_once({lie, look});
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
