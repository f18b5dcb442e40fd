// Encoding and decoding of every class and profile, beside memcpy, hand-written loops and other formats.

#include <cstdlib>
#include <cstring>
#include <memory>

#include <benchmark/benchmark.h>

#include "by_hand.hpp"
#include "peers.hpp"
#include "ratios.hpp"
#include "samples.hpp"

namespace {

using bench::Fields;
using bench::Sample;
using benchmark::ClobberMemory;
using benchmark::DoNotOptimize;
using Buffer = bench::WrittenPage;

/// Reads a field, as far as the compiler knows.
struct Touch {
  void operator()(std::uint32_t number) const { DoNotOptimize(number); }
  void operator()(std::string_view text) const {
    DoNotOptimize(text.data());
    DoNotOptimize(text.size());
  }
};

class Ours {
 public:
  bool encode(const alert::AlertView& alert) {
    const auto written = alert::encode(alert, buffer_);
    profile_ = alert.profile;
    size_ = written.value_or(0);
    return written.has_value();
  }
  template <class Visit>
  bool decode(Visit& visit) {
    const auto decoded = alert::decode(profile_, alert::Bytes(buffer_).first(size_));
    if (decoded) bench::visit_fields(decoded->alert, visit);
    return decoded.has_value();
  }

 private:
  alert::Profile profile_{};
  Buffer buffer_{};
  std::size_t size_ = 0;
};

template <class Body>
void measure(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), [body](benchmark::State& state) mutable {
    for (auto _ : state)
      if (!body()) return state.SkipWithError("it failed");
  });
}

/// Encoding and decoding of one format, after a check that it carries every field.
template <class Format>
void measure_format(const std::string& sample, const char* name, alert::AlertView alert) {
  auto format = std::make_shared<Format>();
  Fields sent, received;
  bench::visit_fields(alert, sent);
  if (!format->encode(alert) || !format->decode(received) || sent != received) {
    std::fprintf(stderr, "%s%s does not give back what it was given\n", sample.c_str(), name);
    std::exit(1);
  }
  measure(sample + "encode/" + name, [=] {
    DoNotOptimize(alert);
    const bool done = format->encode(alert);
    ClobberMemory();
    return done;
  });
  measure(sample + "decode/" + name, [=] {
    ClobberMemory();
    Touch touch;
    return format->decode(touch);
  });
}

template <alert::Profile kProfile>
void measure_by_hand(const std::string& name, const Sample& sample) {
  using Hand = bench::ByHand<kProfile>;
  const alert::AlertView alert = sample.view();
  const alert::Bytes wire = sample.wire();
  std::visit(
      [&](const auto& info) {
        using Info = std::decay_t<decltype(info)>;
        Buffer written{};
        const auto size = Hand::write(alert, info, written);
        if (size != wire.size() || !std::equal(wire.begin(), wire.end(), written.begin())) {
          std::fprintf(stderr, "%s: by hand, other bytes are written\n", name.c_str());
          std::exit(1);
        }
        measure(name + "encode/by_hand", [alert, info, buffer = Buffer{}]() mutable {
          DoNotOptimize(alert);
          DoNotOptimize(info);
          const auto bytes = Hand::write(alert, info, buffer);
          ClobberMemory();
          return bytes.has_value();
        });
        measure(name + "decode/by_hand", [wire] {
          ClobberMemory();
          typename Hand::Ends ends;
          const bool found = Hand::template find_strings<Info>(wire, ends);
          DoNotOptimize(ends);
          return found;
        });
      },
      alert.other_info);
}

void measure_all(const Sample& sample) {
  const std::string name = sample.class_name + '/' + std::string(alert::name(sample.profile)) + '/';
  measure(name + "memcpy", [wire = sample.wire(), buffer = Buffer{}]() mutable {
    std::memcpy(buffer.data(), wire.data(), wire.size());
    ClobberMemory();
    return true;
  });
  measure(name + "decode/view", [profile = sample.profile, wire = sample.wire()] {
    ClobberMemory();
    const auto decoded = alert::decode(profile, wire);
    DoNotOptimize(decoded);
    return decoded.has_value();
  });
  if (sample.profile == alert::Profile::nt)
    measure_by_hand<alert::Profile::nt>(name, sample);
  else
    measure_by_hand<alert::Profile::lm20>(name, sample);
  measure_format<Ours>(name, "ours", sample.view());
  measure_format<bench::FlatBuffers>(name, "flatbuffers", sample.view());
  measure_format<bench::Protobuf>(name, "protobuf", sample.view());
  measure_format<bench::Nlohmann<bench::Form::json>>(name, "json", sample.plain());
  measure_format<bench::Nlohmann<bench::Form::messagepack>>(name, "messagepack", sample.view());
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const auto samples = bench::samples();
  for (const Sample& sample : samples) measure_all(sample);
  bench::Ratios ratios;
  benchmark::RunSpecifiedBenchmarks(&ratios);
  ratios.print(samples);
}
