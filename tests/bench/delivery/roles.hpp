#pragma once
// The main programs of a subject: `broker` where it has one of its own, `raiser`, `reader`.

#include <csignal>
#include <string_view>

#include <sys/prctl.h>
#include <unistd.h>

#include "raiser_role.hpp"
#include "reader_role.hpp"

namespace bench {

/// Ends with the harness, and by itself should that forget it.
inline void end_in_time() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  ::alarm(120);
}

template <class Raiser>
[[noreturn]] void raiser_main(int count, char** words) {
  end_in_time();
  const Options options(count, words);
  RaiserRole<Raiser>(options).run();
}

template <class Reader>
[[noreturn]] void reader_main(int count, char** words) {
  end_in_time();
  const Options options(count, words);
  ReaderRole<Reader>(options).run();
}

/// `Peer`: a Raiser, a Reader and perhaps a static int broker(const Options&); the first word says which.
template <class Peer>
int main(int count, char** words) {
  const std::string_view role = count > 1 ? words[1] : "";
  if (role == "raiser") raiser_main<typename Peer::Raiser>(count - 1, words + 1);
  if (role == "reader") reader_main<typename Peer::Reader>(count - 1, words + 1);
  if constexpr (requires(const Options& options) { Peer::broker(options); }) {
    if (role == "broker") {
      end_in_time();
      return Peer::broker(Options(count - 1, words + 1));
    }
  }
  std::fprintf(stderr, "usage: %s broker|raiser|reader [--name value]...\n", words[0]);
  return 2;
}

}  // namespace bench
