// alertctl read and listen: what comes out of a mailslot, and what counts as read.

#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "alert/wire/hex.hpp"
#include "process.hpp"

namespace {

using nlohmann::json;
using test::Finished;
using Words = std::vector<std::string>;

constexpr const char* kEscape = "\x1b";
constexpr const char* kOneByteEscape = "\xC2\x9B";    // U+009B, which terminals take for ESC [
constexpr const char* kRightToLeft = "\xE2\x80\xAE";  // U+202E
constexpr const char* kPopIsolate = "\xE2\x81\xA9";   // U+2069

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A broker whose mailslot `box` gets messages.
class Post {
 public:
  Post() {
    broker_.ctl({"make", "box"});
    broker_.ctl({"start", "MESSAGE", "box"});
  }
  [[nodiscard]] test::Broker* operator->() { return &broker_; }

  /// Raises a message for each text.
  void post(const Words& texts) const {
    std::string lines;
    for (const std::string& text : texts) {
      const json fields{{"alrt_servicename", "POST"}, {"msg_text", text}};
      lines += json{{"profile", "nt"}, {"class", "message"}, {"fields", fields}}.dump() + "\n";
    }
    const Finished raised = broker_.ctl({"raise", "--stdin"}, lines);
    EXPECT_EQ(raised.status, 0) << raised.err;
  }
  [[nodiscard]] Finished read(const Words& options = {}) const {
    return broker_.ctl(Words{"read", "box"} + options);
  }
  /// The texts that `read --json` prints.
  [[nodiscard]] Words texts(const Words& options = {}) const {
    return texts_of(read(options + Words{"--json"}).out);
  }
  static Words texts_of(const std::string& out) {
    Words texts;
    for (const std::string& line : test::lines(out)) texts.push_back(text_of(line));
    return texts;
  }
  static std::string text_of(const std::string& line) { return json::parse(line).at("fields").at("msg_text"); }

  [[nodiscard]] std::vector<alert::ListMailslots::Row> mailslots() {
    if (!watcher_) watcher_.emplace(broker_.connect());
    return watcher_->call(alert::ListMailslots{})->rows;
  }
  /// Returns once somebody consumes the box.
  void await_consumer() {
    while (!mailslots().at(0).consumer) continue;
  }

 private:
  test::Broker broker_;
  std::optional<alert::Client> watcher_;
};

}  // namespace

TEST(Read, OfAnEmptyMailslotPrintsNothingAndExitsOne) {
  const Finished read = Post().read();
  EXPECT_EQ(read.status, 1);
  EXPECT_EQ(read.out, "");
}

TEST(Read, ConsumesWhatItPrints) {
  const Post post;
  post.post({"one", "two"});
  EXPECT_EQ(post.texts(), (Words{"one", "two"}));
  EXPECT_EQ(post.read().status, 1);
}

TEST(Read, OfAMissingMailslotNamesItAndExitsOne) {
  Post post;
  const Finished read = post->ctl({"read", "nobody"});
  EXPECT_EQ(read.status, 1);
  EXPECT_TRUE(has(read.err, "\\mailslot\\nobody")) << read.err;
}

TEST(Read, PeekConsumesNothing) {
  Post post;
  post.post({"one", "two"});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(post.texts({"--peek"}), (Words{"one", "two"}));
  EXPECT_EQ(post.mailslots().at(0).pending, 2u);
}

TEST(Read, CountLeavesTheRest) {
  const Post post;
  post.post({"one", "two", "three"});
  EXPECT_EQ(post.texts({"--count", "2"}), (Words{"one", "two"}));
  EXPECT_EQ(post.texts(), (Words{"three"}));
}

TEST(Read, SinceShowsWhatWasReadBeforeAndConsumesNothing) {
  Post post;
  post.post({"one", "two", "three"});
  EXPECT_EQ(post.texts({"--count", "2"}).size(), 2u);
  EXPECT_EQ(post.texts({"--since", "2"}), (Words{"two", "three"}));
  EXPECT_EQ(post.texts({"--since", "1", "--count", "1"}), (Words{"one"}));
  EXPECT_EQ(post.read({"--since", "4"}).status, 1);
  EXPECT_EQ(post.mailslots().at(0).pending, 1u);
}

