#pragma once
// Where captured alerts come from: a file, a paste, a capture, a journal's segment, standard input or
// a live mailbox, opened and recognised.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "alert/control/mailslot.hpp"
#include "captured.hpp"

/// Bytes that cannot be read as what they should be; the sentence names the place.
struct Damage {
  int status;  // the exit status this deserves
  std::string sentence;
  std::optional<alert::Error> error;  // of the bytes
};

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// The next alert, or a gap (its record's kind says so); none at the end. After damage the next
  /// call goes on behind it, or ends. Views are valid until the next call.
  [[nodiscard]] virtual tl::expected<std::optional<Captured>, Damage> next() = 0;
  /// Whether next() may have to wait for its bytes, so that what is written so far should be shown.
  [[nodiscard]] virtual bool must_wait() const { return false; }
  /// How far it has read, in bytes of its file.
  [[nodiscard]] virtual std::uint64_t offset() const { return 0; }
  /// What there was besides alerts, in a sentence; empty where there is nothing to tell.
  [[nodiscard]] virtual std::string summary() const { return {}; }
};

/// The names of the forms that open_file() can insist on; the first is to recognise the form.
inline const std::vector<std::string> kCaptureForms{"auto", "raw", "hex", "datagram", "pcap", "pcapng", "journal"};

/// A path as open_file() takes it: a folder becomes the segments of the journal in it.
[[nodiscard]] tl::expected<std::vector<std::string>, Damage> files_of(const std::string& path);

/// Opens a file, or standard input ("-").
[[nodiscard]] tl::expected<std::unique_ptr<Source>, Damage> open_file(const std::string& path,
                                                                      const std::string& form);

/// What is in an observed mailslot now.
[[nodiscard]] std::unique_ptr<Source> open_mailslot(alert::Mailslot mailslot);
