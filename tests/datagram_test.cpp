// Mailslot writes in NetBIOS datagrams: the golden ones, and each field of one when it lies.

#include "alert/capture/datagram.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "datagrams.hpp"

namespace {

using alert::Bytes;
using alert::is_netbios_fragment;
using alert::MailslotWrite;
using alert::read_mailslot_write;
using golden::Buffer;
using golden::json;
using golden::verdict;

// In a datagram whose names have no scope.
constexpr std::size_t kNetbios = 14;
constexpr std::size_t kSmb = 82;
constexpr std::size_t kDataCount = kSmb + 55;
constexpr std::size_t kDataOffset = kSmb + 57;
constexpr std::size_t kSlotName = kSmb + 69;

json fields_of(const MailslotWrite& write) {
  std::string ip;
  for (const unsigned part : write.source_ip) ip += (ip.empty() ? "" : ".") + std::to_string(part);
  return {{"msg_type", write.msg_type},
          {"dgm_id", write.dgm_id},
          {"source_ip", ip},
          {"source_port", write.source_port},
          {"source_name", write.source.name},
          {"source_suffix", write.source.suffix},
          {"dest_name", write.destination.name},
          {"dest_suffix", write.destination.suffix},
          {"scope", write.destination.scope},
          {"mailslot", std::string(write.mailslot)},
          {"priority", write.priority},
          {"class", write.class_of_service},
          {"payload_offset", write.payload_offset},
          {"payload_hex", golden::to_hex(alert::as_text(write.payload))}};
}

/// The golden datagram, to be bent.
class Bent {
 public:
  Bent& byte(std::size_t at, unsigned value) {
    bytes_.at(at) = static_cast<std::byte>(value);
    return *this;
  }
  Bent& word(std::size_t at, std::size_t value) {  // of SMB: little endian
    return byte(at, value & 0xFF).byte(at + 1, static_cast<unsigned>(value >> 8));
  }
  Bent& scope(const std::string& labels) {
    const auto put = [&](std::size_t at) {
      const auto bytes = alert::as_bytes(labels);
      bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
    };
    put(kSmb - 1);
    put(kNetbios + 33);
    return with_length(bytes_.size() - kNetbios);
  }
  /// Ends here, and says so.
  Bent& cut(std::size_t size) {
    bytes_.resize(size);
    return with_length(size - kNetbios);
  }
  Bent& with_length(std::size_t length) {
    return byte(10, static_cast<unsigned>(length >> 8)).byte(11, length & 0xFF);
  }

  [[nodiscard]] const Buffer& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t smb_size() const { return bytes_.size() - kSmb; }
  [[nodiscard]] std::string read() const { return verdict(read_mailslot_write(Buffer(bytes_))); }
  [[nodiscard]] MailslotWrite write() const { return read_mailslot_write(bytes_).value(); }

