// alertctl make, rm, start, stop, table, mailslots, stats: what the broker keeps.

#include <cstdio>
#include <memory>

#include "alert/control/json_fields.hpp"
#include "exit_status.hpp"
#include "json_writer.hpp"
#include "print.hpp"
#include "prometheus.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

template <class Call>
CallResult<typename Call::Reply> ask(const Context& context, const Call& call) {
  auto client = context.connect();
  if (!client) return tl::unexpected<CallFailure>(client.error());
  return client->call(call);
}

/// All rows of a listing.
template <class Call, class Row>
std::optional<CallFailure> gather(Client& client, std::vector<Row>& rows) {
  for (Call call;;) {
    auto page = client.call(call);
    if (!page) return page.error();
    std::move(page->rows.begin(), page->rows.end(), std::back_inserter(rows));
    if (!page->next) return std::nullopt;
    call.after = page->next;
  }
}

/// Every page of a listing under `heading`; `show` prints one row and says whether stdout took it.
template <class Call, class Show>
int list(const Context& context, const std::string& heading, Show&& show) {
  auto client = context.connect();
  if (!client) return complain(client.error());
  if (!put(heading)) return kSystem;
  Call call;
  for (;;) {
    const auto page = client->call(call);
    if (!page) return complain(page.error());
    for (const auto& row : page->rows)
      if (!show(row)) return kSystem;
    if (!page->next) return put("") ? kDone : kSystem;
    call.after = page->next;
  }
}

template <class T>
bool put_json(const T& value) {
  return put(escaped_json(to_json(value).dump()) + "\n");
}

/// Each field on a line, but lists.
template <class T>
std::string lines(const T& value) {
  std::string text;
  auto pass = [&](const char* name, const auto& field) {
    Json json = "none";
    if constexpr (!requires { field.has_value(); })
      json = to_json(field);
    else if (field)
      json = to_json(*field);
    if (json.is_array()) return;
    std::string padded(name);
    padded.resize(std::max<std::size_t>(padded.size() + 1, 16), ' ');
    text += padded + (json.is_string() ? for_terminal(json.get<std::string>()) : json.dump()) + "\n";
  };
  T::fields(value, pass);
  return text;
}

struct TableOptions {
  MakeMailslot make;
  Start start;
  Stop stop;
  DeleteMailslot remove;
  std::uint32_t max_message = kLargestAlert;
  std::uint64_t capacity = 0;
  std::uint32_t maxdata = kLargestAlert;
  bool json = false;
  bool prometheus = false;
};

int make(const Context& context, TableOptions& options) {
  options.make.mailslot = mailslot_path(options.make.mailslot);
  options.make.max_message = options.max_message;
  if (options.capacity > 0) options.make.capacity = options.capacity;
  const auto made = ask(context, options.make);
  return made ? kDone : complain(made.error(), options.make.mailslot);
}

/// Printf for a row whose cells are strings already.
template <class... Cells>
std::string row_text(const char* format, const Cells&... cells) {
  char text[1024];
  std::snprintf(text, sizeof text, format, cells.c_str()...);
  return text;
}

int show_table(const Context& context, const TableOptions& options) {
  using S = std::string;
  const auto text = [](const S& event, const S& recipient, const S& maxdata, const S& uid, const S& lifetime) {
    return row_text("%-16s  %-32s  %8s  %6s  %s\n", event, recipient, maxdata, uid, lifetime);
  };
  const S heading = options.json ? "" : text("EVENT", "RECIPIENT", "MAXDATA", "UID", "LIFETIME");
  return list<ListTable>(context, heading, [&](const ListTable::Row& row) {
    if (options.json) return put_json(row);
    return put(text(for_terminal(row.event), for_terminal(row.recipient), std::to_string(row.maxdata),
                    std::to_string(row.uid), row.session ? "session" : "durable"));
  });
}

int show_mailslots(const Context& context, const TableOptions& options) {
  using S = std::string;
  const auto text = [](const S& name, const S& written, const S& read, const S& pending, const S& lost,
                       const S& refused, const S& readers) {
    return row_text("%-32s  %8s  %8s  %8s  %8s  %8s  %s\n", name, written, read, pending, lost, refused, readers);
  };
  const S heading =
      options.json ? "" : text("MAILSLOT", "WRITTEN", "READ", "PENDING", "LOST", "REFUSED", "READERS");
  return list<ListMailslots>(context, heading, [&](const ListMailslots::Row& row) {
    if (options.json) return put_json(row);
    return put(text(for_terminal(row.mailslot), std::to_string(row.written), std::to_string(row.read),
                    std::to_string(row.pending), std::to_string(row.lost), std::to_string(row.refused),
                    std::to_string(row.observers + (row.consumer ? 1 : 0))));
  });
}

/// A line for each bound: how often it was hit since the broker's start.
std::string quota_lines(const Stats::Reply& stats) {
  std::string text =
      row_text("\n%-18s  %12s  %s\n", std::string("QUOTA"), std::string("LIMIT"), std::string("REFUSED"));
  for (const Stats::Quota& quota : stats.quotas)
    text += row_text("%-18s  %12s  %s\n", for_terminal(quota.name),
                     quota.limit ? std::to_string(*quota.limit) : "unlimited", std::to_string(quota.refused));
  return text;
}

