#pragma once
// Journals to be damaged, and what a start and a reader make of them.

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert/memory/replay_window.hpp"
#include "brokerd/checkpoint.hpp"
#include "brokerd/recovery.hpp"
#include "brokerd/replay.hpp"

namespace damage {

using namespace brokerd;   // whose inside is looked at
using File = std::string;  // its bytes

constexpr const char* kAll = "\\mailslot\\all";      // is due every alert
constexpr const char* kOther = "\\mailslot\\other";  // comes and goes

struct Given {
  std::uint64_t sequence;
  std::string wire;
  std::string file;      // where its block is
  std::uint64_t from;    // and from where
  std::uint64_t to = 0;  // to where

  [[nodiscard]] bool has(const std::string& name, std::uint64_t at) const {
    return name == file && at >= from && at < to;
  }
};

/// In memory where there is such a folder: each start of a broker syncs.
class Folder {
 public:
  Folder() {
    std::string name =
        std::filesystem::exists("/dev/shm") ? "/dev/shm/alert-test-XXXXXX" : "/tmp/alert-test-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }

 private:
  std::filesystem::path path_;
};

/// A broker's journal, and what it gave out.
class Journal {
 public:
  Journal() { open(); }

  void open() {
    life_.reset();
    auto recovered = recover(std::move(*JournalFolder::open(folder_.journal())), 1);
    ASSERT_TRUE(recovered) << recovered.error();
    life_.emplace(std::move(*recovered));
  }
  /// Accepts an alert the way the broker does.
  std::uint64_t raise(std::string_view wire, std::string_view header_event, const RaisedAs& as) {
    const std::uint64_t sequence = life_->ledger.totals().sequence + 1;
    EXPECT_FALSE(life_->writer.reserve(sequence));
    alert::RecordHeader header;
    header.kind = 1;
    header.profile = static_cast<std::uint8_t>(alert::Profile::lm20);
    header.size = static_cast<std::uint32_t>(sizeof header + wire.size());
    header.sequence = sequence;
    const alert::RecordView record{header, alert::as_bytes(wire)};
    const std::uint64_t from = life_->writer.size();
    life_->writer.add(header, record.body, annex_for(alert::Profile::lm20, header_event, as));
    EXPECT_FALSE(life_->writer.commit());
    life_->ledger.deliver(as.event, sequence, wire.size(), {header.uid, as.id});
    given_.push_back(
        {sequence, std::string(wire), alert::segment_name(life_->writer.first()), from, life_->writer.size()});
    return sequence;
  }
  void change(const Change& change) {
    const std::string body = to_json(change).dump();
    alert::RecordHeader header;
    header.kind = 4;
    header.sequence = life_->ledger.totals().sequence;
    header.size = static_cast<std::uint32_t>(sizeof header + body.size());
    life_->writer.add(header, alert::as_bytes(body));
    EXPECT_FALSE(life_->writer.commit());
    life_->ledger.apply(change);
  }
  void make(const std::string& name) {
    MailslotState slot;
    slot.name = name;
    slot.incarnation = life_->ledger.totals().incarnations + 1;
    slot.max_message = alert::kLargestAlert;
    slot.capacity = 1 << 18;
    slot.created = slot.read_sequence = life_->ledger.totals().sequence;
    change(slot);
  }
  void start(const std::string& event, const std::string& name) {
    change(Registration{life_->ledger.totals().registrations + 1, event, name, alert::kLargestAlert, 0, false,
                        life_->ledger.totals().sequence});
  }
  void rotate() {
    const std::uint64_t first = life_->ledger.totals().sequence + 1;
    alert::RecordHeader stamp;
    stamp.sequence = first - 1;
    EXPECT_FALSE(life_->writer.begin_segment(first, checkpoint(life_->ledger), stamp));
  }
  void another_boot() {
    life_.reset();
    alert::Json json = alert::Json::parse(std::ifstream(folder_.journal() / "bound"));
    json["boot"] = "another boot";
    json["clean"] = false;
    std::ofstream(folder_.journal() / "bound") << json;
  }

  [[nodiscard]] Recovered& life() { return *life_; }
  [[nodiscard]] std::vector<Given>& given() { return given_; }
  [[nodiscard]] std::map<std::string, File> files() {
    life_.reset();
    std::map<std::string, File> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_.journal()))
      files[file.path().filename()] = (std::stringstream() << std::ifstream(file.path()).rdbuf()).str();
    return files;
  }

 private:
  Folder folder_;
  std::optional<Recovered> life_;
  std::vector<Given> given_;
};

