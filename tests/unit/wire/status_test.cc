#include "wire/status.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

// What is tried again elsewhere, and what is not, is told by these.
TEST(Status, TellsWhetherAnythingWasDone) {
  EXPECT_EQ(status_of(ErrorKind::kUnavailable), 503);
  EXPECT_EQ(status_of(ErrorKind::kExhausted), 503);
  EXPECT_EQ(status_of(ErrorKind::kTimeout), 503) << "of a read";
  EXPECT_EQ(status_of(ErrorKind::kUnknown), 504);
  EXPECT_EQ(status_of(ErrorKind::kNoSpace), 507);
  EXPECT_EQ(status_of(ErrorKind::kBusy), 429);
}

TEST(Status, TellsWhatIsWrongWithARequest) {
  EXPECT_EQ(status_of(ErrorKind::kBadInput), 400);
  EXPECT_EQ(status_of(ErrorKind::kNotFound), 404);
  EXPECT_EQ(status_of(ErrorKind::kConflict), 409);
  EXPECT_EQ(status_of(ErrorKind::kTooLarge), 413);
  EXPECT_EQ(status_of(ErrorKind::kBug), 500);
}

}  // namespace
}  // namespace tandem::wire
