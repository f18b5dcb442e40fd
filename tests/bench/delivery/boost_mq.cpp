// Boost.Interprocess message_queue: no broker, one queue for each reader.

#include <array>
#include <memory>
#include <vector>

#include <boost/interprocess/ipc/message_queue.hpp>

#include "roles.hpp"

namespace {

using namespace bench;
using Queue = boost::interprocess::message_queue;

constexpr std::size_t kMessages = 512, kLargest = 448;

struct BoostMq {
  class Raiser {
   public:
    explicit Raiser(const Options& options) {
      for (std::size_t i = 0; i < options.size("n", 1); ++i)
        queues_.push_back(std::make_unique<Queue>(boost::interprocess::open_only, options.inbox(i).c_str()));
    }
    void send(alert::Bytes message) {
      for (const auto& queue : queues_) queue->send(message.data(), message.size(), 0);
    }
    void flush() {}
    void idle() {}

   private:
    std::vector<std::unique_ptr<Queue>> queues_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options)
        : name_(options.inbox(options.size("id", 0))), spins_(options.number("spin", 0) != 0) {
      Queue::remove(name_.c_str());
      queue_ = std::make_unique<Queue>(boost::interprocess::create_only, name_.c_str(), kMessages, kLargest);
    }
    template <class Take>
    void run(Take&& take) {
      std::array<std::byte, kLargest> buffer;
      Queue::size_type size = 0;
      unsigned priority = 0;
      do {
        if (!spins_) queue_->receive(buffer.data(), buffer.size(), size, priority);
        while (spins_ && !queue_->try_receive(buffer.data(), buffer.size(), size, priority)) continue;
      } while (take(alert::Bytes(buffer.data(), size)));
      Queue::remove(name_.c_str());
    }

   private:
    const std::string name_;
    const bool spins_;
    std::unique_ptr<Queue> queue_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<BoostMq>(count, words); }