/// What a start and a reader make of files.
struct Reading {
  std::string refusal;
  std::vector<std::string> notes;
  std::vector<Unreadable> unreadable;
  std::uint64_t next = 0;                       // the number of the next alert
  std::map<std::uint64_t, std::string> alerts;  // that a reader of kAll gets
  std::vector<alert::GapBody> gaps;
  bool is_in_order = true;

  /// At the last of some starts.
  explicit Reading(const std::map<std::string, File>& files, int starts = 1) {
    static const Folder folder;
    std::filesystem::remove_all(folder.journal());
    std::filesystem::create_directory(folder.journal());
    std::filesystem::permissions(folder.journal(), std::filesystem::perms::owner_all);
    for (const auto& [name, bytes] : files) std::ofstream(folder.journal() / name, std::ios::binary) << bytes;
    while (--starts > 0) EXPECT_TRUE(recover(*JournalFolder::open(folder.journal()), 1));
    auto recovered = recover(*JournalFolder::open(folder.journal()), 1);
    if (!recovered) {
      refusal = recovered.error();
      return;
    }
    notes = recovered->notes;
    unreadable = recovered->ledger.unreadable();
    next = recovered->ledger.totals().sequence + 1;
    read(folder.journal(), recovered->ledger);
  }
  [[nodiscard]] bool has_gap_over(std::uint64_t sequence) const {
    return std::count_if(gaps.begin(), gaps.end(), [&](const alert::GapBody& gap) {
             return gap.first <= sequence && sequence <= gap.last;
           }) == 1;
  }

 private:
  void read(const std::filesystem::path& folder, const Ledger& ledger) {
    const Mailslot* slot = ledger.mailslot(kAll);
    if (!slot) return;
    static auto window = *alert::ReplayWindow::create();
    ReplayPlace place;
    alert::HistoryPlace after{0, slot->state.created};
    for (bool at_end = false; !at_end;) {
      const ReplayStep step = replay(folder, ledger, *slot, Reader::observer, place, after, window);
      after = step.after;
      at_end = step.at_end;
      std::uint64_t last = 0;
      for (alert::Bytes left = window.records(window.used()); !left.empty();) {
        const auto record = alert::read_record(left);
        is_in_order = is_in_order && record->header.sequence > last;
        last = record->header.sequence;
        if (record->kind() == alert::RecordKind::gap)
          gaps.push_back(alert::load<alert::GapBody>(record->body.data()));
        else
          alerts[last] = alert::as_text(record->body);
        left = left.subspan(alert::padded(record->header.size));
      }
    }
  }
};

/// What must hold whatever is damaged: what is read is right, in order, once; what is missing is in one
/// gap, and nothing else is; numbers go on. `may_be_lost` says what may be missing.
template <class Lost>
void expect_accounted(const Reading& read, const std::vector<Given>& given, Lost&& may_be_lost,
                      const std::string& where) {
  ASSERT_EQ(read.refusal, "") << where;
  EXPECT_TRUE(read.is_in_order) << where;
  EXPECT_GT(read.next, given.back().sequence) << where;
  std::size_t found = 0;
  for (const Given& alert : given) {
    const auto at = read.alerts.find(alert.sequence);
    const bool is_read = at != read.alerts.end();
    found += is_read;
    EXPECT_TRUE(is_read ? at->second == alert.wire : may_be_lost(alert)) << where << ": alert " << alert.sequence;
    EXPECT_EQ(read.has_gap_over(alert.sequence), !is_read) << where << ": alert " << alert.sequence;
  }
  EXPECT_EQ(found, read.alerts.size()) << where;
}

inline std::vector<std::string> segments(const std::map<std::string, File>& files) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files)
    if (alert::segment_sequence(name)) names.push_back(name);
  return names;
}

inline std::map<std::string, File> ended_properly(std::map<std::string, File> files, std::uint64_t last) {
  alert::Json bound = alert::Json::parse(files.at("bound"));
  bound["clean"] = true;
  bound["bound"] = last + 1;
  bound["segment"] = *alert::segment_sequence(segments(files).back());
  bound["end"] = files.at(segments(files).back()).size();
  files["bound"] = bound.dump();
  return files;
}

/// How far apart the places are that a test tries; with ALERT_EVERY_BYTE in the environment, as in the
/// long run, it tries each.
inline std::size_t stride(std::size_t otherwise) { return std::getenv("ALERT_EVERY_BYTE") ? 1 : otherwise; }

}  // namespace damage
