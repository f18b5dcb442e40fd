// The list of points and their tests: what makes it whole, and what makes it fail.

#include <string>

#include <gtest/gtest.h>

#include "process.hpp"

namespace {

struct Points : testing::Test {
  test::Finished list(const std::string& points, const std::string& cases) {
    const std::string source(ALERT_SOURCE_DIR);
    return test::Process({"awk", "-f", source + "/tests/points.awk", folder.file("points.txt", points),
                          folder.file("junit.xml", "<testsuite>\n" + cases + "</testsuite>\n")})
        .finish();
  }
  static std::string ran(const std::string& name, const std::string& status = "run") {
    return "\t<testcase name=\"" + name + "\" classname=\"" + name + "\" time=\"0.1\" status=\"" + status + "\">\n";
  }
  test::TemporaryFolder folder;
};

TEST_F(Points, EachIsListedWithItsTestsAndTheirOutcome) {
  const auto listed = list("# said nowhere\n## Table (4.2)\n4.2.1 | one | \nNP-2 | two\n",
                           ran("B.F4_2_1_X") + ran("A.F4_2_1_Y") + ran("A.NP_2_3_Z") + ran("A.Other"));
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_NE(listed.out.find("\n## Table (4.2)\n"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("\n| 4.2.1 | one | A.F4_2_1_Y<br>B.F4_2_1_X | passed |\n"), std::string::npos)
      << listed.out;
  EXPECT_NE(listed.out.find("\n| NP-2 | two | A.NP_2_3_Z | passed |\n"), std::string::npos) << listed.out;
  EXPECT_EQ(listed.out.find("nowhere"), std::string::npos);
}

TEST_F(Points, OneWithoutATestNeedsAReason) {
  EXPECT_EQ(list("T1 | one | wire-only: because\n", "").status, 0);
  const auto listed = list("T1 | one | wire-only: because\nT2 | two\n", ran("A.T1X") + ran("A.T22_X"));
  EXPECT_EQ(listed.status, 1);
  EXPECT_NE(listed.out.find("| T1 | one |  | wire-only: because |"), std::string::npos) << listed.out;
  EXPECT_NE(listed.err.find(": T2\n"), std::string::npos) << listed.err;
}

TEST_F(Points, FailedOrSkippedTestIsNoPassingOneAndNoReasonHelps) {
  for (const char* status : {"fail", "notrun", "disabled"})
    EXPECT_EQ(list("T1 | one | wire-only\n", ran("A.T1_X") + ran("A.T1_Y", status)).status, 1) << status;
}

TEST_F(Points, OfThisProjectHaveATestInTheSourceOrAReason) {
  std::string cases;
  for (const auto& file : std::filesystem::directory_iterator(std::string(ALERT_SOURCE_DIR) + "/tests")) {
    if (!file.path().filename().string().ends_with("_test.cpp")) continue;
    std::ifstream source(file.path());
    for (std::string line; std::getline(source, line);)
      if (const auto comma = line.find(", "); line.starts_with("TEST") && comma != std::string::npos)
        cases += ran("Suite." + line.substr(comma + 2, line.find(')') - comma - 2));
  }
  std::ifstream file(std::string(ALERT_SOURCE_DIR) + "/tests/points.txt");
  const std::string points{std::istreambuf_iterator<char>(file), {}};
  const auto listed = list(points, cases);
  EXPECT_EQ(listed.status, 0) << listed.err;
}

}  // namespace
