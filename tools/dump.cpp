// alertctl dump: captured bytes, explained.

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "exit_status.hpp"
#include "filter.hpp"
#include "json_lines.hpp"
#include "print.hpp"
#include "profile_guess.hpp"
#include "progress.hpp"
#include "source.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct DumpOptions {
  std::vector<std::string> files;
  std::string mailslot;
  std::string form{kCaptureForms.front()};
  std::string profile;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> range;
  Filter filter;
  bool json = false;
  bool hex = false;
  bool explain = false;
};

class Dump {
 public:
  Dump(const DumpOptions& options, Codecs codecs) : options_(options), codecs_(std::move(codecs)) {}

  /// How many bytes there will be, for a progress bar.
  void expect(std::uint64_t bytes) { progress_.emplace(bytes); }

  /// Shows all of a source, which has so many bytes in front of it; false when stdout is gone.
  [[nodiscard]] bool all_of(Source& source, std::uint64_t bytes_before = 0) {
    for (;;) {
      constexpr std::size_t kEnough = 64 * 1024;
      if ((out_.size() >= kEnough || source.must_wait()) && !flush()) return false;
      const auto next = source.next();
      if (!next) {
        trouble(next.error());
        if (next.error().status == kSystem) return flush();
        continue;
      }
      if (!*next) break;
      show(**next);
      if (progress_) progress_->at(bytes_before + source.offset());
    }
    if (!flush()) return false;
    if (const std::string summary = source.summary(); !summary.empty()) say(summary);
    return true;
  }

  void trouble(const Damage& damage) {
    if (options_.json && damage.error) append_error_line(out_, *damage.error);
    if (!flush()) return;
    say(damage.sentence);
    if (status_ == kDone) status_ = damage.status;
  }

  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  void say(const std::string& sentence) {
    if (progress_) progress_->wipe();
    complain(sentence);
  }

  bool flush() {
    const bool done = out_.empty() || put(out_);
    out_.clear();
    if (!done) status_ = kSystem;
    return done;
  }

  void show(const Captured& captured) {
    const Provenance& from = captured.from;
    if (from.record && from.record->kind == static_cast<std::uint16_t>(RecordKind::gap)) {
      if (options_.filter.wants(from)) show_gap(captured.wire);
    } else if (captured.profile) {
      show_alert(captured, *captured.profile, "as its record says", false);
    } else {
      show_guess(captured);
    }
  }

  void show_guess(const Captured& captured) {
    const ProfileGuess guess = options_.profile.empty() ? guess_profile(captured.wire)
                                                        : told_profile(profile_of(options_.profile), captured.wire);
    if (captured.wire.empty() && !is_message(captured.from)) {
      show_empty(captured, guess.profile);
    } else if (is_message(captured.from) && (!guess.is_alert || messngr(captured.wire, captured.from))) {
      show_payload(captured);
    } else if (guess.verdict == ProfileGuess::Verdict::clear) {
      show_alert(captured, guess.profile, guess.reason, false);
    } else if (guess.verdict == ProfileGuess::Verdict::ambiguous) {
      const std::size_t start = out_.size();
      for (const Profile profile : {Profile::lm20, Profile::nt}) show_alert(captured, profile, guess.reason, true);
      if (!options_.json && out_.size() > start) out_.insert(start, "ambiguous: " + guess.reason + "\n");
    } else {
      show_nonsense(captured, guess.reason);
    }
  }

  void show_empty(const Captured& captured, Profile profile) {
    const bool is_told = !options_.profile.empty();
    if (is_told) show_alert(captured, profile, "as told", false);
    trouble({kDamaged, std::string(captured.place) + ": is empty",
             is_told ? std::nullopt : std::optional(Error{Errc::truncated, 0})});
  }

  void show_nonsense(const Captured& captured, const std::string& why) {
    if (options_.json) {
      append_nonsense_line(out_, captured.wire, codecs_, options_.hex);
    } else {
      for (const Profile profile : {Profile::lm20, Profile::nt}) {
        out_ += alert_block(profile, captured.wire, codecs_, captured.from);
        if (options_.explain) out_ += explain_block(profile, captured.wire, codecs_, why);
      }
    }
    trouble({kDamaged, std::string(captured.place) + ": " + why, std::nullopt});
  }

  void show_gap(Bytes body) {
    const auto gap = load<GapBody>(body.data());
    if (options_.json)
      append_gap_line(out_, gap);
    else
      out_ += gap_block(gap);
  }

  void show_alert(const Captured& captured, Profile profile, std::string_view why, bool is_ambiguous) {
    if (!options_.filter.wants(captured, profile, codecs_)) return;
    bool is_whole = true;
    if (options_.json) {
      is_whole =
          append_alert_line(out_, profile, captured.wire, codecs_, captured.from, {options_.hex, is_ambiguous});
    } else {
      is_whole = decode(profile, captured.wire).has_value();
      out_ += alert_block(profile, captured.wire, codecs_, captured.from);
    }
    if (options_.explain) out_ += explain_block(profile, captured.wire, codecs_, why);
    if (!is_whole && status_ == kDone) status_ = kDamaged;
  }

