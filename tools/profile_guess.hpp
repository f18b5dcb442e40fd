#pragma once
// In which profile bytes without one make sense, and why.

#include <optional>
#include <string>

#include "alert/wire/alert.hpp"

struct ProfileGuess {
  enum class Verdict {
    clear,
    ambiguous,  // both readings are as good
    neither,    // no reading makes sense
  };
  Verdict verdict;
  alert::Profile profile;  // of `clear`
  std::string reason;      // "because ..."
  bool is_alert = false;   // a whole alert, or of one of the five classes by its name
};

[[nodiscard]] ProfileGuess guess_profile(alert::Bytes wire);
/// The verdict where somebody insists on a profile.
[[nodiscard]] ProfileGuess told_profile(alert::Profile profile, alert::Bytes wire);
