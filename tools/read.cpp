// alertctl read and listen: what is in a mailslot.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "alert/control/mailslot.hpp"
#include "alert/control/socket_path.hpp"
#include "exit_status.hpp"
#include "json_lines.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;
using namespace std::chrono_literals;

namespace {

struct ReadOptions {
  std::string mailslot;
  std::vector<std::string> events;
  bool peek = false;
  bool follow = false;
  bool json = false;
  bool hex = false;
  bool raw = false;
  std::uint64_t count = 0;  // 0: no limit
  std::uint64_t since = 0;  // 0: what has not been read
  std::string exec;
};

/// What one record looks like on stdout.
std::string shown(const RecordView& record, Codecs& codecs, const ReadOptions& options) {
  std::string out;
  if (record.kind() == RecordKind::gap && record.body.size() >= sizeof(GapBody)) {
    const auto gap = load<GapBody>(record.body.data());
    if (options.json)
      append_gap_line(out, gap);
    else if (options.raw)
      complain(gap_sentence(gap));
    else
      out = gap_block(gap);
    return out;
  }
  const auto profile = static_cast<Profile>(record.header.profile);
  if (options.raw) return std::string(as_text(record.body));
  const Provenance from{&record.header, {}, nullptr, nullptr};
  if (record.kind() == RecordKind::message) {  // whatever it looks like: nobody judged it as an alert
    if (!options.json) return payload_block(record.body, codecs, from);
    append_payload_line(out, record.body, codecs, from);
    return out;
  }
  if (!options.json) return alert_block(profile, record.body, codecs, from);
  append_alert_line(out, profile, record.body, codecs, from, {options.hex, false});
  return out;
}

/// Runs the command with the alert's JSON line on its standard input; true when it succeeded.
bool run_command(const RecordView& record, Codecs& codecs, const ReadOptions& options) {
  ReadOptions as_json = options;
  as_json.json = true;
  const std::string line = shown(record, codecs, as_json);
  ::setenv("ALERT_SEQUENCE", std::to_string(record.header.sequence).c_str(), 1);
  std::FILE* child = ::popen(options.exec.c_str(), "w");
  if (!child) return false;
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // a command that does not read may still succeed
  std::fwrite(line.data(), 1, line.size(), child);
  const int status = ::pclose(child);
  std::signal(SIGPIPE, before);
  return status == 0;
}

int read_all(Mailslot& mailslot, Codecs& codecs, const ReadOptions& options, std::chrono::milliseconds timeout) {
  std::uint64_t count = 0;
  for (;;) {
    // Without --follow and --timeout, what is there now is all there is.
    const auto record = mailslot.read(options.follow ? Mailslot::kForever : timeout);
    if (!record && record.error().code == Code::sem_timeout) return count > 0 ? kDone : kNo;
    if (!record) return complain(record.error());
    if (record->header.sequence < options.since) continue;
    if (!options.exec.empty()) {
      if (!run_command(*record, codecs, options)) {
        complain("the command failed; its alert " + std::to_string(record->header.sequence) + " counts as unread");
        return kNo;
      }
    } else if (!put(shown(*record, codecs, options))) {
      return kSystem;
    }
    if (++count == options.count) break;
  }
  mailslot.acknowledge();
  return kDone;
}

/// A connection that outlives the broker by `patience`, and says so.
Connection lasting(Client client, const Context& context, std::chrono::milliseconds patience) {
  return {std::move(client), client_sockets(context.socket), patience, [](Connection::News news) {
            complain(news == Connection::News::lost ? "the broker is gone, waiting for it"
                                                    : "the broker is back, reading goes on");
          }};
}

int read(const Context& context, const ReadOptions& options) {
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  auto client = context.connect_patiently();
  if (!client) return complain(client.error());
  const bool observe = options.peek || options.since > 0;
  const std::string name = mailslot_path(options.mailslot);
  auto mailslot = Mailslot::open(
      lasting(std::move(*client), context, context.timeout(options.follow ? Mailslot::kForever : 0ms)), name,
      observe ? Mailslot::Mode::observe : Mailslot::Mode::consume, Mailslot::Wakeup::futex, context.timeout(0ms));
  if (!mailslot) return complain(mailslot.error(), name);
  if (options.since > 0) mailslot->rewind();
  return read_all(*mailslot, *codecs, options, context.timeout(0ms));
}

int listen(const Context& context, ReadOptions options) {
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  auto client = context.connect_patiently();
  if (!client) return complain(client.error());
  Connection connection = lasting(std::move(*client), context, context.timeout(Mailslot::kForever));
  const std::string name = std::string(kMailslotPrefix) + "listen." + std::to_string(::getpid()) + "." +
                           std::to_string(std::random_device()());
  MakeMailslot make;
  make.mailslot = name;
  make.session = true;
  if (const auto made = connection.call(make); !made) return complain(made.error());
  for (const std::string& event : options.events) {
    Start start{event, name, {}, true};
    const auto started = connection.call(start);
    const bool twice = !started && started.error().code == Code::alert_exists;  // the mailslot is ours alone
    if (!started && !twice) return complain(started.error(), event);
  }
  auto mailslot = Mailslot::open(std::move(connection), name, Mailslot::Mode::consume);
  if (!mailslot) return complain(mailslot.error());
  options.follow = context.timeout_ms < 0;
  std::fprintf(stderr, "listening\n");
  return read_all(*mailslot, *codecs, options, context.timeout(0ms));
}

void add_output_options(CLI::App& verb, ReadOptions& options, Context& context) {
  add_number(verb, "--timeout", context.timeout_ms, "Milliseconds to wait for alert, mailslot or broker");
  add_number(verb, "--count", options.count, "Stop after this many");
  auto* json = verb.add_flag("--json", options.json, "One JSON object per line");
  verb.add_flag("--hex", options.hex, "With --json: add the wire bytes as \"hex\"")->needs(json);
  verb.add_flag("--raw", options.raw, "Only the wire bytes")->excludes(json);
  verb.add_option("--exec", options.exec, "Shell command per alert, its JSON on stdin");
  verb.add_option("--codepage", context.codepage, "OEM code page of lm20 text")->capture_default_str();
}

}  // namespace

