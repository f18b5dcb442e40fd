// What makes an event name, a mailslot name and a semaphore name acceptable, and when two are one.

#include "alert/wire/names.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using alert::is_event_name;
using alert::is_mailslot_name;
using alert::is_semaphore_name;

constexpr std::string_view kForbiddenInEvents = "\"/\\[]:|<>+=;,?";
constexpr std::string_view kForbiddenInRecipients = "\"/:|<>*?";

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}
/// A name of exactly this many bytes.
std::string mailslot_of(std::size_t bytes) {
  return "\\mailslot\\" + std::string(bytes - alert::kMailslotPrefix.size(), 'm');
}

TEST(EventName, IsOneToSixteenCharacters) {
  EXPECT_FALSE(is_event_name(""));
  EXPECT_TRUE(is_event_name("X"));
  EXPECT_TRUE(is_event_name("SIXTEEN_LETTERS_"));
  EXPECT_FALSE(is_event_name("SEVENTEEN_LETTERS"));
}

TEST(EventName, IsCountedInCharactersNotBytes) {
  for (const std::string_view character : {"é", "表", "🌍"}) {
    EXPECT_TRUE(is_event_name(repeated(character, 16))) << character;
    EXPECT_FALSE(is_event_name(repeated(character, 17))) << character;
  }
}

TEST(EventName, ContainsNoneOfTheForbiddenCharacters) {
  for (const char c : kForbiddenInEvents) {
    EXPECT_FALSE(is_event_name(std::string(1, c))) << c;
    EXPECT_FALSE(is_event_name(std::string("AB") + c)) << c;
    EXPECT_FALSE(is_event_name(c + std::string("AB"))) << c;
  }
}

TEST(EventName, ContainsNoControlCharacter) {
  for (char c = 0; c < 0x20; ++c) EXPECT_FALSE(is_event_name(std::string("A") + c + "B")) << static_cast<int>(c);
}

TEST(EventName, MayContainAnyOtherPrintableAscii) {
  for (char c = 0x20; c < 0x7F; ++c) {
    const bool forbidden = kForbiddenInEvents.find(c) != std::string_view::npos;
    EXPECT_EQ(is_event_name(std::string("A") + c), !forbidden) << c;
  }
}

TEST(EventName, OfEveryLegacyClassIsAcceptable) {
  for (const auto name :
       {alert::kPrintEvent, alert::kMessageEvent, alert::kErrorlogEvent, alert::kAdminEvent, alert::kUserEvent})
    EXPECT_TRUE(is_event_name(name)) << name;
}

TEST(EventName, IsTheSameInAnyAsciiCase) {
  EXPECT_EQ(alert::canonical_event("Admin"), "ADMIN");
  EXPECT_EQ(alert::canonical_event("disk-é_1"), "DISK-é_1");
}

TEST(MailslotName, HasItsPrefixInAnyCase) {
  for (const char* const path : {"\\MAILSLOT\\alerts", "\\mailslot\\alerts", "\\MailSlot\\Alerts"})
    EXPECT_TRUE(is_mailslot_name(path)) << path;
  for (const char* const path : {"", "\\", "alerts", "mailslot\\alerts", "\\sem\\alerts", "\\mailslo\\alerts",
                                 "\\mailslots\\alerts", "/mailslot/alerts", " \\mailslot\\alerts"})
    EXPECT_FALSE(is_mailslot_name(path)) << path;
}

TEST(MailslotName, IsOfThisMachine) {
  EXPECT_FALSE(is_mailslot_name("\\\\server\\mailslot\\alerts"));
  EXPECT_FALSE(is_mailslot_name("\\\\*\\mailslot\\alerts"));
  EXPECT_FALSE(is_mailslot_name("\\\\.\\mailslot\\alerts"));
}

TEST(MailslotName, IsNotEmptyBehindThePrefix) {
  EXPECT_FALSE(is_mailslot_name("\\mailslot"));
  EXPECT_FALSE(is_mailslot_name("\\mailslot\\"));
  EXPECT_TRUE(is_mailslot_name("\\mailslot\\a"));
}

