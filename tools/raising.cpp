#include "raising.hpp"

#include <array>
#include <cstring>

#include <sys/random.h>

#include "alert/control/socket_path.hpp"
#include "alert/control/spool.hpp"
#include "alert/wire/hex.hpp"
#include "exit_status.hpp"
#include "json_writer.hpp"
#include "print.hpp"

using namespace alert;

namespace {

constexpr std::size_t kTogether = 32;  // raises that the broker is told of at once while more come
/// The broker knows a uid's last 1,024 ids: what is left in the spool must still be among them.
constexpr std::size_t kMostWithIds = 64;
constexpr std::size_t kMostShown = 64 * 1024;  // bytes, before they are written

std::string receipt_json(const Receipt& receipt) {
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.key("journal");
  json.string(receipt.journal);
  if (receipt.sequence) {
    json.key("sequence");
    json.number(*receipt.sequence);
  }
  json.key("matched");
  json.number(receipt.matched);
  json.key("written");
  json.number(receipt.written);
  json.key("refused");
  json.begin_array();
  for (const RefusedRecipient& refused : receipt.refused) {
    json.begin_object();
    json.key("recipient");
    json.string(refused.recipient);
    json.key("code");
    json.number(refused.code);
    json.key("reason");
    json.string(refused.reason);
    json.end_object();
  }
  json.end_array();
  if (receipt.recipients) {
    json.key("recipients");
    json.begin_array();
    for (const std::string& recipient : *receipt.recipients) json.string(recipient);
    json.end_array();
  }
  json.end_object();
  return line + "\n";
}

std::string receipt_text(const Receipt& receipt) {
  std::string text = receipt.sequence ? "alert " + std::to_string(*receipt.sequence) : "dry run";
  text += ": matched " + std::to_string(receipt.matched) + ", written " + std::to_string(receipt.written) + "\n";
  for (const RefusedRecipient& refused : receipt.refused)
    text += "  refused by " + for_terminal(refused.recipient) + ": " + for_terminal(refused.reason) + "\n";
  for (const std::string& recipient : receipt.recipients.value_or(std::vector<std::string>()))
    text += "  for " + for_terminal(recipient) + "\n";
  return text;
}

std::string random_id() {
  std::array<std::byte, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return "";
  return to_hex(bytes);
}

LaneId lane_id(const std::string& id) {
  LaneId bytes{};
  if (const auto given = from_hex(id); given && given->size() == bytes.size())
    std::memcpy(bytes.data(), given->data(), bytes.size());
  return bytes;
}

}  // namespace

bool Raising::raise(PackedAlert alert) {
  const Deadline deadline(timeout());
  if (!options_.event.empty()) alert.event = options_.event;
  const bool needs_id = options_.id.empty() && options_.may_spool();
  under_way_.push_back({std::move(alert), needs_id ? random_id() : options_.id});
  if (is_broker_gone_) {
    leave();
  } else if (connect(deadline)) {
    if (raiser_ && under_way_.back().alert.event.size() <= kLargestEvent) {
      write();
    } else {
      settle_all_but(1);
      if (!under_way_.empty()) conclude(ask(deadline));
    }
  }
  return status_ != kSystem;
}

bool Raising::connect(const Deadline& deadline) {
  if (client_ || raiser_) return true;
  auto client = Client::connect(client_sockets(context_.socket), deadline.left());
  if (!client) {
    lose_broker(client.error());
    return false;
  }
  if (way_ == Way::call) {
    client_.emplace(std::move(*client));
    return true;
  }
  client->set_timeout(deadline.left());
  auto raiser = Raiser::open(std::move(*client), 0, Raiser::Wants::receipts);
  if (!raiser && raiser.error().error) {
    lose_broker(raiser.error());
    return false;
  }
  if (!raiser) {  // this uid has no memory left
    way_ = Way::call;
    return connect(deadline);
  }
  raiser_.emplace(std::move(*raiser));
  return true;
}

void Raising::write() {
  const UnderWay& next = under_way_.back();
  const std::size_t most = next.id.empty() ? std::numeric_limits<std::size_t>::max() : kMostWithIds;
  while (raiser_->outstanding() >= most ||
         !raiser_->write(next.alert.profile, next.alert.event, next.alert.wire, lane_id(next.id))) {
    conclude(raiser_->receipt(timeout()));
    if (under_way_.empty()) return;
  }
  if (++unflushed_ < kTogether) return;
  raiser_->flush();
  unflushed_ = 0;
}

Raise Raising::UnderWay::call() const {
  Raise call{alert.event, std::string(name(alert.profile)), to_hex(alert.wire), {}};
  if (!id.empty()) call.id = id;
  return call;
}

CallResult<Receipt> Raising::ask(const Deadline& deadline) {
  Raise call = under_way_.back().call();
  if (options_.dry_run) call.dry_run = true;
  Client& client = raiser_ ? raiser_->client() : *client_;
  client.set_timeout(deadline.left());
  return client.call(call);
}

void Raising::settle_all_but(std::size_t count) {
  while (under_way_.size() > count) conclude(raiser_->receipt(timeout()));
}

bool Raising::settle() {
  settle_all_but(0);
  return flush() && status_ != kSystem;
}

void Raising::conclude(const CallResult<Receipt>& receipt) {
  if (!receipt && receipt.error().error) return lose_broker(receipt.error());
  under_way_.pop_front();
  if (!receipt) {
    if (flush()) note(complain(receipt.error()));
    return;
  }
  shown_ += options_.json ? receipt_json(*receipt) : receipt_text(*receipt);
  if (shown_.size() >= kMostShown && !flush()) return;
  const bool delivered = receipt->matched > 0 && receipt->written == receipt->matched;
  note((options_.must_deliver && !delivered) || receipt->written < options_.require ? kNo : kDone);
}

bool Raising::complain_of(const AlertInput::Flaw& flaw) {
  if (!settle()) return false;
  complain(flaw.sentence);
  note(flaw.status);
  return status_ != kSystem;
}

void Raising::lose_broker(const CallFailure& failure) {
  is_broker_gone_ = true;
  if (!flush()) return;
  complain(failure.message);
  if (options_.may_spool()) return leave();
  if (under_way_.size() > 1)
    complain(std::to_string(under_way_.size()) + " alerts have no receipt, they may have been raised");
  under_way_.clear();
  note(kSystem);
}

void Raising::leave() {
  const std::string folder =
      options_.spool_dir.empty() ? client_spool(client_sockets(context_.socket)) : options_.spool_dir;
  const auto no = [this](const std::string& sentence) {
    complain(sentence);
    note(kSystem);
  };
  if (folder.empty()) no("no spool of that broker is known: name it with --spool-dir");
  for (const UnderWay& each : under_way_) {
    const auto error = status_ == kSystem ? std::error_code() : leave_in_spool(folder, each.call());
    if (error) no("cannot leave the alert in the spool " + folder + ": " + error.message());
    if (status_ == kSystem) break;
    shown_ += options_.json ? "{\"spooled\": \"" + each.id + "\"}\n" : "left in the spool: " + each.id + "\n";
    note(options_.must_deliver || options_.require > 0 ? kNo : kDone);  // nobody knows yet
  }
  under_way_.clear();
}

bool Raising::flush() {
  if (shown_.empty() || put(std::exchange(shown_, {}))) return true;
  under_way_.clear();
  note(kSystem);
  return false;
}

void Raising::note(int status) noexcept {
  if (status == kSystem || status_ == kDone) status_ = status;
}
