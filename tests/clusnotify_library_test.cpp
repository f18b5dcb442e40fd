// libclusnotify.so as a library: what it exports, who can compile against it, a whole program.

#include "c_library.hpp"
#include "process.hpp"

namespace {

TEST(ClusNotifyLibrary, ExportsTheCallsOfItsHeaderAndNothingElse) {
  const auto declared = test::declared_calls("clusnotify.h");
  EXPECT_EQ(declared.size(), 44u);
  EXPECT_EQ(test::exported_calls(CLUSNOTIFY_LIBRARY), declared);
}

TEST(ClusNotifyLibrary, HeaderIsPlainC89ForBothCompilers) {
  for (const std::string compiler : {"gcc", CLANG}) {
    const auto compiled =
        test::compile_c89(compiler, "-UNETALERT_NT", "#include <clusnotify.h>\n#include <clusnotify.h>\n");
    EXPECT_EQ(compiled.status, 0) << compiled.err;
  }
}

TEST(ClusNotifyLibrary, StandsBesideNetAlertInOneProgram) {
  const auto compiled =
      test::compile_c89("gcc", "-UNETALERT_NT", "#include <netalert.h>\n#include <clusnotify.h>\n");
  EXPECT_EQ(compiled.status, 0) << compiled.err;
}

TEST(ClusNotifyLibrary, ServesACProgram) {
  test::Broker broker;
  broker.ctl({"object", "add", "group", "print", "--state", "online"});
  test::Process program({test::c_program("watch_group"), "print"}, {{"ALERTBROKER_SOCKET", broker.socket()}});
  EXPECT_EQ(program.out_line(), "ready");
  broker.ctl({"object", "change", "group", "print", "--state", "failed"});
  const auto end = program.finish();
  EXPECT_EQ(end.out, "4711 0x00001000 print\n");
  EXPECT_EQ(end.status, 0) << end.err;
}

}  // namespace
