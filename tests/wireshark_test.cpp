// The Wireshark dissector, loaded by a real tshark: over a journal, and over captures of mailslot writes.

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "alert/journal/journal.hpp"
#include "mailslot_write.hpp"
#include "tshark.hpp"
#include "vectors.hpp"

namespace {

using nlohmann::json;
using test::Capture;
using test::Datagram;
using test::datagrams;
using test::frame;
using test::MailslotWrite;
using test::Packet;
using test::record;
using test::Tshark;
using test::Values;

std::string text_of(const golden::Buffer& bytes) { return std::string(alert::as_text(bytes)); }

std::string time_text(std::time_t seconds) {
  char text[64];
  std::strftime(text, sizeof text, "%b %e, %Y %H:%M:%S.000000000 UTC", std::gmtime(&seconds));
  return text;
}

std::string filter_name(const std::string& field) {
  return "alertbroker." + (field == "payload_hex" ? "payload" : field);
}
/// What tshark has to say for fields as the vectors have them; what is empty there has no value here, but
/// an empty text has.
Packet expected(const json& fields) {
  Packet packet;
  for (const auto& [field, value] : fields.items()) {
    Values& values = packet[filter_name(field)];
    if (field == "alrt_timestamp" || field == "alrtpr_submitted")
      values = {time_text(value)};
    else if (value.is_number())
      values = {std::to_string(value.get<std::uint32_t>())};
    else if (value.is_array())
      values = value.get<Values>();
    else
      values = {value};
    if (values.empty() || (field == "payload_hex" && values[0].empty())) packet.erase(filter_name(field));
  }
  return packet;
}
Packet expected(const golden::Vector& vector) {
  Packet packet = expected(vector.fields);
  if (vector.profile == alert::Profile::lm20 && vector.codepage != "cp437")
    for (const auto& raw : vector.raw_hex.items()) packet.erase(filter_name(raw.key()));
  return packet;
}

/// Every field of every class.
std::vector<std::string> alert_fields() {
  std::set<std::string> names;
  for (const golden::Vector& vector : golden::alerts().valid)
    for (const auto& field : vector.fields.items()) names.insert(filter_name(field.key()));
  return {names.begin(), names.end()};
}
std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A packet has these values, and no other field of an alert but those that could not be compared.
void expect_fields(const Packet& packet, const Packet& fields, const json& uncompared, const std::string& name) {
  for (const auto& [field, values] : fields)
    EXPECT_EQ(packet.count(field) ? packet.at(field) : Values{}, values) << name << ' ' << field;
  for (const std::string& field : alert_fields())
    if (!fields.count(field) && !uncompared.contains(field.substr(sizeof "alertbroker." - 1))) {
      EXPECT_EQ(packet.count(field), 0u) << name << ' ' << field;
    }
}

std::string value(const Packet& packet, const std::string& field) {
  return packet.count(field) ? packet.at(field).at(0) : std::string();
}

/// The first golden alert of each class in each profile.
std::vector<golden::Vector> one_of_each() {
  std::vector<golden::Vector> result;
  std::set<std::pair<alert::Profile, std::string>> seen;
  for (const golden::Vector& vector : golden::alerts().valid)
    if (seen.emplace(vector.profile, vector.class_name).second) result.push_back(vector);
  return result;
}

/// A broker that was given one alert of each class in each profile, and a print job from the command line.
struct Journal {
  test::Broker broker;
  std::string segment;
  Journal() {
    broker.ctl({"make", "jobs"});
    broker.ctl({"start", "PRINTING", "jobs"});
    for (const golden::Vector& vector : one_of_each())
      EXPECT_EQ(broker
                    .ctl({"raise", "--profile", std::string(name(vector.profile)), "--wire",
                          broker.folder().file("alert", text_of(vector.bytes))})
                    .status,
                0)
          << vector.name;
    broker.ctl({"raise", "print", "--job", "12", "--status", "36", "--user", "jdoe", "--queue", "laser"});
    broker.ctl({"raise", "--event", "OTHER", "--wire",
                broker.folder().file("alert", text_of(golden::vector_named("lm20-admin-n4").bytes))});
    EXPECT_EQ(broker.stop(), 0);
    segment =
        broker.journal() + "/" + alert::segment_name(alert::journal_segments(broker.journal()).value().front());
  }
};

const std::vector<std::string> kMailslotFields{"mailslot.name",     "alertbroker.mailslot", "alertbroker.profile",
                                               "alertbroker.class", "_ws.expert.message",   "_ws.col.Info"};

}  // namespace

