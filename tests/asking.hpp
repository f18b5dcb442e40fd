#pragma once
// A broker and a connection whose calls must succeed.

#include <utility>

#include "process.hpp"

namespace test {

class Asking : public testing::Test {
 protected:
  template <class Call>
  typename Call::Reply must(const Call& call) {
    auto reply = client.call(call);
    if (!reply) ADD_FAILURE() << Call::kMethod << ": " << reply.error().message;
    return reply ? std::move(*reply) : typename Call::Reply{};
  }
  alert::Receipt raise(std::size_t size = 38, const std::string& event = "TEST", bool dry_run = false) {
    return must(alert::Raise{event, "lm20", std::string(2 * size, '0'), dry_run});
  }

  Broker broker;
  alert::Client client = broker.connect();
};

}  // namespace test
