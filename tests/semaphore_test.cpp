// Semaphores of a running broker: who is freed by a raise, who is not, and what is kept of it.

#include "alert/control/semaphore.hpp"

#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "asking.hpp"
#include "brokerd/broker.hpp"
#include "brokerd/recovery.hpp"

namespace {

using alert::Code;
using alert::Semaphore;
using namespace std::chrono_literals;

constexpr const char* kGo = "\\sem\\go";
constexpr const char* kStay = "\\sem\\stay";

class Semaphores : public test::Asking {
 protected:
  void start(const char* name = kGo, const std::string& event = "TEST") { must(alert::Start{event, name, 0, {}}); }
  void stop(const char* name = kGo) { must(alert::Stop{"TEST", name}); }
  Semaphore open(const char* name = kGo) {
    auto semaphore = Semaphore::open(broker.connect(), name);
    if (!semaphore) ADD_FAILURE() << semaphore.error().message;
    return std::move(*semaphore);
  }
  /// The counter as the broker keeps it.
  std::uint64_t pulses(const char* name = kGo) { return broker.connect().call(alert::OpenSemaphore{name})->pulses; }
  Code refusal(const alert::OpenSemaphore& call) {
    const auto reply = broker.connect().call(call);
    return reply ? Code::success : reply.error().code;
  }
  /// The state that the next broker will have.
  brokerd::Ledger refolded() {
    auto folder = brokerd::JournalFolder::open(broker.journal());
    auto recovered = brokerd::recover(std::move(*folder), 1);
    EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error());
    return std::move(recovered->ledger);
  }
  void await_connections(std::uint64_t count) {
    while (must(alert::Stats{}).connections != count) std::this_thread::yield();
  }
};

/// How many pulses the wait told, or the code it failed with, as "!121".
std::string waited(Semaphore& semaphore, std::chrono::milliseconds timeout = 0ms) {
  const auto pulses = semaphore.wait(timeout);
  return pulses ? std::to_string(*pulses) : "!" + std::to_string(static_cast<int>(pulses.error().code));
}

TEST_F(Semaphores, ARaiseFreesEveryWaiterOnce) {
  start();
  std::vector<std::future<std::string>> waiters;
  for (int i = 0; i < 20; ++i)
    waiters.push_back(std::async(std::launch::async, [semaphore = open()]() mutable {
      const std::string first = waited(semaphore, Semaphore::kForever);
      return first + " " + waited(semaphore);
    }));
  raise();
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get(), "1 !121");
}

TEST_F(Semaphores, NoPulseIsLostBetweenTwoWaits) {
  start();
  Semaphore semaphore = open();
  raise();
  EXPECT_EQ(waited(semaphore), "1");
  raise(), raise();
  EXPECT_EQ(waited(semaphore), "2");
  EXPECT_EQ(waited(semaphore), "!121");
}

TEST_F(Semaphores, EveryPulseIsToldWhoeverIsFaster) {
  constexpr std::uint64_t kRaises = 500;
  start();
  auto sum = std::async(std::launch::async, [semaphore = open()]() mutable {
    std::uint64_t told = 0;
    while (told < kRaises) told += semaphore.wait(Semaphore::kForever).value();
    return told;
  });
  for (std::uint64_t i = 0; i < kRaises; ++i) raise();
  EXPECT_EQ(sum.get(), kRaises);
}

TEST_F(Semaphores, WhoeverComesLateSeesNoOldPulse) {
  start();
  Semaphore early = open();
  raise();
  Semaphore late = open();
  EXPECT_EQ(waited(early), "1");
  EXPECT_EQ(waited(late), "!121");
  raise();
  EXPECT_EQ(waited(late), "1");
}

TEST_F(Semaphores, OtherSemaphoresAndEventsPulseNobody) {
  start(), start(kStay, "OTHER");
  Semaphore stay = open(kStay);
  raise();
  EXPECT_EQ(waited(stay), "!121");
}

TEST_F(Semaphores, ADryRunPulsesNobody) {
  start();
  Semaphore semaphore = open();
  EXPECT_EQ(raise(38, "TEST", true).written, 1u);
  EXPECT_EQ(waited(semaphore), "!121");
}

TEST_F(Semaphores, NamesThatDifferInCaseAreOne) {
  start("\\SEM\\Go");
  Semaphore semaphore = open("\\sem\\GO");
  raise();
  EXPECT_EQ(waited(semaphore), "1");
}

TEST_F(Semaphores, APulseCountsAsWrittenWhetherOrNotSomebodyWaits) {
  start();
  EXPECT_EQ(raise().written, 1u);
  const Semaphore semaphore = open();
  EXPECT_EQ(raise().written, 1u);
  const auto stats = must(alert::Stats{});
  EXPECT_EQ(stats.matched, 2u);
  EXPECT_EQ(stats.written, 2u);
  EXPECT_EQ(stats.refused, 0u);
  EXPECT_EQ(pulses(), 2u);
}

TEST_F(Semaphores, OnesThatAreOpenCanBeRegisteredLaterAndAgain) {
  Semaphore semaphore = open();
  start();
  raise();
  stop();
  raise();
  start();
  raise();
  EXPECT_EQ(waited(semaphore), "2");
}

TEST_F(Semaphores, AreForgottenWithTheLastRegistrationAndTheLastWaiter) {
  start();
  raise();
  {
    const Semaphore semaphore = open();
    stop();
    EXPECT_EQ(pulses(), 1u);
  }
  await_connections(1);
  EXPECT_EQ(pulses(), 0u);
}

