// bench_receipts --run FOLDER --turn RAISERS --size BYTES --secs S: each raiser waits for its receipt before it
// raises again.

#include "alertbroker.hpp"
#include "roles.hpp"

int main(int count, char** words) {
  using namespace bench;
  end_in_time();
  const Options options(count, words);
  std::vector<alert::Raiser> raisers;
  for (std::size_t i = 0; i < options.size("turn", 64); ++i)
    raisers.push_back(must(alert::Raiser::open(connect(options))));
  AlertBytes bytes;
  const alert::Bytes wire = bytes.around(std::vector<std::byte>(options.size("size", 128)));
  const auto raise = [&](alert::Raiser& raiser) {
    if (!raiser.write(kProfile, kEvent, wire)) fail("no room for a raise");
    raiser.flush();
  };
  const auto take = [](alert::Raiser& raiser) { check(must(raiser.verdict(alert::Raiser::kForever))); };

  const std::uint64_t start_ns = now_ns(), end_ns = start_ns + static_cast<std::uint64_t>(options.seconds() * 1e9);
  std::uint64_t raises = 0;
  for (alert::Raiser& raiser : raisers) raise(raiser);
  for (; now_ns() < end_ns; raises += raisers.size()) {
    for (alert::Raiser& raiser : raisers) {
      take(raiser);
      raise(raiser);
    }
  }
  const std::uint64_t elapsed_ns = now_ns() - start_ns;
  for (alert::Raiser& raiser : raisers) take(raiser);
  std::printf("RESULT {\"records_per_s\":%.0f}\n",
              static_cast<double>(raises) * 1e9 / static_cast<double>(elapsed_ns));
  return 0;
}
