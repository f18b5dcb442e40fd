// alertctl: raise alerts, read mailslots, inspect captured bytes.

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "exit_status.hpp"
#include "print.hpp"
#include "verbs.hpp"

namespace {

/// Which verbs each of these sets up.
constexpr struct {
  std::string_view verbs;
  void (*add)(CLI::App&, Context&);
} kVerbs[] = {
    {" raise ", add_raise},
    {" read listen ", add_read},
    {" wait ", add_wait},
    {" make rm start stop table mailslots stats ", add_table},
    {" object ", add_object},
    {" watch ", add_watch},
    {" push ", add_push},
    {" can ", add_can},
    {" explain audit ", add_inquire},
    {" dump ", add_dump},
    {" pack ", add_pack},
};

/// The words from the verb on, where nothing but a socket is in front of it.
std::span<char*> words_of(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  const bool has_socket = words.size() > 1 && std::string_view(words[1]) == "--socket";
  return words.subspan(std::min<std::size_t>(has_socket ? 3 : 1, words.size()));
}

/// The verb that is asked for alone, since all others would be most of a hook's time; all where it is not clear.
void add_verbs(CLI::App& app, Context& context, const std::string& verb) {
  const auto has_it = [&](const auto& some) { return some.verbs.find(" " + verb + " ") != std::string_view::npos; };
  const bool is_known = std::any_of(std::begin(kVerbs), std::end(kVerbs), has_it);
  for (const auto& some : kVerbs)
    if (!is_known || has_it(some)) some.add(app, context);
}

}  // namespace

int main(int argc, char** argv) {
  Context context;
  // Not taken down at the end: whoever waits for the exit status would wait for that.
  static CLI::App& app = *new CLI::App("Raise alerts, read mailslots, inspect captured bytes.", "alertctl");
  app.set_version_flag("--version", "alertctl " ALERTCTL_VERSION);
  app.add_option("--socket", context.socket, "Broker [$ALERTBROKER_SOCKET, the user's, the host's]");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitStatuses);
  const std::span<char*> words = words_of(argc, argv);
  if (words.size() > 1) context.behind_verb = words[1];
  context.has_options = std::any_of(words.begin(), words.end(), [](const char* word) { return *word == '-'; });
  add_verbs(app, context, words.empty() ? "" : words[0]);
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
