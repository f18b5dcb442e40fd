// Captures and journal segments: a pipe gives the same packets and errors as a file.

#include <cstdlib>
#include <string>

#include <sys/mman.h>

#include "alert/capture/capture_reader.hpp"
#include "alert/journal/journal.hpp"

namespace {

using alert::Bytes;
using alert::Descriptor;

void must(bool holds) {
  if (!holds) std::abort();
}

/// One file for all runs, as long as `bytes`.
Descriptor file_of(Bytes bytes) {
  static const Descriptor kFile(::memfd_create("capture", MFD_CLOEXEC));
  static std::size_t length = 0;
  must(::pwrite(kFile.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  if (length != bytes.size()) must(::ftruncate(kFile.get(), static_cast<off_t>(bytes.size())) == 0);
  length = bytes.size();
  return duplicate(kFile);
}

Descriptor pipe_of(Bytes bytes) {
  int ends[2];
  must(::pipe2(ends, O_CLOEXEC) == 0);
  const Descriptor in(ends[1]);
  must(::write(in.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return Descriptor(ends[0]);
}

/// Everything that a reader says, up to where it is lost.
std::string account(Descriptor fd, Bytes bytes) {
  std::string text;
  const auto add = [&](std::uint64_t number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  alert::CaptureReader reader{alert::FileWindow(std::move(fd))};
  for (std::uint64_t packets = 0;;) {
    const auto packet = reader.next();
    if (!packet) {
      add(static_cast<std::uint64_t>(packet.error().code));
      add(packet.error().offset);
      must(packet.error().offset <= bytes.size());
      if (reader.is_lost()) break;
      continue;
    }
    if (!*packet) break;
    const alert::CapturedPacket& found = **packet;
    must(found.number == ++packets && found.offset + found.data.size() <= bytes.size());
    add(found.ns.value_or(0));
    add(static_cast<std::uint64_t>(found.link));
    add(found.original_size);
    add(found.offset);
    text += alert::as_text(found.data);
  }
  return text;
}

void check_segment(Bytes bytes) {
  alert::SegmentReader reader(file_of(bytes));
  for (std::uint64_t before = 0;;) {
    const auto record = reader.next();
    if (!record) {
      const alert::DamagedRange range = reader.pass_damage();
      must(range.from >= before && range.from < range.to && range.to <= bytes.size());
      continue;
    }
    if (!*record) break;
    must((*record)->offset >= before && reader.offset() > (*record)->offset && reader.offset() <= bytes.size());
    before = reader.offset();
    must(before - (*record)->offset >= (*record)->record.body.size() + (*record)->annex.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kPipeHolds = 65536;
  if (size > kPipeHolds) return 0;
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  must(account(file_of(bytes), bytes) == account(pipe_of(bytes), bytes));
  check_segment(bytes);
  return 0;
}
