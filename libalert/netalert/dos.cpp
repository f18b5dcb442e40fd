// The Dos*Mailslot calls: LAN Manager's mailslots, with priorities and waiting.

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "alert/wire/hex.hpp"
#include "netalert.h"
#include "process.hpp"

namespace {

using alert::Code;
using namespace netalert;
using std::chrono::milliseconds;

constexpr std::uint32_t kSystemsChoice = 65'535;  // bytes of unread messages; as much as Info can say
constexpr milliseconds kLongestPause{50};         // between two tries to find room

unsigned short code(Code code) noexcept { return static_cast<unsigned short>(code); }

template <class T>
void put(unsigned short* to, T value) noexcept {
  if (to) *to = static_cast<unsigned short>(std::min<std::uint64_t>(value, 65'535));
}

/// Milliseconds as signed 32 bits: below 0 is for ever.
milliseconds wait_of(long timeout) noexcept {
  const auto bits = static_cast<std::int32_t>(timeout);
  return bits < 0 ? alert::Deadline::kNever : milliseconds{bits};
}

/// False when a signal came.
bool pause_for(milliseconds time) noexcept {
  const timespec pause{time.count() / 1000, time.count() % 1000 * 1'000'000};
  return ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr) != EINTR;
}

unsigned short take(Inbox::Take how, unsigned handle, void* buffer, unsigned short size, milliseconds timeout,
                    unsigned short* returned, unsigned short* next_size, unsigned short* next_priority) {
  put(returned, 0u);
  const auto slot = slot_of(handle, Slot::Front::dos);
  if (!slot) return code(Code::invalid_handle);
  const alert::MutableBytes to{static_cast<std::byte*>(buffer), buffer ? size : std::size_t{0}};
  Inbox::Taken taken;
  const Code result = slot->inbox->take(how, to, timeout, Inbox::Signals::interrupt, taken);
  if (result != Code::success) return code(result);
  put(returned, taken.size);
  put(next_size, taken.next.size);
  put(next_priority, taken.next.priority);
  return code(Code::success);
}

/// Where a path leads that is not below \mailslot\.
unsigned short elsewhere(std::string_view name, unsigned class_of_service) noexcept {
  if (!name.starts_with("\\\\")) return code(Code::path_not_found);
  const bool is_everybody = name.starts_with("\\\\*\\");
  return code(is_everybody && class_of_service == 1 ? Code::invalid_parameter : Code::not_supported);
}

}  // namespace

extern "C" {

unsigned short DosMakeMailslot(const char* name, unsigned short message_size, unsigned short mailslot_size,
                               unsigned* handle) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned short {
    if (!name || !handle || message_size == 0 || message_size > alert::kLargestAlert ||
        (mailslot_size > 0 && mailslot_size < message_size))
      return code(Code::invalid_parameter);
    if (!is_utf8(name) || !alert::is_mailslot_name(name)) return code(Code::path_not_found);
    const std::uint32_t room = mailslot_size > 0 ? mailslot_size : kSystemsChoice;
    alert::MakeMailslot call;
    call.mailslot = name;
    call.max_message = message_size;
    call.session = true;
    call.room = room;
    auto inbox = Inbox::make(call, Inbox::Order::priority);
    if (!inbox) return number(inbox.error());
    Slot slot{Slot::Front::dos, std::move(*inbox), name};
    slot.message_size = message_size;
    slot.mailslot_size = room;
    *handle = add_handle(std::move(slot));
    return code(Code::success);
  });
}

unsigned short DosDeleteMailslot(unsigned handle) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned short {
    const auto slot = remove_handle(handle, Slot::Front::dos);
    if (!slot) return code(Code::invalid_handle);
    slot->inbox->end();
    return code(Code::success);
  });
}

unsigned short DosMailslotInfo(unsigned handle, unsigned short* message_size, unsigned short* mailslot_size,
                               unsigned short* next_size, unsigned short* next_priority, unsigned short* messages) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned short {
    const auto slot = slot_of(handle, Slot::Front::dos);
    if (!slot) return code(Code::invalid_handle);
    Inbox::Head head;
    const std::uint64_t count = slot->inbox->count(head);
    put(message_size, slot->message_size);
    put(mailslot_size, slot->mailslot_size);
    put(next_size, head.size);
    put(next_priority, head.priority);
    put(messages, count);
    return code(Code::success);
  });
}

unsigned short DosReadMailslot(unsigned handle, void* buffer, unsigned short buffer_size, unsigned short* returned,
                               unsigned short* next_size, unsigned short* next_priority, long timeout) {
  return guarded(Code::not_enough_memory, [&] {
    return take(Inbox::Take::read, handle, buffer, buffer_size, wait_of(timeout), returned, next_size,
                next_priority);
  });
}

unsigned short DosPeekMailslot(unsigned handle, void* buffer, unsigned short buffer_size, unsigned short* returned,
                               unsigned short* next_size, unsigned short* next_priority) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned short {
    const auto result =
        take(Inbox::Take::peek, handle, buffer, buffer_size, milliseconds{0}, returned, next_size, next_priority);
    if (result != code(Code::sem_timeout)) return result;
    put(next_size, 0u);
    put(next_priority, 0u);
    return code(Code::success);
  });
}

unsigned short DosWriteMailslot(const char* name, const void* message, unsigned short size, unsigned short priority,
                                unsigned short class_of_service, long timeout) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned short {
    if (!name || (!message && size > 0) || priority > MAILSLOT_LARGEST_PRIORITY || class_of_service < 1 ||
        class_of_service > 2)
      return code(Code::invalid_parameter);
    if (!is_utf8(name) || !alert::is_mailslot_name(name)) return elsewhere(name, class_of_service);
    alert::Write call;
    call.mailslot = name;
    call.message = alert::to_hex({static_cast<const std::byte*>(message), size});
    call.priority = priority;
    call.class_of_service = class_of_service;
    const alert::Deadline deadline(wait_of(timeout));
    bool has_waited = false;
    for (milliseconds pause{1};; pause = std::min(pause * 2, kLongestPause)) {
      const auto written = netalert::call(call);
      if (written) return code(Code::success);
      const std::uint16_t why = number(written.error());
      if (why == code(Code::path_not_found) && has_waited) return code(Code::broken_pipe);
      if (why != code(Code::sem_timeout) || deadline.has_passed()) return why;
      has_waited = true;
      if (!pause_for(std::min(pause, deadline.left()))) return code(Code::interrupt);
    }
  });
}

}  // extern "C"
