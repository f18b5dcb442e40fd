#include "brokerd/session.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace brokerd {

namespace {

using alert::Json;

std::string text_of(const Json& json) {
  std::string text = json.dump();
  text.push_back('\0');
  return text;
}

std::string error_text(std::string_view error, const Json& parameters) {
  return text_of({{"error", error}, {"parameters", parameters}});
}

template <class T>
std::string reply_text(const T& reply) {
  return text_of({{"parameters", alert::to_json(reply)}});
}

std::string interface_description() {
  std::string text =
      "# Raises alerts, keeps the alert table, delivers into mailslots.\n"
      "interface io.alertbroker\n\n";
  alert::for_each_call([&](auto call) {
    using Call = decltype(call);
    text += "method " + std::string(Call::kMethod) + alert::varlink_type<Call>() + " -> " +
            alert::varlink_type<typename Call::Reply>() + "\n\n";
  });
  text += "error Refused (code: int, name: string, message: string)\n";
  text += "error Malformed (code: int, name: string, message: string)\n";
  return text;
}

std::string service_reply(std::string_view method, const Json& parameters) {
  if (method == "org.varlink.service.GetInfo")
    return text_of({{"parameters",
                     {{"vendor", "alertbroker"},
                      {"product", "brokerd"},
                      {"version", BROKERD_VERSION},
                      {"url", ""},
                      {"interfaces", {"org.varlink.service", alert::kInterface}}}}});
  if (method == "org.varlink.service.GetInterfaceDescription") {
    if (parameters.contains("interface") && parameters["interface"] == alert::kInterface)
      return text_of({{"parameters", {{"description", interface_description()}}}});
    return error_text("org.varlink.service.InterfaceNotFound", {{"interface", ""}});
  }
  return error_text("org.varlink.service.MethodNotFound", {{"method", ""}});  // foreign text is not echoed
}

std::string malformed_text(std::string message) {
  const auto code = alert::Code::invalid_parameter;
  return error_text(
      "io.alertbroker.Malformed",
      {{"code", static_cast<unsigned>(code)}, {"name", alert::name(code)}, {"message", std::move(message)}});
}

struct OpenedLane {
  alert::OpenLane::Reply reply;
  alert::Descriptor memory;
};

/// Such a call may cost as much as a turn can spare: whatever its session asks next waits for the next one.
template <class Call>
constexpr bool kReadsJournal = std::is_same_v<Call, alert::Replay> || std::is_same_v<Call, alert::Explain> ||
                               std::is_same_v<Call, alert::Audit>;

/// What each call of the interface does; a call without an overload here does not compile.
struct Act {
  Broker& broker;
  const Caller& caller;
  const Turn& turn;
  std::optional<alert::ReplayWindow>& window;
  std::optional<alert::LaneReader>& lane;
  bool& lane_has_answers;