TEST(Wireshark, ShowsEveryFieldOfEveryClassRaisedInBothProfiles) {
  const Journal journal;
  auto packets = Tshark().packets(
      journal.segment,
      alert_fields() + Values{"alertbroker.sequence", "alertbroker.origin_sequence", "alertbroker.uid",
                              "alertbroker.class", "alertbroker.annex", "_ws.col.Info"},
      {"-Y", "alertbroker.kind == \"alert\""});
  const auto raised = one_of_each();
  ASSERT_EQ(packets.size(), raised.size() + 2);
  for (std::size_t i = 0; i < raised.size(); ++i) {
    expect_fields(packets[i], expected(raised[i]), json::object(), raised[i].name);
    EXPECT_EQ(value(packets[i], "alertbroker.class"), raised[i].class_name);
    EXPECT_EQ(value(packets[i], "alertbroker.sequence"), std::to_string(i + 1));
    EXPECT_EQ(value(packets[i], "alertbroker.origin_sequence"), std::to_string(i + 1));
    EXPECT_EQ(value(packets[i], "alertbroker.uid"), std::to_string(::getuid()));
  }
  EXPECT_EQ(value(packets[raised.size()], "_ws.col.Info"), "print PRINTING from ALERTCTL job 12 of jdoe in laser");
  EXPECT_NE(value(packets.back(), "alertbroker.annex").find("OTHER"), std::string::npos);
}

TEST(Wireshark, FiltersByEveryKindOfField) {
  const Journal journal;
  const Tshark tshark;
  const auto count = [&](const std::string& filter) {
    return tshark.packets(journal.segment, {"frame.number"}, {"-Y", filter}).size();
  };
  EXPECT_EQ(count("alertbroker.alrtpr_jobid == 12 && alertbroker.username == \"jdoe\""), 1u);
  EXPECT_EQ(count("alertbroker.alrtpr_jobid == 12 && alertbroker.alrtpr_status.complete == 1 && "
                  "alertbroker.alrtpr_status.destoffline == 1 && alertbroker.alrtpr_status.error == 0 && "
                  "alertbroker.alrtpr_status.qstatus == \"PRJOB_QS_QUEUED\""),
            1u);
  EXPECT_EQ(count("alertbroker.profile == \"nt\" && alertbroker.alrt_eventname == \"ADMIN\""), 1u);
  EXPECT_EQ(count("alertbroker.alrt_timestamp < \"2000-01-01 00:00:00\" && alertbroker.class == \"admin\""), 3u);
  EXPECT_EQ(count("alertbroker.kind == \"table change\" && alertbroker.change contains \"registered\""), 1u);
  EXPECT_EQ(count("alertbroker.malformed"), 0u);
}

TEST(Wireshark, ShowsEveryGoldenAlertAsTheVectorsHaveIt) {
  const auto& alerts = golden::alerts();
  Capture capture(Capture::kRecords);
  std::vector<golden::Vector> all = alerts.valid;
  all.insert(all.end(), alerts.trailing.begin(), alerts.trailing.end());
  for (const golden::Vector& vector : all) capture.add(record(text_of(vector.bytes), vector.profile));
  const auto packets =
      Tshark().packets(capture, alert_fields() + Values{"alertbroker.trailing", "alertbroker.malformed"});
  ASSERT_EQ(packets.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect_fields(packets[i], expected(all[i]), all[i].raw_hex, all[i].name);
    EXPECT_EQ(value(packets[i], "alertbroker.trailing").size(), 2 * all[i].trailing) << all[i].name;
    EXPECT_EQ(packets[i].count("alertbroker.malformed"), 0u) << all[i].name;
  }
}

