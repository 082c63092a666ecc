#include "db/command.h"

#include "db/fixture.h"

namespace tandem::db {
namespace {

class CommandTest : public DatabaseTest {
 protected:
  CommandTest() : DatabaseTest(kRidesSchema, Limits{.operations = 2, .conditions = 2}) {}

  // What both the leader and apply say.
  std::string bad(const std::string& command, int status = 400) {
    const auto checked = database_.check_command(command);
    EXPECT_FALSE(checked.has_value()) << command;
    const std::string message = refusal(command, status);
    EXPECT_EQ(checked ? "" : checked.error().message, message);
    return message;
  }
  std::string canonical_of(const std::string& command) {
    const auto text = database_.check_command(command);
    EXPECT_TRUE(text.has_value()) << text.error().message;
    if (!text) return "";
    EXPECT_EQ(database_.check_command(*text), *text) << "canonical text changes";
    return *text;
  }
};

TEST_F(CommandTest, MustSayOneThingToDo) {
  EXPECT_EQ(bad("x"), "not JSON: a comma, colon, brace, bracket or quote is missing or misplaced");
  EXPECT_EQ(bad(R"({"clear":true,"clear":true})"), "duplicate key 'clear'");
  EXPECT_EQ(bad("[]"), "a command must be an object, not an array");
  EXPECT_EQ(bad("{}"), "neither 'op' nor 'ops': nothing to do");
  EXPECT_EQ(bad(R"({"clear":true,"ops":[]})"),
            "only one of 'op', 'ops', 'clear' and 'schema' can be in one command");
  EXPECT_EQ(bad(R"({"clear":false})"), "'clear' must be true");
  EXPECT_EQ(bad(R"({"ops":{}})"), "'ops' must be an array, not an object");
  EXPECT_EQ(bad(R"({"ops":[]})"), "'ops' holds no operation");
  EXPECT_EQ(bad(R"({"ops":[1,2,3]})", 413), "'ops' holds more than 2 items");
  EXPECT_EQ(bad(R"({"if":[1,2,3],"ops":[]})", 413), "'if' holds more than 2 items");
  EXPECT_EQ(bad(R"({"if":[],"table":"users","op":"delete","where":{}})"),
            "'if' needs its operations in 'ops'");
}

TEST_F(CommandTest, NamesTheOperationThatIsWrong) {
  EXPECT_EQ(bad(R"({"ops":[1]})"), "operation 0: an operation must be an object, not an integer");
  EXPECT_EQ(bad(R"({"ops":[{"table":"users","op":"delete","where":{}},{"op":"delete"}]})"),
            "operation 1: 'table' is missing");
  EXPECT_EQ(bad(R"({"table":"user","op":"insert"})"), "unknown table 'user'");
  EXPECT_EQ(bad(R"({"ops":[{"table":"users"}]})"), "operation 0: 'op' is missing");
  EXPECT_EQ(bad(R"({"table":"users","op":1})"), "'op' must be a string, not an integer");
  EXPECT_EQ(bad(R"({"table":"users","op":"replace"})"),
            "'op' must be insert, upsert, update or delete, not 'replace'");
}

TEST_F(CommandTest, ChecksRows) {
  const auto row_error = [this](const std::string& row) {
    return bad(R"({"table":"users","op":"insert",)" + row + "}");
  };
  EXPECT_EQ(row_error(R"("rows":1)"), "table 'users': 'row' is missing");
  EXPECT_EQ(row_error(R"("row":[])"), "table 'users': 'row' must be an object, not an array");
  EXPECT_EQ(row_error(R"("row":{"name":"x"})"), "table 'users' has no column 'name'");
  EXPECT_EQ(row_error(R"("row":{"username":1})"),
            "table 'users', column 'username': must be a string, not an integer");
  EXPECT_EQ(row_error(R"("row":{"username":"x"})"), "table 'users', column 'password': is missing");
  EXPECT_EQ(row_error(R"("row":{"password":"x"})"), "table 'users', column 'username': is missing");
  EXPECT_EQ(bad(R"({"table":"riders","op":"insert","row":{"seq":null}})"),
            "table 'riders', column 'seq': must be an integer, not null");
}

TEST_F(CommandTest, ChecksUpdatesAndDeletes) {
  EXPECT_EQ(bad(R"({"table":"users","op":"delete"})"),
            "table 'users': 'where' is missing ({} means every row)");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","set":{"password":"x"}})"),
            "table 'users': 'where' is missing ({} means every row)");
  EXPECT_EQ(bad(R"({"table":"users","op":"delete","where":{"x":1}})"),
            "table 'users' has no column 'x'");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","where":{}})"),
            "table 'users': 'set' is missing");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","where":{},"set":{}})"),
            "table 'users': 'set' names no column");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","where":{},"set":{"x":1}})"),
            "table 'users' has no column 'x'");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","where":{},"set":{"password":null}})"),
            "table 'users', column 'password': must be a string, not null");
  EXPECT_EQ(bad(R"({"table":"users","op":"update","where":{},"set":{"username":"x"}})"),
            "table 'users', column 'username': is the key, which an update cannot change");
}