int show_prometheus(const Context& context) {
  auto client = context.connect();
  if (!client) return complain(client.error());
  const auto stats = client->call(Stats{});
  if (!stats) return complain(stats.error());
  std::vector<ListMailslots::Row> mailslots;
  std::vector<ListSemaphores::Row> semaphores;
  if (const auto failed = gather<ListMailslots>(*client, mailslots)) return complain(*failed);
  if (const auto failed = gather<ListSemaphores>(*client, semaphores)) return complain(*failed);
  return put(prometheus(*stats, mailslots, semaphores)) ? kDone : kSystem;
}

/// What cannot be read of the journal; nothing where everything can.
std::string unreadable_lines(const Stats::Reply& stats) {
  std::string text;
  for (const Stats::Unreadable& range : stats.unreadable) {
    if (text.empty())
      text =
          row_text("\n%-28s  %24s  %s\n", std::string("UNREADABLE"), std::string("BYTES"), std::string("ALERTS"));
    const std::string alerts =
        range.first > range.last ? "none" : std::to_string(range.first) + " to " + std::to_string(range.last);
    text += row_text("%-28s  %24s  %s\n", for_terminal(range.file),
                     std::to_string(range.from) + " to " + std::to_string(range.to), alerts);
  }
  return text;
}

int show_stats(const Context& context, const TableOptions& options) {
  if (options.prometheus) return show_prometheus(context);
  const auto stats = ask(context, Stats{});
  if (!stats) return complain(stats.error());
  return (options.json ? put_json(*stats) : put(lines(*stats) + quota_lines(*stats) + unreadable_lines(*stats)))
             ? kDone
             : kSystem;
}

}  // namespace

void add_table(CLI::App& app, Context& context) {
  auto options = std::make_shared<TableOptions>();
  const auto verb = [&](const char* name, const char* what, const char* examples, auto act) {
    CLI::App* sub = app.add_subcommand(name, what);
    add_number(*sub, "--timeout", context.timeout_ms, "Milliseconds to wait for the answer [10000]", 1);
    sub->footer("Examples:\n" + std::string(examples) + kExitStatuses);
    sub->callback(
        [&context, options, act] { context.verb = [&context, options, act] { return act(context, *options); }; });
    return sub;
  };
  const auto simple = [](auto call) {
    return [call](const Context& c, TableOptions& o) {
      auto& parameters = o.*call;
      std::string subject;
      if constexpr (requires { parameters.recipient; }) {
        parameters.recipient = mailslot_path(parameters.recipient);
        subject = parameters.event + " " + parameters.recipient;
      } else {
        parameters.mailslot = mailslot_path(parameters.mailslot);
        subject = parameters.mailslot;
      }
      const auto done = ask(c, parameters);
      return done ? static_cast<int>(kDone) : complain(done.error(), subject);
    };
  };

  CLI::App* make_verb = verb("make", "Make a durable mailslot", "  alertctl make jobs\n", make);
  make_verb->add_option("mailslot", options->make.mailslot, "NAME or \\mailslot\\NAME")->required();
  add_number(*make_verb, "--max-message", options->max_message, "Bytes of the largest alert it takes")
      ->capture_default_str();
  add_number(*make_verb, "--capacity", options->capacity, "Bytes of its ring, rounded up [262144]");

  CLI::App* rm = verb("rm", "Delete a mailslot and what is unread in it", "  alertctl rm jobs\n",
                      simple(&TableOptions::remove));
  rm->add_option("mailslot", options->remove.mailslot, "NAME or \\mailslot\\NAME")->required();

  CLI::App* start = verb("start", "Register a recipient for an event", "  alertctl start PRINTING jobs\n",
                         [simple](const Context& c, TableOptions& o) {
                           o.start.maxdata = o.maxdata;
                           return simple(&TableOptions::start)(c, o);
                         });
  start->add_option("event", options->start.event, "ADMIN, PRINTING, ... or your own")->required();
  start->add_option("recipient", options->start.recipient, "NAME, \\mailslot\\NAME or \\sem\\NAME")->required();
  add_number(*start, "--maxdata", options->maxdata, "Bytes after which an alert is cut")->capture_default_str();

  CLI::App* stop =
      verb("stop", "End a registration", "  alertctl stop PRINTING jobs\n", simple(&TableOptions::stop));
  stop->add_option("event", options->stop.event, "The event")->required();
  stop->add_option("recipient", options->stop.recipient, "NAME, \\mailslot\\NAME or \\sem\\NAME")->required();

  CLI::App* table = verb("table", "Print the alert table", "  alertctl table --json\n", show_table);
  CLI::App* mailslots = verb("mailslots", "Print the mailslots: written = read + pending + lost",
                             "  alertctl mailslots\n", show_mailslots);
  CLI::App* stats = verb("stats", "Print the broker's counters", "  alertctl stats\n", show_stats);
  for (CLI::App* sub : {table, mailslots, stats})
    sub->add_flag("--json", options->json, "One JSON object per line");
  stats->add_flag("--prometheus", options->prometheus, "Prometheus' text format, by recipient")->excludes("--json");
}