TEST(Wireshark, SaysWhereAMalformedAlertBreaksAsTheDecoderDoes) {
  const auto& malformed = golden::alerts().malformed;
  Capture capture(Capture::kRecords);
  for (const auto& bad : malformed) capture.add(record(text_of(bad.bytes), bad.profile));
  const auto packets = Tshark().packets(capture, {"alertbroker.malformed", "_ws.expert.message"});
  ASSERT_EQ(packets.size(), malformed.size());
  for (std::size_t i = 0; i < malformed.size(); ++i) {
    const auto offset = alert::decode(malformed[i].profile, malformed[i].bytes).error().offset;
    const std::string message = value(packets[i], "_ws.expert.message");
    EXPECT_NE(message.find(" at " + std::to_string(offset) + ": "), std::string::npos)
        << malformed[i].name << ": " << message << ", not " << offset;
    EXPECT_EQ(packets[i].count("alertbroker.malformed"), 1u) << malformed[i].name;
  }
}

TEST(Wireshark, ShowsGapsAndRecordsThatMakeNoSense) {
  std::string gap;
  test::put(gap, alert::GapBody{3, 7, 5, 2, 0});
  Capture capture(Capture::kRecords);
  capture.add(record(gap, 3, 0))
      .add(record("x", 9, 0))
      .add(record("x", 1, 0))
      .add(std::string(64, '\0'))
      .add(std::string(64, '\xff'));
  const auto packets =
      Tshark().packets(capture, {"alertbroker.gap.first", "alertbroker.gap.last", "alertbroker.gap.count",
                                 "alertbroker.gap.reason", "_ws.expert.message"});
  ASSERT_EQ(packets.size(), 5u);
  EXPECT_EQ(packets[0], (Packet{{"alertbroker.gap.first", {"3"}},
                                {"alertbroker.gap.last", {"7"}},
                                {"alertbroker.gap.count", {"5"}},
                                {"alertbroker.gap.reason", {"2"}}}));
  EXPECT_EQ(value(packets[1], "_ws.expert.message"), "kind at 4: 1 to 6 expected");
  EXPECT_EQ(value(packets[2], "_ws.expert.message"), "profile at 6: 1 (lm20) or 2 (nt) expected");
  EXPECT_EQ(value(packets[3], "_ws.expert.message"), "size at 0: 64 to 65539 expected");
  EXPECT_EQ(value(packets[4], "_ws.expert.message"), "size at 0: 64 to 65539 expected");
}

TEST(Wireshark, NamesEveryBitOfAPrintStatus) {
  const std::map<std::string, unsigned> bits{
      {"complete", 0x4},     {"interv", 0x8},       {"error", 0x10},        {"destoffline", 0x20},
      {"destpaused", 0x40},  {"notify", 0x80},      {"destnopaper", 0x100}, {"destformchg", 0x200},
      {"destcrtchg", 0x400}, {"destpenchg", 0x800}, {"deleted", 0x8000},
  };
  Values fields;
  for (const auto& bit : bits) fields.push_back("alertbroker.alrtpr_status." + bit.first);
  Capture capture(Capture::kRecords);
  for (unsigned status = 1; status < 0x10000; status <<= 1) {
    alert::Alert print{alert::Profile::lm20, {0, "PRINTING", ""}, alert::PrintOtherInfo<std::string>{}};
    std::get<alert::PrintOtherInfo<std::string>>(print.other_info).alrtpr_status = status;
    capture.add(record(text_of(golden::encoded(print).value()), print.profile));
  }
  const auto packets = Tshark().packets(capture, fields);
  ASSERT_EQ(packets.size(), 16u);
  for (const auto& [name, bit] : bits)
    for (unsigned i = 0; i < packets.size(); ++i)
      EXPECT_EQ(value(packets[i], "alertbroker.alrtpr_status." + name), bit == 1u << i ? "1" : "0") << name << i;
}

TEST(Wireshark, ReadsOemTextInTheCodePageThatIsPreferred) {
  alert::Alert message{alert::Profile::lm20, {0, "MESSAGE", ""}, alert::MessageOtherInfo<std::string>{"\x80\x81"}};
  Capture capture(Capture::kRecords);
  capture.add(record(text_of(golden::encoded(message).value()), alert::Profile::lm20));
  const auto packets = Tshark().packets(capture, {"alertbroker.msg_text"}, {"-o", "alertbroker.codepage:866"});
  EXPECT_EQ(value(packets.at(0), "alertbroker.msg_text"), "АБ");
}

