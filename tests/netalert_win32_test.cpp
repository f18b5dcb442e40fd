// The Mailslot* calls, fact by fact of the fact sheet's sections 5.2, 5.3 and 5.5.

#include "c_caller.hpp"

namespace {

constexpr const char* kName = "\\\\.\\mailslot\\slot";

class Win32Mailslot : public test::CCaller {
 protected:
  static unsigned create(unsigned timeout = 0, unsigned max_message = 0, const char* name = kName) {
    unsigned handle = 0;
    EXPECT_EQ(MailslotCreate(name, max_message, timeout, &handle), 0u);
    return handle;
  }
  static unsigned create_error(const char* name) {
    unsigned handle = 0;
    const unsigned error = MailslotCreate(name, 0, 0, &handle);
    EXPECT_EQ(handle == MAILSLOT_INVALID_HANDLE, error != 0);
    return error;
  }
  static unsigned open(unsigned share = MAILSLOT_SHARE_READ, unsigned access = MAILSLOT_GENERIC_WRITE) {
    unsigned handle = 0;
    EXPECT_EQ(MailslotOpen(kName, access, share, &handle), 0u);
    return handle;
  }
  static unsigned open_error(const char* name) {
    unsigned handle = 0;
    const unsigned error = MailslotOpen(name, MAILSLOT_GENERIC_WRITE, MAILSLOT_SHARE_READ, &handle);
    EXPECT_EQ(handle == MAILSLOT_INVALID_HANDLE, error != 0);
    return error;
  }
  static unsigned write(unsigned handle, const std::string& text) {
    unsigned written = 0xAAAA;
    const unsigned error = MailslotWrite(handle, text.data(), static_cast<unsigned>(text.size()), &written);
    EXPECT_EQ(written, error ? 0 : text.size());
    return error;
  }
  /// The text, or the number of the error; with an error nothing is returned.
  static std::string read(unsigned handle, unsigned capacity = 16) {
    std::string buffer(capacity, '\0');
    unsigned size = 0xAAAA;
    const unsigned error = MailslotRead(handle, buffer.data(), capacity, &size);
    if (error) {
      EXPECT_EQ(size, 0u);
    }
    buffer.resize(size);
    return error ? std::to_string(error) : buffer;
  }
  struct Info {
    unsigned next, count;
    friend bool operator==(const Info&, const Info&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Info& info) {
      return out << "next " << info.next << ", count " << info.count;
    }
  };
  static Info info(unsigned handle) {
    Info info{};
    EXPECT_EQ(MailslotInfo(handle, nullptr, &info.next, &info.count, nullptr), 0u);
    return info;
  }
  static constexpr Info kEmpty{MAILSLOT_NO_MESSAGE, 0};
};

TEST_F(Win32Mailslot, T1_InfoOfAnInvalidHandleFails) {
  EXPECT_EQ(MailslotInfo(MAILSLOT_INVALID_HANDLE, nullptr, nullptr, nullptr, nullptr), 6u);
}

TEST_F(Win32Mailslot, T2_ClientOfAMailslotThatIsNotThereIsNotOpened) { EXPECT_EQ(open_error(kName), 2u); }

TEST_F(Win32Mailslot, T3_NameWithoutThePrefixIsRefused) {
  for (const char* name : {"slot", "\\slot", "\\mailslot\\slot", "\\\\.\\pipe\\slot", "\\\\.\\mailslot\\",
                           "\\\\SERVER\\mailslot\\slot", ""})
    EXPECT_EQ(create_error(name), 123u) << name;
}

TEST_F(Win32Mailslot, T4_NoNameIsAPathThatIsNotFound) { EXPECT_EQ(create_error(nullptr), 3u); }

TEST_F(Win32Mailslot, T5_LargestMaximumAndTimeoutAreTakenAndReadBack) {
  const unsigned slot = create(0xFFFFFFFF, 0xFFFFFFFF);
  unsigned max_message = 0, timeout = 0;
  EXPECT_EQ(MailslotInfo(slot, &max_message, nullptr, nullptr, &timeout), 0u);
  EXPECT_EQ(max_message, 0xFFFFFFFF);
  EXPECT_EQ(timeout, 0xFFFFFFFF);
}

TEST_F(Win32Mailslot, T6_NewMailslotHasNoMessage) { EXPECT_EQ(info(create()), kEmpty); }

TEST_F(Win32Mailslot, T7_InfoWithoutOutputsSucceeds) {
  EXPECT_EQ(MailslotInfo(create(), nullptr, nullptr, nullptr, nullptr), 0u);
}

TEST_F(Win32Mailslot, T8_MaximumAndTimeoutOfZeroAreReadBack) {
  const unsigned slot = create(0, 0);
  unsigned max_message = 1, timeout = 1;
  EXPECT_EQ(MailslotInfo(slot, &max_message, nullptr, nullptr, &timeout), 0u);
  EXPECT_EQ(max_message, 0u);
  EXPECT_EQ(timeout, 0u);
}

TEST_F(Win32Mailslot, T9_ReadOfAnInvalidHandleReturnsNothing) {
  EXPECT_EQ(read(MAILSLOT_INVALID_HANDLE), "6");  // and a count of 0
}

TEST_F(Win32Mailslot, T10_ReadOfAnEmptyMailslotWithoutABufferTimesOut) { EXPECT_EQ(read(create(), 0), "121"); }

TEST_F(Win32Mailslot, T11_ReadOfAnEmptyMailslotTimesOut) { EXPECT_EQ(read(create()), "121"); }

TEST_F(Win32Mailslot, T13_WriteToAReadersHandleIsDenied) { EXPECT_EQ(write(create(), "x"), 5u); }

TEST_F(Win32Mailslot, T14_ClientThatSharesNothingIsOpened) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(0), "x"), 0u);
  EXPECT_EQ(read(slot), "x");
}

