// The consumer page: a cursor that is whole at any instant, and a flag that a liar can not misuse.

#include "alert/memory/consumer_page.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace {

using alert::ConsumerPage;
using alert::ConsumerPageLayout;
using alert::Cursor;
using alert::SharedMemory;
using alert::Sleep;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// A cursor whose four words all tell which one it is.
constexpr Cursor cursor(std::uint64_t which) {
  return {which * 1000, which * 1000 + 1, which * 1000 + 2, which * 1000 + 3};
}

/// A page with its consumer's end, its broker's end, and its bytes for whoever lies.
struct Page {
  ConsumerPage consumer = ConsumerPage::create(cursor(1)).value();
  ConsumerPage broker = ConsumerPage::map(copy(consumer.descriptor())).value();
  SharedMemory memory = SharedMemory::map_writable(copy(consumer.descriptor())).value();
  ConsumerPageLayout& bytes = *reinterpret_cast<ConsumerPageLayout*>(memory.data());
};

TEST(ConsumerPage, StartsAtTheGivenCursor) {
  Page page;
  EXPECT_EQ(page.consumer.cursor(), cursor(1));
  EXPECT_EQ(page.broker.cursor(), cursor(1));
}

TEST(ConsumerPage, ShowsTheOtherEndTheLastCommit) {
  Page page;
  for (std::uint64_t which = 2; which < 10; ++which) {
    page.consumer.commit(cursor(which));
    EXPECT_EQ(page.broker.cursor(), cursor(which));
  }
}

TEST(ConsumerPage, KeepsTheCursorOfAKilledConsumerWhole) {
  Page page;
  for (std::uint64_t which = 2; which < 4; ++which) {
    const Cursor before = page.broker.cursor().value();
    const Cursor after = cursor(which);
    auto* unfinished = reinterpret_cast<std::byte*>(&page.bytes.slots[(page.bytes.turn + 1) & 1]);
    for (std::size_t stored = 0; stored <= sizeof after; stored += 8) {
      std::memcpy(unfinished, &after, stored);
      EXPECT_EQ(page.broker.cursor(), before) << "killed after " << stored << " bytes";
    }
    ++page.bytes.turn;
    EXPECT_EQ(page.broker.cursor(), after);
  }
}

TEST(ConsumerPage, CommitsOverWhatAKilledConsumerLeft) {
  Page page;
  page.bytes.slots[1] = cursor(666);
  page.consumer.commit(cursor(2));
  EXPECT_EQ(page.broker.cursor(), cursor(2));
}

TEST(ConsumerPage, HasACursorWhateverTheTurnSays) {
  Page page;
  page.bytes.slots[1] = cursor(2);
  page.bytes.turn = ~std::uint64_t{0};
  EXPECT_EQ(page.broker.cursor(), cursor(2));
  page.consumer.commit(cursor(3));
  EXPECT_EQ(page.broker.cursor(), cursor(3));
}

TEST(ConsumerPage, IsAwakeAtFirst) {
  Page page;
  EXPECT_EQ(page.broker.take_sleep(), Sleep::awake);
}

TEST(ConsumerPage, ShowsTheOtherEndItsSleepOnce) {
  Page page;
  for (const Sleep sleep : {Sleep::on_flag, Sleep::in_poll}) {
    page.consumer.set_sleep(sleep);
    EXPECT_EQ(page.broker.take_sleep(), sleep);
    EXPECT_EQ(page.broker.take_sleep(), Sleep::awake);
  }
}

TEST(ConsumerPage, IsAwakeWhenItsConsumerWokeByItself) {
  Page page;
  page.consumer.set_sleep(Sleep::on_flag);
  page.consumer.set_awake();
  EXPECT_EQ(page.broker.take_sleep(), Sleep::awake);
}

