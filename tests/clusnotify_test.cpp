// The C functions of clusnotify.h: the methods, and the client library over them.

#include <clusnotify.h>

#include <future>

#include "watching.hpp"

namespace {

/// UTF-16 with its zero.
struct Wide {
  std::vector<unsigned short> units;
  Wide(const char* ascii) {  // NOLINT(google-explicit-constructor)
    for (; *ascii; ++ascii) units.push_back(static_cast<unsigned char>(*ascii));
    units.push_back(0);
  }
  operator const unsigned short*() const { return units.data(); }  // NOLINT(google-explicit-constructor)
};
std::string narrow(const unsigned short* text) {
  std::string out;
  for (; text && *text; ++text) out.push_back(static_cast<char>(*text));
  return out;
}

struct ClusNotify : test::Watched {
  ClusNotify() {
    ::setenv("ALERTBROKER_SOCKET", broker.socket().c_str(), 1);
    make("group", "g", 0), make("node", "n", 0), make("key", "k");
  }
  ~ClusNotify() override { ::unsetenv("ALERTBROKER_SOCKET"); }

  /// "KEY FILTER NAME @SEQUENCE" of the next one, or "!result".
  static std::string get(HNOTIFY_RPC port, unsigned timeout = 0) {
    unsigned key = 1, filter = 1, sequence = 1;
    unsigned short* name = nullptr;
    const unsigned result = ApiGetNotify(port, timeout, &key, &filter, &sequence, &name);
    std::string text = "!" + std::to_string(result);
    if (result == 0)
      text =
          std::to_string(key) + " " + std::to_string(filter) + " " + narrow(name) + " @" + std::to_string(sequence);
    ClusFree(name);
    return text;
  }
  void value(const char* key) {
    must(alert::ObjectChange{"key", key, {}, std::vector<alert::ObjectProperty>{{"v", std::to_string(++values)}}});
  }
  int values = 0;
  unsigned status = 99;
};

TEST_F(ClusNotify, NP_2_1_InAddNotifyKeyTheKeyComesBeforeTheFilter) {
  const HNOTIFY_RPC port = ApiCreateNotify(&status);
  const HKEY_RPC key = ApiOpenKey(Wide("k"), &status);
  EXPECT_EQ(ApiAddNotifyKey(port, key, 0x1234, CLUSTER_CHANGE_REGISTRY_VALUE, 0), 0u);
  EXPECT_EQ(ApiAddNotifyKey(port, key, CLUSTER_CHANGE_REGISTRY_VALUE, 0x1234, 0), 87u);
  value("k");
  EXPECT_EQ(get(port), std::to_string(0x1234) + " " + std::to_string(CLUSTER_CHANGE_REGISTRY_VALUE) + "  @0");
}

TEST_F(ClusNotify, NP_4_6_AnyWatchSubTreeButZeroCounts) {
  make("key", "k\\below");
  for (const unsigned subtree : {1u, 0xFFu, 0x100u, 0x80000000u}) {
    HNOTIFY_RPC port = ApiCreateNotify(&status);
    EXPECT_EQ(ApiAddNotifyKey(port, ApiOpenKey(Wide("k"), &status), 1, CLUSTER_CHANGE_REGISTRY_VALUE, subtree), 0u);
    value("k\\below");
    EXPECT_EQ(get(port), "1 64 below @0") << subtree;
    EXPECT_EQ(ApiCloseNotify(&port), 0u);
  }
}

TEST_F(ClusNotify, NP_8_7_FailureWritesZerosAndANullName) {
  HNOTIFY_RPC port = ApiCreateNotify(&status);
  unsigned key = 1, filter = 1, sequence = 1;
  unsigned short something = 0;
  unsigned short* name = &something;
  EXPECT_EQ(ApiGetNotify(port, 0, &key, &filter, &sequence, &name), 258u);
  EXPECT_EQ(key + filter + sequence, 0u);
  EXPECT_EQ(name, nullptr);
  sequence = 1;
  EXPECT_EQ(ApiAddNotifyGroup(port, ApiOpenGroup(Wide("g"), &status), 0, 1, &sequence), 87u);
  EXPECT_EQ(sequence, 0u);
}

TEST_F(ClusNotify, HasEveryMethodForItsKind) {
  make("resource", "r", 2), make("network", "w", 3), make("netinterface", "i", 3);
  const HNOTIFY_RPC port = ApiCreateNotify(&status);
  EXPECT_EQ(status, 0u);
  unsigned sequence = 0;
  const HNODE_RPC node = ApiOpenNode(Wide("n"), &status);
  const HGROUP_RPC group = ApiOpenGroup(Wide("g"), &status);
  const HRES_RPC resource = ApiOpenResource(Wide("r"), &status);
  const HNETWORK_RPC network = ApiOpenNetwork(Wide("w"), &status);
  const HNETINTERFACE_RPC net_interface = ApiOpenNetInterface(Wide("i"), &status);
  const HCLUSTER_RPC cluster = ApiOpenCluster(&status);
  EXPECT_EQ(ApiAddNotifyCluster(port, cluster, CLUSTER_CHANGE_CLUSTER_PROPERTY, 1), 0u);
  EXPECT_EQ(ApiAddNotifyNode(port, node, 0xF, 1, &sequence), 0u);
  EXPECT_EQ(ApiAddNotifyGroup(port, group, 0xF000, 1, &sequence), 0u);
  EXPECT_EQ(ApiAddNotifyResource(port, resource, 0xF00, 1, &sequence), 0u);
  EXPECT_EQ(ApiAddNotifyNetwork(port, network, 0xF00000, 1, &sequence), 0u);
  EXPECT_EQ(ApiAddNotifyNetInterface(port, net_interface, 0xF000000, 1, &sequence), 0u);
  EXPECT_EQ(sequence, 1u);
  EXPECT_EQ(ApiReAddNotifyNode(port, node, 1, 2, 99), 0u);
  EXPECT_EQ(ApiReAddNotifyGroup(port, group, 0x1000, 3, 99), 0u);
  EXPECT_EQ(ApiReAddNotifyResource(port, resource, 0x100, 4, 99), 0u);
  EXPECT_EQ(ApiReAddNotifyNetwork(port, network, 0x100000, 5, 99), 0u);
  EXPECT_EQ(ApiReAddNotifyNetInterface(port, net_interface, 0x1000000, 6, 99), 0u);
  for (const char* next : {"2 1 n @1", "3 4096 g @1", "4 256 r @1", "5 1048576 w @1", "6 16777216 i @1"})
    EXPECT_EQ(get(port), next);
  EXPECT_EQ(ApiAddNotifyGroup(port, node, 0xF000, 1, &sequence), 6u);
  EXPECT_EQ(ApiAddNotifyGroup(group, group, 0xF000, 1, &sequence), 6u);
  HGROUP_RPC closing = group;
  EXPECT_EQ(ApiCloseGroup(&closing), 0u);
  EXPECT_EQ(closing, 0u);
  EXPECT_EQ(ApiAddNotifyGroup(port, group, 0xF000, 1, &sequence), 6u);
  EXPECT_EQ(ApiOpenGroup(Wide("none"), &status), 0u);
  EXPECT_EQ(status, 5013u);
}

TEST_F(ClusNotify, AWaitingGetNotifyIsUnblockedAndThePortClosed) {
  HNOTIFY_RPC port = ApiCreateNotify(&status);
  auto waiting = std::async(std::launch::async, [&] { return get(port, CLUSTER_INFINITE); });
  EXPECT_EQ(ApiUnblockGetNotifyCall(port), 0u);
  const std::string woken = waiting.get();
  EXPECT_TRUE(woken == "!1" || woken == "!259") << woken;
  const HNOTIFY_RPC closed = port;
  EXPECT_EQ(ApiCloseNotify(&port), 0u);
  EXPECT_EQ(port, 0u);
  EXPECT_EQ(get(closed), "!6");
  EXPECT_EQ(ApiUnblockGetNotifyCall(closed), 6u);
}

TEST_F(ClusNotify, WithoutABrokerTheServerIsUnavailable) {
  broker.stop();
  EXPECT_EQ(ApiCreateNotify(&status), 0u);
  EXPECT_EQ(status, 1722u);
  EXPECT_EQ(OpenCluster(), 0u);
  EXPECT_EQ(ClusLastError(), 1722u);
}

/// The client library with a port that watches group g under key 5.
struct ClusterLibrary : ClusNotify {
  ClusterLibrary() {
    cluster = OpenCluster();
    group = OpenClusterGroup(cluster, Wide("g"));
    port = CreateClusterNotifyPort(CLUSTER_NO_HANDLE, CLUSTER_NO_HANDLE, 0, 0);
  }
  ~ClusterLibrary() override { CloseClusterNotifyPort(port); }
  /// "KEY FILTER NAME" or "!result".
  std::string next(unsigned timeout = 60'000) {
    unsigned short name[64];
    unsigned length = 64, filter = 0;
    unsigned long key = 0;
    const unsigned result = GetClusterNotify(port, &key, &filter, name, &length, timeout);
    return result ? "!" + std::to_string(result)
                  : std::to_string(key) + " " + std::to_string(filter) + " " + narrow(name);
  }
  HCLUSTER cluster = 0;
  HGROUP group = 0;
  HCHANGE port = 0;
};

TEST_F(ClusterLibrary, NP_9_5_TheNamesLengthCountsTheZeroOnTheWayInAlone) {
  make("group", "four", 0);
  RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, OpenClusterGroup(cluster, Wide("four")), 5);
  set("group", "four", 1);
  unsigned short name[5] = {1, 1, 1, 1, 1};
  unsigned length = 5;
  EXPECT_EQ(GetClusterNotify(port, nullptr, nullptr, name, &length, 60'000), 0u);
  EXPECT_EQ(length, 4u);
  EXPECT_EQ(narrow(name), "four");
}

TEST_F(ClusterLibrary, NP_9_6_ABufferThatIsTooSmallKeepsTheEvent) {
  make("group", "four", 0);
  RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, OpenClusterGroup(cluster, Wide("four")), 5);
  set("group", "four", 1);
  unsigned short name[5];
  for (unsigned room : {0u, 1u, 4u}) {
    unsigned length = room;
    EXPECT_EQ(GetClusterNotify(port, nullptr, nullptr, name, &length, 60'000), 234u);
    EXPECT_EQ(length, 4u);
  }
  unsigned length = 99;
  EXPECT_EQ(GetClusterNotify(port, nullptr, nullptr, nullptr, &length, 60'000), 234u) << "asks for the length";
  EXPECT_EQ(length, 4u);
  EXPECT_EQ(next(), "5 4096 four");
  EXPECT_EQ(next(0), "!258");
}

TEST_F(ClusterLibrary, NP_9_6_ANameWithoutItsLengthIsRefusedAndTheEventStays) {
  RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, group, 5);
  set("group", "g", 1);
  unsigned short name[5];
  EXPECT_EQ(GetClusterNotify(port, nullptr, nullptr, name, nullptr, 60'000), 87u);
  EXPECT_EQ(next(), "5 4096 g");
  set("group", "g", 0);
  EXPECT_EQ(GetClusterNotify(port, nullptr, nullptr, nullptr, nullptr, 60'000), 0u)
      << "who wants neither, takes it";
  EXPECT_EQ(next(0), "!258");
}

TEST_F(ClusterLibrary, APortThatGetsNoThreadIsNotMade) {
  pthread_attr_t normal, huge;
  ASSERT_EQ(::pthread_getattr_default_np(&normal), 0);
  ASSERT_EQ(::pthread_attr_init(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 50), 0);  // there is no room for such a stack
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  EXPECT_EQ(CreateClusterNotifyPort(CLUSTER_NO_HANDLE, CLUSTER_NO_HANDLE, 0, 0), 0u);
  EXPECT_EQ(ClusLastError(), 8u);
  EXPECT_EQ(::pthread_setattr_default_np(&normal), 0);
  const HCHANGE made = CreateClusterNotifyPort(CLUSTER_NO_HANDLE, CLUSTER_NO_HANDLE, 0, 0);
  EXPECT_NE(made, 0u);
  EXPECT_EQ(CloseClusterNotifyPort(made), 0u);
}

TEST_F(ClusterLibrary, NP_13_8_APortIsMadeWithoutAClusterTakesFiltersAndCloses) {
  EXPECT_EQ(CreateClusterNotifyPort(port, cluster, CLUSTER_CHANGE_GROUP_ADDED, 8), port);
  make("group", "new");
  EXPECT_EQ(next(), "8 16384 new");
  EXPECT_EQ(CreateClusterNotifyPort(4711, cluster, CLUSTER_CHANGE_GROUP_ADDED, 8), 0u);
  EXPECT_EQ(ClusLastError(), 6u);
  const HCHANGE other = CreateClusterNotifyPort(CLUSTER_NO_HANDLE, cluster, CLUSTER_CHANGE_GROUP_ADDED, 9);
  EXPECT_NE(other, 0u);
  EXPECT_EQ(CloseClusterNotifyPort(other), 0u);
  EXPECT_EQ(CloseClusterNotifyPort(other), 0u);
  EXPECT_EQ(RegisterClusterNotify(other, CLUSTER_CHANGE_GROUP_STATE, group, 1), 6u);
}

TEST_F(ClusterLibrary, NP_13_9_TheHandleFitsTheBits) {
  const HNODE node = OpenClusterNode(cluster, Wide("n"));
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, node, 1), 87u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_NODE_STATE, group, 1), 87u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_HANDLE_CLOSE, group, 1), 87u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_HANDLE_CLOSE, cluster, 1), 0u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE | CLUSTER_CHANGE_HANDLE_CLOSE, group, 2), 0u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_ALL, node, 3), 0u);
  EXPECT_EQ(RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, 4711, 1), 6u);
  EXPECT_EQ(CloseClusterObject(group), 0u);
  EXPECT_EQ(next(), "2 " + std::to_string(CLUSTER_CHANGE_HANDLE_CLOSE) + " g");
  EXPECT_EQ(CloseClusterObject(group), 6u);
}

TEST_F(ClusterLibrary, OneHandlesFiltersEndWithItAndNoOthers) {
  const HGROUP same = OpenClusterGroup(cluster, Wide("g"));
  RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, group, 1);
  RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, same, 2);
  EXPECT_EQ(CloseClusterObject(group), 0u);
  set("group", "g", 1);
  EXPECT_EQ(next(), "2 4096 g");
  EXPECT_EQ(next(0), "!258");
}

}  // namespace
