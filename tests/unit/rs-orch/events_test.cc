#include "events.h"

#include <gtest/gtest.h>

namespace tandem::orch {
namespace {

TEST(WorkerFields, NameNoProcessWhereThereIsNone) {
  EXPECT_EQ(worker_fields(7, 1234).dump(), R"({"worker":7,"pid":1234})");
  EXPECT_EQ(worker_fields(7, 0).dump(), R"({"worker":7})");
}

}  // namespace
}  // namespace tandem::orch
