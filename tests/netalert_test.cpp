// NetAlertRaise, NetAlertRaiseEx, NetAlertStart and NetAlertStop, fact by fact of the fact sheet's section 4.

#include <fstream>
#include <set>
#include <type_traits>

#include "alert/control/mailslot.hpp"
#include "alert/control/semaphore.hpp"
#include "c_caller.hpp"

namespace {

using namespace std::chrono_literals;
using test::bare_alert;
using test::kSlot;

class NetAlert : public test::CCaller {
 protected:
  explicit NetAlert(std::vector<std::string> options = {}) : CCaller(std::move(options)) {}

  static unsigned make(const char* name = kSlot) {
    unsigned handle = 0;
    EXPECT_EQ(DosMakeMailslot(name, test::kEnough, 0, &handle), 0);
    return handle;
  }
  static std::string read(unsigned handle) {
    std::string buffer(test::kEnough, '\0');
    unsigned short size = 0;
    const int error = DosReadMailslot(handle, buffer.data(), test::kEnough, &size, nullptr, nullptr, 0);
    buffer.resize(size);
    return error ? std::to_string(error) : buffer;
  }
  static int start(const char* event, const char* recipient, unsigned short maxdata = test::kEnough) {
    return NetAlertStart(event, recipient, maxdata);
  }
  std::uint64_t rows() const { return broker.connect().call(alert::Stats{})->registrations; }
};

TEST(NetAlertSignatures, F4_1_1_TakeSizesAndReturnCodesOfSixteenBits) {
  EXPECT_TRUE((std::is_same_v<decltype(NetAlertRaise),
                              unsigned short(const char*, const void*, unsigned short, unsigned long)>));
  EXPECT_TRUE((std::is_same_v<decltype(NetAlertStart), unsigned short(const char*, const char*, unsigned short)>));
  EXPECT_TRUE((std::is_same_v<decltype(NetAlertStop), unsigned short(const char*, const char*)>));
}

TEST(NetAlertSignatures, F4_1_2_OfWin32HaveNoTimeout) {
  EXPECT_TRUE(
      (std::is_same_v<decltype(NetAlertRaiseW), unsigned int(const unsigned short*, const void*, unsigned int)>));
  EXPECT_TRUE((std::is_same_v<decltype(NetAlertRaiseEx), unsigned int(const unsigned short*, const void*,
                                                                      unsigned int, const unsigned short*)>));
}

TEST_F(NetAlert, F4_2_1_TableIsOfOneMachineAndTheBrokerIsOnNoNetwork) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  std::set<std::string> mine;
  for (const auto& fd :
       std::filesystem::directory_iterator("/proc/" + std::to_string(broker.process().pid()) + "/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(fd.path(), gone).string();
    if (target.starts_with("socket:[")) mine.insert(target.substr(8, target.size() - 9));
  }
  EXPECT_FALSE(mine.empty());
  for (const char* table : {"tcp", "tcp6", "udp", "udp6", "raw", "raw6"}) {
    std::ifstream file(std::string("/proc/net/") + table);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string inode;
      for (int i = 0; i < 10; ++i) words >> inode;
      EXPECT_EQ(mine.count(inode), 0u) << table << ": " << line;
    }
  }
}

TEST_F(NetAlert, F4_2_2_EntryIsOneEventAndOneRecipientAndEachMayHaveMany) {
  const unsigned one = make(), other = make("\\mailslot\\other");
  for (const char* event : {"A", "B"})
    for (const char* slot : {kSlot, "\\mailslot\\other"}) EXPECT_EQ(start(event, slot), 0);
  EXPECT_EQ(rows(), 4u);
  EXPECT_EQ(raise("A", bare_alert("A")), 0);
  EXPECT_EQ(raise("B", bare_alert("B")), 0);
  for (const unsigned slot : {one, other}) {
    EXPECT_EQ(read(slot), bare_alert("A"));
    EXPECT_EQ(read(slot), bare_alert("B"));
    EXPECT_EQ(read(slot), "121");
  }
}

struct NetAlertSmallTable : NetAlert {
  NetAlertSmallTable() : NetAlert({"--numalerts", "2"}) {}
};

