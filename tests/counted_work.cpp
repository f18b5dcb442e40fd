// The work whose instructions instructions_test counts: every piece of it is done by work(), first some times and
// then twice as many, so that the difference is the work alone. How many times, and the names of the pieces, go to
// standard output.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>

#include "alert/memory/mailbox.hpp"
#include "bench/samples.hpp"

namespace {

using Piece = void (*)(const bench::Sample&);

constexpr std::size_t kTimes = 64;
constexpr std::size_t kTurn = 16;  // records that a turn publishes at once

std::byte encoded[alert::kLargestAlert];
std::byte record[alert::kLargestRecord];
alert::AlertView view;

void keep(bool done) {
  if (!done) std::abort();
}

void encode(const bench::Sample&) { keep(alert::encode(view, encoded).has_value()); }
void decode(const bench::Sample& sample) { keep(alert::decode(sample.profile, sample.wire()).has_value()); }

struct Box {
  alert::MailboxWriter writer = alert::MailboxWriter::create(256 * 1024, alert::kLargestAlert, 1, 0).value();
  alert::MailboxReader reader =
      alert::MailboxReader::map(alert::Descriptor(::fcntl(writer.descriptor().get(), F_DUPFD_CLOEXEC, 0))).value();
} box;

/// What a turn has for one mailbox.
void deliver(const bench::Sample& sample) {
  alert::RecordHeader header;
  header.size = static_cast<std::uint32_t>(sizeof header + sample.wire().size());
  std::memcpy(record, &header, sizeof header);
  std::memcpy(record + sizeof header, sample.wire().data(), sample.wire().size());
  for (std::size_t i = 0; i < kTurn; ++i) box.writer.write({record, header.size});
  box.writer.publish();
}

void read(const bench::Sample& sample) {
  keep(box.reader.look() == alert::MailboxReader::Seen::record);
  keep(box.reader.record().body.size() == sample.wire().size());
  box.reader.advance();
}

}  // namespace

/// Not to be changed by what the compiler knows of its callers: callgrind looks for this name.
extern "C" [[gnu::noipa]] void work(Piece piece, const bench::Sample& sample, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) piece(sample);
}

int main() {
  const auto count = [](const char* name, const bench::Sample& sample, Piece piece) {
    std::printf("%zu %s %s %s\n", kTimes, name, sample.class_name.c_str(), alert::name(sample.profile).data());
    work(piece, sample, kTimes);
    work(piece, sample, 2 * kTimes);
  };
  for (const bench::Sample& sample : bench::samples()) {
    view = sample.view();
    count("encode", sample, encode);
    count("decode", sample, decode);
    count("deliver", sample, deliver);
    box.reader.seek(box.writer.tail(), box.writer.ordinal());
    for (std::size_t i = 0; i < 3 * kTimes / kTurn; ++i) deliver(sample);
    count("read", sample, read);
  }
}
