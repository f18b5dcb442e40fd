// alertctl push register over real sockets.

#include <netinet/in.h>
#include <sys/socket.h>

#include "configured.hpp"

namespace {

using namespace alert;

/// A UDP socket on a loopback port.
class Ear {
 public:
  explicit Ear(int domain = AF_INET) : socket_(::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = domain == AF_INET ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    socklen_t size = domain == AF_INET ? sizeof v4 : sizeof v6;
    is_bound_ = ::bind(socket_.get(), address, size) == 0 && ::getsockname(socket_.get(), address, &size) == 0;
    const int port = ntohs(domain == AF_INET ? v4.sin_port : v6.sin6_port);
    address_ = (domain == AF_INET ? "127.0.0.1:" : "[::1]:") + std::to_string(port);
  }
  [[nodiscard]] bool is_bound() const { return is_bound_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Blocks until a datagram has come.
  [[nodiscard]] std::string hear() const {
    char bytes[64];
    const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return n < 0 ? "?" : std::string(bytes, static_cast<std::size_t>(n));
  }
  [[nodiscard]] bool is_silent() const {
    char byte;
    return ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
  }

 private:
  Descriptor socket_;
  bool is_bound_ = false;
  std::string address_;
};

struct PushVerb : testing::Test {
  PushVerb() { broker.ctl({"make", "box"}), broker.ctl({"start", "ADMIN", "box"}); }
  test::Process registered(std::vector<std::string> words) const {
    words.insert(words.begin(), {"push", "register"});
    auto process = broker.alertctl(words);
    EXPECT_EQ(process.err_line(), "registered");
    return process;
  }
  void raise() const { EXPECT_EQ(broker.ctl({"raise", "admin", "1"}).status, 0); }
  test::Broker broker;
};

TEST_F(PushVerb, SendsTheContextOnceSomethingIsUnread) {
  const Ear ear;
  const auto process = registered({"box", ear.address(), "--context", "come"});
  EXPECT_TRUE(ear.is_silent());
  raise();
  EXPECT_EQ(ear.hear(), "come");
  raise();
  EXPECT_EQ(broker.connect().call(Stats{})->datagrams, 1u) << "the first still says it all";
  EXPECT_EQ(broker.ctl({"read", "box", "--json"}).status, 0);
  raise();
  EXPECT_EQ(ear.hear(), "come") << "after everything was read";
}

TEST_F(PushVerb, SendsToIpv6WhereTheHostHasIt) {
  const Ear ear(AF_INET6);
  if (!ear.is_bound()) GTEST_SKIP() << "no IPv6 here";
  raise();
  const auto process = registered({"box", ear.address(), "--context", "00ff", "--hex"});
  EXPECT_EQ(ear.hear(), std::string("\0\xFF", 2));
}

TEST_F(PushVerb, EndsItsRegistrationWhenItIsKilled) {
  const Ear ear;
  {
    auto process = registered({"box", ear.address()});
    process.signal(SIGKILL);
    process.wait();
  }
  while (broker.connect().call(Stats{})->push_sessions > 0) continue;
  raise();
  EXPECT_EQ(broker.connect().call(Stats{})->datagrams, 0u);
  EXPECT_TRUE(ear.is_silent());
}

TEST_F(PushVerb, ExitsAsTheAnswerIs) {
  const auto status = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"push", "register"});
    return broker.ctl(words).status;
  };
  EXPECT_EQ(status({"none", "127.0.0.1:1"}), 1);
  EXPECT_EQ(status({"box", "127.0.0.1"}), 2);
  EXPECT_EQ(status({"box", "127.0.0.1:1", "--context", "seventeen letters"}), 2);
  EXPECT_EQ(status({"box", "127.0.0.1:1", "--context", "xy", "--hex"}), 2);
  EXPECT_EQ(status({"box", "127.0.0.1:1", "--context", ""}), 2);
  EXPECT_EQ(status({"box", "192.0.2.1:2500"}), 3);
  auto process = registered({"box", "127.0.0.1:1"});
  broker.stop();
  EXPECT_EQ(process.finish().status, 5);
}

TEST_F(PushVerb, RepeatsAtTheConfiguredIntervalUntilEverythingIsRead) {
  const test::Broker quick({"--config", broker.folder().file("quick.toml", "[push]\ninterval = 1\n")});
  quick.ctl({"make", "box"}), quick.ctl({"start", "ADMIN", "box"}), quick.ctl({"raise", "admin", "1"});
  const Ear ear;
  const auto process = quick.alertctl({"push", "register", "box", ear.address(), "--context", "again"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ear.hear(), "again");
}

TEST_F(PushVerb, PN_6_11_AnAddressWhereNobodyListensHarmsNobody) {
  std::string deaf;
  { deaf = Ear().address(); }
  const Ear ear;
  const auto one = registered({"box", deaf}), other = registered({"box", ear.address(), "--context", "b"});
  raise();
  EXPECT_EQ(ear.hear(), "b");
  EXPECT_EQ(broker.ctl({"read", "box", "--json"}).status, 0);
}

TEST(PushConfiguration, ThatForbidsItEndsTheDatagramsOfThoseWhoAreRegistered) {
  test::Configured on("[push]\ninterval = \"1s\"\n");
  const test::Broker& broker = *on.broker;
  broker.ctl({"make", "box"}), broker.ctl({"start", "ADMIN", "box"});
  const Ear ear;
  const auto registered = broker.alertctl({"push", "register", "box", ear.address()});
  broker.ctl({"raise", "admin", "1"});
  EXPECT_EQ(ear.hear(), "alert");
  on.reload("[push]\ninterval = \"1s\"\nenabled = false\n");
  const auto stats = [&] { return *broker.connect().call(Stats{}); };
  const std::uint64_t sent = stats().datagrams;
  while (stats().lost_datagrams == 0) std::this_thread::yield();
  EXPECT_EQ(stats().datagrams, sent);
}

}  // namespace
