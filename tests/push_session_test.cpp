// Push sessions, point by point, against a broker without a socket.

#include "alert/wire/hex.hpp"
#include "port_broker.hpp"

namespace {

using namespace brokerd;
using namespace alert;
using test::kMe, test::kOther, test::Told;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr const char* kInet = "020009c47f0000010000000000000000";
constexpr const char* kInet6 = "170009c4000000000000000000000000000000000000000100000000";
constexpr const char* kForeign = "020009c4c00002010000000000000000";  // 192.0.2.1
constexpr std::uint32_t kInvalidParam = 0x80070057, kNotSupported = 0x80040102, kTooBig = 0x80040305,
                        kLogonFailed = 0x80040111;

Reach reach(const IpAddress& ip) { return ip.is_loopback() ? Reach::own : Reach::foreign; }
Reach without_ipv6(const IpAddress& ip) { return ip.family == AddressFamily::inet6 ? Reach::none : reach(ip); }

std::string zeros(std::size_t bytes) { return std::string(2 * bytes, '0'); }

struct PushSession : test::PortBroker {
  PushSession() { make("group", "g", 0); }

  std::string session(std::uint64_t connection = 1, std::uint32_t uid = kMe) {
    return broker->open_session(caller(connection, uid), 2)->session;
  }
  RegisterPush::Reply push(const RegisterPush& call, std::uint64_t connection = 1, std::uint32_t uid = kMe,
                           Reach (*reach_of)(const IpAddress&) = reach) {
    const auto reply = broker->register_push(caller(connection, uid), call, reach_of, 2);
    EXPECT_TRUE(reply) << reply.error().message;
    return reply.value_or(RegisterPush::Reply{});
  }
  std::uint32_t result(const std::string& context, const std::string& address, std::uint32_t bits = kAdviseAll,
                       Reach (*reach_of)(const IpAddress&) = reach) {
    return push({session(), context, address, bits}, 1, kMe, reach_of).result;
  }
  /// A port with a filter on group g, of this connection.
  std::string watching(std::uint64_t connection = 1) {
    const std::string port = create(connection);
    add(port, "group", open("group", "g", connection), kGroupState, 7, false, connection);
    return port;
  }
  void event() { set("group", "g", state = 1 - state); }
  /// The contexts of what is sent now.
  Told sent(std::uint64_t now) {
    Told contexts;
    for (const auto& datagram : broker->take_datagrams(now)) contexts.emplace_back(as_text(datagram.context));
    return contexts;
  }
  FetchPending::Reply fetch(const std::string& session, std::uint64_t connection = 1) {
    return broker->fetch_pending(caller(connection), {session}).value_or(FetchPending::Reply{});
  }
  std::uint32_t state = 0;
};

TEST_F(PushSession, PN_1_1_ADatagramIsTheContextAndNothingElse) {
  watching();
  EXPECT_EQ(push({session(), to_hex(as_bytes("wake up")), kInet}).result, 0u);
  event();
  const auto sent = broker->take_datagrams(0);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(as_text(sent[0].context), "wake up");
  EXPECT_EQ(sent[0].address, callback_from_text("127.0.0.1:2500"));
}

TEST_F(PushSession, PN_1_2_AddressAndContextGoWithTheSession) {
  watching();
  push({session(), "61", kInet});
  event();
  broker->end_session(caller(), 4);
  EXPECT_EQ(sent(0), Told{});
  const std::string port = watching();
  event();
  EXPECT_EQ(sent(kSecond), Told{}) << "the next session has none";
}

TEST_F(PushSession, PN_1_3_IsSupportedWhereTheConfigurationDoesNotForbidIt) {
  EXPECT_EQ(result("61", kInet), 0u);
  Policy off = test::policy();
  off.push.enabled = false;
  broker->set_policy(off);
  EXPECT_EQ(result("61", kInet), kNotSupported);
}

TEST_F(PushSession, PN_1_4_ASecondRegistrationReplacesTheFirst) {
  watching();
  const auto first = push({session(), "61", kInet}), second = push({session(), "62", kInet6});
  EXPECT_NE(first.notification, second.notification);
  event();
  EXPECT_EQ(sent(0), Told{"b"});
}

TEST_F(PushSession, PN_2_1_AContextHasAtMostSixteenBytes) {
  for (const std::size_t size : {1u, 8u, 16u}) EXPECT_EQ(result(zeros(size), kInet), 0u) << size;
  for (const std::size_t size : {17u, 18u, 4096u}) EXPECT_EQ(result(zeros(size), kInet), kTooBig) << size;
}

TEST_F(PushSession, PN_2_2_AnEmptyContextIsRefused) { EXPECT_EQ(result("", kInet), kInvalidParam); }

TEST_F(PushSession, PN_2_3_AContextHoldsAnyBytes) {
  watching();
  push({session(), "00ff0a00", kInet});
  event();
  EXPECT_EQ(sent(0), Told{std::string("\0\xFF\n\0", 4)});
}

TEST_F(PushSession, PN_2_4_AnyRpcNumberSucceeds) {
  for (const std::uint32_t rpc : {0u, 1u, 0xFFFFFFFFu})
    EXPECT_EQ(push({session(), "61", kInet, kAdviseAll, rpc}).result, 0u);
}

TEST_F(PushSession, PN_2_5_OnlyAllAdviseBitsTogetherAreTaken) {
  for (const std::uint32_t bits : {0u, 1u, 0xFFFFFFFEu}) EXPECT_EQ(result("61", kInet, bits), kInvalidParam);
}

TEST_F(PushSession, PN_2_6_HandlesAreNotZeroAndOneIsAnother) {
  std::set<std::uint32_t> handles;
  for (std::uint64_t connection = 1; connection <= 20; ++connection)
    handles.insert(push({session(connection), "61", kInet}, connection).notification);
  EXPECT_EQ(handles.size(), 20u);
  EXPECT_FALSE(handles.contains(0));
}

TEST_F(PushSession, PN_2_7_AFailureGivesNoHandleAndLeavesWhatWas) {
  watching();
  push({session(), "61", kInet});
  EXPECT_EQ(push({session(), zeros(17), kInet}).notification, 0u);
  event();
  EXPECT_EQ(sent(0), Told{"a"});
}

TEST_F(PushSession, PN_2_8_OfSeveralErrorsTheFirstInOrderIsTold) {
  const std::string nobody(40, '0'), family = "0a0009c47f000001", shorter = "020009c47f000001";
  EXPECT_EQ(push({nobody, zeros(17), family, 0}).result, kLogonFailed);
  EXPECT_EQ(result(zeros(17), family, 0), kTooBig);
  EXPECT_EQ(result("61", family, 0), kInvalidParam);
  EXPECT_EQ(result("61", shorter, 0, without_ipv6), kInvalidParam);
  EXPECT_EQ(result("61", kInet6, 0, without_ipv6), kNotSupported);
  EXPECT_EQ(result("61", kInet, 0, without_ipv6), kInvalidParam);
}

TEST_F(PushSession, PN_3_7_AFamilyThatTheHostCannotSendToIsNotSupported) {
  EXPECT_EQ(result("61", kInet6, kAdviseAll, without_ipv6), kNotSupported);
  EXPECT_EQ(result("61", kInet6), 0u);
}

TEST_F(PushSession, PN_3_10_ForeignAddressesNeedAConfiguredNetwork) {
  EXPECT_EQ(result("61", kForeign), 0x80070005u);
  Policy policy = test::policy();
  policy.push.networks = {*Network::from_text("192.0.2.0/24")};
  broker->set_policy(policy);
  EXPECT_EQ(result("61", kForeign), 0u);
  EXPECT_EQ(result("61", "020009c4c00003010000000000000000"), 0x80070005u);
  EXPECT_EQ(result("61", kInet), 0u);
}

TEST_F(PushSession, PN_3_11_ALocalSessionMayUseEitherFamily) {
  EXPECT_EQ(result("61", kInet), 0u);
  EXPECT_EQ(result("61", kInet6), 0u);
}

TEST_F(PushSession, PN_4_1_OtherConditionsHaveCodesOfTheirOwn) {
  Policy small = test::policy();
  small.limits[Quota::push_sessions] = 1;
  broker->set_policy(small);
  EXPECT_EQ(push({session(1), "61", kInet}).result, 0u);
  EXPECT_EQ(push({session(1), "62", kInet}).result, 0u) << "no second one";
  const auto refused = broker->register_push(caller(2), {session(2), "61", kInet}, reach, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_enough_quota);
  EXPECT_EQ(push({session(3, kOther), "61", kInet}, 3, kOther).result, 0u) << "of each uid";
}

TEST_F(PushSession, PN_4_2_BytesOfAnotherSizeThanIsSaidAreNoCallAtAll) {
  const std::string mine = session();
  for (const RegisterPush& call :
       {RegisterPush{mine, "6", kInet}, RegisterPush{mine, "zz", kInet}, RegisterPush{mine, "61", "xx"},
        RegisterPush{mine, "61", kInet, kAdviseAll, 0, 2}, RegisterPush{mine, "61", kInet, kAdviseAll, 0, 1, 28}})
    EXPECT_FALSE(broker->register_push(caller(), call, reach, 2));
  EXPECT_EQ(push({mine, "61", kInet, kAdviseAll, 0, 1, 16}).result, 0u);
}

TEST_F(PushSession, PN_5_1_SuccessReturnsTheSameSession) {
  const std::string mine = session();
  EXPECT_EQ(push({mine, "61", kInet}).session, mine);
  EXPECT_EQ(session(), mine) << "a connection has one";
}

TEST_F(PushSession, PN_5_2_TheNullHandleComesBackWhereTheSessionIsNotValid) {
  EXPECT_EQ(push({std::string(40, '0'), "61", kInet}).session, std::string(40, '0'));
}

TEST_F(PushSession, PN_5_3_AWrongSessionIsRefusedAndAParameterErrorDestroysNone) {
  const std::string mine = session(), foreign = session(2, kOther);
  for (const std::string& bad : {std::string(), std::string("zz"), foreign, create(), open("group", "g")}) {
    const auto reply = push({bad, "61", kInet});
    EXPECT_EQ(reply.result, kLogonFailed) << bad;
    EXPECT_EQ(reply.session, kNullHandle);
    EXPECT_EQ(fetch(bad).result, kLogonFailed);
  }
  const auto reply = push({mine, "", kInet});
  EXPECT_EQ(reply.session, mine);
  EXPECT_EQ(push({mine, "61", kInet}).result, 0u);
}

TEST_F(PushSession, PN_5_4_NothingIsSentAfterASessionsEnd) {
  watching();
  const std::string mine = session();
  push({mine, "61", kInet});
  event();
  EXPECT_EQ(broker->close_session(caller(), {mine}).session, kNullHandle);
  EXPECT_EQ(sent(0), Told{});
  EXPECT_EQ(push({mine, "61", kInet}).result, kLogonFailed);
  EXPECT_EQ(broker->close_session(caller(), {mine}).result, kLogonFailed);
  const std::string other = session(2);
  watching(2);
  push({other, "62", kInet}, 3);  // another connection of the same uid may
  event();
  EXPECT_EQ(sent(0), Told{"b"});
  broker->end_session(caller(2), 4);
  EXPECT_EQ(sent(100 * kSecond), Told{});
  EXPECT_EQ(push({other, "62", kInet}, 3).result, kLogonFailed);
}

TEST_F(PushSession, PN_5_5_SessionsAreIndependent) {
  watching(1), watching(2);
  push({session(1), "61", kInet}, 1), push({session(2), "62", "020009c57f0000010000000000000000"}, 2);
  event();
  EXPECT_EQ(sent(0), (Told{"a", "b"}));
  fetch(session(1), 1);
  EXPECT_EQ(sent(60 * kSecond), Told{"b"});
}

TEST_F(PushSession, PN_6_1_EachSignalIsOneDatagramOfTheContextsSize) {
  watching();
  push({session(), "00", kInet});
  event();
  const auto sent = broker->take_datagrams(0);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].context.size(), 1u);
}

