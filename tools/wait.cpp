// alertctl wait: sleep until an alert pulses a semaphore.

#include <cstdio>
#include <memory>

#include "alert/control/json_fields.hpp"
#include "alert/control/semaphore.hpp"
#include "exit_status.hpp"
#include "json_writer.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct WaitOptions {
  std::string semaphore;
  std::uint64_t count = 1;
  bool json = false;
};

std::string semaphore_path(const std::string& name) {
  return name.starts_with('\\') ? name : std::string(kSemaphorePrefix) + name;
}

int wait(const Context& context, const WaitOptions& options) {
  auto client = context.connect_patiently();
  if (!client) return complain(client.error());
  const std::string name = semaphore_path(options.semaphore);
  auto semaphore = Semaphore::open(std::move(*client), name);
  if (!semaphore) return complain(semaphore.error(), name);
  std::fprintf(stderr, "waiting\n");
  for (std::uint64_t left = options.count; left > 0;) {
    const auto pulses = semaphore->wait(context.timeout(Semaphore::kForever));
    if (!pulses && pulses.error().code == Code::sem_timeout) return kNo;
    if (!pulses) return complain(pulses.error());
    if (options.json && !put(escaped_json(Json{{"semaphore", name}, {"pulses", *pulses}}.dump()) + "\n"))
      return kSystem;
    left -= std::min(left, *pulses);
  }
  return kDone;
}

}  // namespace

void add_wait(CLI::App& app, Context& context) {
  auto options = std::make_shared<WaitOptions>();
  CLI::App* verb = app.add_subcommand("wait", "Sleep until a semaphore is pulsed");
  verb->add_option("semaphore", options->semaphore, "NAME or \\sem\\NAME")->required();
  add_number(*verb, "--timeout", context.timeout_ms, "Milliseconds to wait for each pulse");
  add_number(*verb, "--count", options->count, "Pulses to wait for", 1)->capture_default_str();
  verb->add_flag("--json", options->json, "One JSON object per waking: the pulses that it brought");
  verb->footer(std::string("Examples:\n  alertctl wait go --timeout 5000\n"
                           "  alertctl start PRINTING '\\sem\\go' && alertctl wait go && lpstat\n") +
               kExitStatuses);
  verb->callback([options, &context] { context.verb = [&context, options] { return wait(context, *options); }; });
}
