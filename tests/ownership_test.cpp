// The host's broker and two uids: root, who runs the tests, and nobody, a child that became uid 65534.

#include <string>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "nobody.hpp"
#include "process.hpp"

namespace {

using test::as_nobody;
using test::kNobody;
constexpr const char* kSlot = "\\mailslot\\slot";
constexpr int kNoConnection = 1'000;  // or it ended during the call

template <class Reply>
int code_of(const alert::CallResult<Reply>& result) {
  if (result) return 0;
  return result.error().error ? kNoConnection : static_cast<int>(result.error().code);
}

class Ownership : public testing::Test {
 protected:
  explicit Ownership(std::vector<std::string> options = {"--system"}) : broker(std::move(options)) {
    std::filesystem::permissions(broker.folder().path(), std::filesystem::perms{0755});
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another uid";
  }

  template <class Call>
  int root(const Call& call) {
    return code_of(broker.connect().call(call));
  }
  template <class Call>
  int nobody(const Call& call) {
    return as_nobody([&] {
      auto client = alert::Client::connect({broker.socket()});
      return client ? code_of(client->call(call)) : kNoConnection;
    });
  }
  std::size_t rows_root_sees() { return broker.connect().call(alert::ListTable{})->rows.size(); }

  test::Broker broker;
};

TEST_F(Ownership, ForeignMailslotCanNotBeARecipient) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::Start{"TEST", kSlot, {}, {}}), 5);
  EXPECT_EQ(nobody(alert::Start{"TEST", "\\MAILSLOT\\SLOT", {}, {}}), 5);
  EXPECT_EQ(rows_root_sees(), 0u);
}

TEST_F(Ownership, ForeignMailslotCanNotBeOpenedOrDeleted) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::OpenMailslot{kSlot, true, {}}), 5);
  EXPECT_EQ(nobody(alert::OpenMailslot{kSlot, false, {}}), 5);
  EXPECT_EQ(nobody(alert::DeleteMailslot{kSlot}), 5);
  EXPECT_EQ(root(alert::OpenMailslot{kSlot, true, {}}), 0);
}

TEST_F(Ownership, ForeignMailslotCanNotBeReplayed) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  alert::Client reader = broker.connect();
  ASSERT_TRUE(reader.call(alert::OpenMailslot{kSlot, true, {}}));
  const int code = as_nobody([&] {
    alert::Client client = broker.connect();
    const bool has_a_window = client.call(alert::MakeMailslot{"\\mailslot\\mine", {}, {}, {}}) &&
                              client.call(alert::OpenMailslot{"\\mailslot\\mine", false, {}});
    return has_a_window ? code_of(client.call(alert::Replay{kSlot, {}})) : -1;
  });
  EXPECT_EQ(code, 5);
}

TEST_F(Ownership, ForeignRegistrationCanNotBeStopped) {
  ASSERT_EQ(root(alert::Start{"TEST", kSlot, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::Stop{"TEST", kSlot}), 5);
  EXPECT_EQ(rows_root_sees(), 1u);
}

TEST_F(Ownership, ListsShowOnlyWhatIsOnesOwn) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  ASSERT_EQ(root(alert::Start{"TEST", kSlot, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::MakeMailslot{"\\mailslot\\mine", {}, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::Start{"TEST", "\\mailslot\\mine", {}, {}}), 0);
  const int seen = as_nobody([&] {
    alert::Client client = broker.connect();
    const auto slots = client.call(alert::ListMailslots{})->rows;
    const auto rows = client.call(alert::ListTable{})->rows;
    if (slots.size() != 1 || slots[0].mailslot != "\\mailslot\\mine" || slots[0].uid != kNobody) return 1;
    return rows.size() != 1 || rows[0].recipient != "\\mailslot\\mine" || rows[0].uid != kNobody ? 2 : 0;
  });
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(broker.connect().call(alert::ListMailslots{})->rows.size(), 2u);
  EXPECT_EQ(rows_root_sees(), 2u);
}

TEST_F(Ownership, RootMayTouchEverything) {
  ASSERT_EQ(nobody(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::Start{"TEST", kSlot, {}, {}}), 0);
  EXPECT_EQ(root(alert::OpenMailslot{kSlot, true, {}}), 0);
  EXPECT_EQ(root(alert::Start{"OTHER", kSlot, {}, {}}), 0);
  EXPECT_EQ(root(alert::Stop{"TEST", kSlot}), 0);
  EXPECT_EQ(root(alert::DeleteMailslot{kSlot}), 0);
}

TEST_F(Ownership, RegistrationsOfOthersEndWhenAMailslotIsMade) {
  ASSERT_EQ(nobody(alert::Start{"TEST", kSlot, {}, {}}), 0);
  ASSERT_EQ(root(alert::Start{"OTHER", kSlot, {}, {}}), 0);
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  const auto rows = broker.connect().call(alert::ListTable{})->rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].event, "OTHER");
  EXPECT_EQ(rows[0].uid, 0u);
}

