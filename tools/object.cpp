// alertctl object: what the broker keeps besides alerts, and what its network links feed it.

#include <charconv>
#include <cstdio>
#include <memory>

#include "alert/control/json_fields.hpp"
#include "alert/wire/cluster_change.hpp"
#include "exit_status.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct ObjectOptions {
  std::string kind;
  std::string name;
  std::optional<std::string> state;
  std::vector<std::string> properties;  // NAME=VALUE
  std::vector<std::string> removed;
  std::optional<std::string> security;
  std::optional<std::string> rename;
  bool json = false;
};

/// A state's name, or its number.
std::optional<std::uint32_t> state_of(const std::string& kind, const std::string& text) {
  if (const auto known = state_named(*kind_named(kind), text)) return known;
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

/// Fills in what `add` and `change` have in common; false after a complaint.
template <class Call>
bool fill(const ObjectOptions& options, Call& call) {
  call.kind = options.kind;
  call.name = options.name;
  call.security = options.security;
  if (options.state && !(call.state = state_of(options.kind, *options.state))) {
    std::string known;
    for (const StateName& state : facts(*kind_named(options.kind)).states) known += std::string(state.name) + ", ";
    complain(known.empty() ? "a " + options.kind + " has no state"
                           : "the state is none of " + known + "unknown, nor a number");
    return false;
  }
  for (const std::string& text : options.properties) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      complain("not NAME=VALUE: " + for_terminal(text));
      return false;
    }
    if (!call.properties) call.properties.emplace();
    call.properties->push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return true;
}

template <class Call>
int ask(const Context& context, const ObjectOptions& options, const Call& call) {
  auto client = context.connect();
  if (!client) return complain(client.error());
  const auto done = client->call(call);
  return done ? static_cast<int>(kDone) : complain(done.error(), options.kind + " " + options.name);
}

int add(const Context& context, const ObjectOptions& options) {
  ObjectAdd call;
  return fill(options, call) ? ask(context, options, call) : kUsage;
}

int change(const Context& context, const ObjectOptions& options) {
  ObjectChange call;
  if (!options.removed.empty()) call.remove = options.removed;
  call.rename = options.rename;
  return fill(options, call) ? ask(context, options, call) : kUsage;
}

int delete_one(const Context& context, const ObjectOptions& options) {
  return ask(context, options, ObjectDelete{options.kind, options.name});
}

std::string row_text(const std::string& kind, const std::string& name, const std::string& state,
                     const std::string& sequence, const std::string& properties) {
  const auto cell = [](std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text + "  ";
  };
  return cell(kind, 12) + cell(name, 24) + cell(state, 13) + cell(sequence, 8) + properties + "\n";
}

bool show(const ListObjects::Row& row, bool as_json) {
  if (as_json) return put(to_json(row).dump() + "\n");
  std::string properties;
  for (const ObjectProperty& property : row.properties)
    properties += (properties.empty() ? "" : " ") + for_terminal(property.name + "=" + property.value);
  const auto kind = kind_named(row.kind);
  const std::string state = row.state && kind ? state_name(*kind, *row.state) : "-";
  return put(row_text(for_terminal(row.kind), row.name.empty() ? "\"\"" : for_terminal(row.name), state,
                      row.state ? std::to_string(row.state_sequence) : "-", properties));
}

int list(const Context& context, const ObjectOptions& options) {
  auto client = context.connect();
  if (!client) return complain(client.error());
  if (!options.json && !put(row_text("KIND", "NAME", "STATE", "SEQUENCE", "PROPERTIES"))) return kSystem;
  ListObjects call;
  if (!options.kind.empty()) call.kind = options.kind;
  for (;;) {
    const auto page = client->call(call);
    if (!page) return complain(page.error());
    for (const auto& row : page->rows)
      if (!show(row, options.json)) return kSystem;
    if (!page->next) return kDone;
    call.after = page->next;
  }
}

}  // namespace

CLI::Validator object_kind() {
  std::vector<std::string> kinds;
  for (const KindFacts& kind : kKinds) kinds.emplace_back(kind.name);
  return CLI::IsMember(kinds);
}

void add_object(CLI::App& app, Context& context) {
  auto options = std::make_shared<ObjectOptions>();
  CLI::App* object = app.add_subcommand("object", "Add, change, delete or list the broker's objects");
  object->require_subcommand(1);
  object->fallthrough();
  object->footer(std::string("Examples:\n  alertctl object add group print --state online\n"
                             "  alertctl object change group print --state failed --set owner=jdoe\n") +
                 kExitStatuses);
  const auto verb = [&](const char* name, const char* what, auto act) {
    CLI::App* sub = object->add_subcommand(name, what);
    add_number(*sub, "--timeout", context.timeout_ms, "Milliseconds to wait for the answer [10000]", 1);
    sub->footer(kExitStatuses);
    sub->callback(
        [&context, options, act] { context.verb = [&context, options, act] { return act(context, *options); }; });
    return sub;
  };
  CLI::App* add_verb = verb("add", "Make one", add);
  CLI::App* change_verb = verb("change", "Change what is named", change);
  CLI::App* delete_verb = verb("delete", "Delete one", delete_one);
  for (CLI::App* sub : {add_verb, change_verb, delete_verb}) {
    sub->add_option("kind", options->kind, "Its kind")->required()->check(object_kind());
    sub->add_option("name", options->name, "Its name; a key's is a path with backslashes")->required();
  }
  for (CLI::App* sub : {add_verb, change_verb}) {
    sub->add_option("--state", options->state, "Its state, by name or number");
    sub->add_option("--set", options->properties, "NAME=VALUE: a property, or a key's value; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--security", options->security, "A key's security descriptor");
  }
  change_verb->add_option("--remove", options->removed, "A property that goes; may be repeated")
      ->allow_extra_args(false);
  change_verb->add_option("--rename", options->rename, "The cluster's new name");
  CLI::App* list_verb = verb("list", "Print them", list);
  list_verb->add_option("kind", options->kind, "Only this kind")->check(object_kind());
  list_verb->add_flag("--json", options->json, "One JSON object per line");
}
