#include "loop/thread_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>

namespace tandem::loop {
namespace {

using testing::HasSubstr;

size_t address_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmSize:")) return std::stoul(line.substr(7));
  }
  return 0;
}

class AddressLimit {
 public:
  explicit AddressLimit(size_t more_kib) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit low = before_;
    low.rlim_cur = (address_kib() + more_kib) << 10;
    setrlimit(RLIMIT_AS, &low);
  }
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST(ThreadRoomTest, IsThere) { EXPECT_TRUE(check_thread_room(20)); }

// The numbers of an ordinary user's threads are bounded in tests/bats/surroundings.bats: root has
// no such bound.
TEST(ThreadRoomTest, IsSaidToBeMissing) {
  Status status;
  {
    const AddressLimit limit(100 << 10);
    status = check_thread_room(1000);
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kExhausted);
  EXPECT_THAT(status.error().message, HasSubstr("cannot start 1000 threads: "));
  EXPECT_THAT(status.error().message, HasSubstr("ulimit -u"));
  EXPECT_TRUE(check_thread_room(20));
}

TEST(ThreadRoomTest, NeedsMoreThanStacks) {
  const AddressLimit limit(32 << 10);
  const Status status = check_thread_room(0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kExhausted);
  EXPECT_THAT(status.error().message, HasSubstr("ulimit -v"));
}

}  // namespace
}  // namespace tandem::loop
