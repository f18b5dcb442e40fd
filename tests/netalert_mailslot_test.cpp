// The Dos*Mailslot calls, fact by fact of the fact sheet's section 5.1.

#include <vector>

#include "c_caller.hpp"

namespace {

using test::kSlot;

/// "text", or the number of the error; then, where asked for, the next message's size and priority.
class Mailslot51 : public test::CCaller {
 protected:
  static int make(unsigned short message_size = test::kEnough, unsigned short mailslot_size = 0,
                  const char* name = kSlot) {
    unsigned handle = 0;
    const int error = DosMakeMailslot(name, message_size, mailslot_size, &handle);
    EXPECT_EQ(error != 0, handle == 0);
    return error ? -error : static_cast<int>(handle);
  }
  static unsigned must_make(unsigned short message_size = test::kEnough, unsigned short mailslot_size = 0,
                            const char* name = kSlot) {
    const int handle = make(message_size, mailslot_size, name);
    EXPECT_GT(handle, 0);
    return static_cast<unsigned>(handle);
  }
  static int write(const std::string& text, unsigned short priority = 0, long timeout = 0,
                   unsigned short class_of_service = 1, const char* name = kSlot) {
    return DosWriteMailslot(name, text.data(), static_cast<unsigned short>(text.size()), priority, class_of_service,
                            timeout);
  }
  std::string read(unsigned handle, long timeout = 0, unsigned short capacity = test::kEnough) {
    return text(capacity, [&](char* buffer, unsigned short* size) {
      return DosReadMailslot(handle, buffer, capacity, size, &next_size, &next_priority, timeout);
    });
  }
  std::string peek(unsigned handle, unsigned short capacity = test::kEnough) {
    return text(capacity, [&](char* buffer, unsigned short* size) {
      return DosPeekMailslot(handle, buffer, capacity, size, &next_size, &next_priority);
    });
  }
  static int count(unsigned handle) {
    unsigned short messages = 0;
    const int error = DosMailslotInfo(handle, nullptr, nullptr, nullptr, nullptr, &messages);
    return error ? -error : messages;
  }
  /// A thread that reads with this time-out and gives the error.
  static int read_error(unsigned handle, long timeout) {
    char buffer[test::kEnough];
    unsigned short size = 0;
    return DosReadMailslot(handle, buffer, sizeof buffer, &size, nullptr, nullptr, timeout);
  }

  unsigned short next_size = 0;
  unsigned short next_priority = 0;

