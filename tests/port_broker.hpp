#pragma once
// A broker without a socket, in the words of those who watch its objects through notification ports.

#include <gtest/gtest.h>

#include "brokerd/broker.hpp"
#include "brokerd/recovery.hpp"
#include "process.hpp"

namespace test {

using Told = std::vector<std::string>;

constexpr std::uint32_t kMe = 1000, kOther = 2000;  // uids
constexpr std::uint64_t kMs = 1'000'000;

inline brokerd::Policy policy() { return brokerd::Policy::standard(true, kMe, {}); }
inline int code(const brokerd::Refusal& refusal) { return static_cast<int>(refusal.code); }

/// A broker in the words of its clients. Connection 1 is mine unless said otherwise.
struct PortBroker : testing::Test {
  PortBroker() { start(policy()); }

  void start(brokerd::Policy with) {
    broker.reset();
    auto recovered = brokerd::recover(std::move(*brokerd::JournalFolder::open(folder / "journal")), 1);
    broker.emplace(std::move(recovered->ledger), std::move(recovered->writer), std::move(with));
    broker->begin_objects("host", 1);
  }
  static brokerd::Caller caller(std::uint64_t session = 1, std::uint32_t uid = kMe) {
    brokerd::Caller caller;
    caller.uid = uid;
    caller.pid = 42;
    caller.session.id = session;
    return caller;
  }

  std::string create(std::uint64_t session = 1, std::uint32_t uid = kMe) {
    auto made = broker->create(caller(session, uid), 2);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? made->port : "";
  }
  std::string open(const char* kind, const std::string& name, std::uint64_t session = 1, std::uint32_t uid = kMe) {
    auto opened = broker->open(caller(session, uid), alert::ObjectOpen{kind, name}, 2);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? opened->handle : "";
  }
  /// The code; the sequence is in `sequence`.
  int add(const std::string& port, const char* kind, const std::string& handle, std::uint32_t filter,
          std::uint32_t key = 7, bool subtree = false, std::uint64_t session = 1, std::uint32_t uid = kMe) {
    const auto added =
        broker->add(caller(session, uid), alert::AddNotify{port, kind, handle, filter, key, subtree}, 2);
    sequence = added ? added->state_sequence : std::nullopt;
    return added ? 0 : code(added.error());
  }
  /// On the object of this name.
  int watch(const std::string& port, const char* kind, const std::string& name, std::uint32_t filter,
            std::uint32_t key = 7, bool subtree = false) {
    return add(port, kind, open(kind, name), filter, key, subtree);
  }
  int add_again(const std::string& port, const char* kind, const std::string& handle, std::uint32_t filter,
                std::uint32_t key, std::uint32_t known) {
    const auto added = broker->add_again(caller(), alert::ReAddNotify{port, kind, handle, filter, key, known}, 2);
    return added ? 0 : code(added.error());
  }

  void make(const char* kind, const std::string& name, std::optional<std::uint32_t> state = {}) {
    const auto made = broker->add(caller(), alert::ObjectAdd{kind, name, state}, 3);
    EXPECT_TRUE(made) << made.error().message;
  }
  void set(const char* kind, const std::string& name, std::uint32_t state) {
    EXPECT_TRUE(broker->change(caller(), alert::ObjectChange{kind, name, state}, 3));
  }
  void property(const char* kind, const std::string& name, const std::string& value) {
    EXPECT_TRUE(broker->change(
        caller(), alert::ObjectChange{kind, name, {}, std::vector<alert::ObjectProperty>{{"p", value}}}, 3));
  }
  void remove(const char* kind, const std::string& name) {
    EXPECT_TRUE(broker->remove(caller(), alert::ObjectDelete{kind, name}, 3));
  }

  static std::string text(const brokerd::Outcome<alert::GetNotify::Reply>& got) {
    if (!got) return "!" + std::to_string(code(got.error()));
    return std::to_string(got->key) + " " +
           std::string(alert::name(static_cast<alert::ClusterChange>(got->filter))) + " " + got->name + " @" +
           std::to_string(got->state_sequence) + (got->lost > 0 ? " lost " + std::to_string(got->lost) : "");
  }
  brokerd::Outcome<brokerd::Broker::Waiting> ask(const std::string& port, std::optional<std::uint32_t> timeout = {},
                                                 std::uint64_t session = 1, std::uint32_t uid = kMe,
                                                 std::uint64_t now = 0) {
    return broker->get(caller(session, uid), alert::GetNotify{port, timeout}, now);
  }
  /// "wait N" for a call that waits, otherwise its outcome.
  std::string get(const std::string& port, std::optional<std::uint32_t> timeout = 0, std::uint64_t session = 1,
                  std::uint32_t uid = kMe, std::uint64_t now = 0) {
    auto got = ask(port, timeout, session, uid, now);
    if (got && got->wait != 0) return "wait " + std::to_string(got->wait);
    return text(got.map([](auto waiting) { return waiting.reply; }));
  }
  /// Everything that is queued.
  Told all(const std::string& port) {
    Told told;
    for (std::string one = get(port); one != "!258"; one = get(port)) {
      told.push_back(one);
      if (one.starts_with("!")) break;
    }
    return told;
  }
  /// What calls have waited for: "N: outcome".
  Told answers(std::uint64_t now = 0) {
    Told told;
    for (const auto& answer : broker->take_answers(now))
      told.push_back(std::to_string(answer.wait) + ": " + text(answer.reply));
    return told;
  }
  int unblock(const std::string& port, std::uint64_t session = 1, std::uint32_t uid = kMe) {
    const auto done = broker->unblock(caller(session, uid), {port});
    return done ? 0 : code(done.error());
  }
  int close(const std::string& port, std::uint64_t session = 1) {
    const auto done = broker->close(caller(session), alert::CloseNotify{port});
    return done ? 0 : code(done.error());
  }

  TemporaryFolder folder;
  std::optional<brokerd::Broker> broker;
  std::optional<std::uint32_t> sequence;
};

}  // namespace test
