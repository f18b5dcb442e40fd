#pragma once
// Files as a spool has them.

#include <string>

#include "alert/control/spool.hpp"

namespace test {

/// A raise id that begins with `first` and sorts by `number`.
inline std::string id(int number, char first = '0') {
  std::string text = std::to_string(number);
  return first + std::string(31 - text.size(), '0') + text;
}

inline alert::Raise call_of(const std::string& id) {
  alert::Raise call{"ADMIN", "lm20", std::string(76, '0'), {}};
  call.id = id;
  return call;
}

}  // namespace test
