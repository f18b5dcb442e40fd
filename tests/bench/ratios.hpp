#pragma once
// The results as one table of ratios: on a machine that does other things too, nanoseconds of different
// moments mean little, medians of interleaved runs side by side mean something.

#include <cstdio>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

#include "samples.hpp"

namespace bench {

class Ratios : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred)
        std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
      if (run.aggregate_name == "median") medians_[run.run_name.function_name] = run.GetAdjustedCPUTime();
    }
  }

  void print(const std::vector<Sample>& samples) const {
    std::puts(
        "| class | profile | bytes | decode ÷ hand loop | encode ÷ by hand | FlatBuffers ÷ ours | protobuf ÷ ours |"
        " JSON ÷ ours | MessagePack ÷ ours | ours ÷ memcpy |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (const Sample& s : samples) {
      const std::string key = s.class_name + '/' + std::string(name(s.profile)) + '/';
      const auto both = [&](const char* who) { return at(key + "encode/" + who) + at(key + "decode/" + who); };
      std::printf("| %s | %s | %zu | %.2f | %.2f | %.1f | %.1f | %.0f | %.0f | %.1f |\n", s.class_name.c_str(),
                  std::string(name(s.profile)).c_str(), s.wire().size(),
                  at(key + "decode/view") / at(key + "decode/by_hand"),
                  at(key + "encode/ours") / at(key + "encode/by_hand"), both("flatbuffers") / both("ours"),
                  both("protobuf") / both("ours"), both("json") / both("ours"), both("messagepack") / both("ours"),
                  both("ours") / at(key + "memcpy"));
    }
  }

 private:
  [[nodiscard]] double at(const std::string& name) const {
    const auto found = medians_.find(name);
    return found == medians_.end() ? 0.0 : found->second;
  }
  std::map<std::string, double> medians_;
};

}  // namespace bench