 private:
  Buffer bytes_ = golden::datagram_named("dg-alert-aligned").bytes;
};

std::string label(std::size_t size) { return static_cast<char>(size) + std::string(size, 'x'); }

Buffer bytes_of(std::string_view text) {
  const Bytes bytes = alert::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

using namespace std::string_literals;

}  // namespace

TEST(Datagram, IsAcceptedOrIgnoredAsTheGoldenOnesSay) {
  for (const auto& d : golden::datagrams()) {
    const auto write = read_mailslot_write(d.bytes);
    EXPECT_EQ(write.has_value(), d.is_accepted) << d.name << ": " << verdict(write);
    if (write && d.is_accepted) {
      EXPECT_EQ(fields_of(*write), d.fields) << d.name;
    }
  }
}

TEST(Datagram, OfWhichAnythingIsMissingIsRefused) {
  for (const auto& d : golden::datagrams()) {
    if (!d.is_accepted) continue;
    const std::size_t end =
        kNetbios + (std::to_integer<std::size_t>(d.bytes[10]) << 8 | std::to_integer<std::size_t>(d.bytes[11]));
    for (std::size_t size = 0; size < end; ++size)
      EXPECT_FALSE(read_mailslot_write(golden::prefix(d.bytes, size))) << d.name << " cut at " << size;
  }
}

TEST(Datagram, OfWhichAnythingIsMissingIsRefusedAlsoWhereItsLengthAgrees) {
  for (std::size_t size = kNetbios; size < Bent().bytes().size(); ++size)
    EXPECT_NE(Bent().cut(size).read(), "accepted") << size;
}

TEST(Datagram, EndsWhereItsLengthSays) {
  for (const auto& d : golden::datagrams()) {
    if (!d.is_accepted) continue;
    Buffer longer = d.bytes;
    longer.insert(longer.end(), 40, std::byte{0xA5});
    const auto write = read_mailslot_write(longer);
    ASSERT_TRUE(write) << d.name;
    EXPECT_EQ(fields_of(*write), d.fields) << d.name;
  }
  const std::size_t length = Bent().bytes().size() - kNetbios;
  EXPECT_EQ(Bent().with_length(length + 1).read(), "bad_length at 10");
  EXPECT_EQ(Bent().with_length(length - 1).read(), "bad_length at 137") << "the payload goes beyond";
}

TEST(Datagram, IsOfOneOfThreeTypes) {
  for (const unsigned type : {0x10u, 0x11u, 0x12u}) EXPECT_EQ(Bent().byte(0, type).read(), "accepted");
  for (const unsigned type : {0u, 0x0Fu, 0x13u, 0x14u, 0xFFu}) {
    EXPECT_EQ(Bent().byte(0, type).read(), "bad_magic at 0");
    EXPECT_FALSE(is_netbios_fragment(Bent().byte(0, type).byte(1, 3).bytes()));
  }
}

TEST(Datagram, ThatIsAFragmentIsRefusedAndKnownAsOne) {
  const Bent fragments[] = {Bent().byte(1, 3),    Bent().byte(1, 1),  Bent().byte(1, 0),
                            Bent().byte(1, 0x0C), Bent().byte(12, 1), Bent().byte(13, 1)};
  for (const Bent& fragment : fragments) {
    EXPECT_EQ(fragment.read(), "truncated at 12");
    EXPECT_TRUE(is_netbios_fragment(fragment.bytes()));
  }
  EXPECT_FALSE(is_netbios_fragment(Bent().bytes()));
  EXPECT_FALSE(is_netbios_fragment(Bent().byte(1, 0xFE).bytes())) << "the other flags say nothing of it";
  for (std::size_t size = 0; size < kNetbios; ++size)
    EXPECT_FALSE(is_netbios_fragment(golden::prefix(Bent().byte(1, 3).bytes(), size))) << size;
}

TEST(Datagram, TellsNamesWithoutWhatFillsThemUp) {
  // Names are 15 characters and a suffix, each byte two letters from 'A' on.
  const MailslotWrite write =
      Bent().byte(kNetbios + 32, 'D').byte(kNetbios + 3, 'A').byte(kNetbios + 4, 'I').write();
  EXPECT_EQ(write.source.name, "S\bNDER");
  EXPECT_EQ(write.source.suffix, 3);
  EXPECT_EQ(write.destination.name, "RECEIVER");
  Bent zeros;
  for (std::size_t at = kNetbios + 13; at < kNetbios + 31; ++at) zeros.byte(at, 'A');
  EXPECT_EQ(zeros.write().source.name, "SENDER");
  Bent blank;
  for (std::size_t at = kNetbios + 1; at < kNetbios + 31; at += 2) blank.byte(at, 'C').byte(at + 1, 'A');
  EXPECT_EQ(blank.write().source.name, "");
}

TEST(Datagram, WhoseNamesAreNotEncodedIsRefused) {
  EXPECT_EQ(Bent().byte(kNetbios, 31).read(), "bad_length at 14");
  EXPECT_EQ(Bent().byte(kNetbios, 33).read(), "bad_length at 14");
  EXPECT_EQ(Bent().byte(kNetbios + 1, 'P').read(), "accepted");
  for (const unsigned letter : {unsigned{'A'} - 1, unsigned{'P'} + 1, unsigned{'a'}, 0u, 0xFFu}) {
    EXPECT_EQ(Bent().byte(kNetbios + 1, letter).read(), "bad_text at 14");
    EXPECT_EQ(Bent().byte(kNetbios + 34 + 32, letter).read(), "bad_text at 48");
  }
}

TEST(Datagram, MayHaveAScopeBehindEachName) {
  const Bent scoped = Bent().scope("\4corp\7example");
  const MailslotWrite write = scoped.write();
  EXPECT_EQ(write.source.scope, "corp.example");
  EXPECT_EQ(write.destination.scope, "corp.example");
  EXPECT_EQ(write.payload_offset, Bent().write().payload_offset + 26);
  EXPECT_EQ(golden::to_hex(alert::as_text(write.payload)), fields_of(Bent().write()).at("payload_hex"));
}

TEST(Datagram, HasLabelsOf63BytesAtMost) {
  EXPECT_EQ(Bent().scope(label(63)).write().source.scope, std::string(63, 'x'));
  EXPECT_EQ(Bent().scope(label(64)).read(), "bad_length at 47");
  EXPECT_EQ(Bent().scope("\xC0\x0E").read(), "bad_length at 47") << "a pointer";
}

TEST(Datagram, HasNamesOf255BytesAtMost) {
  const std::string most = label(63) + label(63) + label(63);  // with 33 before and a zero behind: 226
  EXPECT_EQ(Bent().scope(most + label(28)).read(), "accepted");
  EXPECT_EQ(Bent().scope(most + label(29)).read(), "bad_length at 269") << "at the zero";
  EXPECT_EQ(Bent().scope(most + label(63)).read(), "bad_length at 239");
  EXPECT_EQ(Bent().scope(std::string(2000, '\1')).read(), "bad_length at 269");
}

TEST(Datagram, CarriesAnSmbTransactionOfAMailslotWrite) {
  EXPECT_EQ(Bent().byte(kSmb, 0xFE).read(), "bad_magic at 82");
  EXPECT_EQ(Bent().byte(kSmb + 4, 0x26).read(), "bad_magic at 86");
  EXPECT_EQ(Bent().byte(kSmb + 32, 16).read(), "bad_length at 114");
  EXPECT_EQ(Bent().byte(kSmb + 32, 18).read(), "bad_length at 114");
  EXPECT_EQ(Bent().byte(kSmb + 59, 2).read(), "bad_length at 141");
  EXPECT_EQ(Bent().byte(kSmb + 59, 4).read(), "bad_length at 141");
  EXPECT_EQ(Bent().word(kSmb + 61, 0).read(), "bad_magic at 143");
  EXPECT_EQ(Bent().word(kSmb + 61, 0x101).read(), "bad_magic at 143");
}

TEST(Datagram, IsTheSameWhateverIsInTheFieldsThatReceiversIgnore) {
  const json expected = fields_of(Bent().write());
  Bent bent;
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{5, 31}, {33, 54}, {60, 60}, {67, 68}})
    for (std::size_t at = first; at <= last; ++at) bent.byte(kSmb + at, 0xFF);
  EXPECT_EQ(fields_of(bent.write()), expected);
  EXPECT_EQ(fields_of(Bent().word(kSmb + 67, 0).write()), expected) << "byte count 0";
}

