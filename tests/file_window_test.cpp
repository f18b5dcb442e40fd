// The window that slides over a file or a pipe: the same bytes from both, in bounded memory.

#include "alert/system/file_window.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

using alert::Descriptor;
using alert::FileWindow;

constexpr std::size_t kMebibyte = 1024 * 1024;

/// Bytes of which no two places look alike.
std::vector<std::byte> sample(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(i % 4 == 3 ? i / 4 >> 16 : i / 4 >> (8 * (i % 4 % 2)));
  return bytes;
}
std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct File {
  test::TemporaryFolder folder;
  std::string path;
  explicit File(std::span<const std::byte> bytes) : path(folder.file("bytes", text(bytes))) {}
  [[nodiscard]] Descriptor open(int flags = O_RDONLY) const { return Descriptor(::open(path.c_str(), flags)); }
};

/// A pipe that somebody fills in small pieces.
struct Pipe {
  Descriptor out;
  std::thread writer;
  explicit Pipe(std::vector<std::byte> bytes) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out = Descriptor(ends[0]);
    writer = std::thread([in = std::make_shared<Descriptor>(ends[1]), bytes = std::move(bytes)] {
      for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t n = ::write(in->get(), bytes.data() + at, std::min<std::size_t>(bytes.size() - at, 777));
        if (n <= 0) return;
        at += static_cast<std::size_t>(n);
      }
    });
  }
  ~Pipe() { writer.join(); }
};

/// Everything, in steps of these sizes over and over.
std::string read_in_steps(FileWindow window, const std::vector<std::size_t>& steps) {
  std::string all;
  for (std::size_t i = 0;; ++i) {
    const std::size_t step = steps[i % steps.size()];
    const auto bytes = window.at_least(step);
    const std::size_t have = std::min(step, bytes.size());
    EXPECT_EQ(window.offset(), all.size());
    all += text(bytes.first(have));
    window.skip(have);
    if (have < step) return all;
  }
}

}  // namespace

TEST(FileWindow, GivesTheSameBytesOfAFileAndOfAPipeInStepsOfAnySize) {
  const auto bytes = sample(2 * kMebibyte + 5);
  const File file(bytes);
  for (const std::vector<std::size_t>& steps : std::vector<std::vector<std::size_t>>{
           {4096}, {12, 100, 3}, {1, 300'000}, {kMebibyte, 7}, {16 * kMebibyte}}) {
    EXPECT_EQ(read_in_steps(FileWindow(file.open()), steps), text(bytes));
    Pipe pipe(bytes);
    EXPECT_EQ(read_in_steps(FileWindow(std::move(pipe.out)), steps), text(bytes));
  }
}

TEST(FileWindow, GivesLessThanWasAskedForOnlyAtTheEnd) {
  const auto bytes = sample(10);
  const File file(bytes);
  FileWindow window(file.open());
  EXPECT_EQ(text(window.at_least(11)), text(bytes));
  window.skip(8);
  EXPECT_EQ(window.at_least(2).size(), 2U);
  window.skip(2);
  EXPECT_TRUE(window.at_least(1).empty());
  EXPECT_FALSE(window.error());
}

TEST(FileWindow, SaysWhetherItWouldHaveToRead) {
  const File file(sample(10));
  FileWindow window(file.open());
  EXPECT_FALSE(window.has(1));
  (void)window.at_least(1);
  EXPECT_TRUE(window.has(10));
  EXPECT_FALSE(window.has(11));
  window.skip(10);
  EXPECT_FALSE(window.has(1));
  EXPECT_TRUE(window.has(0));
}

TEST(FileWindow, StartsAnywhereInAFile) {
  const auto bytes = sample(1000);
  const File file(bytes);
  FileWindow window(file.open(), 900);
  EXPECT_EQ(window.offset(), 900U);
  EXPECT_EQ(text(window.at_least(1)), text(bytes).substr(900));
  EXPECT_TRUE(FileWindow(file.open(), 1001).at_least(1).empty());
}

TEST(FileWindow, CountsFromZeroInWhatCanOnlyBeReadForward) {
  Pipe pipe(sample(10));
  FileWindow window(std::move(pipe.out), 900);
  EXPECT_EQ(window.offset(), 0U);
  EXPECT_EQ(window.at_least(10).size(), 10U);
}

TEST(FileWindow, SkipsWhatIsNotAtHand) {
  const auto bytes = sample(kMebibyte);
  const File file(bytes);
  Pipe pipe(bytes);
  FileWindow windows[] = {FileWindow(file.open()), FileWindow(std::move(pipe.out))};
  for (FileWindow& window : windows) {
    (void)window.at_least(100);
    window.skip(kMebibyte - 50);
    EXPECT_EQ(window.offset(), kMebibyte - 50);
    EXPECT_EQ(text(window.at_least(1)).substr(0, 50), text(bytes).substr(kMebibyte - 50));
  }
}

TEST(FileWindow, SkipsBeyondTheEndOfAFileButStopsAtThatOfAPipe) {
  const File file(sample(10));
  FileWindow beyond(file.open());
  beyond.skip(1ULL << 40);
  EXPECT_EQ(beyond.offset(), 1ULL << 40);
  EXPECT_TRUE(beyond.at_least(1).empty());

  Pipe pipe(sample(10));
  FileWindow window(std::move(pipe.out));
  window.skip(1ULL << 40);
  EXPECT_EQ(window.offset(), 10U);
}

TEST(FileWindow, SeesWhatAFileGrowsBy) {
  const File file(sample(10));
  FileWindow window(file.open());
  EXPECT_EQ(window.at_least(11).size(), 10U);
  const Descriptor writer = file.open(O_WRONLY | O_APPEND);
  ASSERT_EQ(::write(writer.get(), "more", 4), 4);
  EXPECT_EQ(text(window.at_least(11)).substr(10), "more");
  EXPECT_EQ(window.offset(), 0U);
}

TEST(FileWindow, LeavesThePositionOfTheFileAlone) {
  const File file(sample(10));
  const Descriptor fd = file.open();
  ASSERT_EQ(::lseek(fd.get(), 4, SEEK_SET), 4);
  FileWindow window(duplicate(fd));
  EXPECT_EQ(window.at_least(1).size(), 10U) << "from its start";
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 4);
}

TEST(FileWindow, SeemsToEndWhereItCannotBeReadAndSaysWhy) {
  const File file(sample(10));
  FileWindow folder(Descriptor(::open(file.folder.path().c_str(), O_RDONLY)));
  EXPECT_TRUE(folder.at_least(1).empty());
  EXPECT_EQ(folder.error(), std::errc::is_a_directory);
  FileWindow unreadable(file.open(O_WRONLY));
  EXPECT_TRUE(unreadable.at_least(1).empty());
  EXPECT_EQ(unreadable.error(), std::errc::bad_file_descriptor);
}