  auto operator()(const alert::Raise& call) const { return broker.raise(caller, call, turn.now_ns); }
  auto operator()(const alert::Write& call) const { return broker.write(caller, call, turn.now_ns); }
  auto operator()(const alert::Start& call) const { return broker.start(caller, call, turn.now_ns); }
  auto operator()(const alert::Stop& call) const { return broker.stop(caller, call, turn.now_ns); }
  auto operator()(const alert::MakeMailslot& call) const { return broker.make(caller, call, turn.now_ns); }
  auto operator()(const alert::DeleteMailslot& call) const { return broker.remove(caller, call, turn.now_ns); }
  auto operator()(const alert::ListTable& call) const { return broker.list(caller, call); }
  auto operator()(const alert::ListMailslots& call) const { return broker.list(caller, call); }
  Outcome<alert::Stats::Reply> operator()(const alert::Stats&) const {
    auto stats = broker.stats(caller);
    stats.turns = turn.turns;
    stats.connections = turn.connections;
    stats.spooled = turn.spooled;
    stats.spool_bad = turn.spool_bad;
    stats.receives = turn.traffic.receives;
    stats.sends = turn.traffic.sends;
    stats.datagrams = turn.datagrams;
    stats.lost_datagrams = turn.lost_datagrams;
    stats.poll_ns = turn.poll_ns;
    return stats;
  }
  auto operator()(const alert::ListSemaphores& call) const { return broker.list(caller, call); }
  auto operator()(const alert::Explain& call) const { return broker.explain(caller, call, turn.now_ns); }
  auto operator()(const alert::Audit&) const { return broker.audit(caller, turn.now_ns); }
  auto operator()(const alert::Can& call) const { return broker.can(caller, call); }
  Outcome<Opened> operator()(const alert::OpenMailslot& call) const {
    if (!window) {
      auto made = alert::ReplayWindow::create();
      if (!made) return refuse(alert::Code::not_enough_memory, "no replay window");
      window = std::move(*made);
    }
    return broker.open(caller, call, turn.now_ns);
  }
  auto operator()(const alert::ObjectAdd& call) const { return broker.add(caller, call, turn.now_ns); }
  auto operator()(const alert::ObjectChange& call) const { return broker.change(caller, call, turn.now_ns); }
  auto operator()(const alert::ObjectDelete& call) const { return broker.remove(caller, call, turn.now_ns); }
  auto operator()(const alert::ListObjects& call) const { return broker.list(caller, call); }
  auto operator()(const alert::ObjectOpen& call) const { return broker.open(caller, call, turn.now_ns); }
  auto operator()(const alert::ObjectClose& call) const { return broker.close(caller, call); }
  auto operator()(const alert::CreateNotify&) const { return broker.create(caller, turn.now_ns); }
  auto operator()(const alert::AddNotify& call) const { return broker.add(caller, call, turn.now_ns); }
  auto operator()(const alert::OpenSession&) const { return broker.open_session(caller, turn.now_ns); }
  Outcome<alert::CloseSession::Reply> operator()(const alert::CloseSession& call) const {
    return broker.close_session(caller, call);
  }
  auto operator()(const alert::RegisterPush& call) const {
    return broker.register_push(caller, call, reach_of, turn.now_ns);
  }
  auto operator()(const alert::FetchPending& call) const { return broker.fetch_pending(caller, call); }
  auto operator()(const alert::ReAddNotify& call) const { return broker.add_again(caller, call, turn.now_ns); }
  auto operator()(const alert::GetNotify& call) const { return broker.get(caller, call, turn.monotonic_ns); }
  auto operator()(const alert::UnblockGetNotify& call) const { return broker.unblock(caller, call); }
  auto operator()(const alert::CloseNotify& call) const { return broker.close(caller, call); }
  auto operator()(const alert::OpenSemaphore& call) const { return broker.open(caller, call, turn.now_ns); }
  Outcome<OpenedLane> operator()(const alert::OpenLane& call) const {
    auto opened = broker.open(caller, call, turn.now_ns);
    if (!opened) return tl::unexpected<Refusal>(opened.error());
    lane = std::move(*opened);
    lane_has_answers = call.answers.value_or(false);
    return OpenedLane{{lane->capacity(), broker.journal()}, alert::duplicate(lane->descriptor())};
  }
  Outcome<alert::Replay::Reply> operator()(const alert::Replay& call) const {
    if (!window) return refuse(alert::Code::invalid_handle, "no mailslot is open here");
    return broker.replay(caller, call, *window, turn.now_ns);
  }
};

alert::LaneVerdict verdict(const Outcome<Settled>& settled) noexcept {
  if (!settled) return {static_cast<std::uint32_t>(settled.error().code), 0, 0, 0, 0};
  const auto matched = static_cast<std::uint32_t>(settled->told.matched);
  const auto written = static_cast<std::uint32_t>(settled->told.written);
  return {0, matched, settled->sequence, written, matched - written};
}

}  // namespace

std::string refusal_text(const Refusal& refusal) {
  return error_text("io.alertbroker.Refused", {{"code", static_cast<unsigned>(refusal.code)},
                                               {"name", alert::name(refusal.code)},
                                               {"message", refusal.message}});
}

