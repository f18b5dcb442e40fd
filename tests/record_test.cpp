// The record header, byte by byte, and what read_record refuses.

#include "alert/wire/record.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "vectors.hpp"

namespace {

using alert::kLargestRecord;
using alert::read_record;
using alert::RecordHeader;
using alert::RecordKind;
using golden::Buffer;
using golden::from_hex;
using golden::prefix;
using golden::verdict;

constexpr std::string_view kRecord =
    "43000000 0100 02 05"               // 67 bytes, an alert, nt, redelivered and relayed
    "0102030405060708"                  // ordinal
    "1112131415161718"                  // sequence
    "2122232425262728"                  // accepted_ns
    "e8030000 39300000"                 // uid 1000, pid 12345
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"  // origin
    "3132333435363738"                  // origin_sequence
    "616263";                           // body

RecordHeader header() {
  return {
      .size = 67,
      .kind = 1,
      .profile = 2,
      .flags = alert::kRedelivered | alert::kRelayed,
      .ordinal = 0x0807060504030201,
      .sequence = 0x1817161514131211,
      .accepted_ns = 0x2827262524232221,
      .uid = 1000,
      .pid = 12345,
      .origin = {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF},
      .origin_sequence = 0x3837363534333231};
}

template <class T>
Buffer bytes_of(const T& value, std::size_t size = sizeof(T)) {
  Buffer bytes(size);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// The verdict on a record that lies about its size, in a buffer of `bytes`.
std::string with_size(std::uint32_t size, std::size_t bytes) {
  RecordHeader lying = header();
  lying.size = size;
  return verdict(read_record(bytes_of(lying, bytes)));
}
std::string with_kind(unsigned kind, unsigned profile) {
  RecordHeader other = header();
  other.kind = static_cast<std::uint16_t>(kind);
  other.profile = static_cast<std::uint8_t>(profile);
  return verdict(read_record(bytes_of(other, other.size)));
}

TEST(RecordHeader, IsTheseBytes) { EXPECT_EQ(bytes_of(header()), prefix(from_hex(kRecord), 64)); }

TEST(RecordHeader, IsZeroUnlessFilledIn) { EXPECT_EQ(bytes_of(RecordHeader()), Buffer(64)); }

TEST(GapBody, IsTheseBytes) {
  const alert::GapBody gap{.first = 0x0102, .last = 0x0304, .count = 5, .reason = 2, .reserved = 0};
  EXPECT_EQ(bytes_of(gap), from_hex("0201000000000000 0403000000000000 0500000000000000 02000000 00000000"));
}

TEST(ReadRecord, GivesTheHeaderAndTheBody) {
  const Buffer bytes = from_hex(kRecord);
  const auto record = read_record(bytes).value();
  EXPECT_EQ(bytes_of(record.header), bytes_of(header()));
  EXPECT_EQ(record.kind(), RecordKind::alert);
  EXPECT_EQ(record.body.data(), bytes.data() + 64);
  EXPECT_EQ(alert::as_text(record.body), "abc");
}

TEST(ReadRecord, LeavesWhatFollowsAlone) {
  Buffer bytes = from_hex(kRecord);
  bytes.resize(200, std::byte{0xEE});
  EXPECT_EQ(alert::as_text(read_record(bytes).value().body), "abc");
}

TEST(ReadRecord, NeedsNoAlignment) {
  Buffer bytes = from_hex("ff" + std::string(kRecord));
  EXPECT_EQ(read_record(alert::Bytes(bytes).subspan(1)).value().header.origin_sequence, header().origin_sequence);
}

TEST(ReadRecord, RefusesEveryShorterPrefix) {
  const Buffer bytes = from_hex(kRecord);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(verdict(read_record(prefix(bytes, cut))), cut < 64 ? "truncated at 0" : "truncated at 64") << cut;
}

TEST(ReadRecord, RefusesASizeThatDoesNotCoverTheHeader) {
  for (const std::uint32_t size : {0u, 1u, 63u}) EXPECT_EQ(with_size(size, 100), "bad_length at 0") << size;
}

TEST(ReadRecord, TakesARecordWithoutABody) { EXPECT_EQ(with_size(64, 64), "accepted"); }

TEST(ReadRecord, RefusesASizeThatGoesBeyondTheBytes) {
  EXPECT_EQ(with_size(65, 64), "truncated at 64");
  EXPECT_EQ(with_size(101, 100), "truncated at 64");
  EXPECT_EQ(with_size(kLargestRecord, kLargestRecord - 1), "truncated at 64");
}

TEST(ReadRecord, TakesTheLargestRecordAndNothingLarger) {
  EXPECT_EQ(with_size(kLargestRecord, kLargestRecord), "accepted");
  EXPECT_EQ(with_size(kLargestRecord + 1, kLargestRecord + 1), "bad_length at 0");
  EXPECT_EQ(with_size(0xFFFFFFFF, kLargestRecord), "bad_length at 0");
}

TEST(ReadRecord, KnowsSixKinds) {
  for (const unsigned kind : {1u, 2u, 3u, 4u, 5u, 6u}) EXPECT_EQ(with_kind(kind, 1), "accepted") << kind;
  for (const unsigned kind : {0u, 7u, 0x0100u, 0xFFFFu}) EXPECT_EQ(with_kind(kind, 1), "bad_magic at 4") << kind;
}

TEST(ReadRecord, RefusesAnAlertWithoutAProfile) {
  for (const unsigned profile : {0u, 3u, 255u}) EXPECT_EQ(with_kind(1, profile), "bad_magic at 6") << profile;
  for (const unsigned profile : {1u, 2u}) EXPECT_EQ(with_kind(1, profile), "accepted") << profile;
}

TEST(ReadRecord, RefusesAnUnknownProfileInAnyKind) {
  for (const unsigned kind : {3u, 4u, 5u}) {
    EXPECT_EQ(with_kind(kind, 0), "accepted") << kind;
    EXPECT_EQ(with_kind(kind, 3), "bad_magic at 6") << kind;
  }
}

TEST(Padded, IsTheNextMultipleOfEight) {
  EXPECT_EQ(alert::padded(0), 0u);
  EXPECT_EQ(alert::padded(1), 8u);
  EXPECT_EQ(alert::padded(64), 64u);
  EXPECT_EQ(alert::padded(67), 72u);
  EXPECT_EQ(alert::padded(72), 72u);
  EXPECT_EQ(alert::padded(kLargestRecord) % 8, 0u);
}

}  // namespace
