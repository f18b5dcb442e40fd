// Processes killed at random moments of their work, hundreds of times: after each kill every alert is accounted
// for.
//
// ALERT_FAULT_SEED gives the seed, ALERT_FAULT_KILLS how many kills there are in all.

#include <chrono>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "alert/control/mailslot.hpp"
#include "alert/wire/hex.hpp"
#include "books.hpp"
#include "child.hpp"
#include "process.hpp"

namespace {

using alert::Connection;
using alert::Mailslot;
using test::Readings;
using test::Receipts;
using test::Told;
using Line = test::Line<Told>;
using Child = test::Child<Told>;

constexpr const char* kSlot = "\\mailslot\\slot";
constexpr std::size_t kHeaderBytes = 38;  // of an lm20 std_alert
constexpr std::uint64_t kRaisers = 3;
constexpr std::uint64_t kMostPerRound = 8;  // raises of each
constexpr std::uint64_t kKills = 1'000;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// A connection that outlives every broker, made as soon as there is one.
Connection reach(const std::string& socket) {
  for (;; std::this_thread::sleep_for(std::chrono::milliseconds{1}))
    if (auto client = alert::Client::connect({socket}))
      return Connection(std::move(*client), {socket}, Mailslot::kForever);
}

void report_failure(const Line& line, const alert::CallFailure& failure) {
  Told told;
  std::strncpy(told.why, failure.message.c_str(), sizeof told.why - 1);
  line.report(told);
}

/// Raises as many as it is ordered to, and repeats what is not answered until it is.
void raise_for_ever(const Line& line, const std::string& socket, std::uint64_t raiser, std::size_t most_bytes) {
  Connection connection = reach(socket);
  std::uint64_t number = 0;
  while (const auto count = line.order())
    for (std::uint32_t i = 0; i < *count; ++i) {
      const std::uint64_t alert = Receipts::alert_of(raiser, ++number);
      std::vector<std::byte> wire(kHeaderBytes + sizeof alert + alert * 0x9E3779B97F4A7C15 % most_bytes);
      std::memcpy(wire.data() + kHeaderBytes, &alert, sizeof alert);
      char id[33];
      std::snprintf(id, sizeof id, "%032llx", static_cast<unsigned long long>(alert));
      const alert::Raise raise{"TEST", "lm20", alert::to_hex(wire), {}, id};
      auto receipt = connection.call(raise);
      while (!receipt && receipt.error().error) {
        if (const auto back = connection.restore(alert::Deadline(Mailslot::kForever)); !back)
          return report_failure(line, back.error());
        receipt = connection.call(raise);
      }
      if (!receipt) return report_failure(line, receipt.error());
      Told told;
      told.what = Told::receipt;
      told.sequence = *receipt->sequence;
      told.alert = alert;
      line.report(told);
    }
}

/// Reports every record before it asks for the next.
void read_for_ever(const Line& line, const std::string& socket, Mailslot::Mode mode) {
  const auto open = [&] {
    return Mailslot::open(reach(socket), kSlot, mode, Mailslot::Wakeup::futex, Mailslot::kForever);
  };
  auto slot = open();
  while (!slot && slot.error().error) slot = open();
  if (!slot) return report_failure(line, slot.error());
  for (;;) {
    const auto record = slot->read(Mailslot::kForever);
    if (!record) return report_failure(line, record.error());
    Told told;
    told.flags = record->header.flags;
    told.sequence = record->header.sequence;
    told.ordinal = record->header.ordinal;
    if (record->kind() == alert::RecordKind::gap) {
      told.what = Told::gap;
      told.range = alert::load<alert::GapBody>(record->body.data());
    } else {
      told.what = Told::record;
      told.alert = alert::load<std::uint64_t>(record->body.data() + kHeaderBytes);
    }
    line.report(told);
  }
}

struct Scene {
  const char* name;
  bool kills_broker, kills_reader;
  std::uint64_t share;     // of a thousand kills
  std::size_t most_bytes;  // of an alert
  const char* journal;     // in the configuration
};
void PrintTo(const Scene& scene, std::ostream* out) { *out << scene.name; }

/// One mailslot with a consumer and an observer, some raisers, a broker; and whoever kills them.
class Fault : public testing::TestWithParam<Scene> {
 protected:
  Fault() : seed_(number_from("ALERT_FAULT_SEED", std::random_device{}())), random_(seed_) {
    std::cout << "ALERT_FAULT_SEED=" << seed_ << std::endl;
    alert::Client client = broker_.connect();
    EXPECT_TRUE(client.call(alert::MakeMailslot{kSlot, 16'384, 65'536, {}}));
    EXPECT_TRUE(client.call(alert::Start{"TEST", kSlot, {}, {}}));
    for (std::uint64_t i = 0; i < kRaisers; ++i)
      raisers_.emplace_back(
          [&](const Line& line) { raise_for_ever(line, broker_.socket(), i, GetParam().most_bytes); });
    observer_.emplace([&](const Line& line) { read_for_ever(line, broker_.socket(), Mailslot::Mode::observe); });
    start_consumer();
  }

