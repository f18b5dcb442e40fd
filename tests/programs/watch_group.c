/* A C89 program that waits for the next event of a group and prints it. */

#include <stdio.h>
#include <string.h>

#include <clusnotify.h>

static void widen(const char* text, unsigned short* wide) {
  while ((*wide++ = (unsigned char)*text++) != 0) continue;
}

int main(int argc, char** argv) {
  unsigned short name[256];
  unsigned length = 256, filter = 0, i;
  unsigned long key = 0;
  HCLUSTER cluster = OpenCluster();
  HGROUP group;
  HCHANGE port;
  if (argc != 2 || strlen(argv[1]) > 255 || cluster == 0) return 1;
  widen(argv[1], name);
  group = OpenClusterGroup(cluster, name);
  port = CreateClusterNotifyPort(CLUSTER_NO_HANDLE, CLUSTER_NO_HANDLE, 0, 0);
  if (group == 0 || port == 0) return 2;
  if (RegisterClusterNotify(port, CLUSTER_CHANGE_GROUP_STATE, group, 4711) != ERROR_SUCCESS) return 3;
  puts("ready");
  fflush(stdout);
  if (GetClusterNotify(port, &key, &filter, name, &length, CLUSTER_INFINITE) != ERROR_SUCCESS) return 4;
  printf("%lu 0x%08x ", key, filter);
  for (i = 0; i < length; ++i) putchar((char)name[i]);
  putchar('\n');
  return (int)CloseClusterNotifyPort(port);
}
