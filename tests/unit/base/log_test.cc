#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace tandem::log {
namespace {

// Something else in the place of stderr, for the life of this.
class StderrIs {
 public:
  explicit StderrIs(int fd) : before_(dup(STDERR_FILENO)) {
    dup2(fd, STDERR_FILENO);
    close(fd);
  }
  ~StderrIs() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  StderrIs(const StderrIs&) = delete;
  StderrIs& operator=(const StderrIs&) = delete;

 private:
  const int before_;
};

std::string read_all(int fd) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(fd, buffer, sizeof buffer)) > 0;)
    all.append(buffer, static_cast<size_t>(size));
  return all;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

constexpr int kLines = 20'000;  // more than any pipe or socket holds

// Where this hangs the test does not end.
void write_more_than_fits() {
  for (int i = 0; i < kLines; ++i) info("a line that nobody reads");
}

void expect_lost_and_told(int reader) {
  const size_t kept = count(read_all(reader), "nobody reads\n");
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, static_cast<size_t>(kLines));
  info("read again");
  const std::string after = read_all(reader);
  EXPECT_NE(after.find("log lines were lost: nobody read them lines=" +
                       std::to_string(static_cast<size_t>(kLines) - kept) + "\n"),
            std::string::npos)
      << after;
  EXPECT_NE(after.find("read again\n"), std::string::npos);
  info("and again");
  EXPECT_EQ(count(read_all(reader), "\n"), 1U);
}

TEST(Log, GoesOnWhereNobodyReadsThePipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  {
    const StderrIs pipe(ends[1]);
    write_more_than_fits();
    expect_lost_and_told(ends[0]);
    // Others who have the same pipe do not find it so.
    EXPECT_EQ(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
  }
  close(ends[0]);
}

TEST(Log, GoesOnWhereNobodyReadsTheSocket) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  {
    const StderrIs socket(ends[1]);
    write_more_than_fits();
    expect_lost_and_told(ends[0]);
  }
  close(ends[0]);
}

TEST(Log, RequestsThatFailOrAreSlowAreWorthTelling) {
  set_slow(1000);
  EXPECT_FALSE(is_worth_telling(200, 999));
  EXPECT_TRUE(is_worth_telling(200, 1000));
  EXPECT_FALSE(is_worth_telling(499, 1));
  EXPECT_TRUE(is_worth_telling(500, 1));
  set_slow(0);
  EXPECT_FALSE(is_worth_telling(200, INT64_MAX));
}

TEST(Log, HasTheTimeOnATerminal) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const std::string name = ptsname(terminal);
  {
    const StderrIs shown(open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    configure("rs-test", Level::kInfo, Format::kText);
    info("shown");
    EXPECT_THAT(read_all(terminal),
                testing::MatchesRegex("[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9] "
                                      "rs-test\\[[0-9]+\\]: info: shown\r\n"));
  }
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  {
    const StderrIs pipe(ends[1]);
    configure("rs-test", Level::kInfo, Format::kText);
    info("kept");
    EXPECT_TRUE(read_all(ends[0]).starts_with("rs-test["));
  }
  close(ends[0]);
  close(terminal);
}

TEST(Log, EndsALineThatHadNoRoom) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  {
    const StderrIs pipe(ends[1]);
    const size_t size = static_cast<size_t>(fcntl(ends[0], F_GETPIPE_SZ));
    info(std::string(size + 1, 'x'));
    EXPECT_EQ(read_all(ends[0]).size(), size);
    info("read again");
    const std::string after = read_all(ends[0]);
    EXPECT_TRUE(after.starts_with("\n")) << after;
    EXPECT_NE(after.find("lines=1\n"), std::string::npos) << after;
  }
  close(ends[0]);
}

}  // namespace
}  // namespace tandem::log