TEST(Datagram, GivesThePayloadWhereTheDataOffsetSays) {
  const std::size_t size = Bent().smb_size();
  EXPECT_EQ(Bent().word(kDataOffset, size - 48).read(), "accepted");
  EXPECT_EQ(Bent().word(kDataOffset, size - 47).read(), "bad_length at 137");
  EXPECT_EQ(Bent().word(kDataOffset, 0xFFFF).read(), "bad_length at 137");
  EXPECT_EQ(Bent().word(kDataOffset, 69).read(), "accepted");
  EXPECT_EQ(Bent().word(kDataOffset, 68).read(), "bad_length at 139");
  EXPECT_EQ(Bent().word(kDataOffset, 0).read(), "bad_length at 139");
  EXPECT_EQ(alert::as_text(Bent().word(kDataOffset, 69).word(kDataCount, 9).write().payload), "\\MAILSLOT");
}

TEST(Datagram, GivesAsManyBytesAsTheDataCountSays) {
  EXPECT_EQ(Bent().word(kDataCount, 47).write().payload.size(), 47U);
  EXPECT_EQ(Bent().word(kDataCount, 49).read(), "bad_length at 137");
  EXPECT_EQ(Bent().word(kDataCount, 0xFFFF).read(), "bad_length at 137");
}

