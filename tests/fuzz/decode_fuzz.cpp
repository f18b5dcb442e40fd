// What decode accepts, encode reproduces: canonical bytes decode to the same canonical bytes again.

#include <cstdlib>
#include <vector>

#include "alert/wire/alert.hpp"

namespace {

void check(alert::Profile profile, alert::Bytes bytes) {
  (void)alert::decode_leniently(profile, bytes);
  (void)alert::alert_var_data(profile, bytes);
  const auto decoded = alert::decode(profile, bytes);
  if (!decoded) return;
  std::vector<std::byte> once(alert::encoded_size(decoded->alert)), twice(once.size());
  const auto first = alert::encode(decoded->alert, once);
  const auto again = alert::decode(profile, once);
  if (!first || *first != once.size() || bytes.size() - decoded->trailing != once.size() || !again) std::abort();
  if (!alert::encode(again->alert, twice) || once != twice) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const alert::Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  check(alert::Profile::lm20, bytes);
  check(alert::Profile::nt, bytes);
  return 0;
}