void Session::receive() {
  if (!is_read() || has_request()) return;  // the rest stays with its sender
  char bytes[64 * 1024];
  ++traffic_.receives;
  const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0) {
    inbox_.append(bytes, static_cast<std::size_t>(n));
  } else if (n == 0) {
    at_end_ = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    failed_ = true;
  }
  if (inbox_.size() <= alert::kLargestMessage || has_request()) return;
  inbox_.clear();
  closing_ = true;
  outbox_.push_back({malformed_text("a request is longer than 262144 bytes"), {}, {}});
}

std::size_t Session::handle(Broker& broker, const Turn& turn, std::size_t most) {
  std::size_t handled = 0;
  std::size_t start = 0;
  std::size_t answered = 0;  // bytes
  has_read_journal_ = false;
  while (handled < most && answered < kAnswerBytesPerTurn && !closing_ && !has_read_journal_) {
    if (is_waiting() && !takes_requests()) break;
    const std::size_t end = inbox_.find('\0', start);
    if (end == std::string::npos) break;
    if (end == start && lane_)
      is_raising_ = true;  // the doorbell
    else
      handle_one(broker, turn, std::string_view(inbox_).substr(start, end - start));
    start = end + 1;
    ++handled;
    if (!outbox_.empty()) answered += outbox_.back().text.size();
  }
  inbox_.erase(0, start);
  return handled + handle_lane(broker, turn, most - handled);
}

std::size_t Session::handle_lane(Broker& broker, const Turn& turn, std::size_t most) {
  std::size_t handled = 0;
  while (is_raising_ && takes_raises() && handled < most) {
    const auto seen = lane_->look();
    if (seen == alert::LaneReader::Seen::broken) {
      failed_ = true;
      is_raising_ = false;
    }
    if (seen != alert::LaneReader::Seen::raise) break;
    auto ticket = broker.raise(caller_, *lane_, turn.now_ns);
    raised_.push_back(ticket ? *ticket : kRefused);
    if (!ticket) refused_.push_back(std::move(ticket.error()));
    lane_->advance();
    ++handled;
  }
  return handled;
}

bool Session::listen() noexcept {
  if (!takes_raises()) return true;  // it is looked at again when its answers have left
  if (!lane_->listen()) return false;
  is_raising_ = false;
  return true;
}

void Session::handle_one(Broker& broker, const Turn& turn, std::string_view request) {
  const auto json = alert::parse_json(request);
  if (!json) {
    outbox_.push_back(
        {malformed_text("not acceptable JSON: at most 262144 bytes, nested at most 16 deep"), {}, {}});
    return;
  }
  const auto method = json->is_object() ? json->find("method") : json->end();
  if (!json->is_object() || method == json->end() || !method->is_string()) {
    outbox_.push_back({malformed_text("a request is an object with a member `method`"), {}, {}});
    return;
  }
  const auto parameters = json->find("parameters");
  const bool has_parameters = parameters != json->end();
  Reply reply =
      has_parameters && !parameters->is_object()
          ? Reply{error_text("org.varlink.service.InvalidParameter", {{"parameter", "parameters"}}), {}, {}}
          : dispatch(broker, turn, method->get<std::string>(), has_parameters ? *parameters : Json::object());
  const auto oneway = json->find("oneway");
  reply.silent = oneway != json->end() && oneway->is_boolean() && oneway->get<bool>();
  outbox_.push_back(std::move(reply));
}

Session::Reply Session::dispatch(Broker& broker, const Turn& turn, const std::string& method,
                                 const Json& parameters) {
  const std::string prefix = std::string(alert::kInterface) + ".";
  std::optional<Reply> reply;
  if (method.starts_with(prefix))
    alert::for_each_call([&](auto call) {
      if (std::string_view(method).substr(prefix.size()) != call.kMethod) return;
      has_read_journal_ = kReadsJournal<decltype(call)>;
      if (const auto bad = alert::from_json(parameters, call))
        reply = {error_text("org.varlink.service.InvalidParameter", {{"parameter", *bad}}), {}, {}};
      else
        reply = to_reply(Act{broker, caller_, turn, window_, lane_, lane_has_answers_}(call));
    });
  return reply ? std::move(*reply) : Reply{service_reply(method, parameters), {}, {}};
}

