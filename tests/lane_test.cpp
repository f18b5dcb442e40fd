// The lane: raises in order, a verdict for each in its place, and a client that can only hurt itself.

#include "alert/memory/lane.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using alert::LaneHeader;
using alert::LaneRaise;
using alert::LaneReader;
using alert::LaneVerdict;
using alert::LaneWriter;
using alert::Profile;
using alert::SharedMemory;
using Seen = LaneReader::Seen;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

LaneVerdict verdict(std::uint64_t which) { return {0, 3, which, 2, 1}; }

/// A lane with the broker's end, the client's end, and its bytes for whoever lies.
struct Lane {
  LaneReader broker = LaneReader::create(alert::kMinLaneCapacity).value();
  LaneWriter client = LaneWriter::map(copy(broker.descriptor())).value();
  SharedMemory memory = SharedMemory::map_writable(copy(broker.descriptor())).value();
  LaneHeader& header = *reinterpret_cast<LaneHeader*>(memory.data());

  [[nodiscard]] LaneRaise& first() const {
    return *reinterpret_cast<LaneRaise*>(memory.data() + alert::kLaneHeaderBytes);
  }
  bool raise(std::string_view wire, std::string_view event = "ADMIN") {
    return client.write(Profile::nt, event, alert::as_bytes(wire));
  }
  /// The broker takes what is there and answers it.
  std::size_t serve() {
    std::size_t served = 0;
    for (; broker.look() == Seen::raise; ++served) broker.advance();
    for (std::size_t i = 0; i < served; ++i) broker.answer(verdict(++sequence));
    broker.publish();
    broker.wake();
    return served;
  }
  std::uint64_t sequence = 0;
};

TEST(Lane, CarriesARaiseAsItWas) {
  for (const std::string_view event : {"", "ADMIN", "PRINTING", "SIXTEEN LETTERS!"}) {
    for (std::size_t size = 0; size < 20; ++size) {
      Lane lane;
      const std::string wire(size, 'w');
      ASSERT_TRUE(lane.client.write(Profile::lm20, event, alert::as_bytes(wire), {1, 2, 3}));
      EXPECT_EQ(lane.broker.look(), Seen::empty) << "before it is published";
      (void)lane.client.publish();
      ASSERT_EQ(lane.broker.look(), Seen::raise);
      EXPECT_EQ(lane.broker.raise().profile, 1);
      EXPECT_EQ(lane.broker.raise().id, (alert::LaneId{1, 2, 3}));
      EXPECT_EQ(lane.broker.event(), event);
      EXPECT_EQ(alert::as_text(lane.broker.wire()), wire);
      lane.broker.advance();
      EXPECT_EQ(lane.broker.look(), Seen::empty);
    }
  }
}

TEST(Lane, CarriesTheLargestAlertUnderTheLongestName) {
  Lane lane;
  const std::string wire(alert::kLargestAlert, 'w');
  const std::string event(alert::kLargestEvent, 'e');
  ASSERT_TRUE(lane.raise(wire, event));
  (void)lane.client.publish();
  ASSERT_EQ(lane.broker.look(), Seen::raise);
  EXPECT_EQ(lane.broker.event(), event);
  EXPECT_EQ(alert::as_text(lane.broker.wire()), wire);
}

TEST(Lane, GivesEachRaiseItsVerdictInOrder) {
  Lane lane;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(lane.raise("wire"));
  (void)lane.client.publish();
  EXPECT_EQ(lane.client.take(), std::nullopt);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(lane.broker.look(), Seen::raise);
    lane.broker.advance();
  }
  lane.broker.answer(verdict(1));
  lane.broker.answer(verdict(2));
  EXPECT_EQ(lane.client.take(), std::nullopt) << "before they are published";
  lane.broker.publish();
  lane.broker.wake();
  EXPECT_EQ(lane.client.outstanding(), 3U);
  EXPECT_EQ(lane.client.take(), verdict(1));
  EXPECT_EQ(lane.client.take(), verdict(2));
  EXPECT_EQ(lane.client.take(), std::nullopt);
  EXPECT_TRUE(lane.broker.owes());
  lane.broker.answer(verdict(3));
  lane.broker.publish();
  lane.broker.wake();
  EXPECT_EQ(lane.client.take(), verdict(3));
  EXPECT_EQ(lane.client.outstanding(), 0U);
  EXPECT_FALSE(lane.broker.owes());
}

