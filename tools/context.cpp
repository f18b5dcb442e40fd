#include "context.hpp"

#include <algorithm>

#include "alert/control/socket_path.hpp"
#include "exit_status.hpp"
#include "print.hpp"

alert::CallResult<alert::Client> Context::connect_patiently() const {
  auto client = alert::Client::connect(alert::client_sockets(socket));
  if (client && timeout_ms >= 0) client->set_timeout(std::chrono::milliseconds(std::max(timeout_ms, 1000)));
  return client;
}

alert::CallResult<alert::Client> Context::connect() const {
  auto client = alert::Client::connect(alert::client_sockets(socket));
  if (client && timeout_ms >= 0) client->set_timeout(std::chrono::milliseconds(timeout_ms));
  return client;
}

std::string mailslot_path(const std::string& name) {
  return name.starts_with('\\') ? name : std::string(alert::kMailslotPrefix) + name;
}

tl::expected<Codecs, int> Context::open_codecs() const {
  using alert::Profile;
  auto lm20 = alert::TextCodec::open(Profile::lm20, codepage);
  if (lm20) return Codecs{std::move(*lm20), std::move(*alert::TextCodec::open(Profile::nt, codepage))};
  complain("unknown code page " + codepage);
  return tl::unexpected<int>(kUsage);
}
