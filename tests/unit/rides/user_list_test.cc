#include "rides/user_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

constexpr std::string_view kFirstRequest =
    R"({"table":"users","columns":["username"],"order":["username"],"limit":50000})";

// Shrinks the list's pages to one row.
void shrink_fully(UserList& list) {
  while (list.shrink()) {
  }
}

TEST(UserList, ASmallListIsOneRead) {
  UserList list;
  EXPECT_EQ(list.next_request(), kFirstRequest);
  EXPECT_TRUE(list.add(R"([{"username":"ann"},{"username":"b\"b"}])").value());
  EXPECT_EQ(std::move(list).answer(), (Answer{200, R"(["ann","b\"b"])"}));
}

TEST(UserList, NobodyIs204) {
  UserList list;
  EXPECT_TRUE(list.add("[]").value());
  EXPECT_EQ(std::move(list).answer(), (Answer{204, ""}));
}

TEST(UserList, AFullPageIsFollowedByTheNext) {
  UserList list;
  shrink_fully(list);
  EXPECT_FALSE(list.add(R"([{"username":"a\"b"}])").value());
  EXPECT_EQ(list.next_request(),
            R"({"table":"users","columns":["username"],"order":["username"],"limit":2,)"
            R"("where":{"username":{"gt":"a\"b"}}})");
  EXPECT_FALSE(list.add(R"([{"username":"b"},{"username":"zoe"}])").value());
  EXPECT_TRUE(list.add("[]").value());
  EXPECT_EQ(std::move(list).answer(), (Answer{200, R"(["a\"b","b","zoe"])"}));
}

TEST(UserList, ShrinksDownToOneRow) {
  UserList list;
  EXPECT_TRUE(list.shrink());
  EXPECT_THAT(list.next_request(), testing::HasSubstr("\"limit\":6250"));
  shrink_fully(list);
  EXPECT_THAT(list.next_request(), testing::HasSubstr("\"limit\":1}"));
  EXPECT_FALSE(list.shrink());
}

TEST(UserList, GrowsAgainAfterSuccess) {
  UserList list;
  list.shrink();
  ASSERT_TRUE(list.add("[]"));
  EXPECT_THAT(list.next_request(), testing::HasSubstr("\"limit\":12500"));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(list.add("[]"));
  EXPECT_THAT(list.next_request(), testing::HasSubstr("\"limit\":50000"));
}

TEST(UserList, RepliesThatAreNoUsersAreRefused) {
  UserList list;
  EXPECT_FALSE(list.add("{}"));
  EXPECT_FALSE(list.add(R"([{"name":"ann"}])"));
  EXPECT_FALSE(list.add(R"([{"username":7}])"));
}

}  // namespace
}  // namespace tandem::rides