void add_read(CLI::App& app, Context& context) {
  auto options = std::make_shared<ReadOptions>();
  CLI::App* read_verb = app.add_subcommand("read", "Print and consume what is in a mailslot");
  read_verb->add_option("mailslot", options->mailslot, "NAME or \\mailslot\\NAME")->required();
  read_verb->add_flag("--peek", options->peek, "Consume nothing");
  read_verb->add_flag("--follow", options->follow, "Go on until interrupted");
  add_number(*read_verb, "--since", options->since, "From this sequence on; consumes nothing");
  add_output_options(*read_verb, *options, context);
  read_verb->footer(std::string("Examples:\n  alertctl read jobs --json\n"
                                "  alertctl read jobs --follow --exec 'mail -s alert root'\n") +
                    kExitStatuses);
  read_verb->callback(
      [options, &context] { context.verb = [&context, options] { return read(context, *options); }; });

  auto heard = std::make_shared<ReadOptions>();
  CLI::App* listen_verb = app.add_subcommand("listen", "Print the alerts of some events as they come");
  listen_verb->add_option("events", heard->events, "ADMIN, PRINTING, ...")->required();
  add_output_options(*listen_verb, *heard, context);
  listen_verb->footer(std::string("Examples:\n  alertctl listen ADMIN ERRORLOG\n"
                                  "  alertctl listen PRINTING --json --count 1\n") +
                      kExitStatuses);
  listen_verb->callback(
      [heard, &context] { context.verb = [&context, heard] { return listen(context, *heard); }; });
}
