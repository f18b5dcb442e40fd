// alertctl push: have the broker send a datagram while a mailslot has something unread.

#include <cstdio>
#include <memory>

#include <poll.h>

#include "alert/control/json_fields.hpp"
#include "alert/wire/callback_address.hpp"
#include "alert/wire/hex.hpp"
#include "exit_status.hpp"
#include "print.hpp"
#include "verbs.hpp"

using namespace alert;

namespace {

struct PushOptions {
  std::string mailslot;
  std::string address;
  std::string context = "alert";
  bool is_hex = false;
};

int refused(PushResult result, const PushOptions& options) {
  switch (result) {
    case PushResult::access_denied:
      std::fprintf(stderr, "alertctl: %s is neither this host's nor in a network of [push] networks\n",
                   options.address.c_str());
      return kRefused;
    case PushResult::not_supported:
      std::fprintf(stderr, "alertctl: the broker does not send to this family of addresses\n");
      return kRefused;
    case PushResult::too_big:
      std::fprintf(stderr, "alertctl: a context has at most %zu bytes\n", kLargestContext);
      return kUsage;
    default: std::fprintf(stderr, "alertctl: the broker does not take this context and address\n"); return kUsage;
  }
}

/// Returns when the broker has hung up.
void stay(const Client& client) {
  pollfd poll{client.socket(), POLLRDHUP, 0};
  while (client.is_connected()) ::poll(&poll, 1, -1);
}

int register_push(const Context& context, const PushOptions& options) {
  const auto address = callback_from_text(options.address);
  const auto bytes = options.is_hex ? from_hex(options.context) : Result<std::vector<std::byte>>();
  if (!address || !bytes) {
    std::fprintf(stderr, "alertctl: %s\n",
                 address ? "the context is not hexadecimal" : "expected ADDRESS:PORT or [ADDRESS]:PORT");
    return kUsage;
  }
  auto client = context.connect();
  if (!client) return complain(client.error());
  const std::string mailslot = mailslot_path(options.mailslot);
  const auto opened = client->call(OpenMailslot{mailslot, false, {}});
  if (!opened) return complain(opened.error(), mailslot);
  (void)client->take_descriptors();
  const auto session = client->call(OpenSession{});
  if (!session) return complain(session.error());
  const auto done = client->call(RegisterPush{session->session,
                                              options.is_hex ? options.context : to_hex(as_bytes(options.context)),
                                              to_hex(encode_callback_address(*address))});
  if (!done) return complain(done.error());
  if (done->result != 0) return refused(static_cast<PushResult>(done->result), options);
  std::fprintf(stderr, "registered\n");
  stay(*client);
  std::fprintf(stderr, "alertctl: the broker is gone\n");
  return kSystem;
}

}  // namespace

void add_push(CLI::App& app, Context& context) {
  auto options = std::make_shared<PushOptions>();
  CLI::App* push = app.add_subcommand("push", "Datagrams that say: come and fetch");
  push->require_subcommand(1);
  CLI::App* verb = push->add_subcommand("register", "Have one sent while a mailslot has something unread");
  verb->add_option("mailslot", options->mailslot, "NAME or \\mailslot\\NAME")->required();
  verb->add_option("address", options->address, "Where to: ADDRESS:PORT or [ADDRESS]:PORT")->required();
  verb->add_option("--context", options->context, "What the datagram holds, at most 16 bytes")
      ->capture_default_str();
  verb->add_flag("--hex", options->is_hex, "The context is hexadecimal");
  add_number(*verb, "--timeout", context.timeout_ms, "Milliseconds to wait for the answer [10000]", 1);
  verb->footer(std::string("One goes at once, others at the broker's interval until everything is read. Ends when\n"
                           "interrupted, and the registration with it.\n\n"
                           "Example:\n  alertctl push register jobs 127.0.0.1:2500 & nc -ul 2500\n\n") +
               kExitStatuses);
  verb->callback(
      [options, &context] { context.verb = [&context, options] { return register_push(context, *options); }; });
}
