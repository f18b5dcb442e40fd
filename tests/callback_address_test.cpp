// Callback addresses: Windows' bytes both ways, and what they are written as.

#include <gtest/gtest.h>

#include "alert/wire/callback_address.hpp"
#include "alert/wire/hex.hpp"

namespace {

using namespace alert;

constexpr const char* kInet = "020009c47f0000010000000000000000";
constexpr const char* kInet6 =
    "170009c40000000000000000000000000000000000000001"
    "00000000";

CallbackAddress address(const std::string& text) { return callback_from_text(text).value_or(CallbackAddress{}); }
Result<CallbackAddress> decoded(const std::string& hex) { return decode_callback_address(*from_hex(hex)); }

TEST(CallbackAddress, PN_3_1_BothFamiliesAreRead) {
  EXPECT_EQ(decoded(kInet), address("127.0.0.1:2500"));
  EXPECT_EQ(decoded(kInet6), address("[::1]:2500"));
  for (const char* text : {"127.0.0.1:2500", "[::1]:2500", "192.0.2.7:65535", "[2001:db8::7]:1"})
    EXPECT_EQ(decode_callback_address(encode_callback_address(address(text))), address(text));
  EXPECT_EQ(to_hex(encode_callback_address(address("127.0.0.1:2500"))), kInet);
  EXPECT_EQ(to_hex(encode_callback_address(address("[::1]:2500"))), kInet6);
}

TEST(CallbackAddress, PN_3_2_TheFamilyIsWindowsNumberAndIsTranslated) {
  EXPECT_EQ(decoded(kInet6)->ip.family, AddressFamily::inet6);
  EXPECT_EQ(static_cast<int>(AddressFamily::inet6), 23);
}

TEST(CallbackAddress, PN_3_3_LinuxesNumberIsAnotherFamily) {
  std::string linux_inet6 = kInet6;
  linux_inet6.replace(0, 4, "0a00");
  EXPECT_EQ(decoded(linux_inet6), failure(Errc::bad_magic, 0));
}

TEST(CallbackAddress, PN_3_4_FamilyIsLittleEndianPortAndAddressBig) {
  EXPECT_EQ(decoded("00020" + std::string(kInet).substr(5)), failure(Errc::bad_magic, 0));
  EXPECT_EQ(decoded(kInet)->port, 2500);
  EXPECT_EQ(decoded(kInet)->ip.bytes[0], std::byte{127});
}

TEST(CallbackAddress, PN_3_5_OtherFamiliesAreRefused) {
  auto bytes = *from_hex(kInet);
  for (unsigned family = 0; family < 0x10000; ++family) {
    bytes[0] = static_cast<std::byte>(family & 0xFF), bytes[1] = static_cast<std::byte>(family >> 8);
    EXPECT_EQ(decode_callback_address(bytes).has_value(), family == 2) << family;
  }
}

TEST(CallbackAddress, PN_3_6_AnyOtherLengthThanTheFamilysIsRefused) {
  for (const char* hex : {kInet, kInet6}) {
    const auto bytes = *from_hex(hex);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_callback_address(Bytes(bytes).first(size))) << size;
    auto longer = bytes;
    longer.emplace_back();
    EXPECT_EQ(decode_callback_address(longer), failure(Errc::bad_length, longer.size()));
  }
}

TEST(CallbackAddress, PN_3_8_PortZeroAndTheAddressOfZerosAreRefused) {
  EXPECT_EQ(decoded("020000007f0000010000000000000000"), failure(Errc::bad_length, 2));
  EXPECT_EQ(decoded("020009c4000000000000000000000000"), failure(Errc::bad_length, 4));
  EXPECT_EQ(decoded("170009c4" + std::string(48, '0')), failure(Errc::bad_length, 8));
}

TEST(CallbackAddress, PN_3_9_RubbishBehindIsIgnoredAndTheScopeIsOfLinkLocalAddressesAlone) {
  EXPECT_EQ(decoded("020009c47f000001deadbeefdeadbeef"), decoded(kInet));
  EXPECT_EQ(decoded("170009c4ffffffff0000000000000000000000000000000103000000"), decoded(kInet6));
  const auto link_local = decoded("170009c400000000fe80000000000000000000000000000103000000");
  ASSERT_TRUE(link_local);
  EXPECT_EQ(link_local->scope, 3u);
  EXPECT_EQ(decode_callback_address(encode_callback_address(*link_local)), link_local);
}

TEST(CallbackAddress, IsWrittenWithItsPortAndInBracketsWhereItHasColons) {
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:99999999999",
                          "127.0.0.1:2a", "::1:2500", "[127.0.0.1]:2500", "[::1]", "host:1", ":1", "[]:1"})
    EXPECT_EQ(callback_from_text(bad), std::nullopt) << bad;
}

}  // namespace
