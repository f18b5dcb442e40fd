// What each call answers to each mistake: the legacy numbers, in their order, and nothing changed.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/wire/names.hpp"
#include "process.hpp"

namespace {

constexpr const char* kSlot = "\\mailslot\\slot";

template <class Reply>
int code_of(const alert::CallResult<Reply>& result) {
  if (result) return 0;
  EXPECT_FALSE(result.error().error) << result.error().message;
  return static_cast<int>(result.error().code);
}

/// Bytes of a bare lm20 header for an event of no known class, and zeros behind it up to `size`.
std::string custom(std::size_t size = 38) {
  std::string hex = "00000000" + std::string("54455354");  // TEST
  return hex + std::string(2 * size - hex.size(), '0');
}

class ReturnCodes : public testing::Test {
 protected:
  explicit ReturnCodes(std::vector<std::string> options = {}) : broker(std::move(options)) {}

  int raise(const std::string& event, const std::string& wire = custom(), const std::string& profile = "lm20") {
    const auto result = unchanged_by_refusal(alert::Raise{event, profile, wire, {}, {}});
    message = result ? "" : result.error().message;
    return code_of(result);
  }
  int start(const std::string& event, const std::string& recipient, std::optional<std::uint32_t> maxdata = {}) {
    return code_of(unchanged_by_refusal(alert::Start{event, recipient, maxdata, {}}));
  }
  int stop(const std::string& event, const std::string& recipient) {
    return code_of(unchanged_by_refusal(alert::Stop{event, recipient}));
  }
  int make(const std::string& name, std::optional<std::uint32_t> max_message = {},
           std::optional<std::uint64_t> capacity = {}) {
    return code_of(unchanged_by_refusal(alert::MakeMailslot{name, max_message, capacity, {}}));
  }
  int open(alert::Client& by, const std::string& name, bool consume = true) {
    return code_of(by.call(alert::OpenMailslot{name, consume, {}}));
  }
  int open(const std::string& name) { return code_of(unchanged_by_refusal(alert::OpenMailslot{name, true, {}})); }
  int remove(const std::string& name) { return code_of(unchanged_by_refusal(alert::DeleteMailslot{name})); }

  test::Broker broker;
  alert::Client client = broker.connect();
  std::string message;  // of the last raise that was refused

