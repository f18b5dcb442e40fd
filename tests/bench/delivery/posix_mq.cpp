// POSIX message queues: no broker, the raiser sends into the queue of each reader. Ten messages each, as an
// unprivileged user gets them.

#include <array>
#include <vector>

#include <fcntl.h>
#include <mqueue.h>

#include "roles.hpp"

namespace {

using namespace bench;

constexpr long kMessages = 10, kLargest = 512;

struct PosixMq {
  class Raiser {
   public:
    explicit Raiser(const Options& options) {
      for (std::size_t i = 0; i < options.size("n", 1); ++i) {
        queues_.push_back(::mq_open(("/" + options.inbox(i)).c_str(), O_WRONLY));
        if (queues_.back() < 0) fail("mq_open");
      }
    }
    void send(alert::Bytes message) {
      for (const mqd_t queue : queues_)
        if (::mq_send(queue, reinterpret_cast<const char*>(message.data()), message.size(), 0) != 0)
          fail("mq_send");
    }
    void flush() {}
    void idle() {}

   private:
    std::vector<mqd_t> queues_;
  };

  class Reader {
   public:
    explicit Reader(const Options& options) : name_("/" + options.inbox(options.size("id", 0))) {
      ::mq_unlink(name_.c_str());
      mq_attr attributes{};
      attributes.mq_maxmsg = kMessages;
      attributes.mq_msgsize = kLargest;
      const int spins = options.number("spin", 0) != 0 ? O_NONBLOCK : 0;
      queue_ = ::mq_open(name_.c_str(), O_RDONLY | O_CREAT | spins, 0600, &attributes);
      if (queue_ < 0) fail("mq_open");
    }
    template <class Take>
    void run(Take&& take) {
      std::array<std::byte, kLargest> buffer;
      for (ssize_t size = 0; size <= 0 || take(alert::Bytes(buffer.data(), static_cast<std::size_t>(size)));)
        size = ::mq_receive(queue_, reinterpret_cast<char*>(buffer.data()), buffer.size(), nullptr);
      ::mq_unlink(name_.c_str());
    }

   private:
    const std::string name_;
    mqd_t queue_ = -1;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<PosixMq>(count, words); }
