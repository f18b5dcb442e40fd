// The bytes of an indication record.

#include <gtest/gtest.h>

#include "alert/wire/cluster_change.hpp"
#include "alert/wire/indication.hpp"

namespace {

using namespace alert;

TEST(Indication, NP_9_4_NamesAreUtf16LittleEndianWithAZero) {
  const auto record = encode_indication({}, {1, kGroupState, 2, 0}, "a\xC3\xBC");
  const std::string bytes(as_text(Bytes(record).subspan(sizeof(RecordHeader) + sizeof(IndicationBody))));
  EXPECT_EQ(bytes, std::string("a\0\xFC\0\0\0", 6));
}

TEST(Indication, EveryPrefixAndEveryOddNameIsRefused) {
  const auto record = encode_indication({}, {1, kGroupState, 2, 0}, "name");
  ASSERT_TRUE(decode_indication(record));
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_indication(Bytes(record).first(size))) << size;
  auto shorter = record;
  for (std::uint32_t size = sizeof(RecordHeader); size < record.size(); ++size) {
    std::memcpy(shorter.data(), &size, sizeof size);
    EXPECT_FALSE(decode_indication(Bytes(shorter).first(size))) << size;
  }
  auto early = record;
  early[early.size() - 4] = std::byte{0};
  EXPECT_FALSE(decode_indication(early));
}

}  // namespace
