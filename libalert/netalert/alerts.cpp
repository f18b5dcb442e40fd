// NetAlertRaise, NetAlertRaiseEx, NetAlertStart and NetAlertStop.

#include <algorithm>
#include <ctime>

#include "alert/wire/hex.hpp"
#include "alert/wire/std_alert.hpp"
#include "alert/wire/text.hpp"
#include "netalert.h"
#include "process.hpp"

namespace {

using alert::Code;
using namespace netalert;
using std::chrono::milliseconds;

constexpr milliseconds kShortestWait{100};  // a busy broker is not one that does not answer
constexpr std::size_t kLargestInfo = 312;   // of NetAlertRaiseEx: 512 in all
constexpr std::size_t kEventAt = 4, kServiceAt = kEventAt + 2 * (alert::kEventLength + 1);  // in its header

/// Milliseconds as 32 bits: all ones is for ever.
milliseconds wait_of(unsigned long timeout) noexcept {
  const auto bits = static_cast<std::uint32_t>(timeout);
  return bits == 0xFFFFFFFF ? alert::Deadline::kNever : std::max(milliseconds{bits}, kShortestWait);
}

std::string text_of(const char* text) { return text ? text : ""; }
std::string wire_of(const unsigned short* text) {
  std::string wire;
  for (; text && *text; ++text) wire.append({static_cast<char>(*text & 0xFF), static_cast<char>(*text >> 8)});
  return wire;
}

unsigned short lm20_code(Code code) noexcept { return static_cast<unsigned short>(code); }

/// What Win32 knows is that the service is not there.
unsigned int win32_code(const alert::CallFailure& failure) noexcept {
  return is_without_broker(failure) ? static_cast<unsigned>(Code::file_not_found) : number(failure);
}

alert::CallResult<alert::Receipt> raise(std::string event, alert::Profile profile, alert::Bytes wire,
                                        milliseconds timeout) {
  alert::Raise call;
  call.event = std::move(event);
  call.profile = name(profile);
  call.wire = alert::to_hex(wire);
  return netalert::call(call, timeout);
}

unsigned int raise_nt(const std::string& event, alert::Bytes wire) {
  const auto receipt =
      raise(alert::utf16le_to_utf8(event), alert::Profile::nt, wire, alert::Client::kDefaultTimeout);
  return receipt ? NERR_Success : win32_code(receipt.error());
}

}  // namespace

extern "C" {

unsigned short NetAlertRaise(const char* event, const void* buffer, unsigned short buffer_size,
                             unsigned long timeout) {
  return guarded(Code::share_mem, [&]() -> unsigned short {
    const std::string name = text_of(event);
    if (name.empty() || !buffer || buffer_size < alert::std_alert_size(alert::Profile::lm20))
      return lm20_code(Code::invalid_parameter);
    if (!is_utf8(name)) return lm20_code(Code::invalid_name);
    const auto receipt =
        raise(name, alert::Profile::lm20, {static_cast<const std::byte*>(buffer), buffer_size}, wait_of(timeout));
    if (!receipt) return number(receipt.error());
    return lm20_code(receipt->matched > 0 ? Code::success : Code::no_such_alert);
  });
}

unsigned short NetAlertStart(const char* event, const char* recipient, unsigned short maxdata) {
  return guarded(Code::share_mem, [&]() -> unsigned short {
    const alert::Start call{text_of(event), text_of(recipient), maxdata, {}};
    if (!is_utf8(call.event)) return lm20_code(Code::bad_event_name);
    if (!is_utf8(call.recipient)) return lm20_code(Code::invalid_name);
    const auto started = netalert::call(call);
    return started ? lm20_code(Code::success) : number(started.error());
  });
}

unsigned short NetAlertStop(const char* event, const char* recipient) {
  return guarded(Code::share_mem, [&]() -> unsigned short {
    const auto stopped = netalert::call(alert::Stop{text_of(event), text_of(recipient)});
    return stopped ? lm20_code(Code::success) : number(stopped.error());
  });
}

unsigned int NetAlertRaiseW(const unsigned short* event, const void* buffer, unsigned int buffer_size) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    const std::string name = wire_of(event);
    if (name.empty() || !buffer || buffer_size > alert::kLargestAlert) return ERROR_INVALID_PARAMETER;
    return raise_nt(name, {static_cast<const std::byte*>(buffer), buffer_size});
  });
}

unsigned int NetAlertRaiseEx(const unsigned short* event, const void* info, unsigned int info_size,
                             const unsigned short* service) {
  return guarded(Code::not_enough_memory, [&]() -> unsigned int {
    const std::string event_name = wire_of(event), service_name = wire_of(service);
    if (event_name.empty() || !info || info_size > kLargestInfo || service_name.empty() ||
        service_name.size() > 2 * alert::service_length(alert::Profile::nt))
      return ERROR_INVALID_PARAMETER;
    if (event_name.size() > 2 * alert::kEventLength) return ERROR_INVALID_NAME;
    std::vector<std::byte> wire(alert::std_alert_size(alert::Profile::nt) + info_size);
    const auto put = [&](std::size_t at, const void* from, std::size_t size) {
      if (size > 0) std::memcpy(wire.data() + at, from, size);
    };
    const auto now = static_cast<std::uint32_t>(std::time(nullptr));
    put(0, &now, sizeof now);
    put(kEventAt, event_name.data(), event_name.size());
    put(kServiceAt, service_name.data(), service_name.size());
    put(wire.size() - info_size, info, info_size);
    return raise_nt(event_name, wire);
  });
}

}  // extern "C"