TEST(Datagram, MayBeEmptyWhereverItsDataOffsetPoints) {
  for (const std::size_t offset : {std::size_t{0}, std::size_t{88}, Bent().smb_size(), std::size_t{0xFFFF}}) {
    const Bent empty = Bent().word(kDataCount, 0).word(kDataOffset, offset);
    ASSERT_EQ(empty.read(), "accepted") << offset;
    EXPECT_TRUE(empty.write().payload.empty());
  }
}

TEST(Datagram, NamesAMailslotInAnyCase) {
  EXPECT_EQ(Bent().byte(kSlotName + 1, 'm').write().mailslot, "\\mAILSLOT\\ALERT");
  EXPECT_EQ(Bent().byte(kSlotName + 1, 'N').read(), "bad_magic at 151");
  EXPECT_EQ(Bent().byte(kSlotName, '/').read(), "bad_magic at 151");
  EXPECT_EQ(Bent().byte(kSlotName + 9, 0).read(), "bad_magic at 151");
  EXPECT_EQ(Bent().word(kDataCount, 0).cut(kSlotName + 15).read(), "unterminated at 151");
  EXPECT_EQ(Bent().word(kDataCount, 0).cut(kSlotName + 16).read(), "accepted");
  EXPECT_EQ(Bent().word(kDataCount, 0).cut(kSlotName).read(), "unterminated at 151");
  EXPECT_EQ(Bent().word(kDataCount, 0).cut(kSlotName - 1).read(), "truncated at 82");
}

TEST(Messngr, IsAcceptedWithAndWithoutItsLastZero) {
  const auto parts = [](std::string_view name) {
    const auto write = read_mailslot_write(golden::datagram_named(name).bytes).value();
    const auto message = alert::read_messngr(write.payload).value();
    return std::vector<std::string_view>{message.from, message.to, message.text};
  };
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(parts("dg-messngr"), (Parts{"WIN98USER", "WORKGROUP", "HELLO WORLD"}));
  EXPECT_EQ(parts("dg-messngr-no-final-nul"), (Parts{"A", "B", "text without terminator"}));
}

TEST(Messngr, MayHaveEmptyParts) {
  for (const std::string& payload : {"\0\0"s, "\0\0\0"s}) {
    const Buffer bytes = bytes_of(payload);
    const auto message = alert::read_messngr(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(std::string(message->from).append(message->to).append(message->text), "");
  }
  const Buffer bytes = bytes_of("a\0b\0"s);
  EXPECT_EQ(alert::read_messngr(bytes).value().to, "b");
}

TEST(Messngr, EndsItsTextAtTheFirstZero) {
  const Buffer bytes = bytes_of("a\0b\0c\0rest"s);
  EXPECT_EQ(alert::read_messngr(bytes).value().text, "c");
}

TEST(Messngr, WithoutTheZerosBehindItsNamesIsRefused) {
  EXPECT_EQ(verdict(alert::read_messngr({})), "unterminated at 0");
  EXPECT_EQ(verdict(alert::read_messngr(bytes_of("from"))), "unterminated at 0");
  EXPECT_EQ(verdict(alert::read_messngr(bytes_of("from\0"s))), "unterminated at 5");
  EXPECT_EQ(verdict(alert::read_messngr(bytes_of("from\0to"s))), "unterminated at 5");
}
