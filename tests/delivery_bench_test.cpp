// The comparison with floors and peers, tests/bench/delivery.sh: what it does with what subjects and rounds say.

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

class DeliveryComparison : public ::testing::Test {
 protected:
  /// The tables of a run with these figures.
  [[nodiscard]] std::string tables_of(const std::string& cells) const {
    const std::string result =
        R"({"when": "then", "where": "here", "rounds": 3, "missing": {}, "failed": [], "noise": [], "cells": )" +
        cells;
    return said({"--tables", folder_.file("result.json", result + "}")}).out;
  }
  /// What a run with one subject says.
  [[nodiscard]] test::Finished run(const std::string& subject) const {
    return said({"--alone", "--subjects", folder_.file("subjects.json", "{\"alertbroker\": " + subject + "}"),
                 "--cells", "w1_onecpu", "--rounds", "2", "--disk", folder_.path().string()});
  }
  static void expect_line(const std::string& text, const std::string& line) {
    EXPECT_NE(text.find(line + "\n"), std::string::npos) << text;
  }

 private:
  static test::Finished said(std::vector<std::string> words) {
    words.insert(words.begin(), {"python3", "-B", ALERT_SOURCE_DIR "/tests/bench/delivery"});
    return test::Process(std::move(words)).finish();
  }

  test::TemporaryFolder folder_;
};

/// The lines of subjects that have 100 messages in a millisecond.
constexpr const char* kRaiser =
    R"(["sh", "-c", "echo READY; read go; echo 'RESULT {\"sent\":100,\"elapsed_ns\":1000000,\"cpu_user_ns\":0,\"cpu_sys_ns\":0}'"])";
constexpr const char* kReader =
    R"(["sh", "-c", "echo READY; echo 'RESULT {\"received\":100,\"gaps\":0,\"cpu_user_ns\":0,\"cpu_sys_ns\":0,\"p50\":8000,\"p99\":9000,\"p999\":9000}'"])";

TEST_F(DeliveryComparison, SetsTheMediansOfTheRoundsBesideEachOtherAndSaysWhetherAGoalIsMet) {
  const std::string text = tables_of(R"({"w1_onecpu": {
      "alertbroker": [{"p50": 9900}, {"p50": 9000}, {"p50": 9100}],
      "shm_broker": [{"p50": 8000}, {"p50": 8000}, {"p50": 8900}],
      "redis": [{"p50": 14000}, {"p50": 15000}, {"p50": 90000}]}})");
  expect_line(text, "| all on one CPU, p50 µs | 9.1 | shm_broker | 8.0 | 1.14 | at most 1.15 | yes |");
  expect_line(text, "| all on one CPU, p50 µs | 9.1 | redis | 15.0 | 0.61 | at most 0.6 | **no** |");
  expect_line(text, "| all on one CPU, p50 µs | 9.1 | nats | - | - | at most 0.35 | not measured |");
  expect_line(text, "1 met, 1 missed, 3 not measured.");
  expect_line(text, "| alertbroker | 9.1 (9.0..9.9) |");
}

TEST_F(DeliveryComparison, CountsARateAsMetFromTheRatioOn) {
  const std::string text = tables_of(R"({"w3_n64": {
      "alertbroker": [{"deliveries_per_s": 18000000}], "shm_b256": [{"deliveries_per_s": 30000000}],
      "redis": [{"deliveries_per_s": 4600000}]}})");
  expect_line(text,
              "| 64 mailboxes, million deliveries/s | 18.00 | shm_b256 | 30.00 | 0.60 | at least 0.6 | yes |");
  expect_line(text, "| 64 mailboxes, million deliveries/s | 18.00 | redis | 4.60 | 3.91 | at least 4 | **no** |");
}

TEST_F(DeliveryComparison, SetsBesideTheBareRingsWhatItIsWithoutTheJournalsWrite) {
  const std::string text = tables_of(R"({"w1_paced": {
      "alertbroker": [{"p50": 54000}], "alertbroker_unwritten": [{"p50": 46000}], "shm_broker": [{"p50": 44000}]}})");
  expect_line(text, "| 1 kHz, cold, p50 µs | 54.0 | shm_broker | 44.0 | 1.23 | at most 1.15 | **no** |");
  expect_line(text, "| 1 kHz without the journal's write, p50 µs | 46.0 | shm_broker | 44.0 | 1.05 |  |  |");
}

TEST_F(DeliveryComparison, HasWhoeverSpeaksItsLinesDoTheWork) {
  const auto done = run(std::string(R"({"broker": ["sh", "-c", "echo READY; read end"], "raiser": )") + kRaiser +
                        R"(, "reader": )" + kReader + "}");
  EXPECT_EQ(done.status, 0) << done.err;
  expect_line(done.out, "| alertbroker | 8.0 | 9.0 |");
  expect_line(done.err, "round 2 w1_onecpu alertbroker");
}

TEST_F(DeliveryComparison, NamesWhoIsNotHereAndGoesOn) {
  const auto done =
      run(std::string(R"({"packages": "nobody-dev", "raiser": ["no such program"], "reader": )") + kReader + "}");
  EXPECT_EQ(done.status, 0) << done.err;
  expect_line(done.out, "Not here: alertbroker (nobody-dev).");
}

TEST_F(DeliveryComparison, SaysWhatASubjectThatFailsComplainsOf) {
  const auto done =
      run(std::string(R"({"raiser": ["sh", "-c", "echo I will not >&2"], "reader": )") + kReader + "}");
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.out.find("Failed: alertbroker w1_onecpu: "), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("I will not"), std::string::npos) << done.out;
}

}  // namespace
