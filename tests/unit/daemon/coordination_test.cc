#include "daemon/coordination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/child.h"

namespace tandem::daemon {
namespace {

using ::testing::HasSubstr;

CoordConfig at(const std::string& root) {
  CoordConfig config;
  config.root = root;
  return config;
}

TEST(CoordinationTest, MakesTheRootThatTheSettingsNameWhenItIsAskedFor) {
  const support::TemporaryDirectory scratch;
  loop::Loop loop;
  Coordination coordination(at(scratch.file("state/coord")), loop);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("state")));
  EXPECT_EQ(&coordination.coord(), &coordination.coord());
  EXPECT_TRUE(std::filesystem::is_directory(scratch.file("state/coord")));
}

TEST(CoordinationTest, EndsTheProcessWhereItCannotBeOpened) {
  const ChildResult ended = run_child([] {
    loop::Loop loop;
    static_cast<void>(Coordination(at("/dev/null/coord"), loop).coord());
    return 0;
  });
  EXPECT_EQ(ended.status, 73);
  EXPECT_THAT(ended.err, HasSubstr("/dev/null"));
}

TEST(CoordinationTest, WarnsOfACertificateThatIsNotThereNow) {
  const ChildResult ended = run_child([] {
    loop::Loop loop;
    CoordConfig config;
    config.backend = "consul";
    config.cert_file = "/nonexistent/file";
    const Coordination coordination(config, loop);
    return 0;
  });
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("warning: coord.cert_file: cannot open '/nonexistent/file'"));
}

TEST(CoordinationTest, RegistersWithConsulAloneAndOnlyWhereThatIsWanted) {
  loop::Loop loop;
  CoordConfig config;
  EXPECT_FALSE(Coordination(config, loop).registers());
  config.backend = "consul";
  EXPECT_TRUE(Coordination(config, loop).registers());
  config.registers = false;
  EXPECT_FALSE(Coordination(config, loop).registers());
}

}  // namespace
}  // namespace tandem::daemon
