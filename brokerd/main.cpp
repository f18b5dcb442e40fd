// brokerd: the alert broker, in the foreground, until SIGTERM.

#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "alert/control/socket_path.hpp"
#include "brokerd/checkpoint.hpp"
#include "brokerd/config.hpp"
#include "brokerd/log.hpp"
#include "brokerd/loop.hpp"
#include "brokerd/notify.hpp"
#include "brokerd/recovery.hpp"
#include "brokerd/refold.hpp"

namespace {

enum ExitStatus { kDone = 0, kNo = 1, kUsage = 2, kSystem = 5 };

struct Options {
  bool system = false;
  std::string socket;
  std::string journal;
  std::string spool;
  bool has_default_spool = false;
  std::string config;
  std::string checked;   // --check-config
  std::string refolded;  // --refold
  std::optional<std::uint64_t> numalerts;
};

int fail(const std::string& sentence) {
  std::fprintf(stderr, "brokerd: %s\n", sentence.c_str());
  return kSystem;
}

/// Fills in the paths that were not given; the error is a sentence.
std::string default_paths(Options& options) {
  if (options.spool.empty() && options.socket.empty()) {  // another socket's spool would be somebody else's
    options.spool = options.system ? alert::kHostSpool : alert::user_state("spool");
    options.has_default_spool = true;
  }
  if (options.system) {
    if (options.socket.empty()) options.socket = alert::kHostSocket;
    if (options.journal.empty()) options.journal = alert::kHostJournal;
  }
  if (options.socket.empty()) options.socket = alert::user_socket();
  if (options.socket.empty()) return "XDG_RUNTIME_DIR is not set: say where to listen with --socket PATH";
  if (options.journal.empty()) {
    options.journal = alert::user_state("journal");
    if (options.journal.empty())
      return "neither XDG_STATE_HOME nor HOME is set: say where to keep the journal with --journal DIR";
  }
  return "";
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t now_ns(clockid_t clock = CLOCK_REALTIME) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

/// What the named file says, or the one that a broker of this kind looks for.
tl::expected<brokerd::Config, std::string> read_config(const Options& options, const std::string& named) {
  using brokerd::MissingFile;
  const auto accounts = brokerd::Accounts::of_system();
  brokerd::Config standard = brokerd::standard_config(options.system, ::geteuid(), accounts);
  const std::string file = named.empty() ? brokerd::default_config_path(options.system) : named;
  const MissingFile missing = named.empty() ? MissingFile::is_empty : MissingFile::is_an_error;
  auto config = file.empty() ? tl::expected<brokerd::Config, std::string>(std::move(standard))
                             : brokerd::read_config(file, missing, std::move(standard), accounts);
  if (config && options.numalerts) config->policy.limits[brokerd::Quota::numalerts] = *options.numalerts;
  return config;
}

int check_config(const Options& options) {
  const auto config = read_config(options, options.checked.empty() ? options.config : options.checked);
  if (config) return kDone;
  brokerd::log(config.error());
  return kUsage;
}

/// Needs no lock: what a broker adds meanwhile is read as far as it is there.
int refold(const std::string& journal) {
  const auto segments = alert::journal_segments(journal);
  if (!segments) return fail(journal + ": " + segments.error().message());
  if (segments->empty()) return fail(journal + ": no segment of a journal");
  brokerd::Refold refold(journal, segments->front());
  while (refold.step()) continue;
  for (const auto* findings : {&refold.notes(), &refold.differences()})
    for (const auto& [place, sentence] : *findings) brokerd::log(to_text(place) + ": " + sentence);
  const auto& counts = refold.counts();
  std::printf("%llu segments, %llu checkpoints compared and equal, %llu alerts\nstate at %llu: %08x\n",
              static_cast<unsigned long long>(counts.segments), static_cast<unsigned long long>(counts.checkpoints),
              static_cast<unsigned long long>(counts.alerts),
              static_cast<unsigned long long>(refold.ledger().totals().sequence), digest(refold.ledger()));
  return refold.differences().empty() ? kDone : kNo;
}

/// A file that cannot be read or is wrong leaves everything as it is.
void reload(const Options& options, brokerd::Broker& broker) {
  brokerd::notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_ns(CLOCK_MONOTONIC) / 1'000));
  auto config = read_config(options, options.config);
  if (config) {
    broker.set_policy(std::move(config->policy));
    broker.set_journal_options(config->journal, now_ns());
  }
  brokerd::log(config ? "the configuration was read again" : "the old configuration stays: " + config.error());
  brokerd::notify("READY=1");
}

int run(Options options) {
  if (const std::string error = default_paths(options); !error.empty()) return fail(error);
  std::signal(SIGPIPE, SIG_IGN);                          // the reader of stderr may go
  std::signal(SIGXFSZ, SIG_IGN);                          // a file that may not grow is a write that fails
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)  // or no file of ours must become it
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  auto config = read_config(options, options.config);
  if (!config) {
    brokerd::log(config.error());
    return kUsage;
  }
  raise_descriptor_limit();
  auto folder = brokerd::JournalFolder::open(options.journal);
  if (!folder) return fail(folder.error());
  const auto access = options.system ? brokerd::Listener::Access::everybody : brokerd::Listener::Access::user;
  auto listener = brokerd::Listener::open(options.socket, access);
  if (!listener) return fail(listener.error());
  std::optional<brokerd::Spool> spool;
  if (!options.spool.empty()) {
    auto opened = brokerd::Spool::open(
        options.spool, options.system ? brokerd::Spool::Access::everybody : brokerd::Spool::Access::user);
    if (!opened && !options.has_default_spool) return fail(opened.error());
    if (opened)
      spool = std::move(*opened);
    else
      brokerd::log(opened.error() + "; serving without it");
  }
  auto recovered = brokerd::recover(std::move(*folder), now_ns());
  if (!recovered) return fail(recovered.error());
  for (const std::string& note : recovered->notes) brokerd::log(note);

  brokerd::Broker broker(std::move(recovered->ledger), std::move(recovered->writer), std::move(config->policy));
  broker.take_over(std::move(recovered->owed));
  broker.set_journal_options(config->journal, now_ns());
  broker.begin_objects(host_name(), now_ns());
  auto links = brokerd::Links::open();
  if (!links) brokerd::log("no news of network links: " + links.error().message());
  brokerd::Loop loop(
      broker, *listener, [&] { reload(options, broker); }, std::move(spool),
      links ? std::optional(std::move(*links)) : std::nullopt);
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
  app.add_option("--spool", options.spool,
                 "Folder of alerts that found no broker [with the default socket: "
                 "$XDG_STATE_HOME/alertbroker/spool; --system: /var/spool/alertbroker]");
  app.add_option("--config", options.config,
                 "Rules and limits, read again on SIGHUP [$XDG_CONFIG_HOME/alertbroker/brokerd.toml; "
                 "--system: /etc/alertbroker/brokerd.toml]");
  CLI::Option* check = app.add_option("--check-config", options.checked,
                                      "Only say whether FILE, or the configuration that would be read, is right")
                           ->type_name("[FILE]")
                           ->expected(0, 1);
  app.add_option("--refold", options.refolded,
                 "Only rerun the journal in FOLDER and compare each of its checkpoints with the outcome")
      ->type_name("FOLDER")
      ->excludes(check);
  app.add_option("--numalerts", options.numalerts, "Rows of the alert table [65536]");
  app.footer(
      "Exit status: 0 ended by SIGTERM with nothing lost, 1 a journal that does not add up,\n"
      "2 usage or a wrong configuration, 5 system.");
  try {
    app.parse(argc, argv);
    if (::geteuid() == 0 && options.socket.empty() && options.journal.empty()) options.system = true;
    if (!options.refolded.empty()) return refold(options.refolded);
    return check->count() > 0 ? check_config(options) : run(std::move(options));
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return kUsage;
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