TEST(Read, TimeoutWaitsForAnAlertThatIsRaisedMeanwhile) {
  Post post;
  test::Process reader = post->alertctl({"read", "box", "--json", "--count", "1", "--timeout", "600000"});
  post.await_consumer();
  post.post({"late"});
  EXPECT_EQ(Post::text_of(reader.out_line()), "late");
  EXPECT_EQ(reader.wait(), 0);
}

TEST(Read, TimeoutThatPassesIsANo) { EXPECT_EQ(Post().read({"--timeout", "1"}).status, 1); }

TEST(Read, FollowGoesOnUntilItsCount) {
  Post post;
  post.post({"one"});
  test::Process reader = post->alertctl({"read", "box", "--json", "--follow", "--count", "3"});
  EXPECT_EQ(Post::text_of(reader.out_line()), "one");
  for (const std::string text : {"two", "three"}) {
    post.post({text});
    EXPECT_EQ(Post::text_of(reader.out_line()), text);
  }
  EXPECT_EQ(reader.wait(), 0);
}

TEST(Read, FollowEndsWithOneWhenTheMailslotIsDeleted) {
  Post post;
  test::Process reader = post->alertctl({"read", "box", "--follow"});
  post.await_consumer();
  EXPECT_EQ(post->ctl({"rm", "box"}).status, 0);
  const Finished end = reader.finish();
  EXPECT_EQ(end.status, 1);
  EXPECT_TRUE(has(end.err, "\\mailslot\\box was deleted")) << end.err;
}

TEST(Read, FollowEndsWithFiveWhenTheBrokerStaysAwayForTheTimeout) {
  Post post;
  test::Process reader = post->alertctl({"read", "box", "--follow", "--timeout", "1"});
  post.await_consumer();
  post->kill();
  const Finished end = reader.finish();
  EXPECT_EQ(end.status, 5);
  EXPECT_TRUE(has(end.err, "the broker is gone")) << end.err;
}

TEST(Read, FollowGoesOnAfterTheBrokerWasKilled) {
  Post post;
  post.post({"one"});
  test::Process reader = post->alertctl({"read", "box", "--json", "--follow", "--count", "3"});
  EXPECT_EQ(Post::text_of(reader.out_line()), "one");
  post->kill();
  EXPECT_TRUE(has(reader.err_line(), "the broker is gone"));
  ASSERT_TRUE(post->start());
  EXPECT_TRUE(has(reader.err_line(), "the broker is back"));
  for (const std::string text : {"two", "three"}) {
    post.post({text});
    const std::string line = reader.out_line();
    EXPECT_EQ(Post::text_of(line), text);
    EXPECT_FALSE(has(line, "redelivered")) << line;
  }
  EXPECT_EQ(reader.wait(), 0);
}

TEST(Read, AFollowerThatIsInterruptedHasReadWhatItPrinted) {
  Post post;
  post.post({"one", "two"});
  test::Process reader = post->alertctl({"read", "box", "--json", "--follow"});
  EXPECT_EQ(Post::text_of(reader.out_line()), "one");
  EXPECT_EQ(Post::text_of(reader.out_line()), "two");
  while (post.mailslots().at(0).read < 2) continue;  // it asked for the next one
  reader.signal(SIGINT);
  EXPECT_EQ(reader.wait(), 130);
  EXPECT_EQ(post.read().status, 1);
}

TEST(Read, ASecondConsumerIsToldThatTheMailslotHasOne) {
  Post post;
  const test::Process reader = post->alertctl({"read", "box", "--follow"});
  post.await_consumer();
  const Finished second = post.read();
  EXPECT_EQ(second.status, 1);
  EXPECT_TRUE(has(second.err, "consumer")) << second.err;
  EXPECT_EQ(post.read({"--peek"}).status, 1);
}

TEST(Read, ASecondConsumerGetsTheMailslotOnceTheFirstHasGone) {
  Post post;
  test::Process reader = post->alertctl({"read", "box", "--follow"});
  post.await_consumer();
  test::Process second = post->alertctl({"read", "box", "--json", "--count", "1", "--timeout", "600000"});
  while (json::parse(post->ctl({"stats", "--json"}).out).at("connections") < 3) continue;
  reader.signal(SIGKILL);
  reader.wait();
  post.await_consumer();
  post.post({"for the second"});
  EXPECT_EQ(Post::text_of(second.out_line()), "for the second");
  EXPECT_EQ(second.wait(), 0);
}

