#include "group/reach.h"

#include <gtest/gtest.h>

namespace tandem::group {
namespace {

TEST(Reach, ChangesAfterSeveralAnswersInARowAndMoreForTheBetter) {
  Reach reach;
  EXPECT_TRUE(reach.useful(3));
  for (const bool told : {false, false, true, false, false}) reach.told(3, told);
  EXPECT_TRUE(reach.useful(3));
  reach.told(3, false);
  EXPECT_FALSE(reach.useful(3));
  EXPECT_TRUE(reach.useful(2));
  for (int i = 0; i < 19; ++i) reach.told(3, true);
  EXPECT_FALSE(reach.useful(3));
  reach.told(3, false);
  for (int i = 0; i < 19; ++i) reach.told(3, true);
  EXPECT_FALSE(reach.useful(3));
  reach.told(3, true);
  EXPECT_TRUE(reach.useful(3));
}

}  // namespace
}  // namespace tandem::group
