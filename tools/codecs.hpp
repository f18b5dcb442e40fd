#pragma once
// The text conversions of both profiles, opened once.

#include "alert/wire/text.hpp"

struct Codecs {
  alert::TextCodec lm20;
  alert::TextCodec nt;
  [[nodiscard]] alert::TextCodec& of(alert::Profile profile) noexcept {
    return profile == alert::Profile::nt ? nt : lm20;
  }
};
