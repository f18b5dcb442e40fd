// make_journal COUNT lm20|nt: a journal segment of so many alerts (print, admin and message by turns) on stdout.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "alert/journal/journal.hpp"
#include "alert/wire/alert.hpp"

using namespace alert;

namespace {

std::string text(Profile profile, std::string_view ascii) {
  std::string wire;
  for (const char c : ascii) {
    wire.push_back(c);
    if (profile == Profile::nt) wire.push_back('\0');
  }
  return wire;
}

Alert nth(std::uint32_t n, Profile profile) {
  const auto wire = [&](std::string_view ascii) { return text(profile, ascii); };
  Alert alert;
  alert.profile = profile;
  alert.header.alrt_timestamp = 1'795'226'400 + n;
  alert.header.alrt_servicename = wire("SPOOLER");
  if (n % 3 == 0) {
    PrintOtherInfo<std::string> print;
    print.alrtpr_jobid = n % 65'536;
    print.alrtpr_status = 4;
    print.computername = wire("WS1");
    print.username = wire("jdoe");
    print.queuename = wire("laser");
    print.destname = wire("LPT1");
    print.status_string = wire("out of paper");
    alert.header.alrt_eventname = wire(kPrintEvent);
    alert.other_info = std::move(print);
  } else if (n % 3 == 1) {
    AdminOtherInfo<std::string> admin;
    admin.alrtad_errcode = 2377;
    admin.mergestrings.push_back(wire("alpha"));
    admin.mergestrings.push_back(wire("beta and more"));
    alert.header.alrt_eventname = wire(kAdminEvent);
    alert.other_info = std::move(admin);
  } else {
    alert.header.alrt_eventname = wire(kMessageEvent);
    alert.other_info = MessageOtherInfo<std::string>{wire("the quick brown fox " + std::to_string(n))};
  }
  return alert;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto count = static_cast<std::uint32_t>(std::atol(argv[1]));
  const Profile profile = std::string_view(argv[2]) == "nt" ? Profile::nt : Profile::lm20;
  std::vector<std::byte> out;
  pcapng::BlockBuilder blocks(out);
  blocks.section_header("make_journal");
  blocks.interface("alerts");
  blocks.interface("table");
  for (std::uint32_t n = 1; n <= count; ++n) {
    const Alert alert = nth(n, profile);
    std::vector<std::byte> wire(encoded_size(alert));
    if (!encode(alert, wire)) return 1;
    RecordHeader header;
    header.size = static_cast<std::uint32_t>(sizeof header + wire.size());
    header.kind = static_cast<std::uint16_t>(RecordKind::alert);
    header.profile = static_cast<std::uint8_t>(profile);
    header.sequence = header.origin_sequence = n;
    header.accepted_ns = 1'795'226'400'000'000'000 + n * std::uint64_t{1'000};
    header.uid = 1000;
    blocks.packet(kAlertsInterface, header.accepted_ns,
                  {Bytes{reinterpret_cast<const std::byte*>(&header), sizeof header}, wire});
    constexpr std::size_t kEnough = 1 << 20;
    if (out.size() < kEnough && n < count) continue;
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    out.clear();
  }
  return 0;
}
