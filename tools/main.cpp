// alertctl: raise alerts, read mailslots, inspect captured bytes.

#include "exit_status.hpp"
#include "print.hpp"
#include "verbs.hpp"

int main(int argc, char** argv) {
  Context context;
  CLI::App app("Raise alerts, read mailslots, inspect captured bytes.", "alertctl");
  app.set_version_flag("--version", "alertctl " ALERTCTL_VERSION);
  app.add_option("--socket", context.socket, "Broker [$ALERTBROKER_SOCKET, the user's, the host's]");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitStatuses);
  add_raise(app, context);
  add_read(app, context);
  add_wait(app, context);
  add_table(app, context);
  add_object(app, context);
  add_watch(app, context);
  add_push(app, context);
  add_can(app, context);
  add_inquire(app, context);
  add_dump(app, context);
  add_pack(app, context);
  try {
    app.parse(argc, argv);
    return context.verb ? context.verb() : kUsage;
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return kUsage;
  } catch (const std::exception& e) {
    complain(e.what());
    return kSystem;
  }
}