TEST(Lane, HoldsTheRaiserBackWhenItIsFullAndNobodyElse) {
  Lane lane;
  const std::string wire(1000, 'w');
  const std::size_t each = alert::padded(sizeof(LaneRaise) + 8 + wire.size());
  std::size_t written = 0;
  while (lane.raise(wire)) ++written;
  EXPECT_EQ(written, alert::kMinLaneCapacity / each);
  (void)lane.client.publish();
  EXPECT_EQ(lane.serve(), written);
  EXPECT_FALSE(lane.raise(wire)) << "verdicts not taken yet would be written over";
  EXPECT_EQ(lane.client.take(), verdict(1));
  EXPECT_TRUE(lane.raise(wire));
  EXPECT_FALSE(lane.raise(wire));
}

TEST(Lane, GoesOnAroundTheRingForEver) {
  Lane lane;
  std::uint64_t taken = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::string wire(i * 37 % 900, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(lane.raise(wire, std::string(i % 17, 'e')));
    (void)lane.client.publish();
    ASSERT_EQ(lane.broker.look(), Seen::raise);
    ASSERT_EQ(alert::as_text(lane.broker.wire()), wire);
    ASSERT_EQ(lane.serve(), 1U);
    ASSERT_EQ(lane.client.take(), verdict(++taken));
  }
}

TEST(Lane, RingsOnceForABrokerThatListens) {
  Lane lane;
  ASSERT_TRUE(lane.raise("first"));
  EXPECT_TRUE(lane.client.publish()) << "nobody has looked at it yet";
  ASSERT_TRUE(lane.raise("second"));
  EXPECT_FALSE(lane.client.publish());
  EXPECT_FALSE(lane.broker.listen()) << "there is something to look at";
  EXPECT_EQ(lane.serve(), 2U);
  EXPECT_TRUE(lane.broker.listen());
  ASSERT_TRUE(lane.raise("third"));
  EXPECT_TRUE(lane.client.publish());
}

TEST(Lane, DoesNotLetAClientSleepOnAVerdict) {
  Lane lane;
  ASSERT_TRUE(lane.raise("wire"));
  (void)lane.client.publish();
  EXPECT_EQ(lane.serve(), 1U);
  lane.client.wait(std::chrono::hours(1));
  EXPECT_EQ(lane.client.take(), verdict(1));
}

TEST(Lane, BelievesItsOwnCopyOfARaise) {
  Lane lane;
  ASSERT_TRUE(lane.raise("truth", "ADMIN"));
  (void)lane.client.publish();
  ASSERT_EQ(lane.broker.look(), Seen::raise);
  std::memset(lane.memory.data() + alert::kLaneHeaderBytes, 0xFF, 256);
  EXPECT_EQ(lane.broker.event(), "ADMIN");
  EXPECT_EQ(alert::as_text(lane.broker.wire()), "truth");
  lane.broker.advance();
  lane.broker.answer(verdict(1));
  lane.broker.publish();
  lane.broker.wake();
  EXPECT_EQ(lane.broker.look(), Seen::empty);
}

TEST(Lane, ClosesOverATailThatCannotBe) {
  const std::uint64_t capacity = alert::kMinLaneCapacity;
  for (const std::uint64_t tail : {std::uint64_t{1}, std::uint64_t{8}, std::uint64_t{56}, capacity + 8,
                                   std::uint64_t{1} << 63, ~std::uint64_t{7}, ~std::uint64_t{0}}) {
    Lane lane;
    lane.header.tail = tail;
    EXPECT_EQ(lane.broker.look(), Seen::broken) << tail;
    EXPECT_TRUE(lane.client.is_closed());
    lane.header.tail = 0;
    EXPECT_EQ(lane.broker.look(), Seen::broken) << "for good";
    EXPECT_TRUE(lane.broker.listen()) << "it is not looked at again";
  }
}

