#include "daemon/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace tandem::daemon {
namespace {

TEST(InputFileTest, ReadsAFileUpToItsBound) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::ofstream(path) << std::string(40'000, 'x');
  EXPECT_EQ(read_input_file(path, 40'000), std::string(40'000, 'x'));
  const auto refused = read_input_file(path, 39'999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
}

TEST(InputFileTest, RefusesWhatIsNoFileAndDoesNotWaitForIt) {
  const support::TemporaryDirectory directory;
  const std::string fifo = directory.path() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/zero")}) {
    const auto refused = read_input_file(path, 100);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
    EXPECT_EQ(refused.error().message, "'" + path + "' is not a regular file");
  }
  EXPECT_EQ(read_input_file(directory.path(), 100).error().message,
            "cannot read '" + directory.path() + "': Is a directory");
  EXPECT_FALSE(read_input_file(directory.path() + "/none", 100));
}

}  // namespace
}  // namespace tandem::daemon