TEST_F(NetAlertSmallTable, F4_2_3_TableHasASizeThatIsConfigured) {
  EXPECT_EQ(start("A", kSlot), 0);
  EXPECT_EQ(start("B", kSlot), 0);
  EXPECT_EQ(start("C", kSlot), NERR_TooManyAlerts);
  EXPECT_EQ(NetAlertStop("A", kSlot), 0);
  EXPECT_EQ(start("C", kSlot), 0);
}

TEST_F(NetAlert, F4_2_3_TableHas65536EntriesWhereNothingIsConfigured) {
  EXPECT_EQ(broker.connect().call(alert::Stats{})->numalerts, 65'536u);
}

TEST_F(NetAlert, F4_2_4_EntryOutlivesItsProcessAndARecipientThatIsGoneIsPassedOver) {
  EXPECT_EQ(test::in_child([] { return make() == 0 || start("TEST", kSlot); }), 0);
  const unsigned other = make("\\mailslot\\other");
  EXPECT_EQ(start("TEST", "\\mailslot\\other"), 0);
  EXPECT_EQ(start("TEST", kSlot), NERR_AlertExists);
  while (broker.connect().call(alert::Stats{})->mailslots > 1) std::this_thread::yield();  // the child's goes
  EXPECT_EQ(raise(), 0);
  EXPECT_EQ(read(other), bare_alert());
  EXPECT_EQ(rows(), 2u);
  EXPECT_EQ(NetAlertStop("TEST", kSlot), 0);
}

TEST_F(NetAlert, F4_2_5_SecondStartOfAPairFailsAndChangesNothing) {
  const unsigned slot = make();
  EXPECT_EQ(start("TEST", kSlot, 40), 0);
  EXPECT_EQ(start("TEST", kSlot, 1000), NERR_AlertExists);
  EXPECT_EQ(start("test", "\\MAILSLOT\\SLOT", 1000), NERR_AlertExists);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 60)), 0);
  EXPECT_EQ(read(slot).size(), 40u);
  EXPECT_EQ(NetAlertStop("TEST", kSlot), 0);
  EXPECT_EQ(start("TEST", kSlot, 1000), 0);
}

TEST_F(NetAlert, F4_2_6_RecipientIsAMailslotOrASemaphoreInAnyCaseAndNeedNotExistYet) {
  EXPECT_EQ(start("TEST", "\\MailSlot\\Later"), 0);
  EXPECT_EQ(start("TEST", "\\SEM\\later"), 0);
  EXPECT_EQ(start("TEST", "\\pipe\\later"), NERR_BadRecipient);
  const unsigned slot = make("\\mailslot\\LATER");
  EXPECT_EQ(raise(), 0);
  EXPECT_EQ(read(slot), bare_alert());
}

TEST_F(NetAlert, F4_2_7_MailslotGetsAtMostMaxdataBytes) {
  const unsigned slot = make();
  EXPECT_EQ(start("TEST", kSlot, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(start("TEST", kSlot, 42), 0);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 41)), 0);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 42)), 0);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 43)), 0);
  for (const std::size_t size : {41u, 42u, 42u}) EXPECT_EQ(read(slot), bare_alert("TEST", size));
}

TEST_F(NetAlert, F4_2_8_SemaphoreIsPulsedForThoseWhoWaitNowAndCarriesNothing) {
  EXPECT_EQ(start("TEST", "\\sem\\go", 0), 0);
  EXPECT_EQ(raise(), 0);  // before anybody waits
  auto one = alert::Semaphore::open(broker.connect(), "\\sem\\go");
  auto other = alert::Semaphore::open(broker.connect(), "\\sem\\go");
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->wait(0ms).error().code, alert::Code::sem_timeout);
  EXPECT_EQ(raise(), 0);
  EXPECT_TRUE(one->wait(10s));
  EXPECT_TRUE(other->wait(10s));
  EXPECT_EQ(one->wait(0ms).error().code, alert::Code::sem_timeout);
}

TEST_F(NetAlert, F4_2_9_RaiseWaitsAsLongAsItsTimeoutSays) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  ASSERT_EQ(raise(), 0);
  broker.process().signal(SIGSTOP);
  EXPECT_EQ(raise("TEST", bare_alert(), ALERT_SHORT_WAIT), NERR_WkstaNotStarted);
  EXPECT_EQ(raise("TEST", bare_alert(), 0), NERR_WkstaNotStarted);
  test::Waiter forever([] { return raise("TEST", bare_alert(), static_cast<unsigned long>(-1)); });
  EXPECT_TRUE(forever.sleeps_in(SYS_poll));
  broker.process().signal(SIGCONT);
  EXPECT_EQ(forever.result(), 0);
}

