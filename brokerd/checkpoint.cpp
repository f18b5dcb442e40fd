#include "brokerd/checkpoint.hpp"

#include <string>
#include <string_view>

namespace brokerd {

namespace {

constexpr std::size_t kPartBytes = 48 * 1024;  // the record's limit is 65475
constexpr std::string_view kFront = "{\"changes\":[";

/// Gives each part away as soon as it is whole: the text of a large table is never there at once.
class Parts {
 public:
  Parts(const TakePart& take, bool takes_place) : take_(take), takes_place_(takes_place) {}

  template <class One>
  void add(const One& change) {
    if (error_) return;
    const std::size_t end = text_.size();
    if (end > kFront.size()) text_ += ',';
    append_change(text_, change);
    if (text_.size() <= kPartBytes || end == kFront.size()) return;
    const std::string next = text_.substr(end + 1);
    text_.resize(end);
    give(0);
    text_ += next;
  }
  [[nodiscard]] std::error_code finish() {
    if (!error_) give(part_ + 1);
    return error_;
  }

 private:
  void give(std::uint64_t parts) {
    text_ += "],\"part\":" + std::to_string(++part_) + ",\"parts\":" + std::to_string(parts);
    text_ += takes_place_ ? ",\"takes_place\":true}" : "}";
    error_ = take_(text_);
    text_ = kFront;
  }

  const TakePart& take_;
  bool takes_place_;
  std::string text_{kFront};
  std::uint64_t part_ = 0;
  std::error_code error_;
};

}  // namespace

Checkpoint checkpoint(const Ledger& ledger, bool takes_place) {
  return [&ledger, takes_place](const TakePart& take) {
    Parts parts(take, takes_place);
    ledger.for_each_of_checkpoint([&](const auto& change) { parts.add(change); });
    return parts.finish();
  };
}

std::uint32_t digest(const Ledger& ledger) {
  std::uint32_t crc = 0;
  std::string text;
  ledger.for_each_of_checkpoint([&](const auto& change) {
    text.clear();
    append_change(text, change);
    crc = alert::pcapng::crc32(alert::as_bytes(text), crc);
  });
  return crc;
}

}  // namespace brokerd
