// alertctl raise: an alert from the command line, from JSON, or as bytes.

#include <algorithm>
#include <ctime>
#include <iterator>
#include <memory>
#include <vector>

#include "alert/control/spool.hpp"
#include "alert/wire/hex.hpp"
#include "alert_fields.hpp"
#include "alert_input.hpp"
#include "exit_status.hpp"
#include "files.hpp"
#include "print.hpp"
#include "raising.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct RaiseOptions {
  std::string profile{"lm20"};
  std::string service{"ALERTCTL"};
  std::string fields;
  std::string wire;
  bool from_stdin = false;
  bool raw = false;
  RaisingOptions raising;
  // of the classes
  std::uint32_t code = 0;
  std::vector<std::string> strings;
  std::string user, computer, queue, destination, status_text, text, custom, payload_hex;
  std::uint32_t job = 0, status = 0, size = 0, offset = 0;
  std::optional<std::uint32_t> submitted;
};

std::uint32_t now() { return static_cast<std::uint32_t>(std::time(nullptr)); }

int malformed(const std::string& where, const std::string& sentence) {
  complain(where + ": " + sentence);
  return kDamaged;
}

int no_file(const std::string& path, const FileError& error) {
  complain(path + ": " + error.sentence);
  return error.status;
}

int unusable(const std::string& sentence) {
  complain(sentence);
  return kUsage;
}

FieldDefaults defaults(const RaiseOptions& options) { return {profile_of(options.profile), now()}; }

int raise_one(const Context& context, const RaiseOptions& options, PackedAlert alert) {
  Raising raising(context, options.raising, Raising::Way::call);
  raising.raise(std::move(alert));
  raising.settle();
  return raising.status();
}

int raise_fields(const Context& context, const RaiseOptions& options) {
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  const auto text = read_file(options.fields, kLargestMessage);
  if (!text) return no_file(options.fields, text.error());
  auto packed = pack_alert(as_text(*text), defaults(options), *codecs);
  if (!packed) return malformed(options.fields, packed.error());
  return raise_one(context, options, std::move(*packed));
}

/// Every line is tried; the status is that of the first one that failed. Of wire bytes, what is no alert is the
/// end.
int raise_many(const Context& context, const RaiseOptions& options) {
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  AlertInput input(options.raw ? AlertInput::Form::wire : AlertInput::Form::lines, defaults(options),
                   std::move(*codecs));
  Raising raising(context, options.raising, Raising::Way::lane);
  for (bool goes_on = true; goes_on;) {
    if (input.must_wait() && !raising.settle()) break;  // no receipt waits for the next alert
    auto alert = input.next();
    goes_on = alert ? *alert && raising.raise(std::move(**alert)) : raising.complain_of(alert.error());
  }
  raising.settle();
  return raising.status();
}

int raise_wire(const Context& context, const RaiseOptions& options) {
  const auto bytes = read_file(options.wire, kLargestAlert);
  if (!bytes) return no_file(options.wire, bytes.error());
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  auto packed = pack_alert(profile_of(options.profile), *bytes, *codecs);
  if (!packed) return malformed(options.wire, packed.error());
  return raise_one(context, options, std::move(*packed));
}

/// The alert that the words of the command line make.
int raise_words(const Context& context, const RaiseOptions& options, const OtherInfo<std::string>& words,
                const std::string& event) {
  Alert alert;
  alert.profile = profile_of(options.profile);
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  TextCodec& codec = codecs->of(alert.profile);
  std::string bad;
  const auto to_wire = [&](std::string& text) {
    auto converted = codec.to_wire(text);
    if (converted)
      text = std::move(*converted);
    else if (bad.empty())
      bad = text;
  };
  struct Convert {
    decltype(to_wire)& convert;
    Profile profile_;
    [[nodiscard]] Profile profile() const noexcept { return profile_; }
    void narrow(std::string_view, std::uint32_t) {}
    void wide(std::string_view, std::uint32_t) {}
    void padding(std::string_view, std::size_t) {}
    void count(std::string_view, const MergeStrings<std::string>&) {}
    void rest(std::string_view, const std::string&) {}
    void name(std::string_view, std::string& text, std::size_t) { convert(text); }
    void string(std::string_view, std::string& text) { convert(text); }
    void strings(std::string_view, MergeStrings<std::string>& strings) {
      for (std::string& text : strings) convert(text);
    }
  } convert{to_wire, alert.profile};
  alert.header = {now(), event, options.service};
  alert.other_info = words;
  for_each_field(alert, convert);
  if (!bad.empty()) return unusable("\"" + bad + "\" is not in code page " + context.codepage);
  auto packed = pack_alert(alert, event);
  if (!packed) return unusable(packed.error());
  return raise_one(context, options, std::move(*packed));
}

