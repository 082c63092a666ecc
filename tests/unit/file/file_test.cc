#include "file/file.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "file/directories.h"
#include "support/temporary_directory.h"

namespace tandem::file {
namespace {

TEST(FileTest, AnUnnamedFileLeavesNothingBehind) {
  const support::TemporaryDirectory directory;
  auto file = open_unnamed(directory.path());
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(*file, 0, "kept", directory.path()));
  std::string bytes;
  ASSERT_TRUE(read_at(*file, 0, 10, bytes, directory.path()));
  EXPECT_EQ(bytes, "kept");
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  EXPECT_GT(free_bytes(*file, directory.path()).value(), 0u);
  EXPECT_EQ(open_unnamed(directory.path() + "/none").error().kind, ErrorKind::kNotFound);
}

TEST(FileTest, ReadsAFileUpToItsBound) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::ofstream(path) << std::string(40'000, 'x');
  EXPECT_EQ(read_input(path, 40'000), std::string(40'000, 'x'));
  const auto refused = read_input(path, 39'999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
}

TEST(FileTest, RefusesWhatIsNoFileAndDoesNotWaitForIt) {
  const support::TemporaryDirectory directory;
  const std::string fifo = directory.path() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/zero")}) {
    const auto refused = read_input(path, 100);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
    EXPECT_EQ(refused.error().message, "'" + path + "' is not a regular file");
  }
  EXPECT_EQ(read_input(directory.path(), 100).error().message,
            "cannot read '" + directory.path() + "': Is a directory");
  EXPECT_FALSE(read_input(directory.path() + "/none", 100));
}

TEST(FileTest, IsReadWhereThereIsOne) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  EXPECT_EQ(read_if_there(path).value(), std::nullopt);
  ASSERT_TRUE(write_new(path, "content"));
  EXPECT_EQ(read_if_there(path).value(), "content");
  EXPECT_EQ(write_new(path, "other").error().kind, ErrorKind::kCannotCreate);
  EXPECT_EQ(read_if_there(path).value(), "content");
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, kMode);
  const std::string fifo = directory.path() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read_if_there(fifo).error().kind, ErrorKind::kCorrupt);
}

TEST(FileTest, IsReadAndWrittenAtAnOffset) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  const auto file = open_regular(path, O_RDWR | O_CREAT);
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(*file, 3, "abc", path));
  EXPECT_EQ(size_of(*file, path), 6u);
  std::string out;
  ASSERT_TRUE(read_at(*file, 4, 10, out, path));
  EXPECT_EQ(out, "bc");
  EXPECT_TRUE(sync(*file, path));
}

TEST(FileTest, IsNamedWhereNothingHasTheName) {
  const support::TemporaryDirectory directory;
  const std::string a = directory.path() + "/a";
  const std::string b = directory.path() + "/b";
  ASSERT_TRUE(write_new(a, "a"));
  EXPECT_EQ(name_exclusively(a, b), true);
  EXPECT_EQ(name_exclusively(a, b), false);
  EXPECT_EQ(rename(a + "x", b).error().message,
            "cannot rename '" + a + "x' to '" + b + "': No such file or directory");
}

TEST(FileTest, IsLockedByOneAtATime) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/lock";
  const auto first = open_regular(path, O_RDWR | O_CREAT);
  auto second = open_regular(path, O_RDWR);
  EXPECT_EQ(try_flock(*first, LOCK_EX, path), true);
  EXPECT_EQ(try_flock(*second, LOCK_SH, path), false);
  EXPECT_TRUE(names_same_file(path, *second));
  ASSERT_EQ(unlink(path.c_str()), 0);
  EXPECT_FALSE(names_same_file(path, *second));
}

TEST(DirectoriesTest, AreMadeWithThoseAbove) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/a/b/c";
  ASSERT_TRUE(make_directories(path));
  EXPECT_TRUE(make_directories(path));
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0700u);
  EXPECT_TRUE(make_parents(directory.path() + "/d/e/file", "cannot make"));
  EXPECT_TRUE(make_parents("file", "cannot make"));
  EXPECT_TRUE(std::filesystem::is_directory(directory.path() + "/d/e"));
  ASSERT_TRUE(write_new(path + "/file", ""));
  EXPECT_EQ(make_directories(path + "/file/x").error().message,
            "cannot create directory '" + path + "/file/x': Not a directory");
  EXPECT_EQ(make_parents(path + "/file/x", "cannot make").error().message,
            "cannot make '" + path + "/file': Not a directory");
  EXPECT_EQ(list_directory(path), std::vector<std::string>{"file"});
}

TEST(DirectoriesTest, AreThereOrWereRemoved) {
  const support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/gone";
  EXPECT_TRUE(directory_is_there(directory.path()));
  EXPECT_EQ(directory_is_there(path).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(sync_directory(path).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(list_directory(path).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace tandem::file
