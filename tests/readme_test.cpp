// The README's session is what really happens.

#include <regex>

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

struct Step {
  std::string command;
  std::string output;
};

/// The commands of the README's console blocks and what it says they print.
std::vector<Step> session() {
  std::ifstream readme(std::string(ALERT_SOURCE_DIR) + "/README.md");
  std::vector<Step> steps;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && line.starts_with("$ ")) {
      steps.push_back({line.substr(2), ""});
    } else if (inside && !steps.empty()) {
      steps.back().output += line + "\n";
    }
  }
  return steps;
}

/// Times and processes differ from run to run.
std::string without_times(std::string text) {
  text = std::regex_replace(text, std::regex("\\d{4}-\\d\\d-\\d\\d[T ][0-9:.]+(Z| UTC)"), "TIME");
  text = std::regex_replace(text, std::regex("uid \\d+ pid \\d+"), "WHO");
  return std::regex_replace(text, std::regex("\\d{10}  TIME"), "SECONDS  TIME");
}

TEST(Readme, ItsSessionsAreWhatHappens) {
  const test::Broker broker;
  const auto steps = session();
  ASSERT_GE(steps.size(), 7u);
  for (const Step& step : steps) {
    const auto done =
        test::Process({"sh", "-c", step.command}, {{"ALERTBROKER_SOCKET", broker.socket()},
                                                   {"TZ", "UTC"},
                                                   {"PATH", std::string(ALERT_BIN_DIR) + ":/usr/bin:/bin"}})
            .finish();
    EXPECT_EQ(without_times(done.out), without_times(step.output)) << step.command << "\n" << done.err;
  }
}

}  // namespace
