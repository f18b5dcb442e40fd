// Writes the seeds of a fuzz target, a file each.   write_seeds TARGET FOLDER

#include <filesystem>

#include "seeds.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const golden::Buffer& seed : seeds::of(argv[1]))
    std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << alert::as_text(seed);
}
