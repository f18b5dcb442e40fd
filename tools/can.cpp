// alertctl can: whether the broker's rules let somebody do something, and which rule says so.

#include <charconv>
#include <memory>

#include <unistd.h>

#include "alert/control/json_fields.hpp"
#include "alert/system/account_groups.hpp"
#include "exit_status.hpp"
#include "json_writer.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct CanOptions {
  Can call;
  std::string who;
  std::string event;
  bool json = false;
};

/// Fills in who is asked about; false when there is nobody of that name. A uid needs no account.
bool find_who(CanOptions& options) {
  std::uint32_t uid = 0;
  const char* const end = options.who.data() + options.who.size();
  const auto [rest, error] = std::from_chars(options.who.data(), end, uid);
  const bool is_number = error == std::errc() && rest == end;
  const passwd* account = is_number ? ::getpwuid(uid) : ::getpwnam(options.who.c_str());
  if (!account && !is_number) return false;
  options.call.uid = account ? account->pw_uid : uid;
  if (account && account->pw_uid != ::geteuid()) options.call.groups = groups_of(*account);
  return true;
}

std::string verdict_text(const Can::Reply& verdict) {
  std::string text = verdict.allowed ? "yes: " : "no: ";
  text += verdict.rule ? "rule " + std::to_string(*verdict.rule) : "the built-in rule";
  return text + (verdict.name.empty() ? "" : " (" + for_terminal(verdict.name) + ")") + "\n";
}

int can(const Context& context, CanOptions& options) {
  if (!find_who(options)) {
    complain("there is no user " + for_terminal(options.who));
    return kUsage;
  }
  if (!options.event.empty()) options.call.event = options.event;
  auto client = context.connect();
  if (!client) return complain(client.error());
  const auto verdict = client->call(options.call);
  if (!verdict) return complain(verdict.error());
  if (!put(options.json ? escaped_json(to_json(*verdict).dump()) + "\n" : verdict_text(*verdict))) return kSystem;
  return verdict->allowed ? kDone : kRefused;
}

}  // namespace

void add_can(CLI::App& app, Context& context) {
  auto options = std::make_shared<CanOptions>();
  CLI::App* sub = app.add_subcommand("can", "Ask whether a rule lets somebody do something, and which");
  sub->add_option("uid", options->who, "UID or user name: your own, or as root anybody's")->required();
  sub->add_option("verb", options->call.verb, "raise, start, make, read, write, change or watch")
      ->required()
      ->check(CLI::IsMember({"raise", "start", "make", "read", "write", "change", "watch"}));
  sub->add_option("event", options->event, "The event, of raise, start and read");
  sub->add_flag("--json", options->json, "Print the verdict as JSON");
  add_number(*sub, "--timeout", context.timeout_ms, "Milliseconds to wait for the answer [10000]", 1);
  sub->footer(std::string("Examples:\n  alertctl can www-data raise ADMIN\n  alertctl can 1000 start PRINTING\n") +
              kExitStatuses);
  sub->callback([&context, options] { context.verb = [&context, options] { return can(context, *options); }; });
}
