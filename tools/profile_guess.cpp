#include "profile_guess.hpp"

using namespace alert;

namespace {

/// What speaks for one reading.
struct Reading {
  bool is_whole;          // a well-formed alert
  std::string_view kind;  // the class that its event name stands for; empty for none of the five
  std::size_t letters;    // of the event name, when all are printable ASCII (lm20: or OEM)

  [[nodiscard]] bool is_alert() const { return is_whole || !kind.empty(); }
};

Reading reading(Profile profile, Bytes wire) {
  const Partial partial = decode_leniently(profile, wire);
  const std::string_view event = partial.alert.header.alrt_eventname;
  Reading result{!partial.error, {}, event.size() / unit(profile)};
  const auto info = other_info_for<std::string_view>(profile, event);
  if (info.index() != 0) result.kind = class_name(info);
  for (std::size_t i = 0; i < event.size(); ++i) {
    const auto c = static_cast<unsigned char>(event[i]);
    const bool is_high_half = profile == Profile::nt && i % 2 == 1;
    if (is_high_half ? c != 0 : c < 0x20 || c == 0x7F) result.letters = 0;
  }
  return result;
}

}  // namespace

ProfileGuess guess_profile(Bytes wire) {
  using Verdict = ProfileGuess::Verdict;
  const Reading lm20 = reading(Profile::lm20, wire), nt = reading(Profile::nt, wire);
  const auto clear = [&](bool is_nt, std::string reason) {
    const Reading& best = is_nt ? nt : lm20;
    return ProfileGuess{Verdict::clear, is_nt ? Profile::nt : Profile::lm20, std::move(reason), best.is_alert()};
  };
  if (nt.kind.empty() != lm20.kind.empty()) {
    const std::string_view kind = nt.kind.empty() ? lm20.kind : nt.kind;
    return clear(lm20.kind.empty(), "its event name is that of the class " + std::string(kind));
  }
  if (nt.letters != lm20.letters)  // every nt header reads as an lm20 event of one letter
    return clear(nt.letters > lm20.letters,
                 "its event name reads as text of " + std::to_string(std::max(nt.letters, lm20.letters)) +
                     " characters, and of " + std::to_string(std::min(nt.letters, lm20.letters)) +
                     " in the other profile");
  if (nt.is_whole != lm20.is_whole) return clear(nt.is_whole, "only so it is a whole alert");
  if (nt.letters > 0)
    return {Verdict::ambiguous, {}, "both profiles make as much sense: --profile lm20 or nt chooses", nt.is_whole};
  return {Verdict::neither, {}, "could be either profile, or none: say --profile lm20 or nt"};
}

ProfileGuess told_profile(Profile profile, Bytes wire) {
  return {ProfileGuess::Verdict::clear, profile, "as told", reading(profile, wire).is_alert()};
}
