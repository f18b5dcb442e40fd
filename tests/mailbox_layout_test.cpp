// The bytes of a mailbox: the golden ones, and those that no reader maps.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "mailbox_box.hpp"

namespace {

using alert::MailboxHeader;
using alert::MailboxReader;
using alert::SharedMemory;
using test::Box;
using test::copy;
using test::header;
using test::header_of;
using test::wreck_of;

/// What map() says to a good mailbox after this damage to its header.
std::error_code refusal_after(void (*damage)(MailboxHeader&), std::size_t bytes = 0) {
  const SharedMemory wreck = wreck_of(Box(), bytes);
  damage(header(wreck));
  const auto reader = MailboxReader::map(copy(wreck.descriptor()));
  return reader ? std::error_code() : reader.error();
}

TEST(MailboxHeader, AcceptsTheHeaderThatTheOthersDamage) {
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}), std::error_code());
}

TEST(MailboxHeader, RefusesAnotherMagic) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.magic ^= 1; }), std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesAnotherVersion) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { ++it.version; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.version = 0; }), std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesAnotherHeaderSize) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.header_bytes = 0; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.header_bytes += 8; }), std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesACapacityThatIsNoPowerOfTwo) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 6144; }, 65536), std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesACapacityOutsideItsLimits) {
  constexpr std::size_t kRoom = 2 * alert::kMaxMailboxCapacity + alert::kMailboxHeaderBytes;
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 0; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = alert::kMinMailboxCapacity / 2; }),
            std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity = 2 * alert::kMaxMailboxCapacity; }, kRoom),
            std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesACapacityThatTheMemoryDoesNotHave) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.capacity *= 2; }), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}, alert::kMailboxHeaderBytes + 4095), std::errc::protocol_error);
  EXPECT_EQ(refusal_after([](MailboxHeader&) {}, sizeof(MailboxHeader)), std::errc::protocol_error);
}

TEST(MailboxHeader, RefusesMessagesAboveTheLargestAlert) {
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.max_message = 65475; }), std::error_code());
  EXPECT_EQ(refusal_after([](MailboxHeader& it) { it.max_message = 65476; }), std::errc::protocol_error);
}

/// A box that is the same bytes on every run.
Box three_records() {
  Box box(4096, 512, 41);
  for (const std::string_view body : {"first", "", "the third and last"})
    box.writer.write(header_of(body, 100 + body.size()), alert::as_bytes(body));
  box.writer.publish();
  box.writer.ring_bell();
  return box;
}
const std::string kGolden = ALERT_GOLDEN_DIR "/mailbox.bin";

TEST(MailboxLayout, IsTheGoldenOne) {
  const Box box = three_records();
  const auto memory = SharedMemory::map_read_only(copy(box.writer.descriptor())).value();
  const std::string_view bytes(reinterpret_cast<const char*>(memory.data()),
                               alert::kMailboxHeaderBytes + box.writer.tail());
  if (std::getenv("ALERT_WRITE_GOLDEN")) std::ofstream(kGolden, std::ios::binary) << bytes;
  std::ifstream file(kGolden, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(golden.size(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(golden[i], bytes[i]) << "at offset " << i;
}

TEST(MailboxLayout, GoldenBytesAreReadBack) {
  Box box;
  const auto memory = SharedMemory::create("golden", 8192, SharedMemory::Seal::read_only).value();
  std::ifstream(kGolden, std::ios::binary).read(reinterpret_cast<char*>(memory.data()), 8192);
  box.reader = MailboxReader::map(copy(memory.descriptor())).value();
  box.reader.seek(0, 41);
  EXPECT_EQ(box.reader.max_message(), 512U);
  for (const char* body : {"first", "", "the third and last", "(empty)"}) EXPECT_EQ(box.read(), body);
}

}  // namespace