TEST_F(PushSession, PN_6_10_WithNothingPendingNothingIsSentForEver) {
  watching();
  push({session(), "61", kInet});
  EXPECT_EQ(sent(0), Told{});
  EXPECT_EQ(broker->next_deadline(), std::nullopt);
}

TEST_F(PushSession, PN_6_12_AFetchThatDoesNotFitSaysSoAndTheRepeatsGoOn) {
  const std::string port = watching();
  const std::string mine = session();
  push({mine, "61", kInet});
  for (std::size_t i = 0; i < FetchPending::kMost + 1; ++i) event();
  EXPECT_EQ(sent(0), Told{"a"});
  auto first = fetch(mine);
  EXPECT_EQ(first.indications.size(), FetchPending::kMost);
  EXPECT_EQ(first.indications[0].port, port);
  EXPECT_EQ(first.indications[0].indication.filter, kGroupState);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(sent(60 * kSecond), Told{"a"});
  EXPECT_FALSE(fetch(mine).more);
  EXPECT_EQ(sent(120 * kSecond), Told{});
  event();
  EXPECT_EQ(sent(121 * kSecond), Told{"a"});
}

TEST_F(PushSession, PN_7_3_AFetchThatFindsNothingIsNoError) {
  const auto nothing = fetch(session());
  EXPECT_EQ(nothing.result, 0u);
  EXPECT_TRUE(nothing.indications.empty() && nothing.mailslots.empty() && !nothing.more);
}

