#include "repl/waiters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::repl {
namespace {

const Error kLost{ErrorKind::kUnknown, "leadership was lost"};

class WritersTest : public testing::Test {
 protected:
  void add(uint64_t index, int64_t deadline_ns) {
    writers.add(index, deadline_ns, [this, index](Result<Written> written) {
      told.push_back(std::to_string(index) + (written ? " " + written->answer.body : " failed"));
    });
  }
  Writers writers;
  std::vector<std::string> told;
};

TEST_F(WritersTest, TellsTheOneWhoseEntryWasApplied) {
  add(5, 100);
  add(6, 100);
  writers.applied(6, Applied{200, "six"});
  writers.applied(7, Applied{200, "nobody waits"});
  EXPECT_EQ(told, std::vector<std::string>{"6 six"});
  EXPECT_EQ(writers.size(), 1u);
}

TEST_F(WritersTest, FailsThoseWhoseDeadlineIsOver) {
  add(5, 100);
  add(6, 101);
  writers.expire(100);
  EXPECT_EQ(told, std::vector<std::string>{"5 failed"});
  // The entry may be committed later: nobody is told twice.
  writers.applied(5, Applied{200, "late"});
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(WritersTest, ACompletionMayWriteAgainWhileAllFail) {
  writers.add(5, 100, [this](const Result<Written>&) { add(9, 100); });
  add(6, 100);
  writers.fail_all(kLost);
  EXPECT_EQ(told, std::vector<std::string>{"6 failed"});
  EXPECT_EQ(writers.size(), 1u);
}

class ReadersTest : public testing::Test {
 protected:
  void add(uint64_t index, int64_t deadline_ns = 100) {
    readers.add(index, deadline_ns, [this, index](const Status& status) {
      told.push_back(std::to_string(index) + (status ? " ok" : " failed"));
    });
  }
  Readers readers;
  std::vector<std::string> told;
};

TEST_F(ReadersTest, TellsAllUpToTheIndexInOrder) {
  add(7);
  add(5);
  add(6);
  add(5);
  readers.reached(6);
  EXPECT_EQ(told, (std::vector<std::string>{"5 ok", "5 ok", "6 ok"}));
  EXPECT_EQ(readers.size(), 1u);
}

TEST_F(ReadersTest, ACutOfTheLogFailsThoseAboveIt) {
  add(5);
  add(6);
  readers.fail_above(5, kLost);
  EXPECT_EQ(told, std::vector<std::string>{"6 failed"});
}

TEST_F(ReadersTest, ACompletionMayReadAgain) {
  readers.add(5, 100, [this](const Status&) { add(5); });
  readers.reached(5);
  EXPECT_EQ(told, std::vector<std::string>{"5 ok"});
  EXPECT_EQ(readers.size(), 0u);
}

TEST_F(ReadersTest, FailsThoseWhoseDeadlineIsOver) {
  add(5, 10);
  add(5, 20);
  readers.expire(10);
  EXPECT_EQ(told, std::vector<std::string>{"5 failed"});
}

}  // namespace
}  // namespace tandem::repl
