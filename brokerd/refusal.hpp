#pragma once
// A refusal as the caller gets it: the legacy number and a sentence.

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "alert/wire/names.hpp"

namespace brokerd {

struct Refusal {
  alert::Code code;
  std::string message;
};
template <class T>
using Outcome = tl::expected<T, Refusal>;
[[nodiscard]] inline tl::unexpected<Refusal> refuse(alert::Code code, std::string message) {
  return tl::unexpected<Refusal>(Refusal{code, std::move(message)});
}

}  // namespace brokerd