template <class Value>
Session::Reply Session::to_reply(Outcome<Value> outcome) const {
  if (!outcome) return {refusal_text(outcome.error()), {}, {}};
  if constexpr (std::is_same_v<Value, Broker::Ticket>) {
    return {"", {}, *outcome};
  } else if constexpr (std::is_same_v<Value, Broker::Waiting>) {
    Reply reply{outcome->wait == 0 ? reply_text(outcome->reply) : "", {}, {}};
    reply.wait = outcome->wait;
    return reply;
  } else if constexpr (std::is_same_v<Value, Opened>) {
    Reply reply{reply_text(outcome->reply), {}, {}};
    reply.descriptors.push_back(std::move(outcome->ring));
    reply.descriptors.push_back(alert::duplicate(window_->descriptor()));
    if (outcome->page) reply.descriptors.push_back(std::move(outcome->page));
    if (outcome->poll) reply.descriptors.push_back(std::move(outcome->poll));
    return reply;
  } else if constexpr (std::is_same_v<Value, OpenedSemaphore>) {
    Reply reply{reply_text(outcome->reply), {}, {}};
    reply.descriptors.push_back(std::move(outcome->page));
    return reply;
  } else if constexpr (std::is_same_v<Value, OpenedLane>) {
    Reply reply{reply_text(outcome->reply), {}, {}};
    reply.descriptors.push_back(std::move(outcome->memory));
    return reply;
  } else {
    return {reply_text(*outcome), {}, {}};
  }
}

void Session::settle(const Broker& broker, const std::vector<Outcome<Settled>>& settled) {
  const auto text = [&](const Outcome<Settled>& raised) {
    return raised ? reply_text(broker.receipt(*raised)) : refusal_text(raised.error());
  };
  for (Reply& reply : outbox_) {
    if (!reply.ticket) continue;
    reply.text = text(settled[*reply.ticket]);
    reply.ticket.reset();
  }
  const auto answer = [&](const Outcome<Settled>& raised) {
    const alert::LaneVerdict told = verdict(raised);
    lane_->answer(told);
    if (lane_has_answers_ && has_answer(told)) outbox_.push_back({text(raised), {}, {}});
  };
  auto refusal = refused_.begin();
  for (const Broker::Ticket ticket : raised_)
    if (ticket != kRefused)
      answer(settled[ticket]);
    else
      answer(tl::unexpected<Refusal>(std::move(*refusal++)));
  if (!raised_.empty()) lane_->publish();
  raised_.clear();
  refused_.clear();
}

void Session::answer(std::uint64_t wait, const Outcome<alert::GetNotify::Reply>& answer) {
  for (Reply& reply : outbox_) {
    if (reply.wait != wait) continue;
    reply.text = answer ? reply_text(*answer) : refusal_text(answer.error());
    reply.wait = 0;
  }
}

void Session::hang_up() {
  std::erase_if(outbox_, [](const Reply& reply) { return reply.wait != 0; });
}

void Session::flush() {
  if (lane_) lane_->wake();
  while (has_reply() && !failed_) {
    Reply& reply = outbox_.front();
    if (reply.silent) {
      outbox_.pop_front();
      continue;
    }
    iovec part{reply.text.data() + sent_, reply.text.size() - sent_};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
    if (sent_ == 0 && !reply.descriptors.empty()) {  // they travel with the first byte
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * reply.descriptors.size());
      std::memset(control, 0, sizeof control);
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * reply.descriptors.size());
      for (std::size_t i = 0; i < reply.descriptors.size(); ++i) {
        const int fd = reply.descriptors[i].get();
        std::memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
      }
    }
    ++traffic_.sends;
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      failed_ = errno != EAGAIN && errno != EINTR;
      return;
    }
    sent_ += static_cast<std::size_t>(n);
    if (sent_ < reply.text.size()) continue;
    outbox_.pop_front();
    sent_ = 0;
  }
}

}  // namespace brokerd