TEST_F(Semaphores, OpenedTwiceByOneConnectionAreOpenOnce) {
  std::optional<alert::Client> twice = broker.connect();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(twice->call(alert::OpenSemaphore{kGo}));
  EXPECT_EQ(twice->take_descriptors().size(), 1u);
  twice.reset();
  await_connections(1);
  broker.stop();
  EXPECT_TRUE(refolded().semaphores().empty());
}

TEST_F(Semaphores, AreNotOpenedUnderAnotherKindOfName) {
  for (const char* name : {"", "go", "\\mailslot\\go", "\\sem\\", "\\sem\\a*"})
    EXPECT_EQ(refusal({name}), Code::invalid_name) << name;
}

TEST_F(Semaphores, AreBoundedPerConnectionAndPerUid) {
  const std::uint64_t most = brokerd::facts(brokerd::Quota::semaphores).user;
  std::vector<alert::Client> clients;
  std::size_t opened = 0;
  const auto open_next = [&] {
    const auto reply = clients.back().call(alert::OpenSemaphore{"\\sem\\" + std::to_string(opened)});
    opened += reply.has_value();
    return reply ? Code::success : reply.error().code;
  };
  while (opened < most) {
    clients.push_back(broker.connect());
    for (std::size_t i = 0; i < brokerd::facts(brokerd::Quota::open_semaphores).user; ++i)
      ASSERT_EQ(open_next(), Code::success);
    EXPECT_EQ(open_next(), Code::not_enough_quota);
  }
  clients.push_back(broker.connect());
  EXPECT_EQ(open_next(), Code::not_enough_quota);
  EXPECT_EQ(refusal({"\\sem\\0"}), Code::success) << "its page is there already";
  const std::size_t connections = clients.size();
  clients.erase(clients.begin());
  await_connections(connections);
  EXPECT_EQ(open_next(), Code::success);
}

TEST_F(Semaphores, AKilledWaiterHurtsNobody) {
  start();
  Semaphore survivor = open();
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto semaphore = Semaphore::open(broker.connect(), kGo);
    if (semaphore && ::write(ready[1], "r", 1) == 1) (void)semaphore->wait(Semaphore::kForever);
    ::_exit(1);
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]), ::close(ready[1]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(raise().written, 1u);
  EXPECT_EQ(waited(survivor), "1");
}

TEST_F(Semaphores, AHostileWaiterCanNotPulse) {
  start();
  Semaphore other = open();
  alert::Client hostile = broker.connect();
  ASSERT_TRUE(hostile.call(alert::OpenSemaphore{kGo}));
  const auto fds = hostile.take_descriptors();
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0].get(), 0), MAP_FAILED);
  EXPECT_NE(::pwrite(fds[0].get(), "xxxxxxxx", 8, 64), 8);
  EXPECT_NE(::ftruncate(fds[0].get(), 0), 0);
  EXPECT_EQ(waited(other), "!121");
}

TEST_F(Semaphores, AWaiterIsToldThatTheBrokerIsGone) {
  auto waiter = std::async(std::launch::async, [semaphore = open()]() mutable {
    return semaphore.wait(Semaphore::kForever).error().error;
  });
  broker.kill();
  EXPECT_EQ(waiter.get(), std::errc::connection_reset);
}

TEST_F(Semaphores, APulseFromBeforeTheBrokerWentIsToldFirst) {
  start();
  Semaphore semaphore = open();
  raise();
  broker.kill();
  EXPECT_EQ(waited(semaphore), "1");
  EXPECT_TRUE(semaphore.wait(0ms).error().error);
  ASSERT_TRUE(broker.start());
  EXPECT_TRUE(semaphore.wait(0ms).error().error);
}

TEST_F(Semaphores, WhatIsDurableIsTheSameAfterACrash) {
  start();
  raise(), raise();
  must(alert::Start{"TEST", kStay, {}, true});
  raise();
  const Semaphore semaphore = open("\\sem\\of.a.session");
  broker.kill();
  const brokerd::Ledger ledger = refolded();
  ASSERT_EQ(ledger.semaphores().size(), 1u);
  EXPECT_EQ(ledger.semaphore(kGo)->pulses, 3u);
  EXPECT_EQ(ledger.semaphore(kGo)->uid, ::geteuid());
  EXPECT_EQ(ledger.totals().matched, 4u);
  EXPECT_EQ(ledger.totals().written, 4u);
  ASSERT_TRUE(broker.start());
  EXPECT_EQ(pulses(), 3u);
}

TEST_F(Semaphores, AreMadeForTheRegistrationsOfABrokerThatHadNone) {
  broker.stop();
  {
    auto recovered = brokerd::recover(*brokerd::JournalFolder::open(broker.journal()), 1);
    const brokerd::Registration row{1, "TEST", kGo, 0, 42, false, 0};
    const std::string body = brokerd::to_json(row).dump();
    alert::RecordHeader header;
    header.kind = static_cast<std::uint16_t>(alert::RecordKind::table_change);
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    recovered->writer.add(header, alert::as_bytes(body));
    ASSERT_FALSE(recovered->writer.commit());
  }
  const brokerd::Ledger ledger = refolded();
  ASSERT_TRUE(ledger.semaphore(kGo));
  EXPECT_EQ(ledger.semaphore(kGo)->uid, 42u);
}

}  // namespace