TEST(Lane, ClosesOverATailThatGoesBack) {
  Lane lane;
  ASSERT_TRUE(lane.raise("first"));
  (void)lane.client.publish();
  ASSERT_EQ(lane.broker.look(), Seen::raise);
  lane.broker.advance();
  lane.header.tail = 64;
  EXPECT_EQ(lane.broker.look(), Seen::broken);
}

TEST(Lane, ClosesOverASizeThatCannotBe) {
  const std::uint32_t whole = sizeof(LaneRaise) + 8 + 4;
  const std::uint32_t sizes[] = {0, 1, 63, 64, 71, whole + 8, alert::kLargestLaneRaise + 1, 0x7FFFFFFF, 0xFFFFFFFF};
  for (const std::uint32_t size : sizes) {
    Lane lane;
    ASSERT_TRUE(lane.raise("wire"));
    (void)lane.client.publish();
    lane.first().size = size;
    EXPECT_EQ(lane.broker.look(), Seen::broken) << size;
  }
  for (const unsigned event_size : {9U, 65U, 255U}) {
    Lane lane;
    ASSERT_TRUE(lane.raise("wire"));
    (void)lane.client.publish();
    lane.first().event_size = static_cast<std::uint8_t>(event_size);
    EXPECT_EQ(lane.broker.look(), Seen::broken) << event_size;
  }
}

TEST(Lane, OfTheSmallestRingHoldsTheLargestRaise) {
  EXPECT_EQ(alert::lane_capacity(0), alert::kDefaultLaneCapacity);
  EXPECT_EQ(alert::lane_capacity(1), alert::kMinLaneCapacity);
  EXPECT_EQ(alert::lane_capacity(alert::kMinLaneCapacity + 1), 2 * alert::kMinLaneCapacity);
  EXPECT_EQ(alert::lane_capacity(alert::kMaxLaneCapacity), alert::kMaxLaneCapacity);
  EXPECT_EQ(alert::lane_capacity(alert::kMaxLaneCapacity + 1), 0U);
}

TEST(Lane, IsRefusedWhereAnyFixedWordIsAnother) {
  for (std::size_t offset = 0; offset < 24; ++offset) {
    const auto made = LaneReader::create(alert::kMinLaneCapacity).value();
    const auto memory = SharedMemory::map_writable(copy(made.descriptor())).value();
    memory.data()[offset] ^= std::byte{0x40};
    const auto mapped = LaneWriter::map(copy(made.descriptor()));
    ASSERT_FALSE(mapped) << "at offset " << offset;
    EXPECT_EQ(mapped.error().value(), EPROTO);
  }
  const auto small = SharedMemory::create("small", 4095, SharedMemory::Seal::size).value();
  EXPECT_FALSE(LaneWriter::map(copy(small.descriptor())));
}

TEST(Lane, HasTheGoldenBytes) {
  Lane lane;
  ASSERT_TRUE(lane.client.write(Profile::lm20, "PRINTING", alert::as_bytes("wire bytes"),
                                {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  (void)lane.client.publish();
  ASSERT_EQ(lane.serve(), 1U);
  ASSERT_TRUE(lane.raise("unanswered", "ADMIN"));
  (void)lane.client.publish();
  const std::string_view bytes(reinterpret_cast<const char*>(lane.memory.data()), alert::kLaneHeaderBytes + 256);
  const std::string path = ALERT_GOLDEN_DIR "/lane.bin";
  if (std::getenv("ALERT_WRITE_GOLDEN")) std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(golden.size(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(golden[i], bytes[i]) << "at offset " << i;
}

}  // namespace
