#include "daemon/coord_config.h"

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

TEST(OpenCoord, MakesTheRootThatTheSettingsName) {
  const support::TemporaryDirectory scratch;
  loop::Loop loop;
  const auto coord = open_coord(at(scratch.file("state/coord")), loop);
  EXPECT_NE(coord, nullptr);
  EXPECT_TRUE(std::filesystem::is_directory(scratch.file("state/coord")));
}

TEST(OpenCoord, EndsTheProcessWhereItCannotBeOpened) {
  const ChildResult ended = run_child([] {
    loop::Loop loop;
    static_cast<void>(open_coord(at("/dev/null/coord"), loop));
    return 0;
  });
  EXPECT_EQ(ended.status, 73);
  EXPECT_THAT(ended.err, HasSubstr("/dev/null"));
}

}  // namespace
}  // namespace tandem::daemon
