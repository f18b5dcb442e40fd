// Decoding of alerts: the golden ones, every way to cut them, every length that lies.

#include "alert/wire/alert.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "allocations.hpp"
#include "empty_alert.hpp"
#include "vectors.hpp"

namespace {

using alert::AlertView;
using alert::Bytes;
using alert::decode;
using alert::decode_leniently;
using alert::Errc;
using alert::kLargestAlert;
using alert::Profile;
using golden::alerts;
using golden::Buffer;
using golden::codec_of;
using golden::fields_of;
using golden::prefix;
using golden::raw_fields_of;
using golden::string_offsets;
using golden::texts_of;
using golden::Vector;
using golden::vector_named;
using golden::verdict;
using test::allocations;
using test::empty_alert;
using test::kProfiles;

static_assert(noexcept(decode(Profile::nt, Bytes())) && noexcept(decode_leniently(Profile::nt, Bytes())));
static_assert(noexcept(alert::alert_other_info(Profile::nt, Bytes())));
static_assert(noexcept(alert::alert_var_data(Profile::nt, Bytes())));

/// A custom alert of exactly this many bytes.
Buffer custom_bytes(Profile profile, std::size_t size) {
  Buffer bytes(size, std::byte{0x5A});
  std::fill_n(bytes.begin(), alert::std_alert_size(profile), std::byte{0});
  return bytes;
}

void expect_decodes(const Vector& v) {
  SCOPED_TRACE(v.name);
  const auto decoded = decode(v.profile, v.bytes);
  ASSERT_EQ(verdict(decoded), "accepted");
  auto codec = codec_of(v);
  EXPECT_EQ(class_name(decoded->alert.other_info), v.class_name);
  EXPECT_EQ(fields_of(decoded->alert, codec), v.fields);
  EXPECT_EQ(decoded->trailing, v.trailing);
  for (const auto& [field, hex] : v.raw_hex.items()) EXPECT_EQ(raw_fields_of(decoded->alert).at(field), hex);
}

/// Fixed part of the trailer: the fact sheet's first table.
std::size_t fixed_size(const Vector& v) {
  const bool nt = v.profile == Profile::nt;
  if (v.class_name == "admin" || v.class_name == "user") return nt ? 8 : 4;
  if (v.class_name == "print") return nt ? 16 : 12;
  if (v.class_name == "errlog") return nt ? 8 : 6;
  return 0;
}

/// The golden alert, which has merge strings, with another number in numstrings.
Buffer with_numstrings(const Vector& v, std::uint32_t count) {
  Buffer bytes = v.bytes;
  const std::size_t size = v.profile == Profile::nt ? 4 : 2;
  std::memcpy(bytes.data() + alert::std_alert_size(v.profile) + size, &count, size);
  return bytes;
}

TEST(GoldenAlerts, CoverEveryClassInBothProfiles) {
  std::map<std::pair<Profile, std::string>, std::size_t> seen;
  for (const Vector& v : alerts().valid) ++seen[{v.profile, v.class_name}];
  EXPECT_EQ(seen.size(), 2 * std::variant_size_v<alert::OtherInfo<std::string>>);
  EXPECT_FALSE(alerts().trailing.empty() || alerts().malformed.empty());
}

TEST(Decode, GivesEveryGoldenAlertItsClassAndFields) {
  for (const Vector& v : alerts().valid) expect_decodes(v);
}

TEST(Decode, AcceptsBytesBehindTheAlertAndCountsThem) {
  for (const Vector& v : alerts().trailing) expect_decodes(v);
}

TEST(Decode, RefusesEveryMalformedGoldenAlert) {
  for (const golden::Malformed& m : alerts().malformed)
    EXPECT_NE(verdict(decode(m.profile, m.bytes)), "accepted") << m.name << ": " << m.reason;
}

TEST(Decode, RefusesEveryProperPrefixOfAnAlertWithStructure) {
  for (const Vector& v : alerts().valid) {
    const std::size_t end = v.class_name == "custom" ? alert::std_alert_size(v.profile) : v.bytes.size();
    for (std::size_t cut = 0; cut < end; ++cut)
      ASSERT_FALSE(decode(v.profile, prefix(v.bytes, cut))) << v.name << " cut at " << cut;
  }
}

TEST(Decode, GivesAPrefixOfACustomAlertAShorterPayload) {
  for (const Profile profile : kProfiles) {
    const Buffer whole = custom_bytes(profile, 300);
    for (std::size_t cut = alert::std_alert_size(profile); cut < whole.size(); ++cut) {
      const Buffer bytes = prefix(whole, cut);
      const AlertView alert = decode(profile, bytes).value().alert;
      ASSERT_EQ(texts_of(alert).at("payload_hex").size(), cut - alert::std_alert_size(profile));
    }
  }
}

TEST(Decode, NamesTheStartOfTheFieldWhereTheBytesEnd) {
  const std::pair<const char*, std::vector<std::size_t>> fields[] = {
      {"lm20-user-n3", {0, 4, 21, 22, 38, 40, 42, 48, 53, 59, 64}},
      {"nt-user-n3", {0, 4, 38, 200, 204, 208, 220, 230, 242, 252}},
      {"lm20-print-only-status", {0, 4, 21, 22, 38, 40, 42, 46, 50, 51, 52, 53, 54}},
      {"nt-errlog-order", {0, 4, 38, 200, 204}},
      {"lm20-errlog-basic", {0, 4, 21, 22, 38, 40}},
      {"nt-message-basic", {0, 4, 38, 200}}};
  for (const auto& [name, starts] : fields) {
    const Vector& v = vector_named(name);
    for (std::size_t cut = 0; cut < v.bytes.size(); ++cut) {
      const std::size_t start = *(std::upper_bound(starts.begin(), starts.end(), cut) - 1);
      ASSERT_EQ(decode(v.profile, prefix(v.bytes, cut)).error().offset, start) << name << " cut at " << cut;
    }
  }
}

TEST(DecodeLeniently, FindsNothingWrongWithAWholeAlert) {
  for (const Vector& v : alerts().trailing) {
    const auto partial = decode_leniently(v.profile, v.bytes);
    EXPECT_FALSE(partial.error) << v.name;
    EXPECT_EQ(partial.trailing, v.trailing) << v.name;
  }
}

TEST(DecodeLeniently, KeepsEveryStringUpToTheCut) {
  for (const Vector& v : alerts().valid) {
    const auto whole = texts_of(decode(v.profile, v.bytes)->alert);
    const auto offsets = string_offsets(v);
    for (std::size_t cut = alert::std_alert_size(v.profile); cut < v.bytes.size(); ++cut) {
      SCOPED_TRACE(v.name + " cut at " + std::to_string(cut));
      const Buffer bytes = prefix(v.bytes, cut);
      const auto partial = decode_leniently(v.profile, bytes);
      auto found = texts_of(partial.alert);
      ASSERT_EQ(partial.error.has_value(), v.class_name != "custom");
      for (const auto& [at, name] : offsets) {
        const std::size_t left = at < cut ? (cut - at) / alert::unit(v.profile) * alert::unit(v.profile) : 0;
        ASSERT_EQ(found[name], whole.at(name).substr(0, left)) << name;
      }
    }
  }
}

TEST(DecodeLeniently, KeepsTheHeaderOfAnAlertWhoseTrailerIsCut) {
  for (const Vector& v : alerts().valid) {
    const Buffer bytes = prefix(v.bytes, alert::std_alert_size(v.profile));
    const auto whole = decode(v.profile, v.bytes)->alert.header;
    const auto header = decode_leniently(v.profile, bytes).alert.header;
    EXPECT_EQ(header.alrt_timestamp, whole.alrt_timestamp) << v.name;
    EXPECT_EQ(header.alrt_eventname, whole.alrt_eventname) << v.name;
    EXPECT_EQ(header.alrt_servicename, whole.alrt_servicename) << v.name;
  }
}

TEST(DecodeLeniently, GivesAnAlertWithACutHeaderNoClass) {
  for (const Vector& v : alerts().valid) {
    for (std::size_t cut = 0; cut < alert::std_alert_size(v.profile); ++cut) {
      const Buffer bytes = prefix(v.bytes, cut);
      const auto partial = decode_leniently(v.profile, bytes);
      ASSERT_EQ(partial.error.value().code, Errc::truncated) << v.name << " cut at " << cut;
      ASSERT_EQ(class_name(partial.alert.other_info), "custom");
      ASSERT_EQ(partial.alert.header.alrt_timestamp,
                cut < 4 ? 0u : v.fields.at("alrt_timestamp").get<std::uint32_t>());
    }
  }
}

TEST(Decode, FollowsNumstringsUpToNineAndNoFurther) {
  for (const Vector& v : alerts().valid) {
    if (!v.fields.contains("mergestrings")) continue;
    const std::size_t strings = v.fields.at("mergestrings").size();
    const std::size_t field = alert::std_alert_size(v.profile) + fixed_size(v) / 2;
    for (const std::uint32_t lie : {0u, 1u, 2u, 8u, 9u, 10u, 127u, 128u, 255u, 256u, 265u, 32767u, 32768u, 65535u,
                                    65536u, 65545u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
      if (v.profile == Profile::lm20 && lie > 0xFFFF) continue;
      SCOPED_TRACE(v.name + " says " + std::to_string(lie));
      const Buffer bytes = with_numstrings(v, lie);
      const auto decoded = decode(v.profile, bytes);
      if (lie > 9) {
        EXPECT_EQ(verdict(decoded), verdict(alert::Error{Errc::too_many_strings, field}));
      } else if (lie > strings) {
        EXPECT_EQ(verdict(decoded), verdict(alert::Error{Errc::unterminated, bytes.size()}));
      } else {
        EXPECT_EQ(decoded.value().trailing, bytes.size() - encoded_size(decoded->alert));
      }
    }
  }
}

TEST(Decode, RefusesAStringWhoseZeroIsMissing) {
  for (const Vector& v : alerts().valid) {
    for (const auto& [at, name] : string_offsets(v)) {
      Buffer bytes = v.bytes;
      const auto text = texts_of(decode(v.profile, v.bytes)->alert).at(name);
      bytes[at + text.size()] = std::byte{'x'};
      EXPECT_EQ(decode(v.profile, bytes).error().code, Errc::unterminated) << v.name << ' ' << name;
    }
  }
}

TEST(Decode, RefusesANameArrayWithoutItsZero) {
  for (const Profile profile : kProfiles) {
    const std::size_t service = profile == Profile::nt ? 38 : 22;
    for (const auto& [start, end] : {std::pair{std::size_t{4}, 4 + 17 * alert::unit(profile)},
                                     std::pair{service, alert::std_alert_size(profile)}}) {
      Buffer bytes = custom_bytes(profile, 250);
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(start),
                bytes.begin() + static_cast<std::ptrdiff_t>(end), std::byte{'x'});
      EXPECT_EQ(verdict(decode(profile, bytes)), verdict(alert::Error{Errc::unterminated, start}));
    }
  }
}

TEST(Decode, NeedsBothBytesOfAWideZero) {
  Buffer bytes = vector_named("nt-message-empty").bytes;
  bytes.back() = std::byte{1};  // U+0100, not the end
  EXPECT_EQ(verdict(decode(Profile::nt, bytes)), "unterminated at 200");
  bytes.push_back(std::byte{0});
  EXPECT_EQ(verdict(decode(Profile::nt, bytes)), "unterminated at 200");
}

TEST(Decode, TakesTheLargestAlertAndNothingLarger) {
  for (const Profile profile : kProfiles) {
    EXPECT_EQ(verdict(decode(profile, custom_bytes(profile, kLargestAlert))), "accepted");
    EXPECT_EQ(verdict(decode(profile, custom_bytes(profile, kLargestAlert + 1))), "too_large at 65475");
  }
}

TEST(Decode, AllocatesNothing) {
  std::size_t decoded = 0;
  const std::size_t valid = alerts().valid.size();
  const std::size_t before = allocations;
  for (const Vector& v : alerts().valid) decoded += decode(v.profile, v.bytes).has_value();
  for (const golden::Malformed& m : alerts().malformed) decoded += !decode_leniently(m.profile, m.bytes).error;
  EXPECT_EQ(allocations, before);
  EXPECT_GT(before, 0u);  // the counter counts
  EXPECT_EQ(decoded, valid);
}

TEST(EventName, NamesItsClassInAnyLetterCase) {
  const std::pair<const char*, const char*> names[] = {
      {"Admin", "admin"},     {"admin", "admin"},     {"uSER", "user"},    {"printing", "print"},
      {"ErrorLog", "errlog"}, {"mesSAGE", "message"}, {"ADMI", "custom"},  {"ADMINS", "custom"},
      {" ADMIN", "custom"},   {"ADMIN ", "custom"},   {"PRINT", "custom"}, {"", "custom"}};
  for (const auto& [event, expected] : names)
    for (const Profile profile : kProfiles)
      EXPECT_EQ(class_name(empty_alert(profile, event).other_info), expected) << event;
}

TEST(EventName, IsComparedInWholeCodeUnits) {
  const std::string lookalike = alert::utf8_to_utf16le("\u0141DMIN").value();  // U+0141 ends in 0x41, an A
  EXPECT_EQ(class_name(alert::other_info_for<std::string>(Profile::nt, lookalike)), "custom");
}

TEST(AlertOtherInfo, IsEverythingBehindTheHeader) {
  for (const Vector& v : alerts().valid) {
    const std::size_t header = v.profile == Profile::nt ? 200 : 38;
    const Bytes info = alert::alert_other_info(v.profile, v.bytes).value();
    EXPECT_EQ(info.data(), v.bytes.data() + header) << v.name;
    EXPECT_EQ(info.size(), v.bytes.size() - header) << v.name;
    for (std::size_t cut = 0; cut < header; ++cut)
      ASSERT_FALSE(alert::alert_other_info(v.profile, prefix(v.bytes, cut))) << v.name << " cut at " << cut;
  }
}

TEST(AlertVarData, IsEverythingBehindTheFixedPartOfTheClass) {
  for (const Vector& v : alerts().valid) {
    const std::size_t fixed = alert::std_alert_size(v.profile) + fixed_size(v);
    const Bytes data = alert::alert_var_data(v.profile, v.bytes).value();
    EXPECT_EQ(data.data(), v.bytes.data() + fixed) << v.name;
    EXPECT_EQ(data.size(), v.bytes.size() - fixed) << v.name;
    for (std::size_t cut = 0; cut < fixed; ++cut)
      ASSERT_FALSE(alert::alert_var_data(v.profile, prefix(v.bytes, cut))) << v.name << " cut at " << cut;
  }
}

TEST(AlertVarData, NeedsAnEventNameThatEnds) {
  Buffer bytes = custom_bytes(Profile::lm20, 60);
  std::fill_n(bytes.begin() + 4, 17, std::byte{'x'});
  EXPECT_EQ(verdict(alert::alert_var_data(Profile::lm20, bytes)), "unterminated at 4");
}

}  // namespace
