#include "base/alarm_time.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(AlarmTimeTest, AnEarlierTimeStays) {
  AlarmTime time;
  EXPECT_TRUE(time.bring_forward(20));
  EXPECT_FALSE(time.bring_forward(20));
  EXPECT_FALSE(time.bring_forward(30));
  EXPECT_TRUE(time.bring_forward(10));
  EXPECT_FALSE(time.bring_forward(15));
}

TEST(AlarmTimeTest, AfterItHasRungAnyTimeIsSet) {
  AlarmTime time;
  EXPECT_TRUE(time.bring_forward(0));
  time.clear();
  EXPECT_TRUE(time.bring_forward(30));
}

}  // namespace
}  // namespace tandem
