// libnetalert.so as a library: what it exports, who can compile against it, threads, forks, whole programs.

#include <map>

#include "alert/wire/hex.hpp"
#include "c_caller.hpp"
#include "c_library.hpp"

namespace {

using test::kSlot;

TEST(NetAlertLibrary, ExportsTheCallsOfItsHeaderAndNothingElse) {
  const auto declared = test::declared_calls("netalert.h");
  EXPECT_EQ(declared.size(), 17u);
  EXPECT_EQ(test::exported_calls(NETALERT_LIBRARY), declared);
}

TEST(NetAlertLibrary, HeaderIsPlainC89ForBothCompilersAndBothProfiles) {
  for (const std::string compiler : {"gcc", CLANG})
    for (const std::string profile : {"-UNETALERT_NT", "-DNETALERT_NT"}) {
      const auto compiled = test::compile_c89(compiler, profile, "#include <netalert.h>\n#include <netalert.h>\n");
      EXPECT_EQ(compiled.status, 0) << compiled.err;
    }
}

TEST(NetAlertLibrary, MacroChoosesTheFormOfNetAlertRaise) {
  const std::string lm20 = "int f(void) { return NetAlertRaise(ALERT_ADMIN_EVENT, \"\", 0, ALERT_MED_WAIT); }\n";
  const std::string nt =
      "static const WCHAR event[] = ALERT_ADMIN_EVENT;\n"
      "unsigned f(void) { STD_ALERT a; return NetAlertRaise(event, &a, sizeof a); }\n";
  const auto compiles = [](const std::string& profile, const std::string& code) {
    return test::compile_c89("gcc", profile, "#include <netalert.h>\n" + code).status == 0;
  };
  EXPECT_TRUE(compiles("-UNETALERT_NT", lm20));
  EXPECT_TRUE(compiles("-DNETALERT_NT", nt));
  EXPECT_FALSE(compiles("-DNETALERT_NT", lm20));
  EXPECT_FALSE(compiles("-UNETALERT_NT", nt));
}

class NetAlertLibraryCalls : public test::CCaller {
 protected:
  unsigned make() {
    unsigned handle = 0;
    EXPECT_EQ(DosMakeMailslot(kSlot, test::kEnough, 0, &handle), 0);
    return handle;
  }
};

TEST_F(NetAlertLibraryCalls, EachMessageGoesToOneThreadOfAny) {
  constexpr int kThreads = 4, kEach = 100;
  const unsigned slot = make();
  std::vector<std::future<int>> writers;
  std::vector<std::future<std::vector<std::string>>> readers;
  for (int i = 0; i < kThreads; ++i) {
    readers.push_back(std::async(std::launch::async, [slot] {
      std::vector<std::string> got;
      for (;;) {
        char buffer[64];
        unsigned short size = 0;
        if (DosReadMailslot(slot, buffer, sizeof buffer, &size, nullptr, nullptr, -1) != 0) return got;
        got.emplace_back(buffer, size);
      }
    }));
    writers.push_back(std::async(std::launch::async, [i] {
      int failed = 0;
      for (int n = 0; n < kEach; ++n) {
        const std::string text = std::to_string(i) + "." + std::to_string(n);
        failed += DosWriteMailslot(kSlot, text.data(), static_cast<unsigned short>(text.size()),
                                   static_cast<unsigned short>(n % 10), 1, -1) != 0;
      }
      return failed;
    }));
  }
  for (auto& writer : writers) EXPECT_EQ(writer.get(), 0);
  unsigned short left = 1;
  while (left > 0) ASSERT_EQ(DosMailslotInfo(slot, nullptr, nullptr, nullptr, nullptr, &left), 0);
  EXPECT_EQ(DosDeleteMailslot(slot), 0);  // ends the readers
  std::map<std::string, int> times;
  for (auto& reader : readers)
    for (const std::string& text : reader.get()) ++times[text];
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kThreads * kEach));
  for (const auto& [text, n] : times) EXPECT_EQ(n, 1) << text;
}

TEST_F(NetAlertLibraryCalls, MayBeMadeByAForkedChildAsByItsParent) {
  make();
  const auto connections = [this] { return broker.connect().call(alert::Stats{})->connections; };
  EXPECT_EQ(DosWriteMailslot(kSlot, "before", 6, 0, 1, 0), 0);  // on a connection that is kept
  const auto before = connections();
  EXPECT_EQ(test::in_child([] {
              unsigned mine = 0;
              char buffer[16];
              unsigned short size = 0;
              const bool works = DosWriteMailslot(kSlot, "child", 5, 0, 1, 0) == 0 &&
                                 DosMakeMailslot("\\mailslot\\child", 16, 0, &mine) == 0 &&
                                 DosWriteMailslot("\\mailslot\\child", "own", 3, 0, 1, 0) == 0 &&
                                 DosReadMailslot(mine, buffer, 16, &size, nullptr, nullptr, 0) == 0 && size == 3;
              return works ? 0 : 1;
            }),
            0);
  EXPECT_EQ(DosWriteMailslot(kSlot, "parent", 6, 0, 1, 0), 0);
  while (connections() > before) std::this_thread::yield();  // the child's are gone
}

