/* clusnotify.h: cluster notification ports (version 1) for C programs on Linux; link with -lclusnotify.
 *
 * Two faces of one thing. The Api... functions are the methods of MS-CMRP, protocol version 2: each is one
 * call to the broker and nothing more. The others are the client library over them, as Win32 has it: a
 * queue on this side, and when the broker restarts everything is opened and registered anew, with
 * CLUSTER_CHANGE_CLUSTER_RECONNECT and one STATE event for each state that has changed meanwhile.
 *
 * The broker is the one that ALERTBROKER_SOCKET names, otherwise the user's, otherwise the host's. Texts are
 * UTF-16 and end with a zero. Calls may come from several threads at once. Handles are numbers, never 0;
 * one of the wrong kind is as invalid as one that was closed. Handles of one face are none of the other.
 *
 * A forked child must not call before exec, and keeps its parent's connections open until then.
 *
 * Results are 0 or a number below; others may come and mean only that the call failed.
 *
 * Plain C89, also good for C++.
 */
#ifndef CLUSNOTIFY_H
#define CLUSNOTIFY_H

#ifdef __cplusplus
extern "C" {
#endif

#define CLUSTER_CHANGE_NODE_STATE 0x00000001U
#define CLUSTER_CHANGE_NODE_DELETED 0x00000002U
#define CLUSTER_CHANGE_NODE_ADDED 0x00000004U
#define CLUSTER_CHANGE_NODE_PROPERTY 0x00000008U
#define CLUSTER_CHANGE_REGISTRY_NAME 0x00000010U
#define CLUSTER_CHANGE_REGISTRY_ATTRIBUTES 0x00000020U
#define CLUSTER_CHANGE_REGISTRY_VALUE 0x00000040U
#define CLUSTER_CHANGE_REGISTRY_SUBTREE 0x00000080U
#define CLUSTER_CHANGE_RESOURCE_STATE 0x00000100U
#define CLUSTER_CHANGE_RESOURCE_DELETED 0x00000200U
#define CLUSTER_CHANGE_RESOURCE_ADDED 0x00000400U
#define CLUSTER_CHANGE_RESOURCE_PROPERTY 0x00000800U
#define CLUSTER_CHANGE_GROUP_STATE 0x00001000U
#define CLUSTER_CHANGE_GROUP_DELETED 0x00002000U
#define CLUSTER_CHANGE_GROUP_ADDED 0x00004000U
#define CLUSTER_CHANGE_GROUP_PROPERTY 0x00008000U
#define CLUSTER_CHANGE_RESOURCE_TYPE_DELETED 0x00010000U
#define CLUSTER_CHANGE_RESOURCE_TYPE_ADDED 0x00020000U
#define CLUSTER_CHANGE_RESOURCE_TYPE_PROPERTY 0x00040000U
#define CLUSTER_CHANGE_CLUSTER_RECONNECT 0x00080000U
#define CLUSTER_CHANGE_NETWORK_STATE 0x00100000U
#define CLUSTER_CHANGE_NETWORK_DELETED 0x00200000U
#define CLUSTER_CHANGE_NETWORK_ADDED 0x00400000U
#define CLUSTER_CHANGE_NETWORK_PROPERTY 0x00800000U
#define CLUSTER_CHANGE_NETINTERFACE_STATE 0x01000000U
#define CLUSTER_CHANGE_NETINTERFACE_DELETED 0x02000000U
#define CLUSTER_CHANGE_NETINTERFACE_ADDED 0x04000000U
#define CLUSTER_CHANGE_NETINTERFACE_PROPERTY 0x08000000U
#define CLUSTER_CHANGE_QUORUM_STATE 0x10000000U
#define CLUSTER_CHANGE_CLUSTER_STATE 0x20000000U
#define CLUSTER_CHANGE_CLUSTER_PROPERTY 0x40000000U
#define CLUSTER_CHANGE_HANDLE_CLOSE 0x80000000U
/* Whatever fits the object; of the client library only. */
#define CLUSTER_CHANGE_ALL 0xFFFFFFFFU

#define ERROR_SUCCESS 0
#define ERROR_INVALID_FUNCTION 1 /* a waiting ApiGetNotify was ended by Unblock or Close */
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_SHARING_PAUSED 70
#define ERROR_INVALID_PARAMETER 87
#define ERROR_MORE_DATA 234 /* the event is still there */
#define WAIT_TIMEOUT 258
#define ERROR_NO_MORE_ITEMS 259 /* the port is unblocked */
#define RPC_S_SERVER_UNAVAILABLE 1722
#define RPC_S_CALL_FAILED 1726
#define ERROR_RESOURCE_NOT_FOUND 5007
#define ERROR_GROUP_NOT_FOUND 5013
#define ERROR_CLUSTER_NODE_NOT_FOUND 5042
#define ERROR_CLUSTER_NETWORK_NOT_FOUND 5045
#define ERROR_CLUSTER_NETINTERFACE_NOT_FOUND 5047
#define ERROR_CLUSTER_NODE_NOT_READY 5072
#define ERROR_CLUSTER_NODE_SHUTTING_DOWN 5073

#define CLUSTER_INFINITE 0xFFFFFFFFU /* milliseconds */

/* ---- The methods ---- */

typedef unsigned HCLUSTER_RPC;
typedef unsigned HNODE_RPC;
typedef unsigned HGROUP_RPC;
typedef unsigned HRES_RPC;
typedef unsigned HKEY_RPC;
typedef unsigned HNETWORK_RPC;
typedef unsigned HNETINTERFACE_RPC;
typedef unsigned HNOTIFY_RPC;

/* A handle and *status 0, or 0 and why. A key's name is its path below the root key. */
HCLUSTER_RPC ApiOpenCluster(unsigned* status);
HNODE_RPC ApiOpenNode(const unsigned short* name, unsigned* status);
HGROUP_RPC ApiOpenGroup(const unsigned short* name, unsigned* status);
HRES_RPC ApiOpenResource(const unsigned short* name, unsigned* status);
HKEY_RPC ApiOpenKey(const unsigned short* path, unsigned* status);
HNETWORK_RPC ApiOpenNetwork(const unsigned short* name, unsigned* status);
HNETINTERFACE_RPC ApiOpenNetInterface(const unsigned short* name, unsigned* status);
/* The filters that were registered through it go. Sets *handle to 0. */
unsigned ApiCloseCluster(HCLUSTER_RPC* handle);
unsigned ApiCloseNode(HNODE_RPC* handle);
unsigned ApiCloseGroup(HGROUP_RPC* handle);
unsigned ApiCloseResource(HRES_RPC* handle);
unsigned ApiCloseKey(HKEY_RPC* handle);
unsigned ApiCloseNetwork(HNETWORK_RPC* handle);
unsigned ApiCloseNetInterface(HNETINTERFACE_RPC* handle);

HNOTIFY_RPC ApiCreateNotify(unsigned* status);
/* Ends every ApiGetNotify that waits, drops what is queued, sets *port to 0. */
unsigned ApiCloseNotify(HNOTIFY_RPC* port);
/* Ends every ApiGetNotify that waits; the port stays, and delivers nothing more. */
unsigned ApiUnblockGetNotifyCall(HNOTIFY_RPC port);

unsigned ApiAddNotifyCluster(HNOTIFY_RPC port, HCLUSTER_RPC cluster, unsigned filter, unsigned key);
unsigned ApiAddNotifyNode(HNOTIFY_RPC port, HNODE_RPC node, unsigned filter, unsigned key,
                          unsigned* state_sequence);
unsigned ApiAddNotifyGroup(HNOTIFY_RPC port, HGROUP_RPC group, unsigned filter, unsigned key,
                           unsigned* state_sequence);
unsigned ApiAddNotifyResource(HNOTIFY_RPC port, HRES_RPC resource, unsigned filter, unsigned key,
                              unsigned* state_sequence);
/* Here the key comes before the filter. */
unsigned ApiAddNotifyKey(HNOTIFY_RPC port, HKEY_RPC registry_key, unsigned key, unsigned filter,
                         unsigned watch_subtree);
unsigned ApiAddNotifyNetwork(HNOTIFY_RPC port, HNETWORK_RPC network, unsigned filter, unsigned key,
                             unsigned* state_sequence);
unsigned ApiAddNotifyNetInterface(HNOTIFY_RPC port, HNETINTERFACE_RPC interface_, unsigned filter, unsigned key,
                                  unsigned* state_sequence);
unsigned ApiReAddNotifyNode(HNOTIFY_RPC port, HNODE_RPC node, unsigned filter, unsigned key,
                            unsigned state_sequence);
unsigned ApiReAddNotifyGroup(HNOTIFY_RPC port, HGROUP_RPC group, unsigned filter, unsigned key,
                             unsigned state_sequence);
unsigned ApiReAddNotifyResource(HNOTIFY_RPC port, HRES_RPC resource, unsigned filter, unsigned key,
                                unsigned state_sequence);
unsigned ApiReAddNotifyNetwork(HNOTIFY_RPC port, HNETWORK_RPC network, unsigned filter, unsigned key,
                               unsigned state_sequence);
unsigned ApiReAddNotifyNetInterface(HNOTIFY_RPC port, HNETINTERFACE_RPC interface_, unsigned filter, unsigned key,
                                    unsigned state_sequence);

/* Waits `timeout` milliseconds (0: one look). The name is the caller's: ClusFree. On failure 0 and null. */
unsigned ApiGetNotify(HNOTIFY_RPC port, unsigned timeout, unsigned* key, unsigned* filter,
                      unsigned* state_sequence, unsigned short** name);
void ClusFree(unsigned short* name);

/* ---- The client library ---- */

typedef unsigned HCLUSTER;
typedef unsigned HNODE;
typedef unsigned HGROUP;
typedef unsigned HRESOURCE;
typedef unsigned HKEY_CLUSTER;
typedef unsigned HNETWORK;
typedef unsigned HNETINTERFACE;
typedef unsigned HCHANGE;
#define CLUSTER_NO_HANDLE 0xFFFFFFFFU /* INVALID_HANDLE_VALUE */

/* 0, and ClusLastError says why. */
HCLUSTER OpenCluster(void);
HNODE OpenClusterNode(HCLUSTER cluster, const unsigned short* name);
HGROUP OpenClusterGroup(HCLUSTER cluster, const unsigned short* name);
HRESOURCE OpenClusterResource(HCLUSTER cluster, const unsigned short* name);
HKEY_CLUSTER OpenClusterKey(HCLUSTER cluster, const unsigned short* path);
HNETWORK OpenClusterNetwork(HCLUSTER cluster, const unsigned short* name);
HNETINTERFACE OpenClusterNetInterface(HCLUSTER cluster, const unsigned short* name);
/* Any of the handles above. Filters on it go; those that asked for it get CLUSTER_CHANGE_HANDLE_CLOSE. */
unsigned CloseClusterObject(unsigned handle);
/* Of this thread's last function that returned 0 for a handle. */
unsigned ClusLastError(void);

/* With CLUSTER_NO_HANDLE as `port` makes one, otherwise adds a filter to it. With CLUSTER_NO_HANDLE as
 * `cluster` the port is made without one, and without a filter. */
HCHANGE CreateClusterNotifyPort(HCHANGE port, HCLUSTER cluster, unsigned filter, unsigned long key);
/* The filter must fit the object. CLUSTER_CHANGE_HANDLE_CLOSE alone goes with a cluster. With
 * CLUSTER_CHANGE_REGISTRY_SUBTREE a key's filter includes those below it. */
unsigned RegisterClusterNotify(HCHANGE port, unsigned filter, unsigned object, unsigned long key);
/* `name_length` counts units: of the buffer with the zero, on return without. Where the name does not fit,
 * or there is no buffer for it: ERROR_MORE_DATA, the length, and the event stays the next one. Without
 * `name_length` the name is left out. Outputs may be null, `name_length` only where `name` is. */
unsigned GetClusterNotify(HCHANGE port, unsigned long* key, unsigned* filter, unsigned short* name,
                          unsigned* name_length, unsigned timeout);
/* Always succeeds. */
unsigned CloseClusterNotifyPort(HCHANGE port);

#ifdef __cplusplus
}
#endif

#endif
