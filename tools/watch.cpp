// alertctl watch: what happens to objects, as it happens.

#include <cstdio>
#include <memory>

#include "alert/control/json_fields.hpp"
#include "alert/control/notification_port.hpp"
#include "alert/control/socket_path.hpp"
#include "exit_status.hpp"
#include "json_lines.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct WatchOptions {
  std::string kind;
  std::string name;
  std::uint64_t count = 0;  // 0: no limit
  bool subtree = false;
  bool json = false;
};

/// One line of --json.
struct Line {
  std::string change;
  std::string kind;
  std::string name;
  std::uint32_t filter = 0;
  std::uint32_t state_sequence = 0;
  std::optional<std::uint64_t> lost;
  std::optional<std::string> accepted;  // of what a broker told
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> pid;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("change", s.change), p("kind", s.kind), p("name", s.name), p("filter", s.filter),
        p("state_sequence", s.state_sequence), p("lost", s.lost), p("accepted", s.accepted), p("uid", s.uid),
        p("pid", s.pid);
  }
};

std::string shown(const ClusterEvent& event, bool as_json) {
  const std::string change(name(event.change));
  const bool is_told = event.header.accepted_ns > 0;
  if (as_json) {
    Line line{change,
              std::string(name(kind_of(event.change))),
              event.name,
              event.change,
              event.state_sequence,
              {},
              {},
              {},
              {}};
    if (event.lost > 0) line.lost = event.lost;
    if (is_told) {
      line.accepted = utc_ns(event.header.accepted_ns);
      line.uid = event.header.uid;
      line.pid = event.header.pid;
    }
    return to_json(line).dump() + "\n";
  }
  std::string text = (is_told ? utc_ns(event.header.accepted_ns) : std::string(30, ' ')) + "  " + change;
  if (!event.name.empty()) text += "  " + for_terminal(event.name);
  if (has_state(kind_of(event.change))) text += "  @" + std::to_string(event.state_sequence);
  if (event.lost > 0) text += "  " + std::to_string(event.lost) + " did not fit and are lost";
  return text + "\n";
}

int watch(const Context& context, const WatchOptions& options) {
  auto port = NotificationPort::open(client_sockets(context.socket));
  if (!port) return complain(port.error());
  const auto object = (*port)->open_object(*kind_named(options.kind), options.name);
  if (!object) return complain(object.error(), options.kind + " " + options.name);
  const auto scope = options.subtree ? NotificationPort::Scope::subtree : NotificationPort::Scope::one;
  const auto added = (*port)->add(*object, kAllChanges, 0, scope);
  if (!added) return complain(added.error(), options.kind + " " + options.name);
  std::fprintf(stderr, "watching\n");
  for (std::uint64_t told = 0; options.count == 0 || told < options.count; ++told) {
    const auto event = (*port)->next(context.timeout(Deadline::kNever));
    if (!event && event.error().code == Code::wait_timeout) return kNo;
    if (!event) return complain(event.error());
    if (!put(shown(*event, options.json))) return kSystem;
  }
  return kDone;
}

}  // namespace

void add_watch(CLI::App& app, Context& context) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* verb = app.add_subcommand("watch", "Print what happens to an object, or to all of them");
  verb->add_option("kind", options->kind, "Its kind; cluster: everything")->required()->check(object_kind());
  verb->add_option("name", options->name, "Its name; a key's is a path with backslashes");
  verb->add_flag("--subtree", options->subtree, "Of a key: what is below it, too");
  add_number(*verb, "--count", options->count, "End after so many events");
  add_number(*verb, "--timeout", context.timeout_ms, "Milliseconds to wait for each event");
  verb->add_flag("--json", options->json, "One JSON object per event");
  verb->footer(std::string("Goes on when the broker restarts, and tells which states have changed meanwhile.\n\n"
                           "Examples:\n  alertctl watch netinterface eth0\n  alertctl watch cluster --json\n") +
               kExitStatuses);
  verb->callback([options, &context] { context.verb = [&context, options] { return watch(context, *options); }; });
}
