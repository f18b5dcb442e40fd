// Redis pub/sub over its Unix socket; the raiser pipelines what it sends between two flushes.

#include <hiredis/hiredis.h>
#include <poll.h>

#include "roles.hpp"

namespace {

using namespace bench;

redisContext* dial(const Options& options) {
  redisContext* const context = ::redisConnectUnix(options.in_run("redis.sock").c_str());
  if (!context || context->err != 0) fail(std::string("redis: ") + (context ? context->errstr : "no memory"));
  return context;
}

struct Redis {
  class Raiser {
   public:
    explicit Raiser(const Options& options) : context_(dial(options)) {}
    void send(alert::Bytes message) {
      if (::redisAppendCommand(context_, "PUBLISH bench %b", message.data(), message.size()) != REDIS_OK)
        fail("redisAppendCommand");
      ++pending_;
    }
    void flush() {
      int done = 0;
      while (done == 0)
        if (::redisBufferWrite(context_, &done) != REDIS_OK) fail("redisBufferWrite");
      if (pending_ >= 64) idle();
    }
    /// The replies that have arrived.
    void idle() {
      for (;;) {
        void* reply = nullptr;
        if (::redisGetReplyFromReader(context_, &reply) != REDIS_OK) fail("redisGetReplyFromReader");
        if (reply) {
          ::freeReplyObject(reply);
          --pending_;
          continue;
        }
        pollfd waiting{context_->fd, POLLIN, 0};
        if (pending_ <= 0 || ::poll(&waiting, 1, 0) <= 0) return;
        if (::redisBufferRead(context_) != REDIS_OK) fail("redisBufferRead");
      }
    }

   private:
    redisContext* const context_;
    long pending_ = 0;
  };

  class Reader {
   public:
    explicit Reader(const Options& options) : context_(dial(options)) {
      void* const reply = ::redisCommand(context_, "SUBSCRIBE bench");
      if (!reply) fail("SUBSCRIBE");
      ::freeReplyObject(reply);
    }
    template <class Take>
    void run(Take&& take) {
      void* answer = nullptr;
      for (bool goes_on = true; goes_on && ::redisGetReply(context_, &answer) == REDIS_OK;) {
        auto* const reply = static_cast<redisReply*>(answer);
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
            reply->element[2]->type == REDIS_REPLY_STRING)
          goes_on = take(alert::as_bytes({reply->element[2]->str, reply->element[2]->len}));
        ::freeReplyObject(reply);
      }
    }

   private:
    redisContext* const context_;
  };
};

}  // namespace

int main(int count, char** words) { return bench::main<Redis>(count, words); }