TEST_F(Win32Mailslot, T15_ClientThatReadsAndWritesAndSharesReadingIsOpened) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(MAILSLOT_SHARE_READ, MAILSLOT_GENERIC_READ | MAILSLOT_GENERIC_WRITE), "x"), 0u);
  EXPECT_EQ(read(slot), "x");
}

TEST_F(Win32Mailslot, T16_OpenClientChangesNothingForTheReader) {
  const unsigned slot = create();
  open();
  EXPECT_EQ(read(slot), "121");
  EXPECT_EQ(write(slot, "x"), 5u);
}

TEST_F(Win32Mailslot, T17_ReadOfAClientsHandleFails) {
  create();
  EXPECT_EQ(read(open()), "87");
}

TEST_F(Win32Mailslot, T18_ReadReturnsAsManyBytesAsWereWritten) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(), "12345678"), 0u);
  EXPECT_EQ(read(slot), "12345678");
}

TEST_F(Win32Mailslot, T19_MessageIsReadOnce) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(), "once"), 0u);
  EXPECT_EQ(read(slot), "once");
  EXPECT_EQ(read(slot), "121");
}

TEST_F(Win32Mailslot, T20_SecondMailslotOfANameIsRefused) {
  create();
  EXPECT_EQ(create_error(kName), 183u);
  EXPECT_EQ(create_error("\\\\.\\MAILSLOT\\Slot"), 183u);
}

TEST_F(Win32Mailslot, T21_TwoWritersThatShareWritingBothOpen) {
  const unsigned slot = create();
  const unsigned one = open(MAILSLOT_SHARE_READ | MAILSLOT_SHARE_WRITE);
  const unsigned other = open(MAILSLOT_SHARE_READ | MAILSLOT_SHARE_WRITE);
  EXPECT_EQ(write(one, "1"), 0u);
  EXPECT_EQ(write(other, "2"), 0u);
  EXPECT_EQ(info(slot), (Info{1, 2}));
}

TEST_F(Win32Mailslot, T22_TwoWritersThatDoNotShareBothOpen) {
  create();
  const unsigned one = open(MAILSLOT_SHARE_READ), other = open(MAILSLOT_SHARE_READ);
  EXPECT_EQ(write(one, "1"), 0u);
  EXPECT_EQ(write(other, "2"), 0u);
}

