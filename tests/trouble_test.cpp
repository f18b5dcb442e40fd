// A journal that cannot be written for a while, damage, and clients that leave half-way.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "alert/control/mailslot.hpp"
#include "process.hpp"

namespace {

using test::Broker;
using test::lines;
using namespace std::chrono_literals;

/// A broker whose journal can be kept from growing, as on a full disk, and allowed to again.
class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    broker.ctl({"make", "box"});
    broker.ctl({"start", "ADMIN", "box"});
  }
  void fill() { limit(std::filesystem::file_size(broker.journal() + "/00000000000000000001.pcapng")); }
  void free() { limit(RLIM_INFINITY); }
  int raise() { return broker.ctl({"raise", "admin", "1"}).status; }

  Broker broker;

 private:
  void limit(rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(broker.process().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
};

TEST_F(FullDisk, RefusesRaisesWithAClearReceiptAndRecoversByItself) {
  EXPECT_EQ(raise(), 0);
  fill();
  const auto refused = broker.ctl({"raise", "admin", "1"});
  EXPECT_EQ(refused.status, 5);
  EXPECT_NE(refused.err.find("the journal cannot be written"), std::string::npos) << refused.err;
  free();
  EXPECT_EQ(broker.ctl({"raise", "admin", "1"}).out, "alert 2: matched 1, written 1\n");
  EXPECT_EQ(lines(broker.ctl({"read", "box", "--json"}).out).size(), 2u);
}

TEST_F(FullDisk, WhatIsReadMeanwhileCountsAsRead) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(raise(), 0);
  {
    auto box = alert::Mailslot::open(broker.connect(), "\\mailslot\\box", alert::Mailslot::Mode::consume);
    ASSERT_TRUE(box);
    fill();  // a memory file may not grow either, so the mailslot is opened before
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(box->read(0ms));
    box->acknowledge();
  }
  broker.ctl({"stats"});  // the broker has seen the connection end
  free();
  EXPECT_EQ(raise(), 0);
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(lines(broker.ctl({"read", "box", "--json"}).out).size(), 1u);
}

TEST_F(FullDisk, WhatEndsMeanwhileHasEnded) {
  test::Process listener = broker.alertctl({"listen", "ADMIN"});
  listener.err_line();
  fill();
  listener.signal(SIGINT);
  listener.wait();
  while (lines(broker.ctl({"mailslots", "--json"}).out).size() > 1) continue;
  free();
  EXPECT_EQ(raise(), 0);
  broker.kill();
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(lines(broker.ctl({"table", "--json"}).out).size(), 1u);
}

TEST(Damage, AReaderIsToldOfTheAlertThatIsLostAndGetsThoseBehindIt) {
  Broker broker;
  broker.ctl({"make", "box"});
  broker.ctl({"start", "ADMIN", "box"});
  std::uintmax_t before_third = 0;
  const std::string segment = broker.journal() + "/00000000000000000001.pcapng";
  for (int i = 1; i <= 5; ++i) {
    if (i == 3) before_third = std::filesystem::file_size(segment);
    broker.ctl({"raise", "admin", std::to_string(i)});
  }
  ASSERT_EQ(broker.stop(), 0);
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(before_third + 60));
  file.put('\xFF');
  file.close();
  ASSERT_TRUE(broker.start());
  EXPECT_NE(broker.notes().find("alert 3 is lost"), std::string::npos) << broker.notes();
  broker.ctl({"raise", "admin", "6"});
  std::vector<alert::Json> read;
  for (const std::string& line : lines(broker.ctl({"read", "box", "--json"}).out))
    read.push_back(alert::Json::parse(line));
  ASSERT_GE(read.size(), 6u);
  EXPECT_EQ(read[2]["gap"]["first"], 3);
  EXPECT_EQ(read[2]["gap"]["last"], 3);
  EXPECT_EQ(read[2]["gap"]["reason"], "damaged");
  EXPECT_EQ(read[3]["sequence"], 4);
  EXPECT_EQ(read[4]["sequence"], 5);
  EXPECT_GT(read.back()["sequence"], 5);
}

TEST(Takeover, AReplayOfTheFormerConsumerIsRefusedAndTheBrokerLives) {
  const Broker broker;
  alert::Client maker = broker.connect();
  ASSERT_TRUE(maker.call(alert::MakeMailslot{"\\mailslot\\box", {}, {}, {}}));

  const alert::Descriptor former(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, broker.socket().data(), broker.socket().size());
  ASSERT_EQ(::connect(former.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto say = [&](const std::string& text) { ::send(former.get(), text.c_str(), text.size() + 1, 0); };
  const auto hear = [&] {
    for (char c = 1; ::recv(former.get(), &c, 1, 0) == 1 && c != 0;) continue;
  };
  const std::string slot = R"("mailslot":"\\mailslot\\box")";
  say(R"({"method":"io.alertbroker.OpenMailslot","parameters":{"consume":true,)" + slot + "}}");
  hear();
  constexpr int kUnread = 150;  // replies that fill the socket, so that the last request waits
  for (int i = 0; i < kUnread; ++i)
    say(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.alertbroker"}})");
  say(R"({"method":"io.alertbroker.Replay","parameters":{"after":{"ordinal":0,"sequence":0},)" + slot + "}}");
  ::shutdown(former.get(), SHUT_WR);
  {
    auto next = alert::Mailslot::open(broker.connect(), "\\mailslot\\box", alert::Mailslot::Mode::consume);
    ASSERT_TRUE(next) << next.error().message;
  }
  for (int i = 0; i <= kUnread; ++i) hear();
  EXPECT_TRUE(maker.call(alert::Stats{}));
}

TEST(Replay, OfTwoMailslotsInTurnEndsForBoth) {
  const Broker broker;
  for (const char* name : {"\\mailslot\\a", "\\mailslot\\b"}) {
    alert::Client client = broker.connect();
    ASSERT_TRUE(client.call(alert::MakeMailslot{name, {}, {}, {}}));
    ASSERT_TRUE(client.call(alert::Start{"BIG", name, {}, {}}));
  }
  std::string alerts;
  const std::string payload(2 * 60'000, '0');
  for (int i = 0; i < 60; ++i)
    alerts += R"({"class":"custom","fields":{"alrt_eventname":"BIG","alrt_servicename":"S","payload_hex":")" +
              payload + "\"}}\n";
  ASSERT_EQ(broker.ctl({"raise", "--stdin"}, alerts).status, 0);
  alert::Client both = broker.connect();
  alert::HistoryPlace after[2];
  bool done[2] = {false, false};
  const char* names[2] = {"\\mailslot\\a", "\\mailslot\\b"};
  for (const char* name : names) ASSERT_TRUE(both.call(alert::OpenMailslot{name, false, {}}));
  for (int step = 0; step < 200 && !(done[0] && done[1]); ++step) {
    const int i = step % 2;
    const auto reply = both.call(alert::Replay{names[i], after[i]});
    ASSERT_TRUE(reply) << reply.error().message;
    after[i] = reply->after;
    done[i] = reply->resume.has_value();
  }
  EXPECT_TRUE(done[0] && done[1]);
  EXPECT_EQ(after[0].ordinal, 60u);
}

}  // namespace