TEST_F(Ownership, RegistrationsOfRootEndToo) {
  ASSERT_EQ(root(alert::Start{"TEST", kSlot, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(rows_root_sees(), 0u);
}

TEST_F(Ownership, RegistrationsOfOthersStayEndedAfterACrash) {
  ASSERT_EQ(nobody(alert::Start{"TEST", kSlot, {}, {}}), 0);
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(rows_root_sees(), 0u);
  EXPECT_EQ(nobody(alert::OpenMailslot{kSlot, true, {}}), 5);
}

TEST_F(Ownership, ReleasedNameBelongsToWhoeverMakesItNext) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  ASSERT_EQ(root(alert::DeleteMailslot{kSlot}), 0);
  EXPECT_EQ(nobody(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::OpenMailslot{kSlot, true, {}}), 0);
}

TEST_F(Ownership, RecordSaysWhoRaisedIt) {
  ASSERT_EQ(root(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  ASSERT_EQ(root(alert::Start{"TEST", kSlot, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::Raise{"TEST", "lm20", std::string(76, '0'), {}, {}}), 0);
  const test::Finished seen = broker.ctl({"read", kSlot, "--json"});
  EXPECT_NE(seen.out.find("\"uid\":65534"), std::string::npos) << seen.out;
}

constexpr const char* kSemaphore = "\\sem\\semaphore";

TEST_F(Ownership, ForeignSemaphoreCanNotBeOpenedOrRegistered) {
  ASSERT_EQ(root(alert::Start{"TEST", kSemaphore, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::OpenSemaphore{kSemaphore}), 5);
  EXPECT_EQ(nobody(alert::OpenSemaphore{"\\SEM\\SEMAPHORE"}), 5);
  EXPECT_EQ(nobody(alert::Start{"OTHER", kSemaphore, {}, {}}), 5);
  EXPECT_EQ(rows_root_sees(), 1u);
}

TEST_F(Ownership, SemaphoreBelongsToWhoeverHasItOpen) {
  alert::Client waiter = broker.connect();
  ASSERT_TRUE(waiter.call(alert::OpenSemaphore{kSemaphore}));
  EXPECT_EQ(nobody(alert::OpenSemaphore{kSemaphore}), 5);
  EXPECT_EQ(nobody(alert::Start{"TEST", kSemaphore, {}, {}}), 5);
  ASSERT_EQ(root(alert::Start{"TEST", kSemaphore, {}, {}}), 0);
  ASSERT_EQ(root(alert::Stop{"TEST", kSemaphore}), 0);
  EXPECT_EQ(nobody(alert::OpenSemaphore{kSemaphore}), 5);
}

TEST_F(Ownership, SemaphoreStaysItsMakersWhileRootKeepsIt) {
  ASSERT_EQ(nobody(alert::Start{"TEST", kSemaphore, {}, {}}), 0);
  EXPECT_EQ(root(alert::OpenSemaphore{kSemaphore}), 0);
  ASSERT_EQ(root(alert::Start{"OTHER", kSemaphore, {}, {}}), 0);
  ASSERT_EQ(nobody(alert::Stop{"TEST", kSemaphore}), 0);
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(nobody(alert::OpenSemaphore{kSemaphore}), 0);
}

TEST_F(Ownership, ReleasedSemaphoreBelongsToWhoeverTakesItNext) {
  ASSERT_EQ(root(alert::Start{"TEST", kSemaphore, {}, {}}), 0);
  ASSERT_EQ(root(alert::Stop{"TEST", kSemaphore}), 0);
  EXPECT_EQ(nobody(alert::Start{"TEST", kSemaphore, {}, {}}), 0);
  EXPECT_EQ(nobody(alert::OpenSemaphore{kSemaphore}), 0);
}

struct UserBroker : Ownership {
  UserBroker() : Ownership(std::vector<std::string>{}) {}
};

TEST_F(UserBroker, KeepsItsSocketToItself) {
  struct stat status {};
  ASSERT_EQ(::stat(broker.socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(nobody(alert::Stats{}), kNoConnection);
}

TEST_F(UserBroker, TurnsAForeignUidAwayThatFoundTheSocketOpen) {
  std::filesystem::permissions(broker.socket(), std::filesystem::perms{0666});
  EXPECT_NE(nobody(alert::MakeMailslot{kSlot, {}, {}, {}}), 0);
  EXPECT_EQ(root(alert::OpenMailslot{kSlot, true, {}}), 3);
  EXPECT_EQ(broker.connect().call(alert::Stats{})->connections, 1u);
}

}  // namespace
