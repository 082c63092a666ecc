#include "daemon/setting_value.h"

#include <gtest/gtest.h>

namespace tandem::daemon {
namespace {

TEST(SettingValueTest, DurationsHaveUnits) {
  EXPECT_EQ(parse_duration("250ms"), 250);
  EXPECT_EQ(parse_duration("2s"), 2000);
  EXPECT_EQ(parse_duration("1m"), 60'000);
  EXPECT_EQ(parse_duration("3h"), 10'800'000);
  EXPECT_EQ(parse_duration("0"), 0);
}

TEST(SettingValueTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-1s", "+1s", "1.5s", "1 s", "1S", "1sec", " 1s", "0x1",
                           "9223372036854775807s", "99999999999999999999"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(SettingValueTest, ADurationWithoutUnitIsAskedForOne) {
  EXPECT_FALSE(parse_duration("3"));
  EXPECT_EQ(missing_unit("3"), "say the unit: 3s, 3ms");
  for (const char* text : {"", "0", "3s", "-3", "x"}) EXPECT_EQ(missing_unit(text), "") << text;
}

TEST(SettingValueTest, SizesHaveBinaryUnits) {
  EXPECT_EQ(parse_size("4096"), 4096);
  EXPECT_EQ(parse_size("64KiB"), 65'536);
  EXPECT_EQ(parse_size("1MiB"), 1'048'576);
  EXPECT_EQ(parse_size("2GiB"), 2'147'483'648);
  for (const char* text : {"1MB", "1mib", "1M", "MiB", "-1", "9223372036854775807KiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(SettingValueTest, ShortestFormGivesTheSameValue) {
  EXPECT_EQ(duration_text(0), "0ms");
  EXPECT_EQ(duration_text(1500), "1500ms");
  EXPECT_EQ(duration_text(120'000), "2m");
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(1000), "1000");
  EXPECT_EQ(size_text(3 << 20), "3MiB");
  for (const int64_t value : {0L, 1L, 999L, 1000L, 60'001L, 3'600'000L, kMaxDurationMs}) {
    EXPECT_EQ(parse_duration(duration_text(value)), value);
    EXPECT_EQ(parse_size(size_text(value)), value);
  }
}

}  // namespace
}  // namespace tandem::daemon
