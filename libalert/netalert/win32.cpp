// The Mailslot* calls: mailslots as Win32 has them, without priorities, each with its own time-out.

#include "alert/wire/hex.hpp"
#include "netalert.h"
#include "process.hpp"

namespace {

using alert::Code;
using namespace netalert;
using std::chrono::milliseconds;

unsigned int code(Code code) noexcept { return static_cast<unsigned int>(code); }

void put(unsigned int* to, unsigned int value) noexcept {
  if (to) *to = value;
}

/// The broker's name of `\\.\mailslot\...`; empty where it is none.
std::string mailslot_of(std::string_view name) {
  constexpr std::string_view kHere = "\\\\.";
  if (!name.starts_with(kHere) || !is_utf8(name)) return "";
  name.remove_prefix(kHere.size());
  return alert::is_mailslot_name(name) ? std::string(name) : "";
}

/// Another machine's, a domain's or everybody's.
bool is_elsewhere(std::string_view name) noexcept {
  return name.starts_with("\\\\") && !name.starts_with("\\\\.\\");
}

unsigned int open_error(const alert::CallFailure& failure) noexcept {
  const bool is_missing = is_without_broker(failure) || failure.code == Code::path_not_found;
  return is_missing ? code(Code::file_not_found) : number(failure);
}

}  // namespace

extern "C" {

unsigned int MailslotCreate(const char* name, unsigned int max_message, unsigned int read_timeout,
                            unsigned int* handle) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    put(handle, MAILSLOT_INVALID_HANDLE);
    if (!name) return code(Code::path_not_found);
    if (!handle) return code(Code::invalid_parameter);
    alert::MakeMailslot call;
    call.mailslot = mailslot_of(name);
    if (call.mailslot.empty()) return code(Code::invalid_name);
    if (max_message > 0 && max_message < alert::kLargestAlert) call.max_message = max_message;
    call.session = true;
    auto inbox = Inbox::make(call, Inbox::Order::arrival);
    if (!inbox) return open_error(inbox.error());
    Slot slot{Slot::Front::win32, std::move(*inbox), call.mailslot};
    slot.message_size = max_message;
    slot.read_timeout = read_timeout;
    *handle = add_handle(std::move(slot));
    return code(Code::success);
  });
}

unsigned int MailslotOpen(const char* name, unsigned int access, unsigned int /*share_mode*/,
                          unsigned int* handle) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    put(handle, MAILSLOT_INVALID_HANDLE);
    if (!name) return code(Code::path_not_found);
    if (!handle) return code(Code::invalid_parameter);
    if (is_elsewhere(name)) return code(Code::bad_netpath);
    alert::Write call;
    call.mailslot = mailslot_of(name);
    call.dry_run = true;
    if (call.mailslot.empty()) return code(Code::invalid_name);
    const auto found = netalert::call(call);
    const bool is_full = !found && found.error().code == Code::sem_timeout;
    if (!found && !is_full) return open_error(found.error());
    Slot slot{Slot::Front::win32, nullptr, call.mailslot};
    slot.access = access;
    *handle = add_handle(std::move(slot));
    return code(Code::success);
  });
}

unsigned int MailslotWrite(unsigned int handle, const void* message, unsigned int size, unsigned int* written) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    put(written, 0);
    const auto slot = slot_of(handle, Slot::Front::win32);
    if (!slot) return code(Code::invalid_handle);
    if (slot->inbox || (slot->access & MAILSLOT_GENERIC_WRITE) == 0) return code(Code::access_denied);
    if ((!message && size > 0) || size > alert::kLargestAlert) return code(Code::invalid_parameter);
    alert::Write call;
    call.mailslot = slot->name;
    call.message = alert::to_hex({static_cast<const std::byte*>(message), size});
    const auto done = netalert::call(call);
    if (!done && done.error().code == Code::buffer_overflow) return code(Code::invalid_parameter);
    if (!done) return open_error(done.error());
    put(written, size);
    return code(Code::success);
  });
}

unsigned int MailslotRead(unsigned int handle, void* buffer, unsigned int buffer_size, unsigned int* returned) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    put(returned, 0);
    const auto slot = slot_of(handle, Slot::Front::win32);
    if (!slot) return code(Code::invalid_handle);
    if (!slot->inbox) return code(Code::invalid_parameter);
    const auto timeout =
        slot->read_timeout == MAILSLOT_WAIT_FOREVER ? alert::Deadline::kNever : milliseconds{slot->read_timeout};
    const alert::MutableBytes to{static_cast<std::byte*>(buffer), buffer ? buffer_size : std::size_t{0}};
    Inbox::Taken taken;
    const Code result = slot->inbox->take(Inbox::Take::read, to, timeout, Inbox::Signals::pass, taken);
    if (result == Code::success) put(returned, static_cast<unsigned int>(taken.size));
    return code(result);
  });
}

unsigned int MailslotInfo(unsigned int handle, unsigned int* max_message, unsigned int* next_size,
                          unsigned int* messages, unsigned int* read_timeout) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    const auto slot = slot_of(handle, Slot::Front::win32);
    if (!slot) return code(Code::invalid_handle);
    if (!slot->inbox) return code(Code::invalid_parameter);
    Inbox::Head head;
    const std::uint64_t count = slot->inbox->count(head);
    put(max_message, slot->message_size);
    put(next_size, head.is_there ? static_cast<unsigned int>(head.size) : MAILSLOT_NO_MESSAGE);
    put(messages, static_cast<unsigned int>(std::min<std::uint64_t>(count, 0xFFFFFFFF)));
    put(read_timeout, slot->read_timeout);
    return code(Code::success);
  });
}

unsigned int MailslotClose(unsigned int handle) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    const auto slot = remove_handle(handle, Slot::Front::win32);
    if (!slot) return code(Code::invalid_handle);
    if (slot->inbox) slot->inbox->end();
    return code(Code::success);
  });
}

}  // extern "C"