TEST(Wireshark, KeepsControlCharactersOutOfTheInfoColumn) {
  alert::Alert lm20{
      alert::Profile::lm20, {0, "MESSAGE", ""}, alert::MessageOtherInfo<std::string>{"a\x1b[31mb\x7f"}};
  alert::Alert nt{alert::Profile::nt, {0, {}, {}}, {}};
  nt.header.alrt_eventname = std::string("C\0\x9b\0", 4);  // U+009B starts a terminal's command, too
  Capture capture(Capture::kRecords);
  capture.add(record(text_of(golden::encoded(lm20).value()), lm20.profile));
  capture.add(record(text_of(golden::encoded(nt).value()), nt.profile));
  const auto packets = Tshark().packets(capture, {"_ws.col.Info"});
  EXPECT_EQ(value(packets.at(0), "_ws.col.Info"), "message MESSAGE a\\x1b[31mb\\x7f");
  EXPECT_EQ(value(packets.at(1), "_ws.col.Info"), "custom C\\xc2\\x9b");
}

TEST(Wireshark, FindsTheAlertsAmongTheDatagramVectors) {
  const auto vectors = datagrams();
  Capture capture(Capture::kEthernet);
  for (const Datagram& datagram : vectors) capture.add(frame(datagram.bytes));
  const auto packets = Tshark().packets(capture, alert_fields() + kMailslotFields);
  ASSERT_EQ(packets.size(), vectors.size());
  const std::set<std::string> not_alerts{"dg-messngr", "dg-messngr-no-final-nul", "dg-spec-shape",
                                         "dg-live-samba-request-announcement"};
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const auto& [name, bytes, accept, fields] = vectors[i];
    if (!accept || not_alerts.count(name)) {
      expect_fields(packets[i], {}, json::object(), name);
      EXPECT_EQ(packets[i].count("alertbroker.mailslot"), 0u) << name;
      continue;
    }
    const auto profile = name == "dg-nt-alert" ? alert::Profile::nt : alert::Profile::lm20;
    const auto payload = golden::from_hex(fields.at("payload_hex").get_ref<const std::string&>());
    auto codec = alert::TextCodec::open(profile, "cp437").value();
    expect_fields(packets[i], expected(golden::fields_of(alert::decode(profile, payload).value().alert, codec)),
                  json::object(), name);
    EXPECT_EQ(value(packets[i], "alertbroker.mailslot"), fields.at("mailslot")) << name;
    EXPECT_EQ(value(packets[i], "alertbroker.profile"), std::to_string(static_cast<int>(profile))) << name;
    // Wireshark itself finds the slot in all but one.
    EXPECT_EQ(packets[i].count("mailslot.name"), name == "dg-alert-lower" ? 0u : 1u) << name;
  }
}

TEST(Wireshark, ReadsMailslotWritesAtWhichWiresharkItselfStops) {
  Capture capture(Capture::kEthernet);
  capture.add(MailslotWrite().number(MailslotWrite::kByteCount, 0).frame());
  capture.add(MailslotWrite().slot("\\mailslot\\ALERT").frame());
  capture.add(MailslotWrite().payload("").frame());
  const auto packets = Tshark().packets(capture, alert_fields() + kMailslotFields);
  for (const Packet& packet : packets) {
    EXPECT_EQ(packet.count("mailslot.name"), 0u);
    EXPECT_EQ(packet.count("alertbroker.mailslot"), 1u);
  }
  EXPECT_EQ(value(packets.at(0), "alertbroker.mergestrings"), "alpha");
  EXPECT_EQ(value(packets.at(1), "alertbroker.mergestrings"), "alpha");
  EXPECT_EQ(value(packets.at(2), "alertbroker.class"), "");
  EXPECT_EQ(value(packets.at(2), "_ws.expert.message"), "No payload");
}

TEST(Wireshark, ShowsBothReadingsOfAnAlertThatCouldBeOfEitherProfile) {
  std::string payload(200, '\0');
  payload[4] = 'X';
  Capture capture(Capture::kEthernet);
  capture.add(MailslotWrite().payload(payload).frame());
  capture.add(MailslotWrite().payload(payload.substr(0, 199)).frame());  // too short to be nt
  const auto packets = Tshark().packets(capture, kMailslotFields);
  EXPECT_EQ(packets.at(0).at("alertbroker.profile"), (Values{"1", "2"}));
  EXPECT_EQ(value(packets.at(0), "_ws.expert.message"), "Could be lm20 or nt, both are shown");
  EXPECT_EQ(packets.at(1).at("alertbroker.profile"), Values{"1"});
}

