#pragma once
// From the folder on disk to a broker's state: the fold of the newest segment, and where to go on.

#include <string>
#include <vector>

#include "brokerd/journal_writer.hpp"
#include "brokerd/ledger.hpp"

namespace brokerd {

struct Recovered {
  Ledger ledger;
  JournalWriter writer;
  std::vector<std::string> notes;  // what an operator wants to know about this start
  std::vector<Change> owed;        // applied, and not journaled for want of room: for Broker::take_over
};

/// Folds, decides where numbering goes on, and opens the segment to write to. `now_ns` stamps what
/// has to be written. Sessions of the old life end; what an attached consumer may have seen is marked.
[[nodiscard]] tl::expected<Recovered, std::string> recover(JournalFolder folder, std::uint64_t now_ns,
                                                           const std::string& boot = this_boot());

/// The state that a segment starts with; none where its checkpoint cannot be read.
[[nodiscard]] std::optional<Ledger> checkpoint_of(const std::filesystem::path& segment);

/// The bodies of the checkpoint records of a state, each small enough for one record.
[[nodiscard]] std::vector<std::string> checkpoint_parts(const Ledger& ledger);
/// A number that equal states share: the CRC-32 of their checkpoint.
[[nodiscard]] std::uint32_t digest(const Ledger& ledger);

/// What belongs to a raise and not to its alert's bytes.
struct RaisedAs {
  std::string event;
  std::string id;  // empty: none
};
/// From the annex, or where that does not name the event, from the header; none where both fail.
[[nodiscard]] std::optional<RaisedAs> raised_as(const alert::RecordView& record, alert::Bytes annex);
/// The annex that the alert needs; empty where its header says the same and there is no id.
[[nodiscard]] std::string annex_for(alert::Profile profile, std::string_view header_event, const RaisedAs& as);

/// The annex of a message, and the mailslot that it names.
[[nodiscard]] std::string annex_for_message(const std::string& mailslot, std::uint32_t class_of_service);
[[nodiscard]] std::optional<std::string> written_to(alert::Bytes annex);

}  // namespace brokerd
