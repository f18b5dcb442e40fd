// Payloads that imitate blocks of the journal: whatever is damaged around them, they are no records.

#include "damage.hpp"

namespace {

using namespace damage;

/// An alert whose payload is whole blocks, as good as somebody can make them who knows where they will be.
struct Imitation {
  std::vector<Given> given;
  std::map<std::string, File> files;
  std::size_t inner = 0;          // where the imitated blocks start in the file
  std::vector<std::size_t> ends;  // and where each ends

  explicit Imitation(std::size_t shift) {
    Journal journal;
    journal.make(kAll);
    journal.start("FORGED", kAll);
    raise(journal, "before");
    const std::size_t header = alert::pcapng::kPacketDataOffset + sizeof(alert::RecordHeader) + wire("").size();
    inner = journal.life().writer.size() + header + shift;
    std::vector<std::byte> blocks;
    for (std::uint64_t i = 0; i < 3; ++i) {
      alert::RecordHeader record;
      record.kind = 1;
      record.profile = 1;
      record.sequence = 2 + i;
      const std::string body = wire("forged");
      record.size = static_cast<std::uint32_t>(sizeof record + body.size());
      alert::pcapng::BlockBuilder(blocks).packet(
          0, 0, {{reinterpret_cast<const std::byte*>(&record), sizeof record}, alert::as_bytes(body)}, 0);
      ends.push_back(inner + blocks.size());
    }
    alert::set_block_marks(blocks, inner, 4711);
    raise(journal, std::string(shift, 'x') + std::string(alert::as_text(blocks)));
    raise(journal, "behind");
    raise(journal, "last");
    given = journal.given();
    files = journal.files();
  }
  static void raise(Journal& journal, const std::string& payload) {
    journal.raise(wire(payload), "FORGED", {"FORGED", ""});
  }
  static std::string wire(const std::string& payload) {
    std::string bytes(38, '\0');
    bytes.replace(4, 6, "FORGED");
    return bytes + payload;
  }
};

TEST(ImitatedBlocks, APayloadThatImitatesBlocksIsNeverTakenForThemWhereverTheDamageIs) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const Imitation imitation(shift);
    const std::string name = segments(imitation.files).back();
    const std::size_t start = imitation.given[1].from, end = imitation.given[2].to;
    for (std::size_t at = start + shift; at < end; at += stride(37)) {
      auto files = imitation.files;
      files[name][at] = static_cast<char>(files[name][at] ^ 0xFF);
      expect_accounted(
          Reading(files), imitation.given, [&](const Given& g) { return g.has(name, at); },
          "shift " + std::to_string(shift) + ", byte " + std::to_string(at));
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(ImitatedBlocks, ACutThatEndsInAnImitatedBlockIsNoEndToWalkFrom) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const Imitation imitation(shift);
    const std::string name = segments(imitation.files).back();
    for (const std::size_t broken : {std::size_t{0}, imitation.given[0].from, imitation.given[1].from + 4}) {
      std::vector<std::size_t> sizes = imitation.ends;
      for (std::size_t size = imitation.given[1].from; size < imitation.given[1].to; size += stride(71))
        sizes.push_back(size);
      for (const std::size_t size : sizes) {
        auto files = ended_properly(imitation.files, imitation.given.back().sequence);
        files[name].resize(size);
        if (broken > 0 && broken < size) files[name][broken] = static_cast<char>(files[name][broken] ^ 0xFF);
        expect_accounted(
            Reading(files), imitation.given, [&](const Given& g) { return g.to > size || g.from <= broken; },
            "shift " + std::to_string(shift) + ", cut to " + std::to_string(size));
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(ImitatedBlocks, ATrailingLengthThatPointsAtAnImitatedBlockIsNotFollowed) {
  const Imitation imitation(0);
  const std::string name = segments(imitation.files).back();
  const std::uint64_t end = imitation.given[1].to;
  for (std::size_t to = imitation.inner; to + 12 < end; to += 4 * stride(5)) {
    auto files = imitation.files;
    const auto length = static_cast<std::uint32_t>(end - to);
    std::memcpy(files[name].data() + end - 4, &length, sizeof length);
    std::memcpy(files[name].data() + to + 4, &length, sizeof length);  // the imitation agrees
    expect_accounted(
        Reading(files), imitation.given, [](const Given& g) { return g.sequence == 2; },
        "at " + std::to_string(to));
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