TEST(Read, ASecondConsumerIsToldThatTheMailslotIsBusyOnceItsTimeoutHasPassed) {
  Post post;
  const test::Process reader = post->alertctl({"read", "box", "--follow"});
  post.await_consumer();
  const Finished second = post.read({"--timeout", "20"});
  EXPECT_EQ(second.status, 1);
  EXPECT_TRUE(has(second.err, "ERROR_BUSY")) << second.err;
}

TEST(ReadOutput, RawIsTheWireBytesAndNothingElse) {
  const Post post;
  post.post({"a"});
  const json line = json::parse(post.read({"--peek", "--json", "--hex"}).out);
  const std::string raw = post.read({"--raw"}).out;
  EXPECT_EQ(alert::to_hex(alert::as_bytes(raw)), line.at("hex"));
  EXPECT_EQ(raw.size(), line.at("size"));
}

TEST(ReadOutput, JsonSaysWhoRaisedItAndWhen) {
  Post post;
  post.post({"a"});
  const json line = json::parse(post.read({"--json"}).out);
  EXPECT_EQ(line.at("sequence"), 1);
  EXPECT_EQ(line.at("uid"), ::getuid());
  EXPECT_GT(line.at("pid"), 0);
  EXPECT_EQ(line.at("origin"), json::parse(post->ctl({"stats", "--json"}).out).at("journal"));
  EXPECT_TRUE(line.at("accepted").get<std::string>().ends_with("Z"));
  EXPECT_FALSE(line.contains("redelivered"));
  EXPECT_FALSE(line.contains("hex"));
}

TEST(ReadOutput, WordsNameEveryField) {
  const Post post;
  post.post({"back at nine"});
  const std::string out = post.read().out;
  for (const char* part : {"#1  ", "nt message, ", "alrt_eventname      \"MESSAGE\"",
                           "alrt_servicename    \"POST\"", "msg_text            \"back at nine\""})
    EXPECT_TRUE(has(out, part)) << part << "\n" << out;
}

