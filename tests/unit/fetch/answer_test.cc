#include "fetch/answer.h"

#include <gtest/gtest.h>

namespace tandem::fetch {
namespace {

TEST(Answer, FindsAHeaderOfAnyCaseWithoutBlanks) {
  const Answer answer{200, "", "HTTP/1.1 200 OK\r\nX-Request-Id:  abc \r\nA: b\r\n\r\n"};
  EXPECT_EQ(answer.header("x-request-ID"), "abc");
  EXPECT_EQ(answer.header("a"), "b");
}

TEST(Answer, HasNothingForAHeaderThatIsNotThere) {
  const Answer answer{200, "", "HTTP/1.1 200 OK\r\nX-Request-Id: abc\r\n\r\n"};
  EXPECT_EQ(answer.header("X-Request"), "");
  EXPECT_EQ(answer.header("X-Db-Index"), "");
}

TEST(Answer, TakesTheFirstOfTwo) {
  const Answer answer{200, "", "A: 1\r\nA: 2\r\n"};
  EXPECT_EQ(answer.header("A"), "1");
}

}  // namespace
}  // namespace tandem::fetch
