#pragma once
// Words for people: alerts as readable blocks, bytes explained field by field, foreign text escaped.

#include <string>
#include <string_view>

#include "alert/control/client.hpp"
#include "alert/wire/alert.hpp"
#include "alert/wire/record.hpp"
#include "alert/wire/text.hpp"

/// Text from outside for a terminal: control characters, direction overrides and what is not UTF-8
/// appear escaped or as U+FFFD.
[[nodiscard]] std::string for_terminal(std::string_view utf8);

/// One block, with its closing blank line. `record` may be null. A damaged alert shows what could be
/// read and where it broke.
[[nodiscard]] std::string alert_block(alert::Profile profile, alert::Bytes wire, alert::TextCodec& codec,
                                      const alert::RecordHeader* record);
/// The bytes, annotated field by field, with padding and trailing bytes marked.
[[nodiscard]] std::string explain_block(alert::Profile profile, alert::Bytes wire, alert::TextCodec& codec);
[[nodiscard]] std::string gap_block(const alert::GapBody& gap);

/// "alertctl: ..." on stderr.
void complain(std::string_view sentence);
/// The same for a call that failed, about `subject` where it has one; returns the exit status.
int complain(const alert::CallFailure& failure, std::string_view subject = {});