std::optional<MergeStrings<std::string>> merge_strings(const std::vector<std::string>& words) {
  MergeStrings<std::string> strings;
  for (const std::string& word : words)
    if (!strings.push_back(word)) return std::nullopt;
  return strings;
}

/// What every class takes, and what is raised without one.
void add_raise_options(CLI::App* raise, Context& context, const std::shared_ptr<RaiseOptions>& options) {
  raise->add_option("--service", options->service, "Who raises it (alrt_servicename)")->capture_default_str();
  add_profile_option(*raise, options->profile);
  raise->get_option("--profile")->capture_default_str();
  raise->add_option("--codepage", context.codepage, "OEM code page of lm20 text")->capture_default_str();
  auto* fields = raise->add_option("--fields", options->fields, "FILE with one JSON object, as `pack` takes it");
  auto* many = raise->add_flag("--stdin", options->from_stdin, "Many, one JSON object per line");
  raise->add_flag("--raw", options->raw, "With --stdin: wire bytes of alert behind alert")->needs(many);
  auto* wire = raise->add_option("--wire", options->wire, "FILE whose bytes are raised unchanged");
  raise->add_option("--event", options->raising.event, "Raise for this event, whatever the header says");
  raise->add_flag("--json", options->raising.json, "Print the receipt as JSON");
  raise->add_flag("--must-deliver", options->raising.must_deliver,
                  "Exit 1 unless every match was written, and one was");
  add_number(*raise, "--require", options->raising.require, "Exit 1 unless at least this many were written");
  raise->add_flag("--dry-run", options->raising.dry_run, "Only say who would get it");
  raise->add_option("--id", options->raising.id, "32 hexadecimal digits; raised again it counts once")
      ->transform([](std::string id) {
        for (char& c : id) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        return id;
      })
      ->check(
          [](const std::string& id) { return is_spool_name(id) ? "" : std::string("not 32 hexadecimal digits"); })
      ->excludes(many);
  raise->add_flag("--spool", options->raising.spool, "Where no broker answers, leave it in its spool");
  raise->add_option("--spool-dir", options->raising.spool_dir, "The spool to leave it in; implies --spool");
  add_number(*raise, "--timeout", context.timeout_ms, "Milliseconds to wait for the receipt [10000]", 1);
  raise->footer(std::string("Examples:\n  alertctl raise admin 2377 \"disk full\"\n"
                            "  alertctl raise --wire capture.bin --profile nt\n"
                            "  alertctl read jobs --raw | alertctl raise --stdin --raw\n") +
                kExitStatuses);
  raise->callback([options, &context, raise, fields, many, wire] {
    const int sources = (fields->count() > 0) + (many->count() > 0) + (wire->count() > 0);
    if (sources + static_cast<int>(raise->get_subcommands().size()) != 1)
      throw CLI::RequiredError("one of admin, user, print, errlog, message, custom, --fields, --stdin, --wire");
    if (fields->count()) context.verb = [&context, options] { return raise_fields(context, *options); };
    if (many->count()) context.verb = [&context, options] { return raise_many(context, *options); };
    if (wire->count()) context.verb = [&context, options] { return raise_wire(context, *options); };
  });
}

}  // namespace

