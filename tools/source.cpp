#include "source.hpp"

#include <filesystem>

#include "alert/capture/frame.hpp"
#include "alert/control/json_fields.hpp"
#include "alert/journal/journal.hpp"
#include "exit_status.hpp"
#include "field_values.hpp"
#include "paste.hpp"

using namespace alert;

namespace {

using Next = tl::expected<std::optional<Captured>, Damage>;

tl::unexpected<Damage> damage(const std::string& place, std::string_view sentence,
                              std::optional<Error> error = std::nullopt) {
  return tl::unexpected<Damage>(Damage{kDamaged, place + ": " + std::string(sentence), error});
}
tl::unexpected<Damage> damage(const std::string& place, const Error& error) {
  return damage(place, std::string(meaning(error.code)) + " at offset " + std::to_string(error.offset), error);
}
tl::unexpected<Damage> no_system(const std::string& place, std::error_code error) {
  return tl::unexpected<Damage>(Damage{kSystem, place + ": " + error.message(), std::nullopt});
}

/// What a capture has on UDP 138 and does not have.
struct Tally {
  std::uint64_t packets = 0;
  std::uint64_t datagrams = 0;  // mailslot writes
  std::uint64_t fragments = 0;
  std::uint64_t refused = 0;  // on port 138, but no mailslot write
  std::string first_refusal;

  [[nodiscard]] std::string summary() const {
    std::string text = counted(packets, "packet") + ", " + counted(datagrams, "mailslot datagram");
    if (fragments) text += ", " + counted(fragments, "UDP fragment") + " not put together";
    if (refused) text += ", " + counted(refused, "other") + " on port 138 (first: " + first_refusal + ")";
    return text;
  }
};

/// pcap, pcapng and journal segments: records of ours, and mailslot writes of others.
class CaptureSource : public Source {
 public:
  CaptureSource(std::string path, FileWindow window) : path_(std::move(path)), reader_(std::move(window)) {}

  Next next() override {
    for (;;) {
      if (reader_.is_lost()) return std::optional<Captured>();
      const auto packet = reader_.next();
      if (!packet) return damage(path_, packet.error());
      if (!*packet && reader_.error()) return no_system(path_, reader_.error());
      if (!*packet) return std::optional<Captured>();
      packet_ = **packet;
      Next found = packet_.link == LinkType::user0 ? record() : datagram();
      if (!found || *found) return found;
    }
  }

  bool must_wait() const override { return reader_.must_read(); }
  std::uint64_t offset() const override { return reader_.offset(); }
  std::string summary() const override { return tally_.packets ? path_ + ": " + tally_.summary() : std::string(); }

 private:
  Next record() {
    const auto read = read_journal_record({0, 0, packet_.data, packet_.original_size}, packet_.offset);
    if (!read) return damage(path_, read.error());
    header_ = read->record.header;
    const RecordKind kind = read->record.kind();
    if ((kind == RecordKind::gap && read->record.body.size() >= sizeof(GapBody)) || kind == RecordKind::message)
      return Captured{read->record.body, std::nullopt, {&header_, {}, nullptr, nullptr}};
    if (kind != RecordKind::alert) return std::optional<Captured>();
    event_ = raised_for(read->annex);
    return Captured{read->record.body, static_cast<Profile>(header_.profile), {&header_, event_, nullptr, nullptr}};
  }

  Next datagram() {
    ++tally_.packets;
    const Frame frame = read_frame(packet_.link, packet_.data);
    if (frame.kind == FrameKind::fragment) ++tally_.fragments;
    if (frame.kind != FrameKind::udp ||
        (frame.source_port != kNetbiosDatagramPort && frame.destination_port != kNetbiosDatagramPort))
      return std::optional<Captured>();
    auto write = read_mailslot_write(frame.payload);
    if (write) {
      ++tally_.datagrams;
      write_ = std::move(*write);
      return Captured{write_.payload, std::nullopt, {nullptr, {}, &write_, &packet_}};
    }
    if (is_netbios_fragment(frame.payload)) {
      ++tally_.fragments;
    } else if (tally_.refused++ == 0) {
      tally_.first_refusal = "packet " + std::to_string(packet_.number) + ", " +
                             std::string(meaning(write.error().code)) + " at offset " +
                             std::to_string(write.error().offset);
    }
    return std::optional<Captured>();
  }

  static std::string raised_for(Bytes annex) {
    const auto json = annex.empty() ? Result<Json>(failure(Errc::bad_json, 0)) : parse_json(as_text(annex));
    const bool has_event = json && json->is_object() && json->contains("event") && (*json)["event"].is_string();
    return has_event ? (*json)["event"].get<std::string>() : std::string();
  }

  std::string path_;
  CaptureReader reader_;
  CapturedPacket packet_{};
  RecordHeader header_;
  std::string event_;
  MailslotWrite write_;
  Tally tally_;
};

/// Bytes without a frame of their own: one alert each, or a datagram or packet that carries one.
class BlockSource : public Source {
 public:
  enum class Content { alert, datagram, any };
  BlockSource(std::string path, Blocks blocks, Content content, std::string summary = {})
      : path_(std::move(path)), blocks_(std::move(blocks)), content_(content), summary_(std::move(summary)) {}

