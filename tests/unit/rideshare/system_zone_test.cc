#include "rideshare/system_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.h"

namespace tandem::rideshare {
namespace {

void put_u32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// One block of a time zone file (RFC 8536, version 2): a transition at 1970 into the one local time
// type, UTC. glibc follows the rule behind the blocks only after the last transition.
std::string zone_block(size_t transition_bytes) {
  std::string block = "TZif2" + std::string(15, '\0');
  for (const uint32_t count : {0u, 0u, 0u, 1u, 1u, 4u}) put_u32(block, count);
  block += std::string(transition_bytes, '\0');
  block += std::string(1 + 6, '\0');  // type of the transition; offset, daylight saving, name
  block += std::string("UTC\0", 4);
  return block;
}

// A zone with a POSIX rule: the test needs no tzdata package.
std::string zone_file(const std::string& rule) {
  return zone_block(4) + zone_block(8) + "\n" + rule + "\n";
}

class SystemZoneTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZDIR", directory_.path().c_str(), 1);
    std::filesystem::create_directories(directory_.file("Test"));
    directory_.write("Test/Berlin", zone_file("CET-1CEST,M3.5.0,M10.5.0/3"));
    directory_.write("Test/Text", "no zone");
  }
  void TearDown() override {
    ::unsetenv("TZDIR");
    ::unsetenv("TZ");
  }
  support::TemporaryDirectory directory_;
};

TEST_F(SystemZoneTest, UtcNeedsNoFile) {
  ::setenv("TZDIR", "/nonexistent", 1);
  const auto zone = open_zone("UTC");
  ASSERT_TRUE(zone);
  EXPECT_EQ((*zone)->offset_s(1782302400), 0);
}

TEST_F(SystemZoneTest, FollowsDaylightSaving) {
  const auto zone = open_zone("Test/Berlin");
  ASSERT_TRUE(zone);
  EXPECT_EQ((*zone)->offset_s(1774745999), 3600);
  EXPECT_EQ((*zone)->offset_s(1774746000), 7200);
  EXPECT_EQ((*zone)->offset_s(1792889999), 7200);
  EXPECT_EQ((*zone)->offset_s(1792890000), 3600);
  EXPECT_EQ(rides::format_timestamp(1774746000000, **zone), "29-03-2026:00-00-03");
  EXPECT_FALSE(rides::parse_timestamp("29-03-2026:00-30-02", **zone));
}

TEST_F(SystemZoneTest, RefusesNamesThatAreNoZone) {
  for (const char* name :
       {"", "Test/Nowhere", "Test/Text", "Test", "/etc/localtime", "../Test/Berlin", "CET-1CEST"}) {
    const auto checked = check_zone(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, ErrorKind::kConfig);
    EXPECT_THAT(checked.error().message, testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace tandem::rideshare
