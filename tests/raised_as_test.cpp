// What is kept of a raise beside its bytes: nothing, where the alert's header says it all.

#include "brokerd/raised_as.hpp"

#include <gtest/gtest.h>

namespace {

using alert::Profile;
using brokerd::annex_for;
using namespace std::string_view_literals;

TEST(AnnexOfARaise, IsEmptyWhereTheHeaderNamesTheEvent) {
  EXPECT_EQ(annex_for(Profile::lm20, "PRINTING", {"PRINTING", ""}), "");
  EXPECT_EQ(annex_for(Profile::lm20, "Printing", {"PRINTING", ""}), "") << "names differ in case only";
  EXPECT_EQ(annex_for(Profile::nt, "P\0r\0"sv, {"PR", ""}), "");
}

TEST(AnnexOfARaise, NamesAnEventThatTheHeaderDoesNot) {
  for (const auto& header : {"PRINTIN"sv, "PRINTINGS"sv, "QRINTING"sv, ""sv})
    EXPECT_EQ(annex_for(Profile::lm20, header, {"PRINTING", ""}), R"({"event":"PRINTING"})") << header;
  for (const auto& header : {"P\0"sv, "P\0R\0S\0"sv, "P\0R\1"sv, "PR"sv})
    EXPECT_EQ(annex_for(Profile::nt, header, {"PR", ""}), R"({"event":"PR"})") << header;
}

TEST(AnnexOfARaise, NamesWhateverIsNotAsciiSinceThatDependsOnACodePage) {
  EXPECT_EQ(annex_for(Profile::lm20, "\xC3\x84", {"\xC3\x84", ""}), "{\"event\":\"\xC3\x84\"}");
  EXPECT_EQ(annex_for(Profile::nt, "\xC4\0"sv, {"\xC3\x84", ""}), "{\"event\":\"\xC3\x84\"}");
}

TEST(AnnexOfARaise, HasTheIdWhereThereIsOne) {
  const std::string id(32, 'a');
  EXPECT_EQ(annex_for(Profile::lm20, "PRINTING", {"PRINTING", id}), "{\"id\":\"" + id + "\"}");
  EXPECT_EQ(annex_for(Profile::lm20, "OTHER", {"PRINTING", id}), "{\"event\":\"PRINTING\",\"id\":\"" + id + "\"}");
}

}  // namespace
