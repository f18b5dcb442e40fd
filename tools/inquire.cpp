// alertctl explain and audit: what the ledger says, and whether it adds up.

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include <unistd.h>

#include "alert/control/json_fields.hpp"
#include "exit_status.hpp"
#include "filter.hpp"
#include "json_writer.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct ExplainOptions {
  Explain call;
  std::string as_of;
  bool json = false;
};

struct AuditOptions {
  std::string journal;
  bool json = false;
};

/// The same call until it is done: the broker does a turn's work for each.
template <class Call>
CallResult<typename Call::Reply> ask_until_done(Client& client, const Call& call) {
  for (;;) {
    auto reply = client.call(call);
    if (!reply || reply->done) return reply;
  }
}

std::string alerts_of(const RegisteredInterval& interval) {
  const std::string first = std::to_string(interval.from + 1);
  return (interval.to ? "alerts " + first + " to " + std::to_string(*interval.to) : "from alert " + first + " on") +
         (interval.maxdata < kLargestAlert ? ", maxdata " + std::to_string(interval.maxdata) : "");
}

std::string place_text(const std::string& place) {
  if (place == "in_hand") return "in the hand of its consumer, not acknowledged";
  if (place == "redelivered")
    return "unread; it will be marked redelivered, a consumer that crashed may have seen it";
  if (place == "lost") return "lost: retention took it before it was read";
  if (place == "deleted") return "the mailslot has been deleted since";
  return for_terminal(place);
}

/// Why, after "alert N".
std::string reason_text(const Explain::Reply& r, const std::string& recipient) {
  const std::string reason = for_terminal(r.reason.value_or(""));
  const std::string event = for_terminal(r.event.value_or(""));
  const std::string what = r.event ? " (" + event + ", " + std::to_string(r.size.value_or(0)) + " bytes)" : "";
  const std::string not_written = what + " was not written to " + recipient + ": ";
  if (r.verdict == "written") return what + " was written to " + recipient;
  if (r.verdict == "refused")
    return what + " was refused by " + recipient + ": " + reason + " (" + std::to_string(r.code.value_or(0)) + " " +
           std::string(name(static_cast<Code>(r.code.value_or(0)))) + ")";
  if (r.verdict == "not_registered") return not_written + "it was not registered for " + event + " then";
  if (r.verdict == "other_event") return not_written + "it was registered for other events only";
  if (r.verdict == "message") return not_written + "it was a message for one mailslot, which is another";
  if (r.verdict == "no_recipient") return not_written + "there was no such recipient then";
  if (r.verdict == "policy") return not_written + reason;
  if (r.verdict == "retention")
    return ": retention took it, the journal begins at alert " + std::to_string(r.first.value_or(0));
  if (r.verdict == "damaged") {
    const std::string last = r.last ? " to " + std::to_string(*r.last) : " on";
    return ": the journal is damaged there, from number " + std::to_string(r.first.value_or(0)) + last +
           (reason.empty() ? "" : ": " + reason);
  }
  return " has not been raised, the last one is " + std::to_string(r.last.value_or(0)) +
         "; a raise that is refused gets no number";
}

std::string explanation_text(const Explain& call, const Explain::Reply& r) {
  std::string text = "alert " + std::to_string(call.sequence) + reason_text(r, for_terminal(call.recipient)) + "\n";
  const auto line = [&](const std::string& what) { text += "  " + what + "\n"; };
  if (r.cut) line("cut at maxdata, to " + std::to_string(*r.cut) + " bytes");
  if (r.ordinal)
    line("number " + std::to_string(*r.ordinal) + " in incarnation " + std::to_string(r.incarnation.value_or(0)));
  if (r.verdict == "retention" && r.place)
    line(*r.place == "read" ? "whatever of it was due had been read" : "if it was due, it was lost unread");
  else if (r.place)
    line(place_text(*r.place));
  if (r.registration) line("registered: " + alerts_of(*r.registration));
  if (r.before) line("registered before: " + alerts_of(*r.before));
  if (r.after) line("registered after: " + alerts_of(*r.after));
  if (r.registered_for && !r.registered_for->empty()) {
    std::string events;
    for (const std::string& event : *r.registered_for) events += (events.empty() ? "" : ", ") + for_terminal(event);
    line("registered then for " + events);
  }
  if (r.verdict == "no_recipient" && r.created)
    line("the present mailslot was made behind alert " + std::to_string(*r.created));
  if (r.obstacle) line("it cannot be registered now: " + for_terminal(*r.obstacle));
  if (r.where) line("damaged at " + for_terminal(*r.where));
  return text;
}

bool read_moment(ExplainOptions& options) {
  if (options.as_of.empty()) return true;
  std::uint64_t sequence = 0;
  const char* const end = options.as_of.data() + options.as_of.size();
  const auto [rest, error] = std::from_chars(options.as_of.data(), end, sequence);
  if (error == std::errc() && rest == end)
    options.call.as_of_sequence = sequence;
  else
    options.call.as_of_ns = parse_time(options.as_of, Bound::end);
  if (options.call.as_of_sequence || options.call.as_of_ns) return true;
  complain("--as-of: expected a sequence, 2026-11-21 or 2026-11-21T02:00:00Z");
  return false;
}

