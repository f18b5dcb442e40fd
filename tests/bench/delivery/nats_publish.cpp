// nats_publish URL TEXT: one message and out, as nats' own command line would do it, which is not packaged.

#include <nats/nats.h>

int main(int count, char** words) {
  if (count != 3) return 2;
  natsConnection* connection = nullptr;
  if (::natsConnection_ConnectTo(&connection, words[1]) != NATS_OK) return 1;
  if (::natsConnection_PublishString(connection, "bench.alert", words[2]) != NATS_OK) return 1;
  if (::natsConnection_Flush(connection) != NATS_OK) return 1;
  ::natsConnection_Destroy(connection);
  ::nats_Close();
  return 0;
}
