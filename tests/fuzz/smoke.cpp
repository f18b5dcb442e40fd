// Runs a fuzz target without libFuzzer, always the same way: what was once found, the seeds, and seeds
// changed at random from a fixed start.   smoke TARGET FINDINGS-FOLDER RUNS

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <vector>

#include "seeds.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using golden::Buffer;

void run(const Buffer& input) {
  const Buffer exact(input.begin(), input.end());  // so that a sanitizer sees its end
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()), exact.size());
}

std::size_t replay(const std::filesystem::path& folder) {
  std::size_t count = 0;
  if (!std::filesystem::exists(folder)) return count;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto bytes = alert::as_bytes(text);
    run(Buffer(bytes.begin(), bytes.end()));
    ++count;
  }
  return count;
}

class Mutator {
 public:
  explicit Mutator(seeds::Seeds seeds) : seeds_(std::move(seeds)) {}

  [[nodiscard]] Buffer next() {
    Buffer bytes = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(bytes);
    return bytes;
  }

 private:
  static constexpr std::size_t kLongest = 4096;

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(Buffer& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(bytes.size() - at, 64) + 1);
    const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto there = here + static_cast<std::ptrdiff_t>(length);
    switch (below(6)) {
      case 0: bytes.resize(at); break;
      case 1: bytes.erase(here, there); break;
      case 2: {  // a copy of a part of it somewhere in it
        const Buffer part(here, there);
        const auto to = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
        if (bytes.size() + length <= kLongest) bytes.insert(to, part.begin(), part.end());
        break;
      }
      case 3: {  // the end of another seed
        const Buffer& other = seeds_[below(seeds_.size())];
        const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1));
        bytes.resize(at);
        bytes.insert(bytes.end(), from, other.end());
        break;
      }
      case 4:
        if (here != bytes.end()) *here ^= static_cast<std::byte>(1u << below(8));
        break;
      default: {  // a number at a limit
        constexpr std::uint32_t kLimits[] = {0,    1,    2,    0x20,   0x3F,   0x40,
                                             0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0xFFFFFFFF};
        std::uint32_t value = kLimits[below(std::size(kLimits))];
        for (auto byte = here; byte != bytes.end() && byte - here < (std::ptrdiff_t{1} << (at % 3)); ++byte) {
          *byte = static_cast<std::byte>(value & 0xFF);
          value >>= 8;
        }
      }
    }
  }

  seeds::Seeds seeds_;
  std::mt19937 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const seeds::Seeds start = seeds::of(argv[1]);
  std::printf("%zu files of findings, ", replay(argv[2]));
  for (const Buffer& seed : start) run(seed);
  Mutator mutator(start);
  const unsigned long runs = std::strtoul(argv[3], nullptr, 10);
  for (unsigned long i = 0; i < runs; ++i) run(mutator.next());
  std::printf("%zu seeds and %lu changed ones: no findings\n", start.size(), runs);
}
