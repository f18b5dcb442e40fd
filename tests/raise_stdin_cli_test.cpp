// alertctl raise --stdin: many at once, in their order, told as one by one.

#include "configured.hpp"
#include "post.hpp"

namespace {

using test::admin_line;
using test::Finished;
using test::has;
using test::Post;
using test::operator+;

TEST(RaiseStdin, RaisesEveryLineInOrder) {
  const Post post({"ADMIN"});
  const Finished done = post.raise({"--stdin", "--json"}, admin_line(1) + "\n" + admin_line(2) + admin_line(3));
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(test::lines(done.out).size(), 3u);
  const auto alerts = post.pending();
  ASSERT_EQ(alerts.size(), 3u);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(alerts[static_cast<std::size_t>(i)].at("fields").at("alrtad_errcode"), i + 1);
}

TEST(RaiseStdin, ABadLineIsNamedAndDoesNotStopTheOthers) {
  const Post post({"ADMIN"});
  const Finished done = post.raise({"--stdin"}, admin_line(1) + "{\"class\": \"tea\"}\n" + admin_line(3));
  EXPECT_EQ(done.status, 4);
  EXPECT_TRUE(has(done.err, "line 2: class: expected admin, user, print, errlog, message or custom")) << done.err;
  EXPECT_EQ(post.pending().size(), 2u);
}

TEST(RaiseStdin, AReceiptNamesWhoDidNotGetItAndWhy) {
  const Post post({"ADMIN"});
  post->ctl({"start", "ADMIN", "missing"});
  const Finished done = post.raise({"--stdin", "--require", "2"}, admin_line(1) + admin_line(2));
  const std::string counts = ": matched 2, written 1\n  refused by \\mailslot\\missing: no such recipient\n";
  EXPECT_EQ(done.out, "alert 1" + counts + "alert 2" + counts);
  EXPECT_EQ(done.status, 1);
}

TEST(RaiseStdin, ARefusedLineIsComplainedOfAsARefusedRaiseIs) {
  const Post post({});
  const Finished lines = post.raise({"--stdin", "--event", "a/b"}, admin_line(1));
  const Finished raise = post.raise({"admin", "1", "--event", "a/b"});
  EXPECT_EQ(lines.status, 2);
  EXPECT_EQ(lines.err, raise.err);
  const Finished longer = post.raise({"--stdin", "--event", std::string(300, 'a')}, admin_line(1));
  EXPECT_EQ(longer.err, raise.err);
}

TEST(RaiseStdin, ALineThatPolicyRefusesNamesTheRuleAndDoesNotStopTheOthers) {
  const test::Configured strict(
      "[[rule]]\nname = \"no admin\"\nallow = false\nverb = \"raise\"\nevent = \"ADMIN\"\n");
  const std::string message = R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a"}})"
                              "\n";
  const Finished done = strict.broker->ctl({"raise", "--stdin"}, admin_line(1) + message + admin_line(2));
  EXPECT_EQ(done.status, 3);
  EXPECT_EQ(done.out, "alert 1: matched 0, written 0\n");
  ASSERT_EQ(test::lines(done.err).size(), 2u) << done.err;
  EXPECT_TRUE(has(done.err, "no admin")) << done.err;
}

TEST(RaiseStdin, AUidWithoutMemoryForALaneRaisesAllTheSame) {
  const test::Configured poor("[limits]\nring_bytes = \"1KiB\"\n");
  const Finished done = poor.broker->ctl({"raise", "--stdin"}, admin_line(1) + admin_line(2));
  EXPECT_EQ(done.out, "alert 1: matched 0, written 0\nalert 2: matched 0, written 0\n") << done.err;
}

TEST(RaiseStdin, MoreLinesThanALaneHoldsHaveTheirReceiptsInOrder) {
  const Post post({});
  std::string input;
  for (int i = 0; i < 3'000; ++i) input += admin_line(i);
  const Finished done = post.raise({"--stdin"}, input);
  EXPECT_EQ(done.status, 0) << done.err;
  const auto receipts = test::lines(done.out);
  ASSERT_EQ(receipts.size(), 3'000u);
  for (std::size_t i = 0; i < receipts.size(); ++i)
    ASSERT_EQ(receipts[i], "alert " + std::to_string(i + 1) + ": matched 0, written 0");
}

TEST(RaiseStdin, AReceiptDoesNotWaitForTheNextLine) {
  const Post post({});
  test::Process raising = post->alertctl({"raise", "--stdin"});
  raising.feed(admin_line(1) + admin_line(2).substr(0, 10));
  EXPECT_EQ(raising.out_line(), "alert 1: matched 0, written 0");
  raising.feed(admin_line(2).substr(10) + "\n");
  EXPECT_EQ(raising.out_line(), "alert 2: matched 0, written 0");
  EXPECT_EQ(raising.finish(admin_line(3)).out, "alert 3: matched 0, written 0\n");
}

TEST(RaiseStdin, ALineBeyondAMegabyteIsNamedAndDoesNotStopTheOthers) {
  const Post post({});
  const Finished done = post.raise({"--stdin"}, std::string(3 << 20, '{') + "\n\n" + admin_line(3) + "{}");
  EXPECT_EQ(done.status, 4);
  EXPECT_EQ(test::lines(done.out).size(), 1u);
  ASSERT_EQ(test::lines(done.err).size(), 2u) << done.err;
  EXPECT_TRUE(has(done.err, "line 1: not a JSON object (at most a megabyte")) << done.err;
  EXPECT_TRUE(has(done.err, "line 4: class: missing")) << done.err;
}

TEST(RaiseStdin, ADryRunOfLinesChangesNothing) {
  const Post post({"ADMIN"});
  EXPECT_EQ(post.raise({"--stdin", "--dry-run"}, admin_line(1) + admin_line(2)).status, 0);
  EXPECT_EQ(post.accepted(), 0u);
}

TEST(RaiseStdin, SaysOnceThatNobodyTakesItsReceipts) {
  const Post post({});
  const std::string line = "yes '" + admin_line(1).substr(0, admin_line(1).size() - 1) + "' | head -n 500 | ";
  const std::string raise =
      test::program("alertctl") + " --socket " + post->socket() + " raise --stdin --json >/dev/full";
  const Finished done = test::Process({"sh", "-c", line + raise}).finish();
  EXPECT_EQ(done.status, 5);
  EXPECT_EQ(test::lines(done.err).size(), 1u) << done.err;
}

TEST(RaiseStdin, TakesWireBytesOfAlertBehindAlertAsReadAndPackWriteThem) {
  const Post post({"ADMIN", "MESSAGE"});
  const std::string message =
      R"({"class": "message", "fields": {"alrt_servicename": "S", "msg_text": "a"}, "profile": "nt"})"
      "\n";
  for (const std::string profile : {"lm20", "nt"}) {
    const std::string wire =
        test::alertctl({"pack", "--to", profile}, admin_line(1) + message + admin_line(300)).out;
    const Finished done = post.raise({"--stdin", "--raw", "--profile", profile}, wire);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(test::lines(done.out).size(), 3u);
    EXPECT_EQ(post->ctl({"read", "box", "--raw"}).out, wire);
  }
}

TEST(RaiseStdin, AWireAlertIsRaisedOnceItIsWhole) {
  const Post post({});
  const std::string wire = test::alertctl({"pack"}, admin_line(1)).out;
  test::Process raising = post->alertctl({"raise", "--stdin", "--raw"});
  for (int i = 1; i <= 2; ++i) {
    for (const char byte : wire) raising.feed({&byte, 1});
    EXPECT_EQ(raising.out_line(), "alert " + std::to_string(i) + ": matched 0, written 0");
  }
}

TEST(RaiseStdin, WireBytesThatAreNoAlertAreNamedByTheirPlaceAndNothingBehindThemIsRaised) {
  const Post post({});
  const std::string wire = test::alertctl({"pack"}, admin_line(1)).out;
  std::string tea = wire + wire, ten = wire + wire;
  tea.replace(4, 6, "TEA\0\0", 6);
  ten[40] = 10;
  std::uint64_t raised = 0;
  for (const auto& [bad, why] : {std::pair<std::string, std::string>(tea, "a custom alert, which does not say"),
                                 {ten, "more than 9 merge strings announced (field at offset 40)"},
                                 {wire.substr(0, 39), "the bytes end inside this field (field at offset 38)"},
                                 {std::string(70'000, 'a') + wire, "no terminating zero"}}) {
    const Finished done = post.raise({"--stdin", "--raw"}, wire + bad);
    EXPECT_EQ(done.status, 4);
    EXPECT_TRUE(has(done.err, "standard input, byte 42: ")) << done.err;
    EXPECT_TRUE(has(done.err, why)) << done.err;
    EXPECT_EQ(post.accepted(), ++raised);
  }
}

TEST(RaiseStdin, ForeignTextInAComplaintIsEscaped) {
  const Finished done = Post({}).raise({"--stdin"}, R"({"class": "message", "fields": {"alrt_servicename": "S",)"
                                                    R"( "msg_text": "a", "\u001b[31m\u202e": 1}})"
                                                    "\n");
  EXPECT_EQ(done.status, 4);
  EXPECT_TRUE(has(done.err, "this class has no such field")) << done.err;
  EXPECT_FALSE(has(done.err, "\x1b") || has(done.err, "\xE2\x80\xAE")) << done.err;
}

}  // namespace