void add_raise(CLI::App& app, Context& context) {
  auto options = std::make_shared<RaiseOptions>();
  CLI::App* raise = app.add_subcommand("raise", "Raise an alert and print its receipt");
  raise->require_subcommand(0, 1);
  raise->fallthrough();

  // The class that is raised, alone where it stands behind the verb, and options where there is one: setting up all
  // would be most of a hook's time.
  constexpr std::string_view kClasses[] = {"admin", "user", "print", "errlog", "message", "custom"};
  const bool is_known =
      std::find(std::begin(kClasses), std::end(kClasses), context.behind_verb) != std::end(kClasses);
  if (!is_known || context.has_options) add_raise_options(raise, context, options);
  const auto add_class = [&](const char* name, const char* what, auto add_options, auto make) {
    if (is_known && context.behind_verb != name) return;
    CLI::App* sub = raise->add_subcommand(name, what);
    sub->fallthrough();
    sub->preparse_callback([options, sub, add_options](std::size_t) { add_options(*sub, *options); });
    sub->callback([&context, options, make] {
      context.verb = [&context, options, make]() -> int {
        std::string event;
        const std::optional<OtherInfo<std::string>> words = make(*options, event);
        if (words) return raise_words(context, *options, *words, event);
        complain("at most 9 strings");
        return kUsage;
      };
    });
  };
  using Words = std::optional<OtherInfo<std::string>>;
  const auto add_code_and_strings = [](CLI::App& sub, RaiseOptions& o, const char* field) {
    add_number(sub, "code", o.code, field)->required();
    sub.add_option("strings", o.strings, "At most 9 merge strings");
  };
  add_class(
      "admin", "Something needs an administrator",
      [=](CLI::App& sub, RaiseOptions& o) { add_code_and_strings(sub, o, "alrtad_errcode"); },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = kAdminEvent;
        const auto strings = merge_strings(o.strings);
        if (!strings) return std::nullopt;
        return AdminOtherInfo<std::string>{o.code, *strings};
      });
  add_class(
      "user", "Something a user should know",
      [=](CLI::App& sub, RaiseOptions& o) {
        add_code_and_strings(sub, o, "alrtus_errcode");
        sub.add_option("--user", o.user, "username");
        sub.add_option("--computer", o.computer, "computername");
      },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = kUserEvent;
        const auto strings = merge_strings(o.strings);
        if (!strings) return std::nullopt;
        return UserOtherInfo<std::string>{o.code, *strings, o.user, o.computer};
      });
  add_class(
      "print", "What became of a print job",
      [](CLI::App& sub, RaiseOptions& o) {
        add_number(sub, "--job", o.job, "alrtpr_jobid")->required();
        add_number(sub, "--status", o.status, "alrtpr_status, PRJOB_ bits")->capture_default_str();
        sub.add_option("--submitted", o.submitted, "alrtpr_submitted, seconds since 1970 [now]")
            ->transform(whole_number(0, std::numeric_limits<std::uint32_t>::max()));
        add_number(sub, "--size", o.size, "alrtpr_size, bytes")->capture_default_str();
        sub.add_option("--computer", o.computer, "computername");
        sub.add_option("--user", o.user, "username");
        sub.add_option("--queue", o.queue, "queuename");
        sub.add_option("--destination", o.destination, "destname");
        sub.add_option("--text", o.status_text, "status_string");
      },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = kPrintEvent;
        return PrintOtherInfo<std::string>{o.job,   o.status,      o.submitted.value_or(now()),
                                           o.size,  o.computer,    o.user,
                                           o.queue, o.destination, o.status_text};
      });
  add_class(
      "errlog", "An entry was added to an error log",
      [](CLI::App& sub, RaiseOptions& o) {
        add_number(sub, "code", o.code, "alrter_errcode")->required();
        add_number(sub, "--offset", o.offset, "alrter_offset, bytes into the log")->capture_default_str();
      },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = kErrorlogEvent;
        return ErrlogOtherInfo<std::string>{o.code, o.offset};
      });
  add_class(
      "message", "A message came in",
      [](CLI::App& sub, RaiseOptions& o) { sub.add_option("text", o.text, "msg_text")->required(); },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = kMessageEvent;
        return MessageOtherInfo<std::string>{o.text};
      });
  add_class(
      "custom", "An event of your own",
      [](CLI::App& sub, RaiseOptions& o) {
        sub.add_option("name", o.custom, "alrt_eventname, at most 16 characters")->required();
        sub.add_option("--payload-hex", o.payload_hex, "Bytes behind the header, hexadecimal")
            ->check([](const std::string& hex) { return from_hex(hex) ? "" : std::string("not hexadecimal"); });
      },
      [](const RaiseOptions& o, std::string& event) -> Words {
        event = o.custom;
        return CustomOtherInfo<std::string>{std::string(as_text(*from_hex(o.payload_hex)))};
      });
}
