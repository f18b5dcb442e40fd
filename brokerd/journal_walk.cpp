#include "brokerd/journal_walk.hpp"

#include <algorithm>
#include <cstdio>

#include "brokerd/raised_as.hpp"

namespace brokerd {

std::string to_text(const JournalPlace& place) {
  char offset[24];
  std::snprintf(offset, sizeof offset, "0x%llx", static_cast<unsigned long long>(place.offset));
  return alert::segment_name(place.segment) + " at " + offset;
}

std::uint64_t segment_of(const std::vector<std::uint64_t>& segments, std::uint64_t sequence) noexcept {
  const auto behind = std::upper_bound(segments.begin(), segments.end(), sequence);
  if (segments.empty()) return 0;
  return behind == segments.begin() ? segments.front() : *(behind - 1);
}

void JournalWalk::allow(std::uint64_t bytes) {
  left_ = bytes;
  if (auto found = alert::journal_segments(folder_)) segments_ = std::move(*found);
}

std::optional<std::uint64_t> JournalWalk::following() const noexcept {
  const auto found = std::upper_bound(segments_.begin(), segments_.end(), place_.segment);
  return found == segments_.end() ? std::nullopt : std::optional(*found);
}

JournalWalk::At JournalWalk::begin() {
  place_.offset = offset_ = 0;
  is_begun_ = true;
  is_over_ = false;
  return At::segment;
}

JournalWalk::At JournalWalk::next() {
  if (!is_begun_) return begin();
  if (left_ == 0) {
    reader_.reset();
    return At::pause;
  }
  if (is_over_) {
    const auto next = following();
    reader_.reset();
    if (!next) return At::end;
    place_.segment = *next;
    return begin();
  }
  if (!reader_) {
    auto opened = alert::SegmentReader::open(folder_ / alert::segment_name(place_.segment), offset_);
    if (!opened) {
      failure_ = opened.error();
      is_over_ = true;
      return At::gone;
    }
    reader_.emplace(std::move(*opened));
    left_ -= std::min(left_, kBytesPerOpening);
  }
  auto read = reader_->next();
  place_.offset = offset_;
  const auto behind = following();
  const bool is_refused =
      read && *read && behind && is_numbered((*read)->record.kind()) && (*read)->record.header.sequence >= *behind;
  if (!read || !*read || is_refused) {
    is_over_ = read.has_value();
    if (read) return next();
    error_ = read.error();
    (void)reader_->pass_damage();
    offset_ = reader_->offset();
    left_ -= std::min(left_, offset_ - place_.offset);
    return At::damage;
  }
  record_ = **read;
  place_.offset = record_->offset;
  offset_ = reader_->offset();
  left_ -= std::min(left_, offset_ - place_.offset);
  return At::record;
}

}  // namespace brokerd