 private:
  template <class Call>
  static std::string text(std::size_t capacity, Call call) {
    std::string buffer(capacity, '\0');
    unsigned short size = 0xAAAA;
    const int error = call(buffer.data(), &size);
    buffer.resize(size);
    return error ? std::to_string(error) : buffer;
  }
};

TEST_F(Mailslot51, F5_1_Make_TellsTheMistake) {
  unsigned handle = 0;
  EXPECT_EQ(DosMakeMailslot(nullptr, 1, 0, &handle), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(DosMakeMailslot(kSlot, 1, 0, nullptr), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(make(0), -ERROR_INVALID_PARAMETER);
  EXPECT_EQ(make(65'476), -ERROR_INVALID_PARAMETER);
  for (const char* name :
       {"", "slot", "\\mailslot\\", "\\sem\\slot", "\\\\SERVER\\mailslot\\slot", "\\mailslot\\\xFF"})
    EXPECT_EQ(make(1, 0, name), -ERROR_PATH_NOT_FOUND) << name;
  EXPECT_GT(make(), 0);
  EXPECT_EQ(make(1, 0, "\\MAILSLOT\\Slot"), -ERROR_ALREADY_EXISTS);
}

TEST_F(Mailslot51, F5_1_Make_MailslotHoldsAtLeastOneMessageOrTheSystemChooses) {
  EXPECT_EQ(make(100, 99), -ERROR_INVALID_PARAMETER);
  const unsigned exact = must_make(100, 100);
  unsigned short message_size = 0, mailslot_size = 0;
  EXPECT_EQ(DosMailslotInfo(exact, &message_size, &mailslot_size, nullptr, nullptr, nullptr), 0);
  EXPECT_EQ(message_size, 100);
  EXPECT_EQ(mailslot_size, 100);
  const unsigned chosen = must_make(100, 0, "\\mailslot\\other");
  EXPECT_EQ(DosMailslotInfo(chosen, nullptr, &mailslot_size, nullptr, nullptr, nullptr), 0);
  EXPECT_GE(mailslot_size, 100);
}

TEST_F(Mailslot51, F5_1_Make_WithoutABrokerTellsSo) {
  broker.kill();
  EXPECT_EQ(make(), -NERR_NetNotStarted);
}

TEST_F(Mailslot51, F5_1_Delete_DropsWhatIsUnreadAndFreesTheName) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("unread"), 0);
  EXPECT_EQ(DosDeleteMailslot(slot), 0);
  EXPECT_EQ(DosDeleteMailslot(slot), ERROR_INVALID_HANDLE);
  EXPECT_EQ(write("nowhere"), ERROR_PATH_NOT_FOUND);
  EXPECT_EQ(read(must_make()), "121");
}

TEST_F(Mailslot51, F5_1_Delete_LeavesAnotherMailslotThatHasTheNameByNow) {
  const unsigned deleted = must_make();
  auto other = broker.connect();
  ASSERT_TRUE(other.call(alert::DeleteMailslot{kSlot}));
  ASSERT_TRUE(other.call(alert::MakeMailslot{kSlot, {}, {}, {}}));
  EXPECT_EQ(write("for the other"), 0);
  EXPECT_EQ(DosDeleteMailslot(deleted), 0);
  EXPECT_EQ(write("for the other, too"), 0);
  ASSERT_TRUE(other.call(alert::DeleteMailslot{kSlot}));
  const unsigned ended = must_make();
  broker.kill();
  ASSERT_TRUE(broker.start());
  const unsigned successor = must_make();
  EXPECT_EQ(DosDeleteMailslot(ended), 0);
  EXPECT_EQ(write("for the successor"), 0);
  EXPECT_EQ(read(successor), "for the successor");
}

TEST_F(Mailslot51, F5_1_Info_TellsSizesAndTheFirstMessage) {
  EXPECT_EQ(count(4711), -ERROR_INVALID_HANDLE);
  const unsigned slot = must_make(100, 1000);
  unsigned short sizes[2] = {}, next[2] = {}, messages = 9;
  EXPECT_EQ(DosMailslotInfo(slot, &sizes[0], &sizes[1], &next[0], &next[1], &messages), 0);
  EXPECT_EQ(sizes[0], 100);
  EXPECT_EQ(sizes[1], 1000);
  EXPECT_EQ(next[0], 0);
  EXPECT_EQ(messages, 0);
  EXPECT_EQ(write("abc", 4), 0);
  EXPECT_EQ(write("de", 7), 0);
  EXPECT_EQ(DosMailslotInfo(slot, nullptr, nullptr, &next[0], &next[1], &messages), 0);
  EXPECT_EQ(next[0], 2);
  EXPECT_EQ(next[1], 7);
  EXPECT_EQ(messages, 2);
}

TEST_F(Mailslot51, F5_1_Peek_LeavesTheMessageAndTellsABadHandle) {
  EXPECT_EQ(peek(4711), "6");
  const unsigned slot = must_make();
  EXPECT_EQ(write("stays"), 0);
  EXPECT_EQ(peek(slot), "stays");
  EXPECT_EQ(peek(slot), "stays");
  EXPECT_EQ(count(slot), 1);
  EXPECT_EQ(read(slot), "stays");
}

TEST_F(Mailslot51, F5_1_Read_TellsABadHandleAndTheEndOfItsTime) {
  EXPECT_EQ(read(0), "6");
  EXPECT_EQ(read(4711, -1), "6");
  const unsigned slot = must_make();
  EXPECT_EQ(read(slot), "121");
  EXPECT_EQ(read(slot, 1), "121");
}

TEST_F(Mailslot51, F5_1_Read_IsInterruptedByASignal) {
  const unsigned slot = must_make();
  test::Waiter reader([slot] { return read_error(slot, MAILSLOT_NO_TIMEOUT); });
  EXPECT_EQ(reader.signalled(SIGUSR1), ERROR_INTERRUPT);
}

TEST_F(Mailslot51, F5_1_Read_EndsWithItsBrokerAndTheProgramMakesItsMailslotAgain) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("before"), 0);
  test::Waiter reader([slot] { return read_error(slot, -1) * 1000 + read_error(slot, -1); });
  EXPECT_TRUE(reader.sleeps_in(SYS_poll));
  broker.kill();
  EXPECT_EQ(reader.result(), ERROR_BROKEN_PIPE);
  EXPECT_EQ(peek(slot), "109");
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(read(slot), "109");
  EXPECT_EQ(DosDeleteMailslot(slot), 0);
  const unsigned again = must_make();
  EXPECT_EQ(write("after"), 0);
  EXPECT_EQ(read(again), "after");
}

TEST_F(Mailslot51, F5_1_Write_TellsTheMistake) {
  must_make();
  EXPECT_EQ(DosWriteMailslot(nullptr, "x", 1, 0, 1, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(DosWriteMailslot(kSlot, nullptr, 1, 0, 1, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(write("x", 0, 0, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(write("x", 0, 0, 3), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(write("x", 0, 0, 1, "\\mailslot\\other"), ERROR_PATH_NOT_FOUND);
  EXPECT_EQ(write("x", 0, 0, 1, "slot"), ERROR_PATH_NOT_FOUND);
  EXPECT_EQ(write("x", 0, 0, 1, "\\sem\\slot"), ERROR_PATH_NOT_FOUND);
  broker.kill();
  EXPECT_EQ(write("x"), NERR_NetNotStarted);
}

TEST_F(Mailslot51, F5_1_Write_IsInterruptedByASignal) {
  must_make(4, 4);
  EXPECT_EQ(write("full"), 0);
  test::Waiter writer([] { return write("more", 0, MAILSLOT_NO_TIMEOUT); });
  EXPECT_EQ(writer.signalled(SIGUSR1), ERROR_INTERRUPT);
}

TEST_F(Mailslot51, F5_1_1_BufferThatIsTooSmallKeepsTheMessage) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("four"), 0);
  EXPECT_EQ(read(slot, 0, 3), "122");
  EXPECT_EQ(peek(slot, 3), "122");
  EXPECT_EQ(count(slot), 1);
  EXPECT_EQ(read(slot, 0, 4), "four");
}

TEST_F(Mailslot51, F5_1_2_HigherPriorityGoesFirstAndEqualsInTheirOrder) {
  const unsigned slot = must_make();
  for (const auto& [text, priority] : std::vector<std::pair<const char*, unsigned short>>{
           {"a0", 0}, {"b5", 5}, {"c9", 9}, {"d5", 5}, {"e0", 0}, {"f9", 9}})
    EXPECT_EQ(write(text, priority), 0);
  for (const char* text : {"c9", "f9", "b5", "d5", "a0", "e0"}) EXPECT_EQ(read(slot), text);
}

TEST_F(Mailslot51, F5_1_2_MessageThatComesLaterOvertakesThoseThatWait) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("low"), 0);
  EXPECT_EQ(peek(slot), "low");
  EXPECT_EQ(write("high", 9), 0);
  EXPECT_EQ(peek(slot), "high");
  EXPECT_EQ(read(slot), "high");
  EXPECT_EQ(read(slot), "low");
}

TEST_F(Mailslot51, F5_1_2_PrioritiesAreZeroToNine) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("x", 9), 0);
  EXPECT_EQ(write("x", 10), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(count(slot), 1);
}

TEST_F(Mailslot51, F5_1_3_WriterWaitsForRoomUpToItsTimeout) {
  const unsigned slot = must_make(4, 8);
  EXPECT_EQ(write("1111"), 0);
  EXPECT_EQ(write("2222"), 0);
  EXPECT_EQ(write("3333"), ERROR_SEM_TIMEOUT);
  EXPECT_EQ(write("3333", 0, 10), ERROR_SEM_TIMEOUT);
  test::Waiter writer([] { return write("3333", 0, MAILSLOT_NO_TIMEOUT); });
  EXPECT_TRUE(writer.sleeps_in(SYS_clock_nanosleep));
  for (const char* text : {"1111", "2222", "3333"}) EXPECT_EQ(read(slot, -1), text);
  EXPECT_EQ(writer.result(), 0);
}

TEST_F(Mailslot51, F5_1_3_RoomThatAnOvertakingMessageLeftIsFreeWhenThoseBeforeItAreRead) {
  const unsigned slot = must_make(4, 8);
  EXPECT_EQ(write("low ", 0), 0);
  EXPECT_EQ(write("high", 9), 0);
  EXPECT_EQ(read(slot), "high");
  EXPECT_EQ(read(slot), "low ");
  EXPECT_EQ(write("1111"), 0);
  EXPECT_EQ(write("2222"), 0);
}

TEST_F(Mailslot51, F5_1_3_ClassTwoToALocalMailslotIsAsClassOne) {
  const unsigned slot = must_make(4, 4);
  EXPECT_EQ(write("1111", 0, 0, 2), 0);
  EXPECT_EQ(write("2222", 0, 0, 2), ERROR_SEM_TIMEOUT);
  test::Waiter writer([] { return write("2222", 0, -1, 2); });
  EXPECT_TRUE(writer.sleeps_in(SYS_clock_nanosleep));
  EXPECT_EQ(read(slot), "1111");
  EXPECT_EQ(writer.result(), 0);
}

TEST_F(Mailslot51, F5_1_4_TimeoutZeroIsOneTryAndMinusOneIsForEver) {
  const unsigned slot = must_make();
  EXPECT_EQ(read_error(slot, 0), ERROR_SEM_TIMEOUT);
  test::Waiter reader([slot] { return read_error(slot, -1); });
  EXPECT_TRUE(reader.sleeps_in(SYS_poll));
  EXPECT_EQ(write("x"), 0);
  EXPECT_EQ(reader.result(), 0);
}

TEST_F(Mailslot51, F5_1_5_OnlyItsProcessReadsPeeksOrDeletesIt) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("mine"), 0);
  EXPECT_EQ(test::in_child([slot] {
              char buffer[test::kEnough];
              unsigned short size = 0;
              const bool is_refused =
                  DosReadMailslot(slot, buffer, sizeof buffer, &size, nullptr, nullptr, 0) ==
                      ERROR_INVALID_HANDLE &&
                  DosPeekMailslot(slot, buffer, sizeof buffer, &size, nullptr, nullptr) == ERROR_INVALID_HANDLE &&
                  DosDeleteMailslot(slot) == ERROR_INVALID_HANDLE;
              return is_refused ? 0 : 1;
            }),
            0);
  EXPECT_EQ(read(slot), "mine");
}

TEST_F(Mailslot51, F5_1_5_ThreadsShareTheHandle) {
  const unsigned slot = must_make();
  test::Waiter one([slot] { return read_error(slot, -1); });
  test::Waiter other([slot] { return read_error(slot, -1); });
  EXPECT_TRUE(one.sleeps_in(SYS_poll));
  EXPECT_TRUE(other.sleeps_in(SYS_poll));
  EXPECT_EQ(write("for one"), 0);
  EXPECT_EQ(write("for the other"), 0);
  EXPECT_EQ(one.result(), 0);
  EXPECT_EQ(other.result(), 0);
  EXPECT_EQ(count(slot), 0);
}

TEST_F(Mailslot51, F5_1_5_MailslotVanishesWithItsProcessAlthoughAChildLivesOn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(test::in_child([&] {
              must_make();
              if (::fork() == 0) {  // lives until the test lets it go
                char end;
                ::close(ends[1]);
                ::_exit(::read(ends[0], &end, 1) == 0 ? 0 : 1);
              }
              return write("there");
            }),
            0);
  while (broker.connect().call(alert::Stats{})->mailslots > 0) std::this_thread::yield();
  EXPECT_EQ(write("gone"), ERROR_PATH_NOT_FOUND);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Mailslot51, F5_1_6_AfterAReadTheValuesDescribeTheMessageThatIsFirstNow) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("first", 9), 0);
  EXPECT_EQ(write("second!", 3), 0);
  EXPECT_EQ(read(slot), "first");
  EXPECT_EQ(next_size, 7);
  EXPECT_EQ(next_priority, 3);
  EXPECT_EQ(read(slot), "second!");
  EXPECT_EQ(next_size, 0);
}