 private:
  using Facts = std::array<std::uint64_t, 5>;
  Facts facts() {
    const auto stats = client.call(alert::Stats{});
    return {stats->sequence, stats->accepted, stats->matched, stats->registrations, stats->mailslots};
  }
  template <class Call>
  alert::CallResult<typename Call::Reply> unchanged_by_refusal(const Call& call) {
    const Facts before = facts();
    auto result = client.call(call);
    if (!result) {
      EXPECT_EQ(facts(), before);
    }
    return result;
  }
};

TEST_F(ReturnCodes, RaiseWithoutAnEventNameIsAnInvalidParameter) { EXPECT_EQ(raise(""), 87); }

TEST_F(ReturnCodes, RaiseOfAForbiddenEventNameIsAnInvalidName) {
  for (const char c : std::string("\"/\\[]:|<>+=;,?\n")) EXPECT_EQ(raise(std::string("A") + c), 123) << c;
  EXPECT_EQ(raise(std::string("A\0B", 3)), 123);
}

TEST_F(ReturnCodes, EventNameHasSixteenCharactersAndNotSeventeen) {
  EXPECT_EQ(raise(std::string(16, 'A')), 0);
  EXPECT_EQ(raise(std::string(17, 'A')), 123);
  EXPECT_EQ(
      raise("\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4\u00c4"), 0);
}

TEST_F(ReturnCodes, RaiseOfMalformedBytesNamesTheOffset) {
  EXPECT_EQ(raise("TEST", custom().substr(0, 74)), 87);
  EXPECT_NE(message.find("offset 22"), std::string::npos) << message;
  EXPECT_EQ(raise("ADMIN", "0000000041444d494e" + std::string(58, '0')),
            87);  // a class with a trailer, which is missing
  EXPECT_NE(message.find("offset 38"), std::string::npos) << message;
  EXPECT_EQ(raise("TEST", "", "nt"), 87);
  EXPECT_NE(message.find("offset 0"), std::string::npos) << message;
}

TEST_F(ReturnCodes, RaiseOfBytesThatAreNotHexadecimalNamesTheCharacter) {
  EXPECT_EQ(raise("TEST", custom() + "0"), 87);
  EXPECT_NE(message.find("character 77"), std::string::npos) << message;
  EXPECT_EQ(raise("TEST", "0g"), 87);
  EXPECT_NE(message.find("character 1"), std::string::npos) << message;
}

TEST_F(ReturnCodes, RaiseInAnUnknownProfileIsAnInvalidParameter) {
  EXPECT_EQ(raise("TEST", custom(), "LM20"), 87);
  EXPECT_EQ(raise("TEST", custom(), ""), 87);
}

TEST_F(ReturnCodes, LargestAlertIsAcceptedAndALargerOneIsNot) {
  EXPECT_EQ(raise("TEST", custom(65'475)), 0);
  EXPECT_EQ(raise("TEST", custom(65'476)), 87);
}

TEST_F(ReturnCodes, RefusedRaisesAreCounted) {
  raise(""), raise("A/B"), raise("TEST", "0");
  EXPECT_EQ(client.call(alert::Stats{})->refused_raises, 3u);
}

TEST_F(ReturnCodes, DryRunOfAnAlertChangesNothing) {
  const auto receipt = client.call(alert::Raise{"TEST", "lm20", custom(), true, {}});
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->sequence);
  EXPECT_EQ(client.call(alert::Stats{})->accepted, 0u);
}

TEST_F(ReturnCodes, StartOfABadPairIsRefused) {
  EXPECT_EQ(start("", kSlot), 87);
  EXPECT_EQ(start("A/B", kSlot), 2143);
  EXPECT_EQ(start(std::string(17, 'A'), kSlot), 2143);
  EXPECT_EQ(start("TEST", ""), 87);
  EXPECT_EQ(start("TEST", "slot"), 123);
  EXPECT_EQ(start("TEST", "/mailslot/slot"), 123);
}

TEST_F(ReturnCodes, StartOfAPathThatIsNoLocalRecipientIsRefused) {
  for (const char* path : {"\\pipe\\slot", "\\\\COMPUTER\\mailslot\\slot", "\\\\.\\mailslot\\slot", "\\mailslot\\",
                           "\\mailslot", "\\mailslot\\a\\\\b", "\\mailslot\\a*", "\\sem\\"})
    EXPECT_EQ(start("TEST", path), 2433) << path;
}

TEST_F(ReturnCodes, StartWithNoRoomForDataIsRefusedForAMailslotOnly) {
  EXPECT_EQ(start("TEST", kSlot, 0), 87);
  EXPECT_EQ(start("TEST", "\\sem\\semaphore", 0), 0);
}

TEST_F(ReturnCodes, SecondStartOfAPairIsRefusedInAnyCase) {
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(start("TEST", kSlot), 2430);
  EXPECT_EQ(start("Test", "\\MAILSLOT\\SLOT", 42), 2430);
  EXPECT_EQ(start("OTHER", kSlot), 0);
}

TEST_F(ReturnCodes, FirstMistakeOfAStartIsTheOneThatIsTold) {
  EXPECT_EQ(start("", ""), 87);
  EXPECT_EQ(start("A/B", ""), 2143);
  EXPECT_EQ(start("A/B", "slot", 0), 2143);
  EXPECT_EQ(start("TEST", "slot", 0), 123);
  EXPECT_EQ(start("TEST", "\\pipe\\slot", 0), 2433);
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(start("TEST", kSlot, 0), 87);
}

struct SmallTable : ReturnCodes {
  SmallTable() : ReturnCodes({"--numalerts", "2"}) {}
};

TEST_F(SmallTable, TakesNoMoreThanItsSize) {
  EXPECT_EQ(start("A", kSlot), 0);
  EXPECT_EQ(start("B", kSlot), 0);
  EXPECT_EQ(start("C", kSlot), 2431);
  EXPECT_EQ(start("A", kSlot), 2430);  // a known pair is told first
  EXPECT_EQ(stop("A", kSlot), 0);
  EXPECT_EQ(start("C", kSlot), 0);
}

TEST_F(ReturnCodes, StopOfABadPairIsAnInvalidParameter) {
  EXPECT_EQ(stop("", kSlot), 87);
  EXPECT_EQ(stop("A/B", kSlot), 87);
  EXPECT_EQ(stop("TEST", ""), 87);
}

TEST_F(ReturnCodes, StopOfAnUnknownPairIsNoSuchAlert) {
  EXPECT_EQ(stop("TEST", kSlot), 2432);
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(stop("OTHER", kSlot), 2432);
  EXPECT_EQ(stop("test", "\\MAILSLOT\\slot"), 0);
  EXPECT_EQ(stop("TEST", kSlot), 2432);
}

TEST_F(ReturnCodes, MailslotIsMadeOnceAndByAProperName) {
  for (const char* name :
       {"", "slot", "\\mailslot\\", "\\sem\\slot", "\\\\COMPUTER\\mailslot\\slot", "\\mailslot\\a?"})
    EXPECT_EQ(make(name), 123) << name;
  EXPECT_EQ(make("\\mailslot\\" + std::string(246, 'x')), 123);
  EXPECT_EQ(make("\\mailslot\\" + std::string(245, 'x')), 0);
  EXPECT_EQ(make(kSlot), 0);
  EXPECT_EQ(make("\\MAILSLOT\\Slot"), 183);
}

TEST_F(ReturnCodes, MailslotHasMessagesOfOneToLargestAlertBytes) {
  EXPECT_EQ(make(kSlot, 0), 87);
  EXPECT_EQ(make(kSlot, 65'476), 87);
  EXPECT_EQ(make(kSlot, 65'475), 0);
  EXPECT_EQ(make("\\mailslot\\small", 1), 0);
}

TEST_F(ReturnCodes, RingHasAtMost64MiB) {
  constexpr std::uint64_t kLargest = 64 << 20;
  EXPECT_EQ(make(kSlot, {}, kLargest + 1), 87);
  EXPECT_EQ(make(kSlot, {}, ~std::uint64_t{0}), 87);
  EXPECT_EQ(make(kSlot, {}, kLargest), 0);
}

TEST_F(ReturnCodes, MailslotThatIsNotThereIsNeitherOpenedNorDeleted) {
  EXPECT_EQ(open(kSlot), 3);
  EXPECT_EQ(remove(kSlot), 3);
  EXPECT_EQ(make(kSlot), 0);
  EXPECT_EQ(remove(kSlot), 0);
  EXPECT_EQ(open(kSlot), 3);
}

TEST_F(ReturnCodes, MailslotHasOneConsumerAndManyObservers) {
  EXPECT_EQ(make(kSlot), 0);
  alert::Client reader = broker.connect(), other = broker.connect();
  EXPECT_EQ(open(reader, kSlot), 0);
  EXPECT_EQ(open(kSlot), 170);
  EXPECT_EQ(open(reader, kSlot), 170);
  for (alert::Client* observer : {&other, &client}) EXPECT_EQ(open(*observer, kSlot, false), 0);
  reader = broker.connect();  // which ends the consumer's connection
  EXPECT_EQ(open(kSlot), 0);
}

TEST_F(ReturnCodes, ReplayWithoutAnOpenMailslotIsAnInvalidHandle) {
  EXPECT_EQ(make(kSlot), 0);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {}})), 6);
}

TEST_F(ReturnCodes, ReplayOfAMailslotThatThisConnectionHasNotOpenedIsAnInvalidHandle) {
  EXPECT_EQ(make(kSlot), 0);
  EXPECT_EQ(make("\\mailslot\\other"), 0);
  alert::Client reader = broker.connect();
  EXPECT_EQ(open(reader, kSlot), 0);
  EXPECT_EQ(open("\\mailslot\\other"), 0);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {}})), 6);
}

TEST_F(ReturnCodes, ReplayBehindTheEndIsAnInvalidParameter) {
  EXPECT_EQ(make(kSlot), 0);
  EXPECT_EQ(open(kSlot), 0);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {1, 0}})), 87);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {0, 1}})), 87);
  EXPECT_EQ(code_of(client.call(alert::Replay{kSlot, {~0ull, ~0ull}})), 87);
}

}  // namespace