TEST(Wireshark, KnowsAClassInEitherCaseAndFromTheEventNameAlone) {
  Capture capture(Capture::kEthernet);
  for (const char* event : {"admin", "COFFEE"})
    capture.add(MailslotWrite().payload(std::string(4, '\0') + event + std::string(7, '\0')).frame());
  std::string lower = datagrams().front().bytes;
  capture.add(frame(lower.replace(lower.find("ADMIN"), 5, "admin")));
  const auto packets = Tshark().packets(capture, kMailslotFields);
  EXPECT_EQ(value(packets.at(0), "_ws.expert.message"),
            "alrt_eventname at 4: truncated, 17 bytes expected, 12 there");
  EXPECT_EQ(packets.at(1).count("alertbroker.mailslot"), 0u);
  EXPECT_EQ(value(packets.at(2), "alertbroker.class"), "admin");
}

TEST(Wireshark, LeavesFragmentsAndOtherProtocolsAndWhatLiesBehindTheDatagramAlone) {
  MailslotWrite behind;
  behind.bytes()[11] =
      static_cast<char>(behind.bytes()[11] - 1);  // the NetBIOS length ends before the payload does
  Capture capture(Capture::kEthernet);
  capture.add(MailslotWrite().slot("\\MAILSLOT\\MSSP").frame()).add(behind.frame());
  MailslotWrite first, last;
  first.bytes()[1] = 3;   // more fragments follow
  last.bytes()[13] = 80;  // an offset
  capture.add(first.frame()).add(last.frame());
  capture.add(MailslotWrite().payload("no alert, only some text that is long enough to be one").frame());
  for (const Packet& packet : Tshark().packets(capture, kMailslotFields))
    EXPECT_EQ(packet.count("alertbroker.mailslot"), 0u);
}

TEST(Wireshark, CallsWhatTheCaptureLeftOutCutAndNotMalformed) {
  const std::string whole = MailslotWrite().frame();
  Capture capture(Capture::kEthernet);
  capture.add(whole, whole.size() - 3);
  const auto packets =
      Tshark().packets(capture, {"alertbroker.cut", "alertbroker.malformed", "alertbroker.alrtad_errcode"});
  EXPECT_EQ(packets.at(0).count("alertbroker.cut"), 1u);
  EXPECT_EQ(packets.at(0).count("alertbroker.malformed"), 0u);
  EXPECT_EQ(value(packets.at(0), "alertbroker.alrtad_errcode"), "2377");
}

TEST(Wireshark, ReportsEveryProperPrefixOfAnAlert) {
  Capture capture(Capture::kRecords);
  for (const char* name : {"lm20-user-n3", "nt-user-n3", "lm20-print-basic", "lm20-message-oem437"})
    for (std::size_t size = 0; size < golden::vector_named(name).bytes.size(); ++size)
      capture.add(
          record(text_of(golden::vector_named(name).bytes).substr(0, size), golden::vector_named(name).profile));
  for (const Packet& packet : Tshark().packets(capture, {"frame.number", "alertbroker.malformed"}))
    EXPECT_EQ(packet.count("alertbroker.malformed"), 1u) << value(packet, "frame.number");
}

TEST(Wireshark, SurvivesDamagedRecordsAndDatagrams) {
  const test::TemporaryFolder folder;
  Capture records(Capture::kRecords), frames(Capture::kEthernet);
  for (const golden::Vector& vector : one_of_each())
    records.add_damaged(record(text_of(vector.bytes), vector.profile));
  records.add_damaged(record(std::string(32, '\1'), 3, 0)).add_damaged(record("{\"change\":\"totals\"}", 5, 0));
  for (const Datagram& datagram : datagrams()) frames.add_damaged(frame(datagram.bytes));
  for (const Capture& capture : {records, frames}) {
    const std::string shown = Tshark().out(folder.file("capture.pcap", capture.bytes()), {"-V"});
    const std::size_t at = shown.find("Lua Error");
    EXPECT_EQ(at, std::string::npos) << shown.substr(std::min(at, shown.size()), 300);
    EXPECT_EQ(Tshark().packets(capture, kMailslotFields + Values{"alertbroker.change"}).size(), capture.packets());
  }
}
