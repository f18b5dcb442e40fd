// bench_journal --run FOLDER --turn RECORDS --size BYTES --secs S: what journaling alone costs, with the segments
// and the retention that subject.json has.

#include <deque>

#include "alertbroker.hpp"
#include "brokerd/journal_writer.hpp"
#include "roles.hpp"

namespace {

constexpr std::uint64_t kRetained = 256ULL << 20;

void must(const std::error_code& error) {
  if (error) bench::fail("the journal: " + error.message());
}

/// Turns of records, numbered on from one to the next.
class Journal {
 public:
  explicit Journal(brokerd::JournalFolder folder) : writer_(std::move(folder), {std::string(32, '0'), {}}) {
    begin_segment();
  }

  void write_turn(std::size_t records, alert::Bytes wire) {
    header_.size = static_cast<std::uint32_t>(sizeof header_ + wire.size());
    header_.accepted_ns = bench::now_ns(CLOCK_REALTIME);
    for (std::size_t i = 0; i < records; ++i) {
      header_.sequence = header_.origin_sequence = ++sequence_;
      must(writer_.reserve(sequence_));
      writer_.add(header_, wire);
    }
    must(writer_.commit());
    if (writer_.size() >= writer_.segment_bytes()) begin_segment();
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return past_bytes_ + writer_.size(); }

 private:
  void begin_segment() {
    if (sequence_ > 0) past_.push_back(writer_.first());
    past_bytes_ += writer_.size();
    const auto checkpoint = [](const brokerd::TakePart& take) { return take("{}"); };
    must(writer_.begin_segment(sequence_ + 1, checkpoint, header_));
    for (; past_.size() * writer_.segment_bytes() >= kRetained; past_.pop_front())
      std::filesystem::remove(writer_.folder().path() / alert::segment_name(past_.front()));
  }

  brokerd::JournalWriter writer_;
  std::deque<std::uint64_t> past_;  // their first sequences
  alert::RecordHeader header_;
  std::uint64_t sequence_ = 0;
  std::uint64_t past_bytes_ = 0;  // of all segments that have ended
};

}  // namespace

int main(int count, char** words) {
  bench::end_in_time();
  const bench::Options options(count, words);
  const std::size_t turn = options.size("turn", 64);
  bench::AlertBytes bytes;
  const alert::Bytes wire = bytes.around(std::vector<std::byte>(options.size("size", 128)));
  auto folder = brokerd::JournalFolder::open(options.in_run("journal"));
  if (!folder) bench::fail(folder.error());
  Journal journal(std::move(*folder));
  while (journal.bytes() < kRetained) journal.write_turn(turn, wire);  // from here on segments go as they come

  const std::uint64_t before = journal.bytes(), start_ns = bench::now_ns();
  const std::uint64_t end_ns = start_ns + static_cast<std::uint64_t>(options.seconds() * 1e9);
  std::uint64_t records = 0;
  for (; bench::now_ns() < end_ns; records += turn) journal.write_turn(turn, wire);
  const auto elapsed_ns = static_cast<double>(bench::now_ns() - start_ns), all = static_cast<double>(records);
  std::printf("RESULT {\"records_per_s\":%.0f,\"ns\":%.2f,\"bytes\":%.0f}\n", all * 1e9 / elapsed_ns,
              elapsed_ns / all, static_cast<double>(journal.bytes() - before) / all);
  return 0;
}