TEST_F(NetAlert, F4_2_9_RaisedAlertsHaveTheLowestPriority) {
  const unsigned slot = make();
  ASSERT_EQ(start("TEST", kSlot), 0);
  ASSERT_EQ(raise(), 0);
  ASSERT_EQ(DosWriteMailslot(kSlot, "low", 3, 0, 1, 0), 0);
  ASSERT_EQ(DosWriteMailslot(kSlot, "high", 4, 1, 1, 0), 0);
  EXPECT_EQ(read(slot), "high");
  EXPECT_EQ(read(slot), bare_alert());
  EXPECT_EQ(read(slot), "low");
}

TEST_F(NetAlert, F4_2_10_RecipientOfAComputerIsRefused) {
  for (const char* name : {"\\\\SERVER\\mailslot\\slot", "\\\\*\\mailslot\\slot", "\\\\.\\mailslot\\slot"})
    EXPECT_EQ(start("TEST", name), NERR_BadRecipient) << name;
}

TEST_F(NetAlert, F4_2_11_EventOfOnesOwnNeedsNoDefinitionAndABareHeaderIsAnAlert) {
  const unsigned slot = make();
  EXPECT_EQ(start("NOSPACE", kSlot), 0);
  EXPECT_EQ(raise("NOSPACE", bare_alert("NOSPACE")), 0);
  EXPECT_EQ(read(slot), bare_alert("NOSPACE"));
}

TEST_F(NetAlert, F4_2_12_ArgumentDecidesAndTheBytesArriveUnchanged) {
  const unsigned slot = make();
  EXPECT_EQ(start("MINE", kSlot), 0);
  EXPECT_EQ(raise("MINE", bare_alert("YOURS")), 0);
  EXPECT_EQ(raise("YOURS", bare_alert("MINE")), NERR_NoSuchAlert);
  EXPECT_EQ(read(slot), bare_alert("YOURS"));
  EXPECT_EQ(read(slot), "121");
}

TEST_F(NetAlert, F4_2_12_AlertHasAtLeastItsHeader) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 37)), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(raise("TEST", bare_alert("TEST", 38)), 0);
}

