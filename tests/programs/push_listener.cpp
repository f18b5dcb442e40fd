// Fetches what happens to a group when the broker says so, and sleeps otherwise.

#include <cstdio>

#include "alert/control/push_listener.hpp"
#include "alert/control/socket_path.hpp"
#include "alert/wire/cluster_change.hpp"

int main(int argc, char** argv) {
  using namespace alert;
  if (argc != 2) return 2;
  auto client = Client::connect(client_sockets(""));
  if (!client) return 1;
  const auto group = client->call(ObjectOpen{"group", argv[1]});
  const auto port = client->call(CreateNotify{});
  if (!group || !port || !client->call(AddNotify{port->port, "group", group->handle, kGroupState, 1})) return 1;
  auto listener = PushListener::open(*client);
  if (!listener) return 1;
  std::puts("listening");
  std::fflush(stdout);
  while (client->is_connected()) {
    (void)listener->wait(std::chrono::seconds(60));
    for (bool more = true; more;) {
      const auto pending = client->call(FetchPending{listener->session()});
      if (!pending || pending->result != 0) return 1;
      for (const auto& [from, indication] : pending->indications)
        std::printf("%s @%u\n", indication.name.c_str(), indication.state_sequence);
      std::fflush(stdout);
      more = pending->more;
    }
  }
  return 0;
}
