// The control socket as any program may use it: bytes go in, NUL-terminated JSON comes out.

#include <cstring>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "alert/control/calls.hpp"
#include "alert/control/json_fields.hpp"
#include "process.hpp"

namespace {

using alert::Json;

/// A connection that sends what it is told to.
class Raw {
 public:
  explicit Raw(const test::Broker& broker) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = broker.socket();
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  }

  /// Sends all of it, or as much as the broker takes before it closes.
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void say(const std::string& request) const { send(std::string_view(request.c_str(), request.size() + 1)); }
  /// Whether the socket took a whole request without waiting.
  [[nodiscard]] bool try_say(const std::string& request) const {
    const ssize_t n = ::send(fd_.get(), request.c_str(), request.size() + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n == static_cast<ssize_t>(request.size() + 1);
  }
  void send_no_more() const { ::shutdown(fd_.get(), SHUT_WR); }

  /// The next reply; null when the broker has closed the connection.
  Json reply() {
    for (std::size_t end; (end = inbox_.find('\0')) == std::string::npos;) {
      char bytes[65536];
      const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return nullptr;
      inbox_.append(bytes, static_cast<std::size_t>(n));
    }
    const std::size_t end = inbox_.find('\0');
    Json json = Json::parse(inbox_.substr(0, end));
    inbox_.erase(0, end + 1);
    return json;
  }
  Json ask(const std::string& request) {
    say(request);
    return reply();
  }

 private:
  alert::Descriptor fd_;
  std::string inbox_;
};

std::string request(const std::string& method, const Json& parameters = Json::object()) {
  return Json{{"method", "io.alertbroker." + method}, {"parameters", parameters}}.dump();
}
std::string raise_request() {
  return request("Raise", {{"event", "TEST"}, {"profile", "lm20"}, {"wire", std::string(76, '0')}});
}
std::string error_of(const Json& reply) { return reply.value("error", "none"); }

constexpr const char* kMalformed = "io.alertbroker.Malformed";
constexpr const char* kInvalidParameter = "org.varlink.service.InvalidParameter";

class Control : public testing::Test {
 protected:
  std::string error_for(const std::string& text) { return error_of(raw.ask(text)); }
  bool is_alive() { return raw.ask(request("Stats")).contains("parameters"); }
  /// The parameter that the broker names as the bad one.
  std::string bad_parameter(const std::string& method, const Json& parameters) {
    const Json reply = raw.ask(request(method, parameters));
    return error_of(reply) == kInvalidParameter ? reply["parameters"]["parameter"].get<std::string>()
                                                : reply.dump();
  }

