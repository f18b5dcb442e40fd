#pragma once
// A paste as what it most likely is: what its text leaves open, the alerts in it decide.

#include <optional>

#include "alert/capture/pasted_text.hpp"
#include "source.hpp"

struct Paste {
  alert::Blocks blocks;
  std::string remark;  // a sentence about them; empty where there is nothing to say
};

enum class PastePart {
  whole,  // dumps have to begin at offset 0
  any,    // a part of a dump will do
};

/// Precondition: text.size() <= alert::kLargestPaste.
///
/// Of lines of digits without offsets, each is a block of its own where that makes more alerts of them: the
/// joined bytes are not one whole alert of the five classes, and some line alone is (or is a datagram), or
/// every line is a whole alert of any class. Of words in either byte order, the one counts in which an
/// alert of the five classes, or a datagram, is to be seen; words that say so in both or neither are refused.
///
/// None where there is no hexadecimal in it and it is no UTF-8 either: the beginning of an alert may look like
/// text, up to its first zero.
[[nodiscard]] tl::expected<std::optional<Paste>, Damage> read_paste(const std::string& path, std::string_view text,
                                                                    PastePart part);

/// The NetBIOS datagram that these bytes are, or that is in the packet that they are.
[[nodiscard]] std::optional<alert::Bytes> datagram_in(alert::Bytes block);