TEST_F(CommandTest, ChecksConditions) {
  const auto condition_error = [this](const std::string& condition) {
    return bad(R"({"if":[)" + condition +
               R"(],"ops":[{"table":"users","op":"delete","where":{}}]})");
  };
  EXPECT_EQ(condition_error("1"), "condition 0: must be an object, not an integer");
  EXPECT_EQ(condition_error(R"({"table":"users","exists":true},{})"),
            "condition 1: 'table' is missing");
  EXPECT_EQ(condition_error(R"({"table":"users"})"),
            "condition 0: table 'users': either 'exists' or 'count' is needed");
  EXPECT_EQ(condition_error(R"({"table":"users","exists":true,"count":1})"),
            "condition 0: table 'users': either 'exists' or 'count' is needed");
  EXPECT_EQ(condition_error(R"({"table":"users","exists":1})"),
            "condition 0: 'exists' must be a boolean, not an integer");
  EXPECT_EQ(condition_error(R"({"table":"users","count":-1})"),
            "condition 0: 'count' must be an integer from 0 on");
  EXPECT_EQ(condition_error(R"({"table":"users","count":true})"),
            "condition 0: 'count' must be an integer from 0 on");
  EXPECT_EQ(condition_error(R"({"table":"users","where":{"x":1},"exists":true})"),
            "condition 0: table 'users' has no column 'x'");
}

TEST_F(CommandTest, CanonicalTextIsOneForOneMeaning) {
  EXPECT_EQ(canonical_of(R"({"op":"insert", "x":1, "table":"users",
                             "row":{"password":"p","username":"ä"}})"),
            R"({"ops":[{"table":"users","op":"insert","row":{"username":"ä","password":"p"}}]})");
  EXPECT_EQ(canonical_of(R"({"ops":[{"table":"rides","op":"delete","where":"source=22"}]})"),
            R"({"ops":[{"table":"rides","op":"delete","where":{"source":22}}]})");
  EXPECT_EQ(canonical_of(R"({"ops":[{"op":"update","table":"rides","set":{"source":1},
                             "where":{"rideId":{"in":[2,1,2]},"timestamp":{"lt":9,"ge":1}}}],
                             "if":[{"count":3,"table":"users","where":{}},
                                   {"exists":false,"table":"users"}]})"),
            R"({"if":[{"table":"users","where":{},"count":3},)"
            R"({"table":"users","where":{},"exists":false}],)"
            R"("ops":[{"table":"rides","op":"update","where":{"rideId":{"in":[1,2]},)"
            R"("timestamp":{"lt":9,"ge":1}},"set":{"source":1}}]})");
  EXPECT_EQ(canonical_of(R"({"table":"riders","op":"upsert","row":{"rideId":1,"username":"a"}})"),
            R"({"ops":[{"table":"riders","op":"upsert","row":{"rideId":1,"username":"a"}}]})");
  EXPECT_EQ(canonical_of(R"( {"clear" : true } )"), R"({"clear":true})");
  EXPECT_EQ(canonical_of(R"({"schema":{}})"), R"({"schema":{}})");
}

}  // namespace
}  // namespace tandem::db
