// brokerd: the alert broker, in the foreground, until SIGTERM.

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "alert/control/socket_path.hpp"
#include "brokerd/log.hpp"
#include "brokerd/loop.hpp"
#include "brokerd/notify.hpp"
#include "brokerd/recovery.hpp"

namespace {

enum ExitStatus { kDone = 0, kUsage = 2, kSystem = 5 };

struct Options {
  bool system = false;
  std::string socket;
  std::string journal;
  std::size_t numalerts = brokerd::Limits{}.numalerts;
  brokerd::Durability durability = brokerd::Durability::process;
  brokerd::Retention retention;
  std::uint64_t segment_bytes = brokerd::JournalWriter::kSegmentBytes;
};

int fail(const std::string& sentence) {
  std::fprintf(stderr, "brokerd: %s\n", sentence.c_str());
  return kSystem;
}

/// Fills in the paths that were not given; the error is a sentence.
std::string default_paths(Options& options) {
  if (options.system) {
    if (options.socket.empty()) options.socket = alert::kHostSocket;
    if (options.journal.empty()) options.journal = alert::kHostJournal;
  }
  if (options.socket.empty()) options.socket = alert::user_socket();
  if (options.socket.empty()) return "XDG_RUNTIME_DIR is not set: say where to listen with --socket PATH";
  if (options.journal.empty()) {
    std::string state = alert::environment_path("XDG_STATE_HOME");
    if (state.empty())
      if (const std::string home = alert::environment_path("HOME"); !home.empty()) state = home + "/.local/state";
    if (state.empty())
      return "neither XDG_STATE_HOME nor HOME is set: say where to keep the journal with --journal DIR";
    options.journal = state + "/alertbroker/journal";
  }
  return "";
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

int run(Options options) {
  if (const std::string error = default_paths(options); !error.empty()) return fail(error);
  std::signal(SIGPIPE, SIG_IGN);                          // the reader of stderr may go
  std::signal(SIGXFSZ, SIG_IGN);                          // a file that may not grow is a write that fails
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)  // or no file of ours must become it
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  raise_descriptor_limit();
  auto folder = brokerd::JournalFolder::open(options.journal);
  if (!folder) return fail(folder.error());
  const auto access = options.system ? brokerd::Listener::Access::everybody : brokerd::Listener::Access::user;
  auto listener = brokerd::Listener::open(options.socket, access);
  if (!listener) return fail(listener.error());
  auto recovered = brokerd::recover(std::move(*folder), now_ns());
  if (!recovered) return fail(recovered.error());
  for (const std::string& note : recovered->notes) brokerd::log(note);

  recovered->writer.set_durability(options.durability);
  recovered->writer.set_segment_bytes(options.segment_bytes);
  const brokerd::Policy policy{options.system, ::geteuid(), {.numalerts = options.numalerts}};
  brokerd::Broker broker(std::move(recovered->ledger), std::move(recovered->writer), policy);
  broker.set_retention(options.retention);
  broker.retain(now_ns());
  brokerd::Loop loop(broker, *listener);
  brokerd::log("listening at " + options.socket + ", journal " + options.journal);
  brokerd::notify("READY=1");
  loop.run();
  brokerd::notify("STOPPING=1");
  if (const auto error = broker.close(now_ns())) return fail("the journal cannot be closed: " + error.message());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The alert broker: keeps the alert table, journals every alert, delivers into mailslots.",
               "brokerd");
  app.set_version_flag("--version", "brokerd " BROKERD_VERSION);
  app.add_flag("--system", options.system, "The host's broker: everybody may connect");
  app.add_option("--socket", options.socket,
                 "Where to listen [$XDG_RUNTIME_DIR/alertbroker/socket; --system: /run/alertbroker/socket]");
  app.add_option(
      "--journal", options.journal,
      "Folder of the journal [$XDG_STATE_HOME/alertbroker/journal; --system: /var/lib/alertbroker/journal]");
  app.add_option("--numalerts", options.numalerts, "Rows of the alert table")->capture_default_str();
  const std::map<std::string, brokerd::Durability> durabilities{{"process", brokerd::Durability::process},
                                                                {"disk", brokerd::Durability::disk}};
  app.add_option("--durability", options.durability,
                 "What an accepted alert survives: the broker's death, or also the machine's (slower)")
      ->transform(CLI::CheckedTransformer(durabilities).description("process or disk [process]"));
  app.add_option("--retain-bytes", options.retention.bytes, "Size of the journal beyond which its oldest part goes")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--retain-seconds", options.retention.age_s, "Age beyond which a part of the journal goes");
  app.add_option("--retain-unread", options.retention.unread_bytes_per_uid,
                 "Journal kept beyond that for what a uid has not read [256 MiB]")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--segment-bytes", options.segment_bytes, "Size of a part of the journal [64 MiB]")
      ->transform(CLI::AsSizeValue(false));
  app.footer("Exit status: 0 ended by SIGTERM with nothing lost, 2 usage, 5 system.");
  try {
    app.parse(argc, argv);
    if (::geteuid() == 0 && options.socket.empty() && options.journal.empty()) options.system = true;
    return run(std::move(options));
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return kUsage;
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
