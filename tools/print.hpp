#pragma once
// Words for people: alerts as readable blocks, bytes explained field by field, foreign text escaped.

#include <string>
#include <string_view>

#include "alert/control/client.hpp"
#include "alert/wire/alert.hpp"
#include "alert/wire/record.hpp"
#include "captured.hpp"
#include "codecs.hpp"

/// Text from outside for a terminal: control characters, direction overrides and what is not UTF-8
/// appear escaped or as U+FFFD.
[[nodiscard]] std::string for_terminal(std::string_view utf8);

/// Wire text in quotes, for a terminal.
[[nodiscard]] std::string quoted(alert::TextCodec& codec, std::string_view wire);

/// One block, with its closing blank line. A damaged alert shows what could be read, where it broke
/// and what was expected there.
[[nodiscard]] std::string alert_block(alert::Profile profile, alert::Bytes wire, Codecs& codecs,
                                      const Provenance& from);
/// The bytes, annotated field by field, with padding, undefined and trailing bytes marked; `why` says
/// how the profile is known.
[[nodiscard]] std::string explain_block(alert::Profile profile, alert::Bytes wire, Codecs& codecs,
                                        std::string_view why);
/// A mailslot write whose payload is no alert: a pop-up message or another protocol's.
[[nodiscard]] std::string payload_block(alert::Bytes payload, Codecs& codecs, const Provenance& from);
[[nodiscard]] std::string gap_sentence(const alert::GapBody& gap);
[[nodiscard]] std::string gap_block(const alert::GapBody& gap);

/// Writes to stdout at once; false, after a complaint, when stdout does not take it.
[[nodiscard]] bool put(std::string_view text);
/// "alertctl: ..." on stderr.
void complain(std::string_view sentence);
/// The same for a call that failed, about `subject` where it has one; returns the exit status.
int complain(const alert::CallFailure& failure, std::string_view subject = {});