TEST_F(Win32Mailslot, T23_CountGrowsAndTheNextStaysTheHead) {
  const unsigned slot = create(), client = open();
  EXPECT_EQ(write(client, "1"), 0u);
  EXPECT_EQ(info(slot), (Info{1, 1}));
  EXPECT_EQ(write(client, "22"), 0u);
  EXPECT_EQ(info(slot), (Info{1, 2}));
  EXPECT_EQ(write(client, ""), 0u);
  EXPECT_EQ(info(slot), (Info{1, 3}));
}

class ThreeMessages : public Win32Mailslot {
 protected:
  ThreeMessages() {
    for (const char* text : {"1", "22", ""}) EXPECT_EQ(write(client, text), 0u);
  }
  const unsigned slot = create(), client = open();
};

TEST_F(ThreeMessages, T24_ComeInTheirOrder) {
  EXPECT_EQ(read(slot), "1");
  EXPECT_EQ(info(slot), (Info{2, 2}));
}

TEST_F(ThreeMessages, T25_EmptyOneIsToldFromNone) {
  EXPECT_EQ(read(slot), "1");
  EXPECT_EQ(read(slot), "22");
  EXPECT_EQ(info(slot), (Info{0, 1}));
}

TEST_F(ThreeMessages, T26_EmptyOneIsRead) {
  EXPECT_EQ(read(slot), "1");
  EXPECT_EQ(read(slot), "22");
  EXPECT_EQ(read(slot), "");
  EXPECT_EQ(info(slot), kEmpty);
  EXPECT_EQ(read(slot), "121");
}

TEST_F(ThreeMessages, T27_BufferThatIsTooSmallKeepsTheMessage) {
  EXPECT_EQ(read(slot), "1");
  EXPECT_EQ(read(slot, 1), "122");
  EXPECT_EQ(info(slot), (Info{2, 2}));
  EXPECT_EQ(read(slot, 2), "22");
}

TEST_F(Win32Mailslot, T29_ReadWaitsForItsTimeout) {
  const unsigned slot = create(1000);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(read(slot), "121");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds{900});
}

TEST_F(Win32Mailslot, T30_ReadForEverIsCompletedByAWrite) {
  const unsigned slot = create(MAILSLOT_WAIT_FOREVER);
  test::Waiter reader([slot] { return read(slot) == "four" ? 0 : 1; });
  EXPECT_TRUE(reader.sleeps_in(SYS_poll));
  EXPECT_EQ(write(open(), "four"), 0u);
  EXPECT_EQ(reader.result(), 0);
}

TEST_F(Win32Mailslot, T30_ReadForEverIsNotEndedByASignal) {
  const unsigned slot = create(MAILSLOT_WAIT_FOREVER);
  test::Waiter reader([slot] { return read(slot) == "four" ? 0 : 1; });
  EXPECT_TRUE(reader.sleeps_in(SYS_poll));
  const auto before = std::signal(SIGUSR1, [](int) {});
  ::kill(::getpid(), SIGUSR1);
  EXPECT_EQ(write(open(), "four"), 0u);
  EXPECT_EQ(reader.result(), 0);
  std::signal(SIGUSR1, before);
}

TEST_F(Win32Mailslot, F5_2_1_NamesIgnoreCaseAndMayHavePseudoDirectories) {
  const unsigned slot = create(0, 0, "\\\\.\\Mailslot\\a\\b\\C");
  unsigned client = 0;
  EXPECT_EQ(MailslotOpen("\\\\.\\MAILSLOT\\A\\B\\c", MAILSLOT_GENERIC_WRITE, MAILSLOT_SHARE_READ, &client), 0u);
  EXPECT_EQ(write(client, "x"), 0u);
  EXPECT_EQ(read(slot), "x");
}

TEST_F(Win32Mailslot, F5_2_2_MaximumOfZeroIsNoLimitButTheLargestMessage) {
  const unsigned slot = create(), client = open();
  const std::string largest(MAILSLOT_LARGEST_MESSAGE, 'x');
  EXPECT_EQ(write(client, largest), 0u);
  EXPECT_EQ(read(slot, MAILSLOT_LARGEST_MESSAGE), largest);
  EXPECT_EQ(write(client, largest + "x"), 87u);
}

