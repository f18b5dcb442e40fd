// alertctl pack: fields to wire bytes.

#include <ctime>
#include <iostream>
#include <memory>

#include "alert/wire/hex.hpp"
#include "alert_fields.hpp"
#include "exit_status.hpp"
#include "print.hpp"
#include "verbs.hpp"

namespace {

struct PackOptions {
  std::string profile{"lm20"};
  std::string to;
  bool hex = false;
};

/// Every line is tried; one that is refused yields nothing and the status 4.
int pack(const Context& context, const PackOptions& options) {
  auto codecs = context.open_codecs();
  if (!codecs) return codecs.error();
  FieldDefaults defaults{profile_of(options.profile), static_cast<std::uint32_t>(std::time(nullptr)), {}};
  if (!options.to.empty()) defaults.convert_to = profile_of(options.to);
  int status = kDone;
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty()) continue;
    const auto packed = pack_alert(line, defaults, *codecs);
    if (!packed) {
      complain("line " + std::to_string(number) + ": " + packed.error());
      status = kDamaged;
      continue;
    }
    if (!packed->unconverted.empty())
      complain("line " + std::to_string(number) + ": " + std::string(packed->unconverted) +
               ": opaque bytes, taken over unchanged");
    if (!put(options.hex ? alert::to_hex(packed->wire) + "\n" : std::string(alert::as_text(packed->wire))))
      return kSystem;
  }
  return status;
}

}  // namespace

void add_pack(CLI::App& app, Context& context) {
  auto options = std::make_shared<PackOptions>();
  CLI::App* verb = app.add_subcommand("pack", "Turn JSON lines on standard input into wire bytes");
  add_profile_option(*verb, options->profile);
  verb->get_option("--profile")->description("Of lines that name none");
  verb->add_option("--to", options->to, "Convert every line to this profile")->check(CLI::IsMember({"lm20", "nt"}));
  verb->add_option("--codepage", context.codepage, "OEM code page of lm20 text")->capture_default_str();
  verb->add_flag("--hex", options->hex, "Hexadecimal, one line per alert");
  verb->footer(std::string("Each line as `dump --json` prints it:\n"
                           "  {\"profile\": \"nt\", \"class\": \"admin\", \"fields\": {...}}\nExamples:\n  "
                           "alertctl dump --json FILE | alertctl pack --to nt > nt.bin\n") +
               kExitStatuses);
  verb->callback([options, &context] { context.verb = [&context, options] { return pack(context, *options); }; });
}