TEST_F(NetAlert, F4_3_Raise_TellsTheFirstMistake) {
  EXPECT_EQ(NetAlertRaise(nullptr, "x", 38, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(raise(""), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertRaise("A/B", nullptr, 38, 0), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(raise("A/B", bare_alert("A", 10)), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(raise("A/B"), ERROR_INVALID_NAME);
  EXPECT_EQ(raise("SEVENTEEN LETTERS"), ERROR_INVALID_NAME);
  EXPECT_EQ(raise("\xFF"), ERROR_INVALID_NAME);
  EXPECT_EQ(raise("TEST"), NERR_NoSuchAlert);
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(raise("TEST"), 0);                                             // though nobody could take it
  EXPECT_EQ(raise("TEST", bare_alert("ADMIN")), ERROR_INVALID_PARAMETER);  // without its trailer
}

TEST_F(NetAlert, F4_3_Start_TellsTheFirstMistake) {
  EXPECT_EQ(start(nullptr, nullptr), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(start("", "slot"), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(start("A/B", ""), NERR_BadEventName);
  EXPECT_EQ(start("SEVENTEEN LETTERS", kSlot), NERR_BadEventName);
  EXPECT_EQ(start("\xFF", kSlot), NERR_BadEventName);
  EXPECT_EQ(start("TEST", nullptr), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(start("TEST", ""), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(start("TEST", "slot"), ERROR_INVALID_NAME);
  EXPECT_EQ(start("TEST", "/mailslot/slot"), ERROR_INVALID_NAME);
  EXPECT_EQ(start("TEST", "\\queues\\slot"), NERR_BadRecipient);
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(start("TEST", kSlot), NERR_AlertExists);
}

TEST_F(NetAlert, F4_3_Stop_TellsTheFirstMistake) {
  EXPECT_EQ(NetAlertStop(nullptr, kSlot), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("TEST", nullptr), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("", kSlot), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("A/B", kSlot), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("TEST", "slot"), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("TEST", "\xFF"), ERROR_INVALID_PARAMETER);
  EXPECT_EQ(NetAlertStop("TEST", kSlot), NERR_NoSuchAlert);
  EXPECT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(NetAlertStop("Test", "\\MAILSLOT\\slot"), 0);
  EXPECT_EQ(NetAlertStop("TEST", kSlot), NERR_NoSuchAlert);
}

TEST_F(NetAlert, F4_3_2102_TellsThatThereIsNoBroker) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  broker.kill();
  EXPECT_EQ(raise(), NERR_NetNotStarted);
  EXPECT_EQ(start("TEST", kSlot), NERR_NetNotStarted);
  EXPECT_EQ(NetAlertStop("TEST", kSlot), NERR_NetNotStarted);
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(raise(), 0);  // the registration is still there, and so is the library
}

TEST_F(NetAlert, F4_3_2138_TellsThatTheBrokerDoesNotAnswer) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  broker.process().signal(SIGSTOP);
  EXPECT_EQ(raise("TEST", bare_alert(), 1), NERR_WkstaNotStarted);
  broker.process().signal(SIGCONT);
  EXPECT_EQ(raise(), 0);
}

TEST_F(NetAlert, F4_3_2138_TellsThatTheBrokerWentBeforeItAnswered) {
  ASSERT_EQ(start("TEST", kSlot), 0);
  broker.process().signal(SIGSTOP);
  test::Waiter raiser([] { return raise(); });
  EXPECT_TRUE(raiser.sleeps_in(SYS_poll));
  broker.kill();
  EXPECT_EQ(raiser.result(), NERR_WkstaNotStarted);  // it may have happened
}

TEST(NetAlertNumbers, F4_3_Names_AreThoseOfTheBroker) {
  using alert::Code;
  const std::pair<int, Code> numbers[] = {
      {NERR_Success, Code::success},
      {ERROR_FILE_NOT_FOUND, Code::file_not_found},
      {ERROR_PATH_NOT_FOUND, Code::path_not_found},
      {ERROR_ACCESS_DENIED, Code::access_denied},
      {ERROR_INVALID_HANDLE, Code::invalid_handle},
      {ERROR_NOT_ENOUGH_MEMORY, Code::not_enough_memory},
      {ERROR_WRITE_FAULT, Code::write_fault},
      {ERROR_READ_FAULT, Code::read_fault},
      {ERROR_NOT_SUPPORTED, Code::not_supported},
      {ERROR_BAD_NETPATH, Code::bad_netpath},
      {ERROR_INVALID_PARAMETER, Code::invalid_parameter},
      {ERROR_INTERRUPT, Code::interrupt},
      {ERROR_BROKEN_PIPE, Code::broken_pipe},
      {ERROR_BUFFER_OVERFLOW, Code::buffer_overflow},
      {ERROR_SEM_TIMEOUT, Code::sem_timeout},
      {ERROR_INSUFFICIENT_BUFFER, Code::insufficient_buffer},
      {ERROR_INVALID_NAME, Code::invalid_name},
      {ERROR_BUSY, Code::busy},
      {ERROR_ALREADY_EXISTS, Code::already_exists},
      {ERROR_NOT_ENOUGH_QUOTA, Code::not_enough_quota},
      {NERR_NetNotStarted, Code::net_not_started},
      {NERR_ShareMem, Code::share_mem},
      {NERR_WkstaNotStarted, Code::wksta_not_started},
      {NERR_BadEventName, Code::bad_event_name},
      {NERR_AlertExists, Code::alert_exists},
      {NERR_TooManyAlerts, Code::too_many_alerts},
      {NERR_NoSuchAlert, Code::no_such_alert},
      {NERR_BadRecipient, Code::bad_recipient},
      {NERR_InvalidLogSeek, Code::invalid_log_seek},
  };
  for (const auto& [number, code] : numbers) EXPECT_EQ(number, static_cast<int>(code)) << name(code);
}

/// UTF-16 as C programs write it.
std::u16string wide(const std::string& ascii) { return {ascii.begin(), ascii.end()}; }
const unsigned short* units(const std::u16string& text) {
  return reinterpret_cast<const unsigned short*>(text.c_str());
}

class Win32Alert : public NetAlert {
 protected:
  static unsigned raise_w(const std::string& event, const std::string& bytes) {
    return NetAlertRaiseW(units(wide(event)), bytes.data(), static_cast<unsigned>(bytes.size()));
  }
  static unsigned raise_ex(const std::string& event, const std::string& info,
                           const std::string& service = "SPOOLER") {
    return NetAlertRaiseEx(units(wide(event)), info.data(), static_cast<unsigned>(info.size()),
                           units(wide(service)));
  }
  static std::string header(const std::string& event) {
    std::string bytes(200, '\0');
    for (std::size_t i = 0; i < event.size(); ++i) bytes[4 + 2 * i] = event[i];
    return bytes;
  }
};

TEST_F(Win32Alert, F4_4_Raise_RefusesWhatIsNoAlert) {
  EXPECT_EQ(NetAlertRaiseW(nullptr, "x", 200), 87u);
  EXPECT_EQ(raise_w("", header("TEST")), 87u);
  EXPECT_EQ(NetAlertRaiseW(units(u"TEST"), nullptr, 200), 87u);
  EXPECT_EQ(raise_w("TEST", header("TEST").substr(1)), 87u);
  EXPECT_EQ(raise_w("ADMIN", header("ADMIN") + std::string(7, '\0')), 87u);
  EXPECT_EQ(raise_w("ADMIN", header("ADMIN") + std::string(8, '\0')), 0u);
}

TEST_F(Win32Alert, F4_4_Raise_DeliversTheBytesAndNeedsNobodyRegistered) {
  EXPECT_EQ(raise_w("TEST", header("TEST")), 0u);
  const unsigned slot = make();
  ASSERT_EQ(start("TEST", kSlot), 0);
  EXPECT_EQ(raise_w("TEST", header("TEST")), 0u);
  EXPECT_EQ(read(slot), header("TEST"));
}

TEST_F(Win32Alert, F4_4_RaiseEx_MakesTheHeader) {
  const unsigned slot = make();
  ASSERT_EQ(start("ADMIN", kSlot), 0);
  const auto before = std::time(nullptr);
  const std::string info(8, '\0');
  ASSERT_EQ(raise_ex("ADMIN", info), 0u);
  const std::string got = read(slot);
  ASSERT_EQ(got.size(), 208u);
  std::uint32_t time = 0;
  std::memcpy(&time, got.data(), 4);
  EXPECT_GE(time, static_cast<std::uint32_t>(before));
  std::string expected = header("ADMIN") + info;
  for (std::size_t i = 0; i < 7; ++i) expected[38 + 2 * i] = "SPOOLER"[i];
  EXPECT_EQ(got.substr(4), expected.substr(4));
}

TEST_F(Win32Alert, F4_4_RaiseEx_RefusesANamelessServiceAndMoreThan312Bytes) {
  EXPECT_EQ(raise_ex("TEST", "", ""), 87u);
  EXPECT_EQ(NetAlertRaiseEx(units(u"TEST"), "", 0, nullptr), 87u);
  EXPECT_EQ(NetAlertRaiseEx(nullptr, "", 0, units(u"S")), 87u);
  EXPECT_EQ(NetAlertRaiseEx(units(u"TEST"), nullptr, 0, units(u"S")), 87u);
  EXPECT_EQ(raise_ex("TEST", std::string(313, 'x')), 87u);
  EXPECT_EQ(raise_ex("TEST", std::string(312, 'x')), 0u);
  EXPECT_EQ(raise_ex("TEST", "", std::string(81, 'S')), 87u);
  EXPECT_EQ(raise_ex("TEST", "", std::string(80, 'S')), 0u);
  EXPECT_EQ(raise_ex("ADMIN", std::string(7, '\0')), 87u);
  EXPECT_EQ(raise_ex("SEVENTEEN LETTERS", ""), 123u);
}

TEST_F(Win32Alert, F4_4_2_TellsThatThereIsNoBroker) {
  broker.kill();
  EXPECT_EQ(raise_w("TEST", header("TEST")), 2u);
  EXPECT_EQ(raise_ex("TEST", ""), 2u);
}

TEST_F(Win32Alert, F4_4_2_IsNotSaidOfABrokerThatWentBeforeItAnswered) {
  ASSERT_EQ(raise_w("TEST", header("TEST")), 0u);
  broker.process().signal(SIGSTOP);
  test::Waiter raiser([] { return static_cast<int>(raise_w("TEST", header("TEST"))); });
  EXPECT_TRUE(raiser.sleeps_in(SYS_poll));
  broker.kill();
  EXPECT_EQ(raiser.result(), NERR_WkstaNotStarted);
}

}  // namespace
