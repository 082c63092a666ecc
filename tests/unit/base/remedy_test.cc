#include "base/remedy.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Remedy, IsTheCommandThatAReasonQuotes) {
  EXPECT_EQ(remedy_in("worker 3 is away: 'rs-client workers status' says why"),
            "rs-client workers status");
  EXPECT_EQ(remedy_in("'a b' is no name; try 'tandem up', or 'rs-client wait'"), "tandem up");
}

TEST(Remedy, AStoppedProcessIsToGoOn) {
  EXPECT_EQ(remedy_in("worker 2 (pid 77) is stopped: kill -CONT 77; worker 3 …"), "kill -CONT 77");
  EXPECT_EQ(remedy_in("is stopped: kill -CONT 77"), "kill -CONT 77");
  EXPECT_EQ(remedy_in("kill -CONT PID"), "");
}

TEST(Remedy, IsNoneWhereNothingIsQuoted) {
  EXPECT_EQ(remedy_in(""), "");
  EXPECT_EQ(remedy_in("rs-client workers status"), "");
  EXPECT_EQ(remedy_in("the file 'tandem' is gone"), "");
  EXPECT_EQ(remedy_in("cut short: 'rs-client work"), "");
}

}  // namespace
}  // namespace tandem