TEST_F(PushSession, MailslotsCountUntilTheirReaderHasRead) {
  const std::string mine = session();
  EXPECT_TRUE(broker->make(caller(), MakeMailslot{"\\mailslot\\box", {}, {}, {}}, 2));
  EXPECT_TRUE(broker->start(caller(), Start{"TEST", "\\mailslot\\box", {}, {}}, 2));
  push({mine, "61", kInet});
  EXPECT_TRUE(broker->open(caller(), OpenMailslot{"\\mailslot\\box", false, {}}, 2));
  EXPECT_EQ(sent(0), Told{});
  std::string wire(38, '\0');
  wire.replace(4, 4, "TEST");
  EXPECT_TRUE(broker->raise(caller(), Raise{"TEST", "lm20", to_hex(as_bytes(wire)), {}}, 3));
  broker->settle();
  EXPECT_EQ(sent(0), Told{"a"});
  ASSERT_EQ(fetch(mine).mailslots.size(), 1u);
  EXPECT_EQ(fetch(mine).mailslots[0].pending, 1u);
  EXPECT_EQ(sent(60 * kSecond), Told{"a"});
  EXPECT_TRUE(broker->remove(caller(), DeleteMailslot{"\\mailslot\\box"}, 2));
  EXPECT_EQ(sent(120 * kSecond), Told{});
}

}  // namespace