TEST(ReadOutput, ForeignTextNeverReachesTheTerminalUnescaped) {
  const Post post;
  post.post({std::string("a") + kEscape + "[31mred" + kRightToLeft + "txt.exe" + kPopIsolate + kOneByteEscape +
             "2J\r\n\t\x7F\"\\"});
  const std::string out = post.read().out;
  EXPECT_TRUE(has(out, R"("a\x1b[31mred\u202etxt.exe\u2069\x9b2J\x0d\x0a\x09\x7f\"\\")")) << out;
  for (const char* part : {kEscape, kOneByteEscape, kRightToLeft, kPopIsolate, "\r", "\t", "\x7F"})
    EXPECT_FALSE(has(out, part)) << out;
}

TEST(ReadOutput, JsonOfForeignTextHasNoControlBytesAndLosesNothing) {
  const Post post;
  const std::string text = std::string("a") + kEscape + "[31m" + kRightToLeft + kOneByteEscape + "\r\n\t\x7F\"\\";
  post.post({text});
  const std::string out = post.read({"--json"}).out;
  EXPECT_EQ(Post::text_of(out), text);
  for (const char* part : {kEscape, "\r", "\t", "\x7F"}) EXPECT_FALSE(has(out, part)) << out;
}

TEST(ReadExec, GivesTheCommandTheJsonAndTheSequence) {
  Post post;
  post.post({"one", "two"});
  const std::string log = post->folder() / "log";
  EXPECT_EQ(post.read({"--exec", "cat >> '" + log + "'; echo $ALERT_SEQUENCE"}).out, "1\n2\n");
  std::ifstream in(log);
  const std::string lines((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(Post::texts_of(lines), (Words{"one", "two"}));
  EXPECT_EQ(post.read().status, 1);
}

TEST(ReadExec, HexAddsTheWireBytesForTheCommandToo) {
  const Post post;
  post.post({"one"});
  EXPECT_TRUE(json::parse(post.read({"--json", "--hex", "--exec", "cat"}).out).contains("hex"));
}

TEST(ReadExec, ACommandThatFailsLeavesItsAlertUnread) {
  Post post;
  post.post({"one", "two", "three"});
  const Finished read = post.read({"--exec", "grep -q one"});
  EXPECT_EQ(read.status, 1);
  EXPECT_TRUE(has(read.err, "alert 2")) << read.err;
  EXPECT_EQ(post.mailslots().at(0).pending, 2u);
  EXPECT_EQ(post.texts(), (Words{"two", "three"}));
}

TEST(ReadExec, ACommandThatIgnoresALongAlertStillCountsAsSuccess) {
  const Post post;
  post.post({std::string(30'000, '\x01')});  // six characters each in JSON: more than a pipe holds
  EXPECT_EQ(post.read({"--exec", "true"}).status, 0);
  EXPECT_EQ(post.read().status, 1);
}

TEST(ReadExec, ACommandThatReadsIsGivenOnlyItsOwnAlert) {
  const Post post;
  post.post({"one", "two"});
  EXPECT_EQ(post.read({"--exec", "wc -l"}).out, "1\n1\n");
}

TEST(Listen, PrintsAlertsOfItsEventsAsTheyCome) {
  Post post;
  test::Process listener = post->alertctl({"listen", "MESSAGE", "admin", "--json"});
  EXPECT_TRUE(has(listener.err_line(), "listening"));
  post.post({"one"});
  EXPECT_EQ(Post::text_of(listener.out_line()), "one");
  post->ctl({"raise", "errlog", "1"});
  post->ctl({"raise", "admin", "5"});
  EXPECT_EQ(json::parse(listener.out_line()).at("class"), "admin");
}

TEST(Listen, InterruptedExitsWith130AndLeavesNothingBehind) {
  Post post;
  test::Process listener = post->alertctl({"listen", "ADMIN"});
  EXPECT_TRUE(has(listener.err_line(), "listening"));
  EXPECT_EQ(post.mailslots().size(), 2u);
  listener.signal(SIGINT);
  EXPECT_EQ(listener.wait(), 130);
  while (post.mailslots().size() > 1) continue;
  EXPECT_FALSE(has(post->ctl({"table"}).out, "ADMIN"));
}

TEST(Listen, EndsAfterItsCount) {
  Post post;
  test::Process listener = post->alertctl({"listen", "MESSAGE", "--count", "1"});
  EXPECT_TRUE(has(listener.err_line(), "listening"));
  post.post({"one"});
  EXPECT_EQ(listener.finish().status, 0);
}

TEST(Listen, TakesAnEventNamedTwiceOnce) {
  Post post;
  const Finished listener = post->ctl({"listen", "ADMIN", "admin", "--timeout", "1"});
  EXPECT_TRUE(has(listener.err, "listening")) << listener.err;
}

TEST(Listen, RefusesABadEventNameAndNamesIt) {
  Post post;
  const Finished listener = post->ctl({"listen", "ADMIN", "a/b"});
  EXPECT_EQ(listener.status, 2);
  EXPECT_TRUE(has(listener.err, "a/b")) << listener.err;
}

TEST(Listen, GoesOnAfterTheBrokerWasKilledAndTellsWhatItCannotHaveHeard) {
  Post post;
  test::Process listener = post->alertctl({"listen", "MESSAGE", "--json"});
  EXPECT_TRUE(has(listener.err_line(), "listening"));
  post.post({"one"});
  EXPECT_EQ(Post::text_of(listener.out_line()), "one");
  listener.signal(SIGSTOP);
  post->kill();
  ASSERT_TRUE(post->start());
  post.post({"unheard"});
  listener.signal(SIGCONT);
  EXPECT_TRUE(has(listener.err_line(), "the broker is gone"));
  EXPECT_TRUE(has(listener.err_line(), "the broker is back"));
  post.post({"two"});
  EXPECT_EQ(json::parse(listener.out_line()),
            json::parse(R"({"gap": {"first": 2, "last": 2, "count": 0, "reason": "no mailslot"}})"));
  EXPECT_EQ(Post::text_of(listener.out_line()), "two");
}
