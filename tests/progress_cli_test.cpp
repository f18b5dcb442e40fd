// alertctl dump: a progress bar for whoever waits at a terminal, and for nobody else.

#include <sys/stat.h>

#include "capture_bytes.hpp"
#include "datagrams.hpp"
#include "dumped.hpp"

namespace {

using test::Process;
using test::TemporaryFolder;
using test::Words;

/// A terminal that nobody types at.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    if (!master_ || ::grantpt(master_.get()) || ::unlockpt(master_.get())) std::abort();
    path_ = ::ptsname(master_.get());
    slave_ = alert::Descriptor(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return master_.get(); }
  /// What has been written to it since.
  [[nodiscard]] std::string screen() {
    char bytes[4096];
    for (ssize_t n; (n = ::read(fd(), bytes, sizeof bytes)) > 0;)
      screen_.append(bytes, static_cast<std::size_t>(n));
    return screen_;
  }

 private:
  alert::Descriptor master_, slave_;  // which stays open, so that what was written can be read afterwards
  std::string path_, screen_;
};

/// A capture with so many alerts.
std::string capture_of(std::size_t alerts) {
  auto file = capture::pcap(alert::ByteOrder::little, capture::kMicroseconds, alert::LinkType::raw);
  const auto packet = capture::ipv4(capture::udp(golden::datagram_named("dg-alert-aligned").bytes));
  for (std::size_t i = 0; i < alerts; ++i) capture::add_record(file, 1, 2, packet);
  const capture::Buffer bytes = file;
  return std::string(alert::as_text(bytes));
}
constexpr std::size_t kMany = 10'000;

/// `alertctl dump` of a file with its streams at these paths.
Process dump(const std::string& file, const std::string& out, const std::string& err) {
  return Process({"sh", "-c", R"(exec >"$1" 2>"$2"; shift 2; exec "$@")", "sh", out, err, test::program("alertctl"),
                  "dump", "--json", file});
}

/// A pipe with a name, and its end to read from.
struct NamedPipe {
  TemporaryFolder folder;
  std::string path = folder / "pipe";
  alert::Descriptor fd;
  NamedPipe() {
    if (::mkfifo(path.c_str(), 0600)) std::abort();
    fd = alert::Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  /// Waits for at most 64 KiB; false at the end.
  bool take(std::size_t& bytes) const {
    static char buffer[65536];
    pollfd wait{fd.get(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    bytes += n > 0 ? static_cast<std::size_t>(n) : 0;
    return n > 0;
  }
};

}  // namespace

TEST(DumpProgress, IsOnTheTerminalWhileItsReaderIsSlow) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", capture_of(kMany));
  Terminal terminal;
  const NamedPipe pipe;
  Process dumping = dump(file, pipe.path, terminal.path());
  std::size_t bytes = 0;
  while (pipe.take(bytes)) {  // a bite, and a look at the terminal, until there is a bar
    pollfd bar{terminal.fd(), POLLIN, 0};
    if (terminal.screen().empty()) ::poll(&bar, 1, 20);
  }
  EXPECT_EQ(dumping.wait(), 0);
  const std::string screen = terminal.screen();
  EXPECT_TRUE(screen.starts_with("\r[")) << screen;
  EXPECT_TRUE(test::has(screen, "%")) << screen;
  const std::size_t wiped = screen.find("\r\x1b[K");
  ASSERT_NE(wiped, std::string::npos) << screen;
  EXPECT_TRUE(test::has(screen.substr(wiped), "10000 mailslot datagrams")) << screen;
}

TEST(DumpProgress, IsNotWhereTheAlertsAre) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", capture_of(kMany));
  Terminal terminal;
  Process dumping = dump(file, terminal.path(), terminal.path());
  pollfd shown{terminal.fd(), POLLIN, 0};
  std::string screen;
  while (!test::has(screen, "mailslot datagrams\r\n")) {
    ::poll(&shown, 1, -1);
    screen = terminal.screen();
  }
  EXPECT_EQ(dumping.wait(), 0);
  EXPECT_FALSE(test::has(screen, "%") || test::has(screen, "\x1b"));
}

TEST(DumpProgress, IsNotInFilesAndPipes) {
  const test::Finished dumped = test::dump({"-", "--json"}, capture_of(kMany));
  EXPECT_EQ(dumped.err, "alertctl: -: 10000 packets, 10000 mailslot datagrams\n");
}

TEST(DumpProgress, IsNotThereForAShortInput) {
  const TemporaryFolder folder;
  const auto file = folder.file("capture", capture_of(3));
  Terminal terminal;
  EXPECT_EQ(dump(file, folder / "out", terminal.path()).wait(), 0);
  EXPECT_EQ(terminal.screen(), "alertctl: " + file + ": 3 packets, 3 mailslot datagrams\r\n");
}
