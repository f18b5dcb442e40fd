#include "brokerd/journal_writer.hpp"

#include <cstdio>
#include <random>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "brokerd/write_all.hpp"

namespace brokerd {

namespace {

alert::Bytes bytes_of(const alert::RecordHeader& header) noexcept {
  return {reinterpret_cast<const std::byte*>(&header), sizeof header};
}

/// A table change or a part of a checkpoint: JSON. `mark`: of the segment, plus where `to` will start in it.
void add_table_record(std::vector<std::byte>& to, alert::RecordKind kind, alert::RecordHeader header,
                      std::string_view json, std::uint64_t mark) {
  header.kind = static_cast<std::uint16_t>(kind);
  header.size = static_cast<std::uint32_t>(sizeof header + json.size());
  alert::pcapng::BlockBuilder(to).packet(alert::kTableInterface, header.accepted_ns,
                                         {bytes_of(header), alert::as_bytes(json)}, mark + to.size());
}

std::uint64_t new_mark() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

std::error_code JournalWriter::continue_segment(std::uint64_t first, std::uint64_t size) {
  segment_ = alert::Descriptor(
      ::openat(folder_.get(), alert::segment_name(first).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!segment_) return last_error();
  if (::ftruncate(segment_.get(), static_cast<off_t>(size)) != 0) return last_error();
  const auto front = alert::segment_front(segment_.get());
  mark_ = front ? front->mark : new_mark();
  first_ = first;
  size_ = room_end_ = size;
  return {};
}

std::error_code JournalWriter::begin_segment(std::uint64_t first, const Checkpoint& checkpoint,
                                             const alert::RecordHeader& stamp) {
  // What nobody waited for, nobody waits for now: 64 MiB may take the disk a second.
  const bool syncs_the_old = segment_ && !broken_ && durability_ == Durability::disk;
  counts_.syncs += syncs_the_old ? 3U : 2U;  // and the new one, and the folder
  const bool takes_place = segment_ && first == first_;
  cut_room();
  if (syncs_the_old && ::fdatasync(segment_.get()) != 0) return last_error();
  if (takes_place && bound_.end) {  // the new one may be shorter
    bound_.end.reset();
    if (auto error = write_bound(folder_, bound_)) return error;
  }
  const std::string name = alert::segment_name(first);
  const std::string unfinished = name + ".new";  // a segment has its checkpoint or is not there
  alert::Descriptor segment(::openat(folder_.get(), unfinished.c_str(),
                                     O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                                     JournalFolder::kFileMode));
  if (!segment) return last_error();
  const std::uint64_t mark = new_mark();
  std::uint64_t size = 0;  // written
  std::vector<std::byte> blocks;
  alert::pcapng::BlockBuilder front(blocks);
  front.section_header("brokerd");
  front.interface("alerts");
  front.interface("table");
  alert::RecordHeader header = stamp;
  header.sequence = first - 1;  // so that it is known whichever name its file gets
  const auto write = [&](std::string_view part) {
    add_table_record(blocks, alert::RecordKind::checkpoint, header, part, mark + size);
    ++counts_.writes;
    const std::error_code error = write_all(segment.get(), blocks, size);
    size += blocks.size();
    blocks.clear();
    return error;
  };
  if (auto error = checkpoint(write)) return error;
  if (::fdatasync(segment.get()) != 0) return last_error();
  if (takes_place) {
    if (::renameat(folder_.get(), unfinished.c_str(), folder_.get(), name.c_str()) != 0) return last_error();
  } else {
    if (::linkat(folder_.get(), unfinished.c_str(), folder_.get(), name.c_str(), 0) != 0) return last_error();
    ::unlinkat(folder_.get(), unfinished.c_str(), 0);
  }
  // From here on it is the newest segment, whatever the sync of the folder says: a power cut may
  // lose its name, but never what a reader of this folder sees now.
  ::fsync(folder_.get());
  segment_ = std::move(segment);
  mark_ = mark;
  first_ = first;
  checkpoint_ = size_ = room_end_ = size;
  forget_done();
  alert::set_block_marks(gathered_, size_, mark_);  // here instead of where the broken one ends
  broken_ = false;
  bound_.segment = first_;
  bound_.end = size_;
  bound_.room.reset();
  (void)write_bound(folder_, bound_);  // what it said before holds as well
  return {};
}

std::error_code JournalWriter::confirm(const std::string& boot) {
  if (bound_.boot == boot) return {};
  bound_.boot = boot;
  return write_bound(folder_, bound_);
}

std::error_code JournalWriter::reserve(std::uint64_t sequence) {
  if (sequence < bound_.bound) return {};
  Bound next = bound_;
  next.bound = sequence + kNumbersAhead;
  next.clean = false;
  return change_bound(std::move(next));
}

std::error_code JournalWriter::change_bound(Bound next) {
  ++counts_.writes;
  counts_.syncs += 2;  // the file and the folder
  if (auto error = write_bound(folder_, next)) return error;
  bound_ = std::move(next);
  return {};
}

void JournalWriter::forget_done() noexcept {
  if (!std::exchange(is_done_, false)) return;
  gathered_.clear();
}

std::size_t JournalWriter::add(const alert::RecordHeader& header, alert::Bytes wire, std::string_view annex) {
  static constexpr std::byte kZeros[8]{};
  forget_done();
  const std::size_t block = gathered_.size();
  const std::size_t padding = annex.empty() ? 0 : alert::padded(header.size) - header.size;
  alert::pcapng::BlockBuilder(gathered_).packet(
      alert::kAlertsInterface, header.accepted_ns,
      {bytes_of(header), wire, alert::Bytes{kZeros, padding}, alert::as_bytes(annex)}, mark_ + size_ + block);
  return block + alert::pcapng::kPacketDataOffset;
}

void JournalWriter::add_change(alert::RecordHeader stamp, std::string_view change) {
  forget_done();
  add_table_record(gathered_, alert::RecordKind::table_change, stamp, change, mark_ + size_);
}

std::error_code JournalWriter::write_turn() {
  const std::uint64_t end = size_ + gathered_.size();
  if (durability_ == Durability::disk && end > room_end_ && !write_with_room()) return {};
  const std::error_code error = write_all(segment_.get(), gathered_, size_);
  if (!error) room_end_ = std::max(room_end_, end);
  return error;
}

std::error_code JournalWriter::write_with_room() {
  if (!bound_.may_have_room()) {
    Bound next = bound_;
    next.room = true;
    if (auto error = change_bound(std::move(next))) return error;
  }
  const std::size_t turn = gathered_.size();
  gathered_.resize(turn + alert::pcapng::kMostRoom);
  const std::error_code error = write_all(segment_.get(), gathered_, size_);
  if (!error) room_end_ = size_ + gathered_.size();
  if (error && ::ftruncate(segment_.get(), static_cast<off_t>(room_end_)) != 0)
    room_end_ = std::max(room_end_, alert::file_size(segment_.get()));
  gathered_.resize(turn);
  return error;
}

/// Where it cannot be cut off, it does no harm.
void JournalWriter::cut_room() {
  if (room_end_ > size_ && ::ftruncate(segment_.get(), static_cast<off_t>(size_)) == 0) room_end_ = size_;
}

std::error_code JournalWriter::commit() {
  if (gathered_.empty() || is_done_)
    return broken_ ? std::error_code(EIO, std::generic_category()) : std::error_code();
  ++counts_.writes;
  counts_.syncs += durability_ == Durability::disk ? 1U : 0U;
  std::error_code error = broken_ ? std::error_code(EIO, std::generic_category()) : write_turn();
  if (!error && durability_ == Durability::disk && ::fdatasync(segment_.get()) != 0) {
    error = last_error();
    broken_ = true;  // nobody knows what the disk has; what it is asked to write next may never get there
  }
  if (error) {
    ++counts_.failures;
    room_end_ = size_;
    if (::ftruncate(segment_.get(), static_cast<off_t>(size_)) != 0) broken_ = true;
  } else {
    size_ += gathered_.size();
  }
  is_done_ = true;
  return error;
}

std::error_code JournalWriter::close(std::uint64_t last_sequence) {
  cut_room();
  const auto segments = alert::journal_segments(folder_.path());
  if (!segments) return segments.error();
  for (const std::uint64_t first : *segments) {
    const alert::Descriptor segment(
        ::openat(folder_.get(), alert::segment_name(first).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!segment || ::fdatasync(segment.get()) != 0) return last_error();
  }
  bound_.bound = last_sequence + 1;
  bound_.clean = true;
  bound_.segment = first_;
  bound_.end = size_;
  if (room_end_ == size_) bound_.room.reset();
  return write_bound(folder_, bound_);
}

}  // namespace brokerd
