#include "rides/user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

using testing::HasSubstr;

constexpr size_t kLimit = 100;
const std::string kSha1 = "3d725109c7e7c0bfb9d709836735b56d943d263f";

std::string body_of(const std::string& username, const std::string& password) {
  wire::Json body;
  body.set("username", username).set("password", password);
  return body.dump();
}

std::string problem_of(const std::string& body) {
  const auto user = parse_new_user(body, kLimit);
  if (user) return "none";
  EXPECT_EQ(user.error().kind, ErrorKind::kBadInput);
  return user.error().message;
}

DbReply refused(int condition, std::string& storage) {
  storage = R"({"error":{"code":409,"message":"m","condition":)" + std::to_string(condition) + "}}";
  return {409, storage};
}

TEST(User, ReadsNameAndPassword) {
  const auto user = parse_new_user(body_of("ann", kSha1), kLimit);
  ASSERT_TRUE(user);
  EXPECT_EQ(user->username, "ann");
  EXPECT_EQ(user->password, kSha1);
}

TEST(User, LowersThePasswordsDigits) {
  const auto user =
      parse_new_user(body_of("ann", "3D725109C7E7C0BFB9D709836735B56D943D263F"), kLimit);
  ASSERT_TRUE(user);
  EXPECT_EQ(user->password, kSha1);
}

TEST(User, RefusesPasswordsThatAreNoSha1) {
  for (const std::string& password : {std::string(), kSha1.substr(1), kSha1 + "0",
                                      "g" + kSha1.substr(1), " " + kSha1.substr(1)}) {
    EXPECT_EQ(problem_of(body_of("ann", password)), "password must be a SHA-1: 40 hex digits");
  }
}

TEST(User, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(problem_of("{}"), "username is missing");
  EXPECT_EQ(problem_of(R"({"username":7})"), "username must be a string, not an integer");
  EXPECT_EQ(problem_of(R"({"username":""})"), "username must not be empty");
  EXPECT_EQ(problem_of(R"({"username":"ann"})"), "password is missing");
  EXPECT_EQ(problem_of(R"({"username":"ann","password":null})"),
            "password must be a string, not null");
  EXPECT_EQ(problem_of(R"({"Username":"ann"})"), "username is missing");
}

TEST(User, RefusesBodiesThatAreNoObject) {
  EXPECT_THAT(problem_of("{"), HasSubstr("not JSON"));
  EXPECT_EQ(problem_of(""), "the body is empty, not a JSON object");
  EXPECT_EQ(problem_of("[]"), "the body is an array, not a JSON object");
  EXPECT_THAT(problem_of(R"({"username":"a","username":"b"})"), HasSubstr("username"));
}

TEST(User, IgnoresUnknownMembers) {
  EXPECT_EQ(problem_of(R"({"x":[],"username":"ann","password":")" + kSha1 + "\"}"), "none");
}

TEST(User, LimitsTheNamesLength) {
  EXPECT_EQ(problem_of(body_of(std::string(kLimit, 'a'), kSha1)), "none");
  EXPECT_EQ(problem_of(body_of(std::string(kLimit + 1, 'a'), kSha1)),
            "username has 101 bytes, more than the limit of 100");
}

TEST(User, TakesEveryUnicodeCharacterInNames) {
  for (const std::string name : {"Ünal", "名前", "a/b c%41?#", "🚕", "\"\\", "a\nb\x01", " "}) {
    const auto user = parse_new_user(body_of(name, kSha1), kLimit);
    ASSERT_TRUE(user) << name;
    EXPECT_EQ(user->username, name);
  }
}

TEST(User, IsCreatedOnlyWhereTheNameIsFree) {
  EXPECT_EQ(create_user_request({"a\"nn", kSha1}),
            R"({"if":[{"table":"users","where":{"username":"a\"nn"},"exists":false}],)"
            R"("ops":[{"table":"users","op":"insert","row":{"username":"a\"nn","password":")" +
                kSha1 + R"("}}]})");
}

TEST(User, CreatedIs201AndTakenIs400) {
  const NewUser ann{"ann", kSha1};
  std::string storage;
  EXPECT_EQ(create_user_answer(ann, {200, R"({"index":1,"results":[{"affected":1}]})"}),
            (Answer{201, "{}"}));
  EXPECT_EQ(create_user_answer(ann, refused(0, storage)),
            error_answer(400, "username 'ann' is taken"));
  EXPECT_EQ(create_user_answer(ann, {503, ""}).status, 503);
}

TEST(User, IsDeletedOnlyWhereItIs) {
  std::string storage;
  EXPECT_EQ(delete_user_request("ann"),
            R"({"if":[{"table":"users","where":{"username":"ann"},"exists":true}],)"
            R"("ops":[{"table":"users","op":"delete","where":{"username":"ann"}}]})");
  EXPECT_EQ(delete_user_answer("ann", {200, "{}"}), (Answer{200, "{}"}));
  EXPECT_EQ(delete_user_answer("ann", refused(0, storage)),
            error_answer(400, "there is no user 'ann'"));
}

}  // namespace
}  // namespace tandem::rides
