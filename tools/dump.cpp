// alertctl dump: captured bytes, explained.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "alert/control/json_fields.hpp"
#include "alert/journal/journal.hpp"
#include "alert/wire/hex.hpp"
#include "exit_status.hpp"
#include "json_lines.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct DumpOptions {
  std::vector<std::string> files;
  std::string format{"auto"};
  std::string profile;
  bool json = false;
  bool explain = false;
};

constexpr std::size_t kLargestHexPaste = 1 << 20;

class Dump {
 public:
  Dump(const DumpOptions& options, TextCodec lm20, TextCodec nt)
      : options_(options), lm20_(std::move(lm20)), nt_(std::move(nt)) {}

  int file(const std::string& path) {
    if (std::filesystem::is_directory(path)) return journal_folder(path);
    alert::Descriptor fd =
        path == "-" ? standard_input() : alert::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return no_system(path);
    std::byte head[12]{};
    const bool is_journal = ::pread(fd.get(), head, sizeof head, 0) == sizeof head && is_pcapng(head);
    if (options_.format == "journal" || (options_.format == "auto" && is_journal))
      return segment(path, std::move(fd));
    std::vector<std::byte> bytes(kLargestHexPaste + 1);
    const ssize_t n = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
    if (n < 0) return no_system(path);
    bytes.resize(static_cast<std::size_t>(n));
    if (bytes.size() > kLargestHexPaste) return malformed(path, "holds more than one alert can be");
    if (options_.format == "raw") return alert_bytes(path, bytes);
    const auto digits = hex_digits(as_text(bytes));
    if (!digits && options_.format == "auto") return alert_bytes(path, bytes);
    const auto decoded = digits ? from_hex(*digits) : Result<std::vector<std::byte>>(failure(Errc::bad_text, 0));
    return decoded ? alert_bytes(path, *decoded) : malformed(path, "not pairs of hexadecimal digits");
  }

 private:
  static int malformed(const std::string& path, const std::string& sentence) {
    complain(path + ": " + sentence);
    return kDamaged;
  }

  static int no_system(const std::string& path) {
    complain(path + ": " + std::strerror(errno));
    return kSystem;
  }

  /// Standard input as a file: a pipe can be read only once and only forward.
  static alert::Descriptor standard_input() {
    std::FILE* copy = std::tmpfile();
    if (!copy) return alert::Descriptor();
    std::vector<char> bytes(64 * 1024);
    bool failed = false;
    for (std::size_t n; (n = std::fread(bytes.data(), 1, bytes.size(), stdin)) > 0;)
      failed = failed || std::fwrite(bytes.data(), 1, n, copy) != n;
    failed = failed || std::fflush(copy) != 0;
    alert::Descriptor fd(failed ? -1 : ::fcntl(::fileno(copy), F_DUPFD_CLOEXEC, 0));
    std::fclose(copy);
    return fd;
  }

  /// The digits of a plain hexadecimal paste; none where there is anything else but white space.
  static std::optional<std::string> hex_digits(std::string_view text) {
    std::string digits;
    for (const char c : text) {
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
      if (hex_digit(c) < 0) return std::nullopt;
      digits.push_back(c);
    }
    return digits.empty() ? std::nullopt : std::optional(digits);
  }

  int alert_bytes(const std::string& path, Bytes wire) {
    const auto profile = options_.profile.empty() ? likely_profile(wire) : profile_of(options_.profile);
    if (!profile) return malformed(path, "could be either profile, or none: say --profile lm20 or nt");
    return show(*profile, wire, {});
  }

  /// The profile in whose reading the header makes more sense: a class of its own first, then a
  /// longer ASCII name (every nt header reads as an lm20 event of one letter).
  static std::optional<Profile> likely_profile(Bytes wire) {
    const auto sense = [&](Profile profile) -> std::size_t {
      const Partial partial = decode_leniently(profile, wire);
      const std::string_view event = partial.alert.header.alrt_eventname;
      if (other_info_for<std::string_view>(profile, event).index() != 0) return kEventLength + 1;
      for (std::size_t i = 0; i < event.size(); ++i) {
        const bool is_high_half = profile == Profile::nt && i % 2 == 1;
        if (is_high_half ? event[i] != 0 : event[i] < 0x20 || event[i] == 0x7F) return 0;
      }
      return event.size() / unit(profile);
    };
    const std::size_t lm20 = sense(Profile::lm20), nt = sense(Profile::nt);
    if (lm20 == nt) return std::nullopt;
    return nt > lm20 ? Profile::nt : Profile::lm20;
  }