  void show_payload(const Captured& captured) {
    const bool is_alert_wanted = !options_.filter.event.empty() || !options_.filter.service.empty();
    if (is_alert_wanted || !options_.filter.wants(captured.from)) return;
    if (options_.json)
      append_payload_line(out_, captured.wire, codecs_, captured.from);
    else
      out_ += payload_block(captured.wire, codecs_, captured.from);
  }

  const DumpOptions& options_;
  Codecs codecs_;
  std::string out_;
  std::optional<Progress> progress_;
  int status_ = kDone;
};

std::uint64_t size_of(const std::string& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return none ? 0 : size;
}

int dump_files(Dump& dump, const DumpOptions& options) {
  std::vector<std::string> files;
  for (const std::string& path : options.files) {
    const auto found = files_of(path);
    if (found)
      files.insert(files.end(), found->begin(), found->end());
    else
      dump.trouble(found.error());
  }
  std::uint64_t total = 0, before = 0;
  for (const std::string& file : files) total += size_of(file);
  dump.expect(total);
  for (const std::string& file : files) {
    const auto source = open_file(file, options.form);
    if (!source)
      dump.trouble(source.error());
    else if (!dump.all_of(**source, before))
      return kSystem;
    before += size_of(file);
  }
  return dump.status();
}

int dump_mailslot(const Context& context, Dump& dump, const DumpOptions& options) {
  auto client = context.connect_patiently();
  if (!client) return complain(client.error());
  const std::string name = mailslot_path(options.mailslot);
  auto mailslot = Mailslot::open(std::move(*client), name, Mailslot::Mode::observe);
  if (!mailslot) return complain(mailslot.error(), name);
  const Filter& filter = options.filter;
  if (filter.first || filter.since_ns) mailslot->rewind();  // what has been read already, too
  return dump.all_of(*open_mailslot(std::move(*mailslot))) ? dump.status() : kSystem;
}

/// Fills the filter from its options; false, after a complaint, where one makes no sense.
bool parse_filter(DumpOptions& options) {
  const auto no = [](std::string_view sentence) {
    complain(sentence);
    return false;
  };
  Filter& filter = options.filter;
  if (options.since) filter.since_ns = parse_time(*options.since, Bound::start);
  if (options.until) filter.until_ns = parse_time(*options.until, Bound::end);
  if (options.since.has_value() != filter.since_ns.has_value() ||
      options.until.has_value() != filter.until_ns.has_value())
    return no("--since, --until: expected 2026-11-21, 2026-11-21T02:00:00[.123456789][Z], or seconds since 1970");
  if (options.range && !parse_range(*options.range, filter)) return no("--seq: expected A..B, A.., ..B or A");
  if (filter.since_ns && filter.until_ns && *filter.since_ns > *filter.until_ns)
    return no("--since is after --until: no time is in between");
  if (filter.first && filter.last && *filter.first > *filter.last)
    return no("--seq: " + *options.range + " ends before it begins");
  return true;
}

int dump(const Context& context, DumpOptions& options) {
  if (options.files.empty() == options.mailslot.empty()) {
    complain("dump: expected files, or --mailslot NAME");
    return kUsage;
  }
  if (!parse_filter(options)) return kUsage;
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  Dump dump(options, std::move(*codecs));
  return options.mailslot.empty() ? dump_files(dump, options) : dump_mailslot(context, dump, options);
}

}  // namespace

void add_dump(CLI::App& app, Context& context) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App* verb = app.add_subcommand("dump", "Explain captured bytes");
  verb->add_option("files", options->files, "Alert, hex paste, pcap(ng), journal; - is stdin");
  verb->add_option("--mailslot", options->mailslot, "What is in this mailslot, not consumed");
  verb->add_option("--format", options->form, "What the files are")
      ->check(CLI::IsMember(kCaptureForms))
      ->capture_default_str();
  add_profile_option(*verb, options->profile);
  verb->get_option("--profile")->description("lm20 or nt [the one that fits]");
  verb->add_option("--codepage", context.codepage, "OEM code page of lm20 text")->capture_default_str();
  auto* json = verb->add_flag("--json", options->json, "One JSON object per line");
  verb->add_flag("--hex", options->hex, "With --json: add the wire bytes as \"hex\"")->needs(json);
  verb->add_flag("--explain", options->explain, "Also the bytes, field by field")->excludes(json);
  const CLI::Validator is_name([](std::string& name) { return name.empty() ? "expected a name" : ""; }, "");
  verb->add_option("--event", options->filter.event, "Only this event")->check(is_name);
  verb->add_option("--service", options->filter.service, "Only from this service")->check(is_name);
  verb->add_option("--since", options->since, "Only from this time on");
  verb->add_option("--until", options->until, "Only up to this time");
  verb->add_option("--seq", options->range, "Only these sequences: A..B, A.., ..B");
  verb->footer(std::string("Examples:\n  alertctl dump capture.pcap --explain\n"
                           "  alertctl dump ~/.local/state/alertbroker/journal --json --since 2026-11-21\n"
                           "  xxd alert.bin | alertctl dump -\n") +
               kExitStatuses);
  verb->callback([options, &context] { context.verb = [&context, options] { return dump(context, *options); }; });
}
