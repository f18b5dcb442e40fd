#pragma once
// The reply of a call that has nothing to say.

namespace alert {

struct Nothing {
  template <class Self, class Pass>
  static void fields(Self&, Pass&) {}
};

}  // namespace alert
