// A raise is bounded in time, whatever the broker does.

#include <sys/socket.h>
#include <sys/un.h>

#include "process.hpp"

namespace {

using test::Finished;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A socket whose backlog is full and stays full.
class FullBacklog {
 public:
  FullBacklog() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(listener_.get(), to, sizeof address) || ::listen(listener_.get(), 0)) std::abort();
    do clients_.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    while (::connect(clients_.back().get(), to, sizeof address) == 0);
  }
  [[nodiscard]] std::string path() const { return folder_ / "socket"; }

 private:
  test::TemporaryFolder folder_;
  alert::Descriptor listener_;
  std::vector<alert::Descriptor> clients_;
};

TEST(RaiseTimeout, HoldsWhenTheBacklogIsFull) {
  const FullBacklog full;
  const Finished late = test::alertctl({"--socket", full.path(), "raise", "admin", "1", "--timeout", "20"});
  EXPECT_EQ(late.status, 5);
  EXPECT_TRUE(has(late.err, full.path() + ": Connection timed out")) << late.err;
}

TEST(RaiseTimeout, HoldsWhenTheBrokerIsStopped) {
  test::Broker broker;
  broker.process().signal(SIGSTOP);
  const Finished late = broker.ctl({"raise", "admin", "1", "--timeout", "20"});
  EXPECT_EQ(late.status, 5);
  EXPECT_TRUE(has(late.err, "did not answer")) << late.err;
}

TEST(RaiseTimeout, HoldsForManyWhenTheBrokerStopsInTheirMidst) {
  test::Broker broker;
  const std::string line = R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a"}})"
                           "\n";
  test::Process raising = broker.alertctl({"raise", "--stdin", "--timeout", "20"});
  raising.feed(line);
  EXPECT_EQ(raising.out_line(), "alert 1: matched 0, written 0");
  broker.process().signal(SIGSTOP);
  std::string many;
  for (int i = 0; i < 5; ++i) many += line;
  const Finished late = raising.finish(many);
  EXPECT_EQ(late.status, 5);
  EXPECT_TRUE(has(late.err, "did not answer")) << late.err;
  EXPECT_TRUE(has(late.err, "5 alerts have no receipt")) << late.err;
}

}  // namespace