  std::uint64_t any(std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>(0, most)(random_); }
  bool one_in(std::uint64_t count) { return any(count - 1) == 0; }
  /// A moment in somebody's work, somewhere within `most`; nothing waits for it.
  void let_pass(std::chrono::nanoseconds most) {
    const timespec time{0, static_cast<long>(any(static_cast<std::uint64_t>(most.count())))};
    ::nanosleep(&time, nullptr);
  }

  void start_consumer() {
    consumed_.begin_life();
    consumer_.emplace([&](const Line& line) { read_for_ever(line, broker_.socket(), Mailslot::Mode::consume); });
  }

  void take(const Told& told, Readings* readings) {
    if (told.what == Told::failure)
      ADD_FAILURE() << told.why;
    else if (readings)
      readings->take(told);
    else
      receipts_.take(told);
    ++told_;
  }
  /// Listens to everybody until the answer is yes.
  template <class Question>
  void listen_until(Question is_enough) {
    while (!is_enough() && !HasFailure()) {
      std::vector<std::pair<Child*, Readings*>> all{{&*observer_, &observed_}};
      for (Child& raiser : raisers_) all.emplace_back(&raiser, nullptr);
      if (consumer_) all.emplace_back(&*consumer_, &consumed_);
      std::vector<pollfd> polls;
      for (const auto& [child, readings] : all) polls.push_back({child->descriptor(), POLLIN, 0});
      if (::poll(polls.data(), polls.size(), 60'000) == 0) FAIL() << "nobody gets on";
      for (std::size_t i = 0; i < polls.size(); ++i) {
        if (polls[i].revents == 0) continue;
        const auto told = all[i].first->next();
        if (!told) FAIL() << "a process ended";
        take(*told, all[i].second);
      }
    }
  }
  void listen_until_nobody_speaks() {
    const auto silent = [](const Child& child) {
      pollfd poll{child.descriptor(), POLLIN, 0};
      return ::poll(&poll, 1, 0) == 0;
    };
    listen_until([&] {
      return silent(*observer_) && (!consumer_ || silent(*consumer_)) &&
             std::all_of(raisers_.begin(), raisers_.end(), silent);
    });
  }

  void kill_consumer() {
    if (!consumer_) return;
    consumer_->kill();
    ++kills_;
    while (const auto told = consumer_->next()) take(*told, &consumed_);
    consumer_.reset();
  }
  void kill_broker() {
    const int status = broker_.kill();
    ++kills_;
    if (status == 128 + SIGKILL) return;
    ADD_FAILURE() << "the broker ended by itself, with " << status;
    for (std::string line = broker_.process().err_line(); !line.empty(); line = broker_.process().err_line())
      std::cout << line << std::endl;
  }
  void start_broker() {
    broker_.launch();
    for (; one_in(8); broker_.launch()) {  // killed while it recovers
      let_pass(std::chrono::milliseconds{40});
      kill_broker();
    }
    ASSERT_TRUE(broker_.await()) << broker_.notes();
  }

  void strike() {
    const bool reader_first = one_in(2);
    if (GetParam().kills_reader && reader_first) kill_consumer();
    if (GetParam().kills_broker) {
      kill_broker();
      if (GetParam().kills_reader && !reader_first) kill_consumer();
      start_broker();
    }
    if (GetParam().kills_reader && !reader_first) kill_consumer();
    if (!consumer_ && !one_in(3)) start_consumer();  // or it stays away for a while
  }

  void round() {
    std::uint64_t due = 0;
    for (const Child& raiser : raisers_) {
      const std::uint64_t count = any(kMostPerRound);
      if (count > 0) raiser.order(static_cast<std::uint32_t>(count));
      due += count;
    }
    raised_ += due;
    if (!consumer_ && !GetParam().kills_broker) start_consumer();
    const std::uint64_t moment = told_ + any(due);  // a reader's word counts as much as a receipt
    listen_until([&] { return told_ >= moment || receipts_.accepted().size() == raised_; });
    let_pass(std::chrono::microseconds{500});
    strike();
    listen_until([&] { return receipts_.accepted().size() == raised_; });
    expect_that_it_adds_up();
    if (consumer_ && one_in(4)) listen_until([&] { return consumed_.furthest() == raised_; });
  }

  void expect_that_it_adds_up() {
    alert::Client client = broker_.connect();
    const auto stats = client.call(alert::Stats{});
    const auto slots = client.call(alert::ListMailslots{});
    ASSERT_TRUE(stats && slots);
    EXPECT_EQ(stats->accepted, raised_);
    EXPECT_EQ(stats->sequence, raised_) << "no number is passed over";
    EXPECT_EQ(stats->matched, raised_);
    EXPECT_EQ(stats->matched, stats->written + stats->refused);
    const auto& row = slots->rows.at(0);
    EXPECT_EQ(row.written, raised_);
    EXPECT_EQ(row.written, row.read + row.pending + row.lost);
    listen_until_nobody_speaks();
    EXPECT_GE(consumed_.furthest() + row.lost, row.read) << "nothing counts as read that nobody got";
  }

  static std::string config(const test::TemporaryFolder& folder) {
    return folder.file("toml", std::string("[journal]\n") + GetParam().journal);
  }

  std::uint64_t seed_;
  std::mt19937_64 random_;
  test::TemporaryFolder folder_;
  test::Broker broker_{{"--config", config(folder_)}};
  std::vector<Child> raisers_;
  std::optional<Child> consumer_, observer_;
  Receipts receipts_;
  Readings consumed_{!GetParam().kills_reader   ? Readings::Again::never
                     : !GetParam().kills_broker ? Readings::Again::the_one_in_hand
                                                : Readings::Again::marked};
  Readings observed_{Readings::Again::never};
  std::uint64_t told_ = 0, raised_ = 0, kills_ = 0;
};

const Scene kScenes[] = {
    {"Broker", true, false, 250, 200, "segment_bytes = \"256KiB\""},
    {"Reader", false, true, 400, 200, "segment_bytes = \"256KiB\""},
    {"Both", true, true, 200, 200, "segment_bytes = \"256KiB\""},
    {"BothWhileRetentionTakesTheOldest", true, true, 150, 8'000,
     "segment_bytes = \"64KiB\"\nretain_bytes = \"64KiB\"\nretain_unread = \"64KiB\""},
};
INSTANTIATE_TEST_SUITE_P(Killed, Fault, testing::ValuesIn(kScenes),
                         [](const auto& scene) { return scene.param.name; });

TEST_P(Fault, LeavesEveryAcceptedAlertReadPendingOrLostWithItsRange) {
  const std::uint64_t most = number_from("ALERT_FAULT_KILLS", kKills) * GetParam().share / 1'000;
  while (kills_ < most && !HasFailure()) round();
  if (!consumer_) start_consumer();
  listen_until([&] { return consumed_.furthest() == raised_ && observed_.furthest() == raised_; });
  consumed_.expect_all_of(receipts_);
  observed_.expect_all_of(receipts_);
  std::cout << kills_ << " kills, " << raised_ << " alerts, " << consumed_.repeated() << " of them twice, "
            << consumed_.gaps() << " gaps" << std::endl;
}

}  // namespace