TEST_F(NetAlertLibraryCalls, FollowTheEnvironmentToAnotherBroker) {
  make();
  {
    test::Broker other;
    ::setenv("ALERTBROKER_SOCKET", other.socket().c_str(), 1);
    EXPECT_EQ(DosWriteMailslot(kSlot, "x", 1, 0, 1, 0), ERROR_PATH_NOT_FOUND);
  }
  ::setenv("ALERTBROKER_SOCKET", broker.socket().c_str(), 1);
  EXPECT_EQ(DosWriteMailslot(kSlot, "x", 1, 0, 1, 0), 0);
}

class NetAlertProgram : public test::CCaller {
 protected:
  test::Process run(std::vector<std::string> command) const {
    command[0] = test::c_program(command[0]);
    return test::Process(command, {{"ALERTBROKER_SOCKET", broker.socket()}});
  }
};

TEST_F(NetAlertProgram, PrintHandlerTellsTheUserWhatBecameOfTheJob) {
  auto handler = run({"print_handler"});
  ASSERT_EQ(handler.out_line(), "ready");
  EXPECT_EQ(
      broker.ctl({"raise", "print", "--job", "12", "--status", "4", "--user", "jdoe", "--queue", "laser"}).status,
      0);
  EXPECT_EQ(handler.out_line(), "jdoe: your job 12 in laser is printed on  (), 0 bytes");
  handler.signal(SIGTERM);
  const auto end = handler.finish();
  EXPECT_EQ(end.status, 0) << end.err;
  const auto stats = broker.connect().call(alert::Stats{});
  EXPECT_EQ(stats->registrations, 0u);  // it has cleaned up
  EXPECT_EQ(stats->mailslots, 0u);
}

TEST_F(NetAlertProgram, RaiserOfAnUnclearedBufferIsUnderstood) {
  EXPECT_EQ(run({"raise_uncleared", "alone"}).finish().out, "nobody is registered\n");
  broker.ctl({"make", "box"}), broker.ctl({"start", "ADMIN", "box"});
  const auto raised = run({"raise_uncleared", "the disk", "is full"}).finish();
  EXPECT_EQ(raised.out, "error 0\n");
  const auto alert = alert::Json::parse(broker.ctl({"read", "box", "--json", "--hex"}).out);
  EXPECT_EQ(alert["fields"]["mergestrings"], alert::Json({"the disk", "is full"}));
  EXPECT_EQ(alert["fields"]["alrt_servicename"], "UNCLEARED");
  EXPECT_EQ(alert["size"], 512);
  EXPECT_EQ(alert["trailing"], 512 - 42 - 17);
  EXPECT_TRUE(alert["hex"].get<std::string>().ends_with("dbdbdb"));
}

TEST_F(NetAlertProgram, ServiceThatWasKilledStopsItsOldRegistrationAndStartsAgain) {
  auto first = run({"keep_registered"});
  ASSERT_EQ(first.out_line(), "registered");
  first.signal(SIGKILL);
  first.wait();
  while (broker.connect().call(alert::Stats{})->mailslots > 0) std::this_thread::yield();
  auto second = run({"keep_registered"});
  ASSERT_EQ(second.out_line(), "registered again");
  EXPECT_EQ(run({"raise_uncleared", "again"}).finish().status, 0);
  EXPECT_EQ(second.out_line(), "ADMIN from UNCLEARED, 128 bytes");
  EXPECT_EQ(second.finish().status, 0);
  EXPECT_EQ(broker.connect().call(alert::Stats{})->registrations, 0u);
}

TEST_F(NetAlertProgram, MessagesPopUp) {
  auto popup = run({"popup"});
  ASSERT_EQ(popup.out_line(), "ready");
  for (const char* text : {"Lunch!", "QUIT"}) EXPECT_EQ(broker.ctl({"raise", "message", text}).status, 0);
  const auto end = popup.finish();
  EXPECT_EQ(end.out, "+--------+\n| Lunch! |\n+--------+\n");
  EXPECT_EQ(end.status, 0);
}

}  // namespace
