#pragma once
// Our side of the harness's roles: typed alerts of `--size` bytes, whose payload carries what the harness sends.

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alert/control/mailslot.hpp"
#include "alert/control/raiser.hpp"
#include "alert/wire/alert.hpp"
#include "options.hpp"

namespace bench {

constexpr const char* kEvent = "BENCH";
constexpr alert::Profile kProfile = alert::Profile::lm20;

template <class T>
T must(alert::CallResult<T> result) {
  if (!result) fail(result.error().message);
  return std::move(*result);
}

[[nodiscard]] inline alert::Client connect(const Options& options) {
  return must(alert::Client::connect({options.in_run("socket")}));
}

/// An alert of our class around some payload; the bytes of both hold until the next one.
class AlertBytes {
 public:
  AlertBytes() {
    alert_.profile = kProfile;
    alert_.header = {1'795'226'400, kEvent, "BENCH"};
    alert_.other_info = alert::CustomOtherInfo<std::string_view>{};
    overhead_ = alert::encoded_size(alert_);
  }
  /// As many bytes as `message` has, with the front of it as payload.
  [[nodiscard]] alert::Bytes around(alert::Bytes message) {
    if (message.size() < overhead_) fail("too small for an alert");
    std::get<alert::CustomOtherInfo<std::string_view>>(alert_.other_info).payload =
        alert::as_text(message.first(message.size() - overhead_));
    wire_.resize(message.size());
    const auto size = alert::encode(alert_, wire_);
    if (!size || *size != wire_.size()) fail("encode");
    return wire_;
  }

 private:
  alert::AlertView alert_;
  std::size_t overhead_ = 0;
  std::vector<std::byte> wire_;
};

inline void check(const alert::LaneVerdict& verdict) {
  if (verdict.code != 0) fail("the broker refused with " + std::to_string(verdict.code));
}

/// `--warm`: bytes of alerts for nobody that it raises first, so that the journal is as long as it gets.
class AlertRaiser {
 public:
  explicit AlertRaiser(const Options& options) : raiser_(must(alert::Raiser::open(connect(options)))) {
    const std::vector<std::byte> large(kWarmUp);
    for (long left = options.number("warm", 0); left > 0; left -= static_cast<long>(large.size()))
      raise("WARM-UP", bytes_.around(large));
    while (raiser_.outstanding() > 0) take_verdict();
  }

  void send(alert::Bytes message) { raise(kEvent, bytes_.around(message)); }
  void flush() { raiser_.flush(); }
  /// The verdicts that are there.
  void idle() {
    while (raiser_.outstanding() > 0) {
      const auto verdict = raiser_.verdict(std::chrono::milliseconds(0));
      if (!verdict) return;
      check(*verdict);
    }
  }

 private:
  static constexpr std::size_t kWarmUp = 32 * 1024;

  void raise(std::string_view event, alert::Bytes wire) {
    while (!raiser_.write(kProfile, event, wire)) take_verdict();
  }
  void take_verdict() { check(must(raiser_.verdict(alert::Raiser::kForever))); }

  alert::Raiser raiser_;
  AlertBytes bytes_;
};

/// Consumes a mailslot of its own, or observes `--mailslot`, which reader 0 makes. `--registrations`: rows of
/// the alert table that match nothing, before the one that does.
class AlertReader {
 public:
  explicit AlertReader(const Options& options) : spins_(options.number("spin", 0) != 0), mailslot_(open(options)) {}

  template <class Take>
  void run(Take&& take) {
    for (bool goes_on = true; goes_on;) {
      const auto record = mailslot_.read(spins_ ? std::chrono::milliseconds(0) : alert::Mailslot::kForever);
      if (!record && record.error().code == alert::Code::sem_timeout) continue;
      if (!record) fail(record.error().message);
      const auto decoded = alert::decode(kProfile, record->body);
      if (!decoded) fail("what came is no alert");
      goes_on = take(
          alert::as_bytes(std::get<alert::CustomOtherInfo<std::string_view>>(decoded->alert.other_info).payload));
    }
  }

 private:
  static alert::Mailslot open(const Options& options) {
    alert::Client client = connect(options);
    const std::string shared = options.text("mailslot");
    const std::string name = "\\mailslot\\" + (shared.empty() ? options.inbox(options.size("id", 0)) : shared);
    const long rows = options.number("registrations", 1);
    const bool ends_with_us = shared.empty() && rows == 1;  // its end is not to be measured
    if (shared.empty() || options.number("id", 0) == 0) {
      must(client.call(alert::MakeMailslot{name, {}, {}, ends_with_us}));
      for (long row = 1; row < rows; ++row)
        must(client.call(alert::Start{"ROW" + std::to_string(row), name, {}, ends_with_us}));
      must(client.call(alert::Start{kEvent, name, {}, ends_with_us}));
    }
    if (shared.empty()) return must(alert::Mailslot::open(std::move(client), name, alert::Mailslot::Mode::consume));
    for (;;) {
      auto mailslot = alert::Mailslot::open(std::move(client), name, alert::Mailslot::Mode::observe);
      if (mailslot) return std::move(*mailslot);
      if (mailslot.error().error) fail(mailslot.error().message);  // else reader 0 has not made it yet
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      client = connect(options);
    }
  }

  const bool spins_;
  alert::Mailslot mailslot_;
};

}  // namespace bench