TEST_F(Win32Mailslot, F5_2_3_MailslotsElsewhereAreNotOpened) {
  create();
  for (const char* name : {"\\\\SERVER\\mailslot\\slot", "\\\\*\\mailslot\\slot"}) EXPECT_EQ(open_error(name), 53u);
  EXPECT_EQ(open_error("\\mailslot\\slot"), 123u);
}

TEST_F(Win32Mailslot, F5_2_5_BufferThatIsTooSmallIsSaidSo) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(), "22"), 0u);
  EXPECT_EQ(read(slot, 0), "122");
}

TEST_F(Win32Mailslot, F5_2_6_MessagesAreAppendedWhateverTheirPriority) {
  const unsigned slot = create();
  EXPECT_EQ(DosWriteMailslot("\\mailslot\\slot", "low", 3, 0, 1, 0), 0);
  EXPECT_EQ(DosWriteMailslot("\\mailslot\\slot", "high", 4, 9, 1, 0), 0);
  EXPECT_EQ(read(slot), "low");
  EXPECT_EQ(read(slot), "high");
}

TEST_F(Win32Mailslot, F5_2_6_WriteToAMailslotOfLanManagerHasTheLowestPriorityAndDoesNotWait) {
  unsigned slot = 0;
  ASSERT_EQ(DosMakeMailslot("\\mailslot\\slot", 4, 8, &slot), 0);
  const unsigned client = open();
  EXPECT_EQ(write(client, "aaaa"), 0u);
  EXPECT_EQ(DosWriteMailslot("\\mailslot\\slot", "bbbb", 4, 1, 1, 0), 0);
  EXPECT_EQ(write(client, "cccc"), 121u);
  char buffer[4];
  unsigned short size = 0;
  EXPECT_EQ(DosReadMailslot(slot, buffer, 4, &size, nullptr, nullptr, 0), 0);
  EXPECT_EQ(buffer[0], 'b');
}

TEST_F(Win32Mailslot, F5_2_7_MailslotLivesUntilItsHandleIsClosedAndItsMessagesGoWithIt) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(), "unread"), 0u);
  EXPECT_EQ(MailslotClose(slot), 0u);
  EXPECT_EQ(MailslotClose(slot), 6u);
  EXPECT_EQ(open_error(kName), 2u);
  EXPECT_EQ(info(create()), kEmpty);
}

TEST_F(Win32Mailslot, F5_2_9_CallsAreThoseOfLanManagerUnderOtherNames) {
  const unsigned slot = create();
  EXPECT_EQ(write(open(), "x"), 0u);
  unsigned short messages = 0;
  EXPECT_EQ(DosMailslotInfo(slot, nullptr, nullptr, nullptr, nullptr, &messages), 6);  // but handles are not mixed
  EXPECT_EQ(DosWriteMailslot("\\mailslot\\slot", "y", 1, 0, 1, 0), 0);
  EXPECT_EQ(info(slot), (Info{1, 2}));
}

TEST_F(Win32Mailslot, F5_5_WriteAfterTheReaderClosedFindsNothing) {
  const unsigned slot = create(), client = open();
  EXPECT_EQ(MailslotClose(slot), 0u);
  EXPECT_EQ(write(client, "late"), 2u);
  EXPECT_EQ(MailslotClose(client), 0u);
}

TEST_F(Win32Mailslot, F5_5_WriteAboveTheMaximumIsRefusedAndNothingIsStored) {
  const unsigned slot = create(0, 4), client = open();
  EXPECT_EQ(write(client, "fives"), 87u);
  EXPECT_EQ(info(slot), kEmpty);
  EXPECT_EQ(write(client, "four"), 0u);
}

TEST_F(Win32Mailslot, ClientThatMayNotWriteIsDenied) {
  create();
  EXPECT_EQ(write(open(MAILSLOT_SHARE_READ, MAILSLOT_GENERIC_READ), "x"), 5u);
}

TEST_F(Win32Mailslot, AlertsCountAsMessages) {
  const unsigned slot = create();
  ASSERT_EQ(NetAlertStart("TEST", "\\mailslot\\slot", 42), 0);
  ASSERT_EQ(raise(), 0);
  EXPECT_EQ(info(slot), (Info{38, 1}));
  EXPECT_EQ(read(slot, 38), test::bare_alert());
}

}  // namespace