TEST_F(Mailslot51, F5_1_6_AfterAPeekTheValuesDescribeTheMessageBehind) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("behind", 2), 0);
  EXPECT_EQ(write("first", 9), 0);
  EXPECT_EQ(peek(slot), "first");
  EXPECT_EQ(next_size, 6);
  EXPECT_EQ(next_priority, 2);
}

TEST_F(Mailslot51, F5_1_6_EmptyMessageIsToldFromNoneByTheCount) {
  const unsigned slot = must_make();
  EXPECT_EQ(write(""), 0);
  EXPECT_EQ(count(slot), 1);
  EXPECT_EQ(peek(slot), "");
  EXPECT_EQ(next_size, 0);
  EXPECT_EQ(read(slot), "");
  EXPECT_EQ(count(slot), 0);
  EXPECT_EQ(read(slot), "121");
}

TEST_F(Mailslot51, F5_1_6_PeekIntoAnEmptyMailslotReturnsNothing) {
  const unsigned slot = must_make();
  next_size = 1;
  EXPECT_EQ(peek(slot), "");
  EXPECT_EQ(next_size, 0);
}

TEST_F(Mailslot51, F5_1_7_LargestMessageHas65475Bytes) {
  const unsigned slot = must_make(65'475);
  const std::string largest(65'475, 'x');
  EXPECT_EQ(write(largest), 0);
  EXPECT_EQ(read(slot, 0, 65'475), largest);
  EXPECT_EQ(write(largest + "x"), ERROR_BUFFER_OVERFLOW);
}

TEST_F(Mailslot51, F5_1_8_NameOfAnotherMachineIsNotSupported) {
  must_make();
  EXPECT_EQ(write("x", 0, 0, 1, "\\\\SERVER\\mailslot\\slot"), ERROR_NOT_SUPPORTED);
  EXPECT_EQ(write("x", 0, 0, 2, "\\\\SERVER\\mailslot\\slot"), ERROR_NOT_SUPPORTED);
  EXPECT_EQ(write("x", 0, 0, 2, "\\\\*\\mailslot\\slot"), ERROR_NOT_SUPPORTED);
  EXPECT_EQ(write("x", 0, 0, 1, "\\\\*\\mailslot\\slot"), ERROR_INVALID_PARAMETER);  // class 2 only
  EXPECT_EQ(write("x", 0, 0, 1, "\\MAILSLOT\\SLOT"), 0);
}

TEST_F(Mailslot51, F5_1_9_StringHasItsZeroWhereTheLengthIncludesIt) {
  const unsigned slot = must_make();
  EXPECT_EQ(write(std::string("text", 5)), 0);
  EXPECT_EQ(read(slot), std::string("text", 5));
}

TEST_F(Mailslot51, F5_1_10_MessageThatIsLargerThanTheMailslotsIsRefused) {
  const unsigned slot = must_make(4);
  EXPECT_EQ(write("fives"), ERROR_BUFFER_OVERFLOW);
  EXPECT_EQ(count(slot), 0);
  EXPECT_EQ(write("four"), 0);
}

TEST_F(Mailslot51, F5_1_11_ReaderThatWaitsIsToldWhenTheMailslotIsDeleted) {
  const unsigned slot = must_make();
  test::Waiter one([slot] { return read_error(slot, -1); });
  test::Waiter other([slot] { return read_error(slot, -1); });
  EXPECT_TRUE(one.sleeps_in(SYS_poll));
  EXPECT_TRUE(other.sleeps_in(SYS_poll));
  EXPECT_EQ(DosDeleteMailslot(slot), 0);
  EXPECT_EQ(one.result(), ERROR_BROKEN_PIPE);
  EXPECT_EQ(other.result(), ERROR_BROKEN_PIPE);
}

TEST_F(Mailslot51, F5_1_11_ReaderIsToldWhenSomebodyElseDeletesTheMailslot) {
  const unsigned slot = must_make();
  EXPECT_EQ(write("left"), 0);
  ASSERT_TRUE(broker.connect().call(alert::DeleteMailslot{kSlot}));
  EXPECT_EQ(read(slot), "left");
  EXPECT_EQ(read(slot, -1), "109");
  EXPECT_EQ(peek(slot), "109");
}

TEST_F(Mailslot51, F5_5_WriterThatWaitsIsToldWhenTheMailslotIsDeletedAndANewOneThatThereIsNone) {
  const unsigned slot = must_make(4, 4);
  EXPECT_EQ(write("full"), 0);
  test::Waiter writer([] { return write("more", 0, -1); });
  EXPECT_TRUE(writer.sleeps_in(SYS_clock_nanosleep));
  EXPECT_EQ(DosDeleteMailslot(slot), 0);
  EXPECT_EQ(writer.result(), ERROR_BROKEN_PIPE);
  EXPECT_EQ(write("new"), ERROR_PATH_NOT_FOUND);
}

TEST_F(Mailslot51, ReadsAheadOnlySoFarAndLosesNothingBeyond) {
  const unsigned slot = must_make(65'475);
  ASSERT_EQ(NetAlertStart("TEST", kSlot, 65'475), 0);
  for (int i = 0; i < 40; ++i)  // 2.4 MB, more than the ring and more than is read ahead
    ASSERT_EQ(raise("TEST", test::bare_alert("TEST", 60'000)), 0);
  EXPECT_EQ(count(slot), 40);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(read(slot, 0, 65'475).size(), 60'000u) << i;
  EXPECT_EQ(read(slot), "121");
}

TEST_F(Mailslot51, CountsAsReadWhatTheProgramHasReadAndNoMore) {
  const unsigned slot = must_make();
  for (const char* text : {"a", "b", "c"}) EXPECT_EQ(write(text), 0);
  EXPECT_EQ(write("d", 9), 0);
  const auto pending = [this] { return broker.connect().call(alert::ListMailslots{})->rows.at(0).pending; };
  EXPECT_EQ(count(slot), 4);
  EXPECT_EQ(pending(), 4u);
  EXPECT_EQ(read(slot), "d");
  EXPECT_EQ(pending(), 4u);  // those before it are still to be read
  EXPECT_EQ(read(slot), "a");
  EXPECT_EQ(pending(), 3u);
  EXPECT_EQ(read(slot), "b");
  EXPECT_EQ(read(slot), "c");
  EXPECT_EQ(pending(), 0u);
}

}  // namespace
