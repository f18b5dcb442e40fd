// The C headers of both profiles against the codec, and a C program of old reading our mailboxes.

#include <set>
#include <string>
#include <vector>

#include "c_layout.hpp"
#include "process.hpp"
#include "vectors.hpp"

#include "lm20/alert.h"

namespace {

using alert::Profile;
using test::Claims;

/// What the reader prints of an alert: a pass that writes one field per line.
class ReaderLines {
 public:
  void narrow(std::string_view field, std::uint32_t value) { line(field, std::to_string(value)); }
  void wide(std::string_view field, std::uint32_t value) { line(field, std::to_string(value)); }
  void padding(std::string_view, std::size_t) {}
  void name(std::string_view field, std::string_view text, std::size_t) { line(field, text); }
  void string(std::string_view field, std::string_view text) { line(field, text); }
  template <class Strings>
  void count(std::string_view field, const Strings& strings) {
    line(field, std::to_string(strings.size()));
  }
  template <class Strings>
  void strings(std::string_view field, const Strings& strings) {
    for (const std::string_view text : strings) line(field, text);
  }
  void rest(std::string_view field, std::string_view payload) { line(field, golden::to_hex(payload)); }

  [[nodiscard]] Profile profile() const { return Profile::lm20; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void line(std::string_view field, std::string_view value) {
    text_.append(field).append(" ").append(value).append("\n");
  }
  std::string text_;
};

template <class AlertType>
std::string reader_lines(const AlertType& alert) {
  ReaderLines lines;
  for_each_field(alert, lines);
  return lines.text();
}

/// Runs the C program on the bytes of one alert.
std::string read_by_reader(alert::Bytes bytes) {
  const test::Finished reader = test::Process({LM20_READER}).finish(alert::as_text(bytes));
  EXPECT_EQ(reader.status, 0) << reader.err;
  return reader.out;
}

/// Compiles without a warning or says why not.
test::Finished compile(std::vector<std::string> options, const std::string& source) {
  options.insert(options.begin(), {CLANG, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-ferror-limit=0"});
  options.push_back("-");
  return test::Process(options).finish(source);
}

/// A header with its compiler: claims about it compile or not.
struct Header {
  std::string target;
  std::vector<std::string> options;
  std::string includes;

  [[nodiscard]] test::Finished compile(const std::string& claims) const {
    std::vector<std::string> all{"--target=" + target, "-xc", "-Wno-gnu-folding-constant",
                                 "-Wno-null-pointer-arithmetic"};
    all.insert(all.end(), options.begin(), options.end());
    return ::compile(all, includes + "#line 1 \"claims\"\n" + claims);
  }
};

/// A long has 8, 4, 8, 4 bytes there. No C library is needed.
const char* const kTargets[] = {"x86_64-linux-gnu", "i386-linux-gnu", "aarch64-linux-gnu", "x86_64-w64-mingw32"};

Header lm20_header(const std::string& target) {
  return {target, {"-ffreestanding", "-I" ALERT_SOURCE_DIR "/libalert/include/lm20"}, "#include <alert.h>\n"};
}
/// mingw-w64's own.
Header nt_header(const std::string& target) {
  return {target, {"-isystem", MINGW_INCLUDE}, "#include <stddef.h>\n#include <windows.h>\n#include <lm.h>\n"};
}

/// What our lm20 header and mingw-w64's headers both know and the codec does not.
Claims nt_claims() {
  Claims claims = test::claims_of(Profile::nt);
  claims.add("LM20_CNLEN", CNLEN);
  claims.add("LM20_UNCLEN", UNCLEN);
  claims.add("LM20_DNLEN", DNLEN);
  claims.add("LM20_UNLEN", UNLEN);
  claims.add("LM20_NNLEN", NNLEN);
  claims.add("LM20_QNLEN", QNLEN);
  claims.add("LM20_STXTLEN", STXTLEN);
  claims.add("ALERTSZ", ALERTSZ);
  claims.add("PRJOB_QSTATUS", PRJ_QSTATUS);
  claims.add("PRJOB_QS_QUEUED", PRJ_QS_QUEUED);
  claims.add("PRJOB_QS_PAUSED", PRJ_QS_PAUSED);
  claims.add("PRJOB_QS_SPOOLING", PRJ_QS_SPOOLING);
  claims.add("PRJOB_QS_PRINTING", PRJ_QS_PRINTING);
  claims.add("PRJOB_DEVSTATUS", PRJ_DEVSTATUS & ~(PRJ_DESTFORMCHG | PRJ_DESTCRTCHG | PRJ_DESTPENCHG));
  claims.add("PRJOB_COMPLETE", PRJ_COMPLETE);
  claims.add("PRJOB_INTERV", PRJ_INTERV);
  claims.add("PRJOB_ERROR", PRJ_ERROR);
  claims.add("PRJOB_DESTOFFLINE", PRJ_DESTOFFLINE);
  claims.add("PRJOB_DESTPAUSED", PRJ_DESTPAUSED);
  claims.add("PRJOB_NOTIFY", PRJ_NOTIFY);
  claims.add("PRJOB_DESTNOPAPER", PRJ_DESTNOPAPER);
  claims.add("PRJOB_DELETED", PRJ_DELETED);
  return claims;
}

void expect_agreement(const Header& header, const Claims& claims) {
  SCOPED_TRACE(header.target);
  const test::Finished compiled = header.compile(claims.source());
  EXPECT_EQ(compiled.status, 0) << compiled.err;
}

/// With every number wrong by one, the compiler names the line of each.
void expect_every_wrong_number_refused(const Header& header, const Claims& claims) {
  SCOPED_TRACE(header.target);
  const test::Finished compiled = header.compile(claims.source(1));
  EXPECT_EQ(compiled.status, 1);
  std::set<std::string> refused;
  for (const std::string& line : test::lines(compiled.err))
    if (line.starts_with("claims:") && line.find("error: ") != std::string::npos)
      refused.insert(line.substr(0, line.find(':', 7)));
  EXPECT_EQ(refused.size(), claims.size()) << compiled.err;
}

}  // namespace

TEST(Lm20Reader, PrintsEveryFieldOfEveryWellFormedGoldenAlert) {
  for (const auto* vectors : {&golden::alerts().valid, &golden::alerts().trailing})
    for (const golden::Vector& v : *vectors) {
      if (v.profile != Profile::lm20) continue;
      SCOPED_TRACE(v.name);
      alert::TextCodec codec = golden::codec_of(v);
      EXPECT_EQ(read_by_reader(v.bytes), reader_lines(golden::alert_of(v.profile, v.fields, codec)));
    }
}

TEST(Lm20Reader, KnowsTheClassWhateverTheCaseOfItsName) {
  alert::Alert alert{Profile::lm20, {7, "Errorlog", "SRV"}, alert::ErrlogOtherInfo<std::string>{3113, 1024}};
  EXPECT_EQ(read_by_reader(golden::encoded(alert).value()), reader_lines(alert));
}

TEST(Lm20Reader, ReadsFromItsMailboxWhatWasRaised) {
  const test::Broker broker;
  ASSERT_EQ(broker.ctl({"make", "jobs"}).status, 0);
  ASSERT_EQ(broker.ctl({"start", "PRINTING", "jobs"}).status, 0);
  const test::Finished raise =
      broker.ctl({"raise",     "print",  "--job",         "12",         "--status", "4",      "--submitted",
                  "631151000", "--size", "4096",          "--computer", "WKSTA01",  "--user", "jdoe",
                  "--queue",   "laser",  "--destination", "LPT1",       "--text",   "OK"});
  ASSERT_EQ(raise.status, 0) << raise.err;
  const test::Finished read = broker.ctl({"read", "jobs", "--raw"});
  const auto raised = alert::decode(Profile::lm20, alert::as_bytes(read.out));
  ASSERT_TRUE(raised) << read.err;
  EXPECT_EQ(read_by_reader(alert::as_bytes(read.out)), "alrt_timestamp " +
                                                           std::to_string(raised->alert.header.alrt_timestamp) +
                                                           "\n"
                                                           "alrt_eventname PRINTING\n"
                                                           "alrt_servicename ALERTCTL\n"
                                                           "alrtpr_jobid 12\n"
                                                           "alrtpr_status 4\n"
                                                           "alrtpr_submitted 631151000\n"
                                                           "alrtpr_size 4096\n"
                                                           "computername WKSTA01\n"
                                                           "username jdoe\n"
                                                           "queuename laser\n"
                                                           "destname LPT1\n"
                                                           "status_string OK\n");
}

TEST(Lm20Header, LaysOutTheAlertsAsTheCodecOnEveryDataModel) {
  for (const char* target : kTargets) expect_agreement(lm20_header(target), test::claims_of(Profile::lm20));
}

TEST(Lm20Header, IsComparedNumberByNumber) {
  for (const char* target : kTargets)
    expect_every_wrong_number_refused(lm20_header(target), test::claims_of(Profile::lm20));
}

TEST(Lm20Header, IsPlainC89AndCompilesAsOldAndNewCpp) {
  for (const char* target : kTargets)
    for (const std::vector<std::string>& language : {std::vector<std::string>{"-xc", "-std=c89"},
                                                     {"-xc", "-std=c17"},
                                                     {"-xc++", "-std=c++98"},
                                                     {"-xc++", "-std=c++20"}}) {
      SCOPED_TRACE(std::string(target) + " " + language[1]);
      std::vector<std::string> options{"--target=" + std::string(target), "-ffreestanding", "-pedantic",
                                       "-I" ALERT_SOURCE_DIR "/libalert/include/lm20"};
      options.insert(options.end(), language.begin(), language.end());
      const test::Finished compiled = compile(options, "#include <alert.h>\n#include <alert.h>\n");
      EXPECT_EQ(compiled.status, 0) << compiled.err;
    }
}

TEST(NtHeader, OfMingwLaysOutTheAlertsAsTheCodec) {
  for (const char* target : {"x86_64-w64-mingw32", "i686-w64-mingw32"})
    expect_agreement(nt_header(target), nt_claims());
}

TEST(NtHeader, IsComparedNumberByNumber) {
  for (const char* target : {"x86_64-w64-mingw32", "i686-w64-mingw32"})
    expect_every_wrong_number_refused(nt_header(target), nt_claims());
}