TEST(ConsumerPage, CountsNonsenseAsAsleepOnTheFlagOnce) {
  Page page;
  for (const std::uint32_t nonsense : {3U, 256U, 0x80000000U, 0xFFFFFFFFU}) {
    page.bytes.sleep = nonsense;
    EXPECT_EQ(page.broker.take_sleep(), Sleep::on_flag) << nonsense;
    EXPECT_EQ(page.broker.take_sleep(), Sleep::awake);
  }
}

TEST(ConsumerPage, SurvivesItsOtherEnd) {
  ConsumerPage broker = ConsumerPage::create(cursor(1)).value();
  {
    ConsumerPage consumer = ConsumerPage::map(copy(broker.descriptor())).value();
    consumer.commit(cursor(2));
  }
  EXPECT_EQ(broker.cursor(), cursor(2));
}

/// What map() says to a good page after this damage.
std::error_code refusal_after(void (*damage)(ConsumerPageLayout&)) {
  Page page;
  damage(page.bytes);
  const auto mapped = ConsumerPage::map(copy(page.memory.descriptor()));
  return mapped ? std::error_code() : mapped.error();
}

TEST(ConsumerPage, IsAcceptedWithAnyCursorAndAnySleep) {
  const auto scribble = [](ConsumerPageLayout& page) {
    page.turn = page.slots[0].position = page.slots[1].handed = ~std::uint64_t{0};
    page.sleep = ~std::uint32_t{0};
  };
  EXPECT_EQ(refusal_after(scribble), std::error_code());
}

TEST(ConsumerPage, IsRefusedWithAnotherMagic) {
  EXPECT_EQ(refusal_after([](ConsumerPageLayout& page) { page.magic ^= 1; }), std::errc::protocol_error);
}

TEST(ConsumerPage, IsRefusedWithAnotherVersion) {
  EXPECT_EQ(refusal_after([](ConsumerPageLayout& page) { ++page.version; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](ConsumerPageLayout& page) { page.version = 0; }), std::errc::protocol_error);
}

TEST(ConsumerPage, IsRefusedWhenShort) {
  const Page page;
  const auto memory =
      SharedMemory::create("short", alert::kConsumerPageBytes - 1, SharedMemory::Seal::size).value();
  std::memcpy(memory.data(), page.memory.data(), memory.size());
  EXPECT_EQ(ConsumerPage::map(copy(memory.descriptor())).error(), std::errc::protocol_error);
}

TEST(ConsumerPage, IsRefusedWhenItCanNotBeWritten) {
  const auto memory =
      SharedMemory::create("mute", alert::kConsumerPageBytes, SharedMemory::Seal::read_only).value();
  EXPECT_EQ(ConsumerPage::map(copy(memory.descriptor())).error(), std::errc::operation_not_permitted);
}

const std::string kGolden = ALERT_GOLDEN_DIR "/consumer_page.bin";

TEST(ConsumerPageLayout, IsTheGoldenOne) {
  Page page;
  page.consumer.commit(cursor(2));
  page.consumer.commit(cursor(3));
  page.consumer.commit(cursor(4));
  page.consumer.set_sleep(Sleep::in_poll);
  const std::string_view bytes(reinterpret_cast<const char*>(page.memory.data()), page.memory.size());
  if (std::getenv("ALERT_WRITE_GOLDEN")) std::ofstream(kGolden, std::ios::binary) << bytes;
  std::ifstream file(kGolden, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(golden.size(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(golden[i], bytes[i]) << "at offset " << i;
}

TEST(ConsumerPageLayout, GoldenBytesAreReadBack) {
  const auto memory = SharedMemory::create("golden", alert::kConsumerPageBytes, SharedMemory::Seal::size).value();
  std::ifstream(kGolden, std::ios::binary).read(reinterpret_cast<char*>(memory.data()), 4096);
  ConsumerPage page = ConsumerPage::map(copy(memory.descriptor())).value();
  EXPECT_EQ(page.cursor(), cursor(4));
  EXPECT_EQ(page.take_sleep(), Sleep::in_poll);
}

}  // namespace