  test::Broker broker;
  Raw raw{broker};
};

TEST_F(Control, UnknownMethodIsNotFound) {
  EXPECT_EQ(error_for(request("Explode")), "org.varlink.service.MethodNotFound");
  EXPECT_EQ(error_for(R"({"method":"Stats"})"), "org.varlink.service.MethodNotFound");
  EXPECT_EQ(error_for(R"({"method":"io.alertbroker.Stats2"})"), "org.varlink.service.MethodNotFound");
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, RequestThatIsNotJsonIsMalformed) {
  for (const char* text : {"", "x", "{", "{\"method\":\"io.alertbroker.Stats\"}}", "{\"method\":\"\xff\"}"})
    EXPECT_EQ(error_for(text), kMalformed) << text;
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, RequestThatIsNotAnObjectWithAMethodIsMalformed) {
  for (const char* text :
       {"[]", "1", "null", "\"io.alertbroker.Stats\"", "{}", R"({"method":1})", R"({"method":null})"})
    EXPECT_EQ(error_for(text), kMalformed) << text;
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, MalformedRequestCarriesTheLegacyNumber) { EXPECT_EQ(raw.ask("x")["parameters"]["code"], 87); }

TEST_F(Control, RequestNestedSixteenDeepIsReadAndSeventeenDeepIsNot) {
  const auto nested = [](std::size_t depth) {
    return R"({"method":"io.alertbroker.Stats","x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
           "}";
  };
  EXPECT_EQ(error_for(nested(16)), "none");
  EXPECT_EQ(error_for(nested(17)), kMalformed);
}

TEST_F(Control, RequestNestedHundredThousandDeepIsMalformed) {
  const std::string open(100'000, '[');
  EXPECT_EQ(error_for(open), kMalformed);
  EXPECT_EQ(error_for(open + std::string(100'000, ']')), kMalformed);
  EXPECT_EQ(error_for(std::string(100'000, ']') + open), kMalformed);
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, BracketsInAStringAreNotNesting) {
  EXPECT_EQ(error_for(R"({"method":"io.alertbroker.Stats","x":"\"[[[[[[[[[[[[[[[[[[[[{{{{{{{{\\"})"), "none");
}

TEST_F(Control, HalfARequestAndAClosedSocketHurtNobody) {
  { Raw(broker).send("{\"method\":\"io.alertbr"); }
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, RequestMayComeInPieces) {
  for (const char c : request("Stats")) raw.send({&c, 1});
  raw.send({"", 1});
  EXPECT_TRUE(raw.reply().contains("parameters"));
}

TEST_F(Control, RequestsInOneWriteAreAnsweredInOrder) {
  const std::string end(1, '\0');
  raw.send(request("Stats") + end + "x" + end + request("ListTable") + end);
  EXPECT_TRUE(raw.reply()["parameters"].contains("accepted"));
  EXPECT_EQ(error_of(raw.reply()), kMalformed);
  EXPECT_TRUE(raw.reply()["parameters"].contains("rows"));
}

TEST_F(Control, RaisesAndOtherCallsOfOneTurnHappenInTheirOrder) {
  const std::string end(1, '\0');
  raw.send(raise_request() + end + request("Stats") + end + raise_request() + end);
  EXPECT_EQ(raw.reply()["parameters"]["sequence"], 1);
  EXPECT_EQ(raw.reply()["parameters"]["accepted"], 1);
  EXPECT_EQ(raw.reply()["parameters"]["sequence"], 2);
}

TEST_F(Control, ThousandRequestsInOneWriteAreAllAnswered) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += raise_request() + '\0';
  raw.send(text);
  for (int i = 1; i <= 1'000; ++i) ASSERT_EQ(raw.reply()["parameters"]["sequence"], i);
}

TEST_F(Control, RequestsThatReadTheJournalTakeATurnEach) {
  raw.ask(raise_request());
  const auto turns = [&] { return raw.ask(request("Stats"))["parameters"]["turns"].get<std::uint64_t>(); };
  constexpr std::uint64_t kQuestions = 8;
  std::string text;
  for (std::uint64_t i = 0; i < kQuestions; ++i)
    text += request("Explain", {{"sequence", 1}, {"recipient", "\\mailslot\\slot"}}) + '\0';
  const std::uint64_t before = turns();
  raw.send(text);
  for (std::uint64_t i = 0; i < kQuestions; ++i) EXPECT_EQ(raw.reply()["parameters"]["done"], true);
  EXPECT_GE(turns(), before + kQuestions);
}

TEST_F(Control, LargestRequestIsReadAndALongerOneIsNot) {
  const auto padded = [](std::size_t size) {
    const std::string text = request("Stats");
    return text + std::string(size - text.size(), ' ');
  };
  EXPECT_EQ(error_for(padded(alert::kLargestMessage)), "none");
  EXPECT_EQ(error_for(padded(alert::kLargestMessage + 1)), kMalformed);
}

TEST_F(Control, EndlessRequestGetsOneErrorAndAClosedConnection) {
  Raw endless(broker);
  endless.send(std::string(10'000'000, 'x'));
  EXPECT_EQ(error_of(endless.reply()), kMalformed);
  EXPECT_TRUE(endless.reply().is_null());
  EXPECT_TRUE(is_alive());
}

TEST_F(Control, UnknownParameterIsRefused) {
  EXPECT_EQ(error_for(request("Stats", {{"verbose", true}})), kInvalidParameter);
  EXPECT_EQ(error_for(request("DeleteMailslot", {{"mailslot", "\\mailslot\\a"}, {"force", true}})),
            kInvalidParameter);
}

TEST_F(Control, MissingParameterIsNamed) {
  EXPECT_EQ(bad_parameter("Start", {{"event", "A"}}), "recipient");
  EXPECT_EQ(bad_parameter("Raise", {{"event", "A"}, {"profile", "nt"}}), "wire");
  EXPECT_EQ(bad_parameter("OpenMailslot", {{"mailslot", "\\mailslot\\a"}}), "consume");
  EXPECT_EQ(bad_parameter("Replay", {{"mailslot", "\\mailslot\\a"}, {"after", {{"ordinal", 1}}}}),
            "after.sequence");
}

TEST_F(Control, ParameterOfTheWrongTypeIsNamed) {
  EXPECT_EQ(bad_parameter("Stop", {{"event", 1}, {"recipient", "x"}}), "event");
  EXPECT_EQ(bad_parameter("OpenMailslot", {{"mailslot", "x"}, {"consume", 1}}), "consume");
  EXPECT_EQ(bad_parameter("Replay", {{"mailslot", "x"}, {"after", 7}}), "after");
  EXPECT_EQ(bad_parameter("MakeMailslot", {{"mailslot", "x"}, {"session", "yes"}}), "session");
}

TEST_F(Control, NumberOutOfRangeIsNamed) {
  for (const Json& number : {Json(-1), Json(4'294'967'296), Json(1.5), Json(1e300), Json("8"), Json(true)})
    EXPECT_EQ(bad_parameter("Start", {{"event", "A"}, {"recipient", "x"}, {"maxdata", number}}), "maxdata");
  EXPECT_EQ(error_for(R"({"method":"io.alertbroker.ListTable","parameters":{"after":18446744073709551616}})"),
            kInvalidParameter);
}

TEST_F(Control, ServiceSaysWhatItIs) {
  const Json info = raw.ask(R"({"method":"org.varlink.service.GetInfo"})")["parameters"];
  for (const char* word : {"vendor", "product", "version"})
    EXPECT_FALSE(info[word].get<std::string>().empty()) << word;
  EXPECT_EQ(info["interfaces"], (Json{"org.varlink.service", "io.alertbroker"}));
}

TEST_F(Control, DescriptionNamesEveryCall) {
  const Json reply = raw.ask(
      R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.alertbroker"}})");
  const std::string text = reply["parameters"]["description"];
  EXPECT_NE(text.find("interface io.alertbroker\n"), std::string::npos);
  alert::for_each_call([&](auto call) {
    EXPECT_NE(text.find("\nmethod " + std::string(call.kMethod) + "("), std::string::npos) << call.kMethod;
  });
}

TEST_F(Control, DescriptionOfAnotherInterfaceIsNotFound) {
  EXPECT_EQ(
      error_for(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a.b"}})"),
      "org.varlink.service.InterfaceNotFound");
}

TEST_F(Control, OnewayCallIsDoneAndNotAnswered) {
  Json call = Json::parse(raise_request());
  call["oneway"] = true;
  raw.say(call.dump());
  EXPECT_EQ(raw.ask(request("Stats"))["parameters"]["accepted"], 1);
}

TEST_F(Control, ClientThatHasSaidAllItWillStillGetsItsReply) {
  Raw brief(broker);
  brief.say(raise_request());
  brief.say(request("Stats"));
  brief.send_no_more();
  EXPECT_EQ(brief.reply()["parameters"]["sequence"], 1);
  EXPECT_EQ(brief.reply()["parameters"]["accepted"], 1);
  EXPECT_TRUE(brief.reply().is_null());
}

TEST_F(Control, ClientThatDoesNotReadItsRepliesIsNotReadAndStopsNobody) {
  constexpr std::size_t kFarTooMuch = 8'000'000;
  const std::string call =
      R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.alertbroker"}})";
  Raw deaf(broker);
  std::size_t calls = 0;
  for (int turns_without_progress = 0; turns_without_progress < 100; ++turns_without_progress) {
    for (; deaf.try_say(call); ++calls) turns_without_progress = 0;
    ASSERT_LT(calls * call.size(), kFarTooMuch);
    ASSERT_TRUE(is_alive());
  }
  for (std::size_t i = 0; i < calls; ++i) ASSERT_TRUE(deaf.reply()["parameters"].contains("description"));
}

TEST_F(Control, RequestsThatAreNotHandledYetStayWithTheirClient) {
  constexpr std::size_t kSent = 20'000, kSocketAndInbox = 1'000'000;
  Json call = Json::parse(raise_request());
  call["oneway"] = true;
  const std::string text = call.dump();
  Raw hasty(broker);
  for (std::size_t i = 0; i < kSent; ++i) hasty.say(text);
  const std::size_t handled = raw.ask(request("Stats"))["parameters"]["accepted"];
  EXPECT_LT((kSent - handled) * text.size(), kSocketAndInbox);
}

}  // namespace
