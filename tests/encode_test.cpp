// Encoding of alerts: the golden ones back into their bytes, and everything that does not fit.

#include <algorithm>

#include <gtest/gtest.h>

#include "alert/wire/alert.hpp"
#include "allocations.hpp"
#include "empty_alert.hpp"
#include "vectors.hpp"

namespace {

using alert::Alert;
using alert::AlertView;
using alert::decode;
using alert::encode;
using alert::Errc;
using alert::kLargestAlert;
using alert::Profile;
using golden::alert_of;
using golden::alerts;
using golden::Buffer;
using golden::codec_of;
using golden::encoded;
using golden::fields_of;
using golden::Vector;
using golden::verdict;
using test::allocations;
using test::empty_alert;
using test::kProfiles;
using test::wire;

static_assert(noexcept(encode(AlertView(), {})) && noexcept(encode(Alert(), {})));
static_assert(noexcept(alert::encoded_size(AlertView())) && noexcept(alert::encoded_size(Alert())));

Alert message(Profile profile, std::string wire_text) {
  Alert alert = empty_alert(profile, "MESSAGE");
  std::get<alert::MessageOtherInfo<std::string>>(alert.other_info).msg_text = std::move(wire_text);
  return alert;
}

TEST(Encode, ReproducesEveryCanonicalGoldenAlert) {
  for (const Vector& v : alerts().valid) {
    SCOPED_TRACE(v.name);
    auto codec = codec_of(v);
    const Alert alert = alert_of(v.profile, v.fields, codec);
    EXPECT_EQ(encoded_size(alert), v.bytes.size());
    EXPECT_EQ(encoded(alert).value() == v.bytes, v.canonical);
    EXPECT_EQ(encoded(decode(v.profile, v.bytes)->alert).value() == v.bytes, v.canonical);
  }
}

TEST(Encode, WritesZerosWhereASenderLeftGarbage) {
  for (const Vector& v : alerts().valid) {
    if (v.canonical) continue;
    const Buffer clean = encoded(decode(v.profile, v.bytes)->alert).value();
    auto codec = codec_of(v);
    EXPECT_EQ(fields_of(decode(v.profile, clean)->alert, codec), v.fields) << v.name;
    EXPECT_EQ(encoded(decode(v.profile, clean)->alert).value(), clean) << v.name;
  }
}

TEST(Encode, TakesNamesThatFillTheirArraysAndNothingLonger) {
  for (const Profile profile : kProfiles) {
    const bool nt = profile == Profile::nt;
    Alert alert = empty_alert(profile, std::string(16, 'E'));
    alert.header.alrt_servicename = wire(profile, std::string(nt ? 80 : 15, 'S'));
    EXPECT_EQ(verdict(encoded(alert)), "accepted");
    alert.header.alrt_servicename += wire(profile, "S");
    EXPECT_EQ(verdict(encoded(alert)), nt ? "name_too_long at 38" : "name_too_long at 22");
    EXPECT_EQ(verdict(encoded(empty_alert(profile, std::string(17, 'E')))), "name_too_long at 4");
  }
}

TEST(Encode, RefusesANumberThatTheProfileHasNoRoomFor) {
  Alert alert = empty_alert(Profile::lm20, "PRINTING");
  auto& print = std::get<alert::PrintOtherInfo<std::string>>(alert.other_info);
  print.alrtpr_jobid = 65535;
  EXPECT_EQ(verdict(encoded(alert)), "accepted");
  print.alrtpr_jobid = 65536;
  EXPECT_EQ(verdict(encoded(alert)), "number_too_large at 38");
  alert.profile = Profile::nt;
  alert.header.alrt_eventname = wire(Profile::nt, "PRINTING");
  EXPECT_EQ(verdict(encoded(alert)), "accepted");
}

TEST(MergeStrings, AreNineAtMost) {
  alert::MergeStrings<std::string> strings;
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(strings.push_back("s"));
  EXPECT_FALSE(strings.push_back("tenth"));
  EXPECT_FALSE(strings.resize(10));
  EXPECT_EQ(strings.size(), 9u);
}

TEST(Encode, RefusesATextThatContainsItsTerminator) {
  EXPECT_EQ(verdict(encoded(message(Profile::lm20, std::string("a\0b", 3)))), "embedded_zero at 38");
  EXPECT_EQ(verdict(encoded(message(Profile::nt, std::string("a\0\0\0b\0", 6)))), "embedded_zero at 200");
  EXPECT_EQ(verdict(encoded(empty_alert(Profile::lm20, std::string("X\0", 2)))), "embedded_zero at 4");
}

TEST(Encode, AcceptsAZeroByteThatIsHalfACodeUnit) {
  EXPECT_EQ(verdict(encoded(message(Profile::nt, std::string("\0\1a\0", 4)))), "accepted");
}

TEST(Encode, RefusesHalfACodeUnit) {
  EXPECT_EQ(verdict(encoded(message(Profile::nt, "abc"))), "odd_text at 200");
  EXPECT_EQ(verdict(encoded(message(Profile::lm20, "abc"))), "accepted");
}

TEST(Encode, RefusesAnEventNameOfAnotherClass) {
  for (const Profile profile : kProfiles) {
    Alert alert = empty_alert(profile, "USER");
    alert.header.alrt_eventname = wire(profile, "ADMIN");
    EXPECT_EQ(verdict(encoded(alert)), "class_mismatch at 4");
    alert.header.alrt_eventname = wire(profile, "BACKUP");
    EXPECT_EQ(verdict(encoded(alert)), "class_mismatch at 4");
  }
}

TEST(Encode, RefusesEveryBufferThatIsTooSmall) {
  for (const Vector& v : alerts().valid) {
    const AlertView alert = decode(v.profile, v.bytes).value().alert;
    for (std::size_t size = 0; size < v.bytes.size(); ++size) {
      Buffer out(size);
      ASSERT_EQ(encode(alert, out).error().code, Errc::no_room) << v.name << " into " << size;
    }
  }
}

TEST(Encode, LeavesTheRestOfALargeBufferAlone) {
  for (const Vector& v : alerts().valid) {
    Buffer out(v.bytes.size() + 8, std::byte{0xA5});
    EXPECT_EQ(encode(decode(v.profile, v.bytes)->alert, out).value(), v.bytes.size());
    EXPECT_EQ(std::count(out.end() - 8, out.end(), std::byte{0xA5}), 8) << v.name;
  }
}

TEST(Encode, TakesTheLargestAlertAndNothingLarger) {
  for (const Profile profile : kProfiles) {
    Alert alert = empty_alert(profile, "BIG");
    auto& payload = std::get<alert::CustomOtherInfo<std::string>>(alert.other_info).payload;
    payload.assign(kLargestAlert - alert::std_alert_size(profile), 'p');
    EXPECT_EQ(encoded(alert).value().size(), kLargestAlert);
    payload.push_back('p');
    EXPECT_EQ(encoded(alert).error().code, Errc::too_large);
  }
  EXPECT_EQ(verdict(encoded(message(Profile::lm20, std::string(kLargestAlert - 39, 'm')))), "accepted");
  EXPECT_EQ(encoded(message(Profile::lm20, std::string(kLargestAlert - 38, 'm'))).error().code, Errc::too_large);
}

TEST(Encode, AllocatesNothing) {
  Buffer out(kLargestAlert);
  for (const Vector& v : alerts().valid) {
    auto codec = codec_of(v);
    const Alert alert = alert_of(v.profile, v.fields, codec);
    const std::size_t before = allocations;
    const bool as_said = encode(alert, out) == encoded_size(alert);
    EXPECT_EQ(allocations, before) << v.name;
    EXPECT_TRUE(as_said) << v.name;
  }
}

}  // namespace
