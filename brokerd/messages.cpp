// The broker's messages: bytes for one mailslot by name, judged here, then numbered, journaled and
// delivered with the turn's alerts.

#include "alert/wire/hex.hpp"
#include "brokerd/broker.hpp"
#include "brokerd/raised_as.hpp"

namespace brokerd {

using alert::Code;

Outcome<Broker::Ticket> Broker::write(const Caller& caller, const alert::Write& call, std::uint64_t now_ns) {
  auto ticket = accept(caller, call, now_ns);
  if (!ticket && ticket.error().code == Code::sem_timeout) return ticket;  // it will be asked for again
  return counted(std::move(ticket));
}

Outcome<Broker::Ticket> Broker::accept(const Caller& caller, const alert::Write& call, std::uint64_t now_ns) {
  const std::uint32_t priority = call.priority.value_or(0);
  const std::uint32_t class_of_service = call.class_of_service.value_or(1);
  if (call.mailslot.empty()) return refuse(Code::invalid_parameter, "the mailslot has no name");
  if (priority > alert::kMaxPriority) return refuse(Code::invalid_parameter, "the priority is not 0 to 9");
  if (class_of_service < 1 || class_of_service > 2)
    return refuse(Code::invalid_parameter, "the class is not 1 or 2");
  if (call.message.size() > 2 * alert::kLargestAlert)
    return refuse(Code::buffer_overflow, "larger than the largest message (65475 bytes)");
  const auto message = alert::from_hex(call.message);
  if (!message)
    return refuse(Code::invalid_parameter,
                  "message: not hexadecimal at character " + std::to_string(message.error().offset));
  const Mailslot* slot = ledger_.mailslot(alert::canonical_recipient(call.mailslot));
  if (!slot) return refuse(Code::path_not_found, "there is no such mailslot");
  if (auto judged = judge_writing(caller, *slot); !judged) return tl::unexpected<Refusal>(judged.error());
  const MailslotState& state = slot->state;
  if (message->size() > state.max_message)
    return refuse(Code::buffer_overflow, "larger than the mailslot's messages");
  if (!has_room(*slot, message->size())) return refuse(Code::sem_timeout, "the mailslot has no room now");
  if (call.dry_run.value_or(false)) {
    settle();
    settled_.emplace_back(Settled{0, {1, 1}, {state.name}});
    return settled_.size() - 1;
  }
  if (auto judged = judge_rate(caller, message->size(), now_ns); !judged)
    return tl::unexpected<Refusal>(judged.error());
  alert::RecordHeader header = numbered(caller, alert::RecordKind::message, *message, now_ns);
  header.flags = static_cast<std::uint8_t>(priority << alert::kPriorityShift);
  origins_.push_back({{"", "", state.name}, caller.uid});
  if (state.room) room_.take(state.incarnation, header.sequence, message->size());
  return stage(header, *message, annex_for_message(state.name, class_of_service));
}

bool Broker::has_room(const Mailslot& slot, std::size_t size) {
  const MailslotState& state = slot.state;
  if (!state.room) return true;
  const auto cursor = cursor_of(slot);
  room_.read_up_to(state.incarnation, cursor ? cursor->read_sequence : state.read_sequence);
  return room_.used(state.incarnation) + Room::cost(size) <= *state.room;
}

}  // namespace brokerd
