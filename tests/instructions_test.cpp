// Instructions of what is done with every alert, counted by callgrind: neither the machine nor its load changes
// them.

#include <map>
#include <sstream>

#include "process.hpp"

namespace {

/// Of pieces of work by their names.
using Figures = std::map<std::string, std::uint64_t>;

Figures stored() {
  std::ifstream file(std::string(ALERT_SOURCE_DIR) + "/tests/instructions.txt");
  Figures figures;
  for (std::string line; std::getline(file, line);) {
    const std::size_t end = line.rfind(' ');
    if (!line.empty() && line.front() != '#') figures[line.substr(0, end)] = std::stoull(line.substr(end));
  }
  return figures;
}

/// What callgrind collected while counted_work did its work for the `number`-th time.
std::uint64_t collected(const test::TemporaryFolder& folder, std::size_t number) {
  std::ifstream file(folder / ("out." + std::to_string(number)));
  const std::string wanted = "summary: ";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(wanted)) return std::stoull(line.substr(wanted.size()));
  ADD_FAILURE() << "callgrind told nothing of call " << number;
  return 0;
}

Figures counted() {
  const test::TemporaryFolder folder;
  // Of its many memcpy() the C library takes one for the processor: always the same, please.
  const test::Process::Environment environment{
      {"GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-SSSE3"}};
  const auto done = test::Process({"valgrind", "-q", "--tool=callgrind", "--zero-before=work", "--dump-after=work",
                                   "--callgrind-out-file=" + folder / "out", COUNTED_WORK},
                                  environment)
                        .finish();
  EXPECT_EQ(done.status, 0) << "valgrind (tools/packages.sh names its package): " << done.err;
  Figures figures;
  std::size_t call = 0;
  for (const std::string& line : test::lines(done.out)) {
    std::istringstream words(line);
    std::uint64_t times = 0;
    words >> times >> std::ws;
    std::string name;
    std::getline(words, name);
    const std::uint64_t once = collected(folder, ++call);
    figures[name] = (collected(folder, ++call) - once) / times;
  }
  return figures;
}

std::string table(const Figures& figures) {
  std::string text;
  for (const auto& [name, figure] : figures) text += name + " " + std::to_string(figure) + "\n";
  return text;
}

TEST(Instructions, OfEveryAlertsWorkStayWithinATenthOfTheStoredFigures) {
  const Figures before = stored();
  const Figures now = counted();
  EXPECT_EQ(before.size(), now.size());
  for (const auto& [name, figure] : now) {
    const auto found = before.find(name);
    const std::uint64_t known = found == before.end() ? 0 : found->second;
    EXPECT_LE(figure * 10, known * 11) << name << " takes " << figure << " instructions and took " << known;
    EXPECT_GE(figure * 10, known * 9) << name << " takes " << figure << " instructions and took " << known
                                      << ": store that, so that it stays so";
  }
  if (HasFailure())
    std::printf("For tests/instructions.txt, where this is as it should be:\n%s", table(now).c_str());
}

}  // namespace