/// The answer about one recipient, on stdout; its exit status.
int explain(Client& client, const Explain& call, bool json) {
  const auto reply = ask_until_done(client, call);
  if (!reply) return complain(reply.error(), call.recipient);
  std::string text = explanation_text(call, *reply);
  if (json) {
    Json object = to_json(*reply);
    object["sequence"] = call.sequence;
    object["recipient"] = call.recipient;
    text = escaped_json(object.dump()) + "\n";
  }
  if (!put(text)) return kSystem;
  if (reply->verdict == "written") return kDone;
  return reply->verdict == "refused" || reply->verdict == "policy" ? kRefused : kNo;
}

/// Whatever is registered now, and every mailslot, of those that the caller may see.
CallResult<std::set<std::string>> recipients(Client& client) {
  std::set<std::string> names;
  for (ListTable call;;) {
    const auto page = client.call(call);
    if (!page) return tl::unexpected<CallFailure>(page.error());
    for (const auto& row : page->rows) names.insert(row.recipient);
    if (!(call.after = page->next)) break;
  }
  for (ListMailslots call;;) {
    const auto page = client.call(call);
    if (!page) return tl::unexpected<CallFailure>(page.error());
    for (const auto& row : page->rows) names.insert(row.mailslot);
    if (!(call.after = page->next)) return names;
  }
}

int explain(const Context& context, ExplainOptions& options) {
  if (!read_moment(options)) return kUsage;
  auto client = context.connect();
  if (!client) return complain(client.error());
  Explain& call = options.call;
  if (!call.recipient.empty()) {
    call.recipient = mailslot_path(call.recipient);
    return explain(*client, call, options.json);
  }
  const auto names = recipients(*client);
  if (!names) return complain(names.error());
  bool is_written = false;
  bool is_refused = false;
  for (const std::string& name : *names) {
    call.recipient = name;
    const int status = explain(*client, call, options.json);
    if (status == kSystem) return status;
    is_written = is_written || status == kDone;
    is_refused = is_refused || status == kRefused;
  }
  return is_written ? kDone : is_refused ? kRefused : kNo;
}

/// What a journal says when it is folded only the broker's program knows, so that runs in place of this one.
int refold(const std::string& journal) {
  std::error_code error;
  const std::string mine = std::filesystem::read_symlink("/proc/self/exe", error).replace_filename("brokerd");
  const std::string option = "--refold=" + journal;
  for (const std::string& brokerd : {mine, std::string("brokerd")})
    ::execlp(brokerd.c_str(), "brokerd", option.c_str(), nullptr);
  complain(std::string("cannot run brokerd: ") + std::strerror(errno));
  return kSystem;
}

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

int audit(const Context& context, const AuditOptions& options) {
  if (!options.journal.empty()) return refold(options.journal);
  auto client = context.connect();
  if (!client) return complain(client.error());
  const auto reply = ask_until_done(*client, Audit{});
  if (!reply) return complain(reply.error());
  std::string text;
  for (const auto& [where, sentence] : reply->notes)
    text += "note: " + for_terminal(where + ": " + sentence) + "\n";
  for (const auto& [where, sentence] : reply->differences) text += for_terminal(where + ": " + sentence) + "\n";
  text += std::string(reply->differences.empty() ? "it adds up: " : "it does not add up: ") +
          counted(reply->segments, "segment") + ", " + counted(reply->checkpoints, "later checkpoint") +
          " equal, " + counted(reply->alerts, "alert") + "\n";
  if (!put(options.json ? escaped_json(to_json(*reply).dump()) + "\n" : text)) return kSystem;
  return reply->differences.empty() ? kDone : kNo;
}

}  // namespace

void add_inquire(CLI::App& app, Context& context) {
  const auto finish = [&context](CLI::App* verb, const std::string& examples) {
    add_number(*verb, "--timeout", context.timeout_ms, "Milliseconds to wait for each step [10000]", 1);
    verb->footer(examples + kExitStatuses);
  };
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* why = app.add_subcommand("explain", "Say why an alert was written to a recipient, or not");
  add_number(*why, "sequence", options->call.sequence, "The alert's number", 1)->required();
  why->add_option("recipient,--recipient", options->call.recipient, "NAME or a path; without it, all of them");
  why->add_option("--as-of", options->as_of, "As of then: a sequence or a time");
  why->add_flag("--json", options->json, "One JSON object per recipient");
  finish(why,
         "Examples:\n  alertctl explain 5 jobs\n  alertctl explain 5 jobs --as-of 2026-11-21T02:00:00Z\n"
         "Exits with 0 when it was written (to any), 1 when not, 3 when refused.\n");
  why->callback([options, &context] { context.verb = [&context, options] { return explain(context, *options); }; });

  auto audited = std::make_shared<AuditOptions>();
  CLI::App* sum = app.add_subcommand("audit", "Recompute the ledger from the journal and compare");
  CLI::Option* folder = sum->add_option("journal", audited->journal, "Folder of a journal without a broker");
  sum->add_flag("--json", audited->json, "Print the outcome as JSON")->excludes(folder);
  finish(sum, "Examples:\n  alertctl audit || alertctl stats\n  alertctl audit /backup/journal\n");
  sum->callback([audited, &context] { context.verb = [&context, audited] { return audit(context, *audited); }; });
}