  int show(Profile profile, Bytes wire, const Provenance& from) {
    TextCodec& codec = profile == Profile::nt ? nt_ : lm20_;
    out_.clear();
    bool well_formed = true;
    if (options_.json) {
      well_formed = append_alert_line(out_, profile, wire, codec, from);
    } else {
      well_formed = decode(profile, wire).has_value();
      out_ = alert_block(profile, wire, codec, from.record);
      if (!from.event.empty()) out_.insert(out_.size() - 1, "  raised for " + for_terminal(from.event) + "\n");
    }
    if (options_.explain) out_ += explain_block(profile, wire, codec);
    if (!put(out_)) return kSystem;
    return well_formed ? kDone : kDamaged;
  }

  int journal_folder(const std::string& path) {
    const auto segments = journal_segments(path);
    if (!segments) return malformed(path, segments.error().message());
    if (segments->empty()) return malformed(path, "no journal segment in this folder");
    int status = kDone;
    for (const std::uint64_t first : *segments) {
      const std::string file = std::filesystem::path(path) / segment_name(first);
      alert::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      const int outcome = fd ? segment(file, std::move(fd)) : no_system(file);
      if (status == kDone) status = outcome;
    }
    return status;
  }

  int segment(const std::string& path, alert::Descriptor fd) {
    SegmentReader reader(std::move(fd));
    int status = kDone;
    for (;;) {
      const auto next = reader.next();
      if (!next)
        return malformed(
            path, std::string(meaning(next.error().code)) + " at offset " + std::to_string(next.error().offset));
      if (!*next) return status;
      const RecordView& record = (*next)->record;
      if (record.kind() != RecordKind::alert) continue;
      const std::string event = raised_for((*next)->annex);
      const int outcome = show(static_cast<Profile>(record.header.profile), record.body, {&record.header, event});
      if (outcome == kSystem) return outcome;
      if (status == kDone) status = outcome;
    }
  }

  static std::string raised_for(Bytes annex) {
    const auto json = annex.empty() ? Result<Json>(failure(Errc::bad_json, 0)) : parse_json(as_text(annex));
    const bool has_event = json && json->is_object() && json->contains("event") && (*json)["event"].is_string();
    return has_event ? (*json)["event"].get<std::string>() : std::string();
  }

  const DumpOptions& options_;
  TextCodec lm20_;
  TextCodec nt_;
  std::string out_;
};

int dump(const Context& context, const DumpOptions& options) {
  auto lm20 = context.open_codec(Profile::lm20);
  if (!lm20) return lm20.error();
  auto nt = context.open_codec(Profile::nt);
  if (!nt) return nt.error();
  Dump dump(options, std::move(*lm20), std::move(*nt));
  int status = kDone;
  for (const std::string& file : options.files) {
    const int outcome = dump.file(file);
    if (status == kDone) status = outcome;
  }
  return status;
}

}  // namespace

void add_dump(CLI::App& app, Context& context) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App* verb = app.add_subcommand("dump", "Explain captured bytes");
  verb->add_option("files", options->files, "An alert, raw or hex; a journal; - is stdin")->required();
  verb->add_option("--format", options->format, "auto, raw, hex or journal")
      ->check(CLI::IsMember({"auto", "raw", "hex", "journal"}))
      ->capture_default_str();
  add_profile_option(*verb, options->profile);
  verb->get_option("--profile")->description("lm20 or nt [the one that fits]");
  verb->add_option("--codepage", context.codepage, "OEM code page of lm20 text")->capture_default_str();
  auto* json = verb->add_flag("--json", options->json, "One JSON object per line");
  verb->add_flag("--explain", options->explain, "Also the bytes, field by field")->excludes(json);
  verb->footer(std::string("Examples:\n  alertctl dump capture.bin --profile nt --explain\n"
                           "  alertctl dump ~/.local/state/alertbroker/journal --json\n") +
               kExitStatuses);
  verb->callback([options, &context] { context.verb = [&context, options] { return dump(context, *options); }; });
}