TEST(MailslotName, IsAtMost255Bytes) {
  EXPECT_TRUE(is_mailslot_name(mailslot_of(255)));
  EXPECT_FALSE(is_mailslot_name(mailslot_of(256)));
  EXPECT_FALSE(is_mailslot_name(mailslot_of(254) + "é"));
}

TEST(MailslotName, MayHavePathComponents) {
  EXPECT_TRUE(is_mailslot_name("\\mailslot\\net\\alerts"));
  EXPECT_TRUE(is_mailslot_name("\\mailslot\\a\\b\\c"));
  EXPECT_TRUE(is_mailslot_name("\\mailslot\\Büro alarm.1"));
}

TEST(MailslotName, HasNoEmptyPathComponent) {
  EXPECT_FALSE(is_mailslot_name("\\mailslot\\\\alerts"));
  EXPECT_FALSE(is_mailslot_name("\\mailslot\\net\\\\alerts"));
  EXPECT_FALSE(is_mailslot_name("\\mailslot\\alerts\\"));
}

TEST(MailslotName, HasNoWildcardAndNoOtherForbiddenCharacter) {
  for (char c = 0x20; c < 0x7F; ++c) {
    const bool forbidden = kForbiddenInRecipients.find(c) != std::string_view::npos;
    EXPECT_EQ(is_mailslot_name(std::string("\\mailslot\\a") + c + "b"), !forbidden) << c;
  }
}

TEST(MailslotName, HasNoControlCharacter) {
  for (char c = 0; c < 0x20; ++c)
    EXPECT_FALSE(is_mailslot_name(std::string("\\mailslot\\a") + c)) << static_cast<int>(c);
  EXPECT_FALSE(is_mailslot_name("\\mailslot\\a\x7F"));
}

TEST(SemaphoreName, FollowsTheSameRulesBehindItsOwnPrefix) {
  for (const char* const path : {"\\SEM\\s", "\\sem\\s", "\\Sem\\printer\\ready"})
    EXPECT_TRUE(is_semaphore_name(path)) << path;
  for (const char* const path : {"\\sem", "\\sem\\", "\\sem\\\\s", "\\sem\\s\\", "\\sem\\*", "\\sem\\a\x01",
                                 "\\mailslot\\s", "\\semaphore\\s", "sem\\s", "\\\\server\\sem\\s"})
    EXPECT_FALSE(is_semaphore_name(path)) << path;
  EXPECT_TRUE(is_semaphore_name("\\sem\\" + std::string(250, 's')));
  EXPECT_FALSE(is_semaphore_name("\\sem\\" + std::string(251, 's')));
}

TEST(RecipientName, IsTheSameInAnyAsciiCase) {
  EXPECT_EQ(alert::canonical_recipient("\\MAILSLOT\\Alerts"), "\\mailslot\\alerts");
  EXPECT_EQ(alert::canonical_recipient("\\SEM\\BÜRO"), "\\sem\\bÜro");
}

TEST(Case, ChangesAsciiLettersOnly) {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool small = c >= 'a' && c <= 'z';
    const bool large = c >= 'A' && c <= 'Z';
    EXPECT_EQ(alert::upper(byte), small ? static_cast<char>(c - 32) : byte) << c;
    EXPECT_EQ(alert::lower(byte), large ? static_cast<char>(c + 32) : byte) << c;
  }
}

TEST(EqualIgnoringCase, ComparesLettersWithoutCaseAndLengthsExactly) {
  EXPECT_TRUE(alert::equal_ignoring_case("", ""));
  EXPECT_TRUE(alert::equal_ignoring_case("Admin", "aDMIN"));
  EXPECT_FALSE(alert::equal_ignoring_case("ADMIN", "ADMI"));
  EXPECT_FALSE(alert::equal_ignoring_case("ADMI", "ADMIN"));
  EXPECT_FALSE(alert::equal_ignoring_case("[", "{"));
  EXPECT_FALSE(alert::equal_ignoring_case("é", "É"));
}

}  // namespace
