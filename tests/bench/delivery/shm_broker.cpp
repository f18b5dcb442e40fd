// The floor of our shape: raiser -> ring -> broker -> a ring for each reader. No journal, no table, no rules,
// nobody who could not write into everybody's ring. --batch: messages of one turn; --spin_ns: before it sleeps.

#include <span>
#include <vector>

#include "roles.hpp"
#include "spsc_ring.hpp"

namespace {

using namespace bench;

std::string outlet(const Options& options, std::size_t reader) {
  return options.in_run("ring." + std::to_string(reader));
}

class Fan {
 public:
  explicit Fan(const Options& options) : options_(options) {}

  void grow(std::size_t readers) {
    while (outlets_.size() < readers) {
      Ring* const ring = map_shared<Ring>(outlet(options_, outlets_.size()), false);
      if (ring)
        outlets_.emplace_back(*ring);
      else
        ::usleep(200);
    }
  }

  /// Mailbox by mailbox, each published once, then the wakes.
  void deliver(std::span<const alert::Bytes> turn) {
    for (RingWriter& outlet : outlets_) {
      for (const alert::Bytes message : turn) {
        while (!outlet.push(message)) {
          outlet.flush();
          ::sched_yield();
        }
      }
      outlet.publish();
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (RingWriter& outlet : outlets_) outlet.wake();
  }

 private:
  const Options& options_;
  std::vector<RingWriter> outlets_;
};

struct ShmBroker {
  static int broker(const Options& options) {
    Ring& inlet = RingRaiser::inlet(options, true);
    RingReader in(inlet);
    Fan fan(options);
    const auto spin_ns = static_cast<std::uint64_t>(options.number("spin_ns", 0));
    std::vector<alert::Bytes> turn(options.size("batch", 64));
    std::puts("READY");
    std::fflush(stdout);
    for (;;) {
      std::size_t count = 0;
      while (count < turn.size() && !(turn[count] = in.next()).empty()) ++count;
      if (count == 0) {
        in.sleep(spin_ns);
        continue;
      }
      fan.grow(inlet.readers.load());
      fan.deliver({turn.data(), count});
      in.release();
    }
  }

  using Raiser = RingRaiser;

  class Reader {
   public:
    explicit Reader(const Options& options)
        : ring_(*map_shared<Ring>(outlet(options, options.size("id", 0)), true)),
          spins_(options.number("spin", 0) != 0) {}
    template <class Take>
    void run(Take&& take) {
      for (;;) {
        const alert::Bytes message = ring_.next();
        if (!message.empty()) {
          const bool goes_on = take(message);
          ring_.release();
          if (!goes_on) return;
        } else if (spins_) {
          __builtin_ia32_pause();
        } else {
          ring_.sleep(0);
        }
      }
    }

   private:
    RingReader ring_;
    const bool spins_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<ShmBroker>(count, words); }
