#pragma once
// Alerts that come one behind the other on standard input, in memory that does not grow with it.

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "alert/system/file_window.hpp"
#include "alert_fields.hpp"
#include "codecs.hpp"

class AlertInput {
 public:
  enum class Form {
    lines,  // JSON objects, as alert_fields.hpp says
    wire,   // the bytes of alerts of FieldDefaults::profile; each is as long as its fields say
  };
  struct Flaw {
    int status;  // the exit status this deserves
    std::string sentence;
  };

  /// An alert without a time gets the one at which it came.
  AlertInput(Form form, FieldDefaults defaults, Codecs codecs);

  /// Whether next() would have to wait for bytes to come.
  [[nodiscard]] bool must_wait();
  /// The next alert; none at the end. Behind a bad line come the others; behind bytes that are no alert nothing
  /// does, since nobody knows where the next one would begin.
  [[nodiscard]] tl::expected<std::optional<PackedAlert>, Flaw> next();

 private:
  /// Looks for the end of the next one in what is at hand.
  void look();
  void look_for_line();
  void look_for_wire();
  /// Waits for more bytes, or the end.
  void read_more();
  [[nodiscard]] alert::Bytes at_hand() { return window_.at_least(0); }
  [[nodiscard]] tl::expected<PackedAlert, Flaw> line(alert::Bytes text);
  [[nodiscard]] tl::expected<PackedAlert, Flaw> wire(alert::Bytes bytes);

  Form form_;
  FieldDefaults defaults_;
  Codecs codecs_;
  alert::FileWindow window_;
  std::optional<std::size_t> size_;  // of the next one, once that is known
  std::size_t looked_at_ = 0;        // bytes of the next line, which have no end
  std::size_t number_ = 1;           // of that line
  bool is_overlong_ = false;         // and the rest of it is not wanted
  bool at_end_ = false;
};
