// The mailbox between processes, some of which are killed or stopped: the writer goes on regardless, and
// every reader that lives accounts for every record. Moments are chosen by ordinals, never by time.

#include "alert/memory/consumer_page.hpp"
#include "alert/memory/mailbox.hpp"

#include <array>
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

using alert::ConsumerPage;
using alert::MailboxReader;
using alert::MailboxWriter;
using alert::SharedMemory;
using Seen = MailboxReader::Seen;

constexpr std::uint64_t kRecords = 200'000;
constexpr std::uint64_t kCapacity = 16 * 1024;
constexpr std::size_t kReaders = 4;

alert::Descriptor copy(const alert::Descriptor& fd) {
  return alert::Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

/// What the record with this ordinal carries: other words than any other, so that a torn one shows.
std::string body_of(std::uint64_t ordinal) {
  std::uint64_t word = ordinal * 0x9E3779B97F4A7C15;
  const std::size_t length = word >> 56;
  std::string body(256, '\0');
  for (std::size_t i = 0; i < body.size(); i += 8, word += ordinal) std::memcpy(&body[i], &word, 8);
  body.resize(length);
  return body;
}

/// What a reader tells the test; in memory that all processes share.
struct Account {
  std::atomic<std::uint64_t> ordinal;  // has come so far
  std::atomic<std::uint64_t> taken;
  std::atomic<std::uint64_t> skipped;
  std::atomic<std::uint64_t> laps;
  std::atomic<std::uint64_t> wrong;
};

/// A reader's whole life. Where the ring goes on after a lap it finds in a page that the writer commits.
void read_to_the_end(const MailboxWriter& writer, ConsumerPage& resume, Account& account) {
  auto reader = MailboxReader::map(copy(writer.descriptor())).value();
  reader.seek(0, 0);
  for (std::uint64_t ordinal = 0;; account.ordinal = ordinal) {
    const std::uint32_t bell = reader.bell();
    switch (reader.look()) {
      case Seen::record: {
        const auto record = reader.record();
        ++ordinal;
        account.wrong += record.header.ordinal != ordinal || alert::as_text(record.body) != body_of(ordinal);
        ++account.taken;
        reader.advance();
        break;
      }
      case Seen::lapped:
        ++account.laps;
        if (const auto place = resume.cursor()) {
          account.wrong += place->ordinal < ordinal;
          account.skipped += place->ordinal - ordinal;
          ordinal = place->ordinal;
          reader.seek(place->position, place->ordinal);
        }
        break;
      case Seen::empty: reader.wait(bell, std::chrono::seconds(1)); break;
      case Seen::closed: return;
    }
  }
}

/// A writer in this process and readers in their own.
class MailboxStress : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t reader = 0; reader < kReaders; ++reader) {
      readers[reader] = ::fork();
      if (readers[reader] != 0) continue;
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      read_to_the_end(writer, resume, account(reader));
      ::_exit(0);
    }
  }

  Account& account(std::size_t reader) { return reinterpret_cast<Account*>(accounts.data())[reader]; }

  /// One turn of the broker: some records, one publishing, one ring of its observers' bell.
  void turn() {
    for (std::uint64_t left = writer.ordinal() % 7; left <= 7; ++left) {
      const std::string body = body_of(writer.ordinal() + 1);
      alert::RecordHeader header;
      header.size = static_cast<std::uint32_t>(sizeof header + body.size());
      writer.write(header, alert::as_bytes(body));
    }
    writer.publish();
    if (writer.tail() - recent.position > kCapacity / 4) {
      resume.commit(recent);
      recent.position = writer.tail();
      recent.ordinal = writer.ordinal();
    }
    writer.ring_bell();
  }
  template <class Condition>
  void write_until(Condition condition) {
    while (!condition()) turn();
  }
  void write_more(std::uint64_t records) {
    write_until([this, end = writer.ordinal() + records] { return writer.ordinal() >= end; });
  }
  void write_until_read_by(std::size_t reader, std::uint64_t records) {
    write_until([&, end = account(reader).taken + records] { return account(reader).taken >= end; });
  }
  void write_a_ring_past(std::size_t reader) {
    constexpr std::uint64_t kRing = kCapacity / sizeof(alert::RecordHeader) + 1;
    write_until([&] { return writer.ordinal() > account(reader).ordinal + kRing; });
  }

  void kill(std::size_t reader) { EXPECT_TRUE(WIFSIGNALED(status_after(reader, SIGKILL, 0))); }
  void stop(std::size_t reader) { EXPECT_TRUE(WIFSTOPPED(status_after(reader, SIGSTOP, WUNTRACED))); }
  void go_on(std::size_t reader) { EXPECT_TRUE(WIFCONTINUED(status_after(reader, SIGCONT, WCONTINUED))); }
  int status_after(std::size_t reader, int signal, int options) {
    int status = 0;
    EXPECT_EQ(::kill(readers[reader], signal), 0);
    EXPECT_EQ(::waitpid(readers[reader], &status, options), readers[reader]);
    return status;
  }

  /// Closes the mailbox and checks the account of a reader that lived to see it.
  void expect_every_record_accounted_for(std::size_t reader) {
    writer.close();
    int status = 0;
    EXPECT_EQ(::waitpid(readers[reader], &status, 0), readers[reader]);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(account(reader).wrong, 0U);
    EXPECT_EQ(account(reader).taken + account(reader).skipped, writer.ordinal());
  }

  MailboxWriter writer = MailboxWriter::create(kCapacity, 256, 1, 0).value();
  ConsumerPage resume = ConsumerPage::create({}).value();
  alert::Cursor recent;
  SharedMemory accounts =
      SharedMemory::create("accounts", kReaders * sizeof(Account), SharedMemory::Seal::size).value();
  std::array<::pid_t, kReaders> readers{};
};

TEST_F(MailboxStress, ReadersThatLiveAccountForEveryRecord) {
  write_more(kRecords);
  for (std::size_t reader = 0; reader < kReaders; ++reader) expect_every_record_accounted_for(reader);
}

TEST_F(MailboxStress, AKilledReaderIsNotNoticedByTheOthers) {
  write_until_read_by(0, 1000);
  kill(0);
  write_more(kRecords);
  for (std::size_t reader = 1; reader < kReaders; ++reader) expect_every_record_accounted_for(reader);
}

TEST_F(MailboxStress, AStoppedReaderIsToldOfItsLap) {
  write_until_read_by(1, 1000);
  stop(1);
  const std::uint64_t laps = account(1).laps;
  write_a_ring_past(1);
  go_on(1);
  write_until([&] { return account(1).laps > laps; });
  write_until_read_by(1, 1000);
  for (std::size_t reader = 0; reader < kReaders; ++reader) expect_every_record_accounted_for(reader);
}

TEST_F(MailboxStress, AKilledAndAStoppedReaderDoNotKeepTheOthersFromReading) {
  write_until_read_by(0, 1000);
  kill(0);
  stop(1);
  write_until_read_by(2, 1000);
  write_until_read_by(3, 1000);
  write_a_ring_past(1);
  go_on(1);
  for (const std::size_t reader : {1U, 2U, 3U}) expect_every_record_accounted_for(reader);
}

TEST_F(MailboxStress, TheWriterFinishesWhileAllReadersAreDeadOrStopped) {
  kill(0);
  for (const std::size_t reader : {1U, 2U, 3U}) stop(reader);
  write_more(kRecords);
  for (const std::size_t reader : {1U, 2U, 3U}) go_on(reader);
  for (const std::size_t reader : {1U, 2U, 3U}) expect_every_record_accounted_for(reader);
}

}  // namespace