  Next next() override {
    if (next_ == blocks_.size()) return std::optional<Captured>();
    const Bytes block = blocks_[next_++];
    place_ = path_ + (blocks_.size() > 1 ? ", block " + std::to_string(next_) : "");
    if (content_ == Content::alert) return Captured{block, std::nullopt, {}, place_};
    const std::optional<Bytes> datagram = content_ == Content::any ? datagram_in(block) : block;
    if (!datagram && block.size() > kLargestAlert)
      return damage(place_, "holds more than one alert can be", Error{Errc::too_large, kLargestAlert});
    if (!datagram) return Captured{block, std::nullopt, {}, place_};
    auto write = read_mailslot_write(*datagram);
    if (!write && is_netbios_fragment(*datagram)) return damage(place_, "a fragment of a datagram", write.error());
    if (!write) return damage(place_ + ": not a mailslot write", write.error());
    write_ = std::move(*write);
    return Captured{write_.payload, std::nullopt, {nullptr, {}, &write_, nullptr}, place_};
  }
  std::string summary() const override { return summary_; }

 private:
  std::string path_;
  Blocks blocks_;
  Content content_;
  std::string summary_;
  std::size_t next_ = 0;
  std::string place_;
  MailslotWrite write_;
};

class MailslotSource : public Source {
 public:
  explicit MailslotSource(Mailslot mailslot) : mailslot_(std::move(mailslot)) {}

  Next next() override {
    const auto record = mailslot_.read(std::chrono::milliseconds{0});
    if (!record && record.error().code == Code::sem_timeout) return std::optional<Captured>();
    if (!record)
      return tl::unexpected<Damage>(Damage{exit_status(record.error().code), record.error().message, std::nullopt});
    header_ = record->header;
    std::optional<Profile> profile;
    if (record->kind() == RecordKind::alert) profile = static_cast<Profile>(header_.profile);
    return Captured{record->body, profile, {&header_, {}, nullptr, nullptr}};
  }
  bool must_wait() const override { return true; }

 private:
  Mailslot mailslot_;
  RecordHeader header_;
};

}  // namespace

tl::expected<std::vector<std::string>, Damage> files_of(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return std::vector{path};
  const auto segments = journal_segments(path);
  if (!segments) return no_system(path, segments.error());
  if (segments->empty()) return damage(path, "no journal segment in this folder");
  std::vector<std::string> files;
  for (const std::uint64_t first : *segments) files.push_back(std::filesystem::path(path) / segment_name(first));
  return files;
}

tl::expected<std::unique_ptr<Source>, Damage> open_file(const std::string& path, const std::string& form) {
  Descriptor fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return no_system(path, system_failure().value());
  const off_t start = path == "-" ? ::lseek(fd.get(), 0, SEEK_CUR) : 0;
  FileWindow window(std::move(fd), static_cast<std::uint64_t>(std::max<off_t>(start, 0)));
  const Bytes head = window.at_least(pcapng::kBlockOverhead);
  if (window.error()) return no_system(path, window.error());
  if (head.empty() && form != "raw") return damage(path, "is empty", Error{Errc::truncated, 0});
  const bool is_capture = form == "pcap" || form == "pcapng" || form == "journal";
  if (is_capture || (form == "auto" && CaptureReader::recognises(head)))
    return std::make_unique<CaptureSource>(path, std::move(window));

  Bytes all = head;
  for (std::size_t size = kLargestAlert; all.size() < kLargestPaste + 1; size *= 4) {
    all = window.at_least(std::min(size, kLargestPaste + 1));
    if (all.size() < size) break;
  }
  if (window.error()) return no_system(path, window.error());
  if (all.size() > kLargestPaste) return damage(path, "holds more than one alert can be");
  const bool is_hex = form == "hex";
  const auto text = is_hex || form == "auto" ? pasted_text(all) : std::nullopt;
  if (is_hex && !text) return damage(path, "is no text", Error{Errc::bad_text, 0});
  if (text) {
    auto paste = read_paste(path, *text, is_hex ? PastePart::any : PastePart::whole);
    if (!paste) return tl::unexpected(paste.error());
    if (*paste)
      return std::make_unique<BlockSource>(path, std::move((*paste)->blocks), BlockSource::Content::any,
                                           std::move((*paste)->remark));
  }
  const auto content = form == "raw"        ? BlockSource::Content::alert
                       : form == "datagram" ? BlockSource::Content::datagram
                                            : BlockSource::Content::any;
  Blocks blocks;
  blocks.emplace_back(all.begin(), all.end());
  return std::make_unique<BlockSource>(path, std::move(blocks), content);
}

std::unique_ptr<Source> open_mailslot(Mailslot mailslot) {
  return std::make_unique<MailslotSource>(std::move(mailslot));
}
