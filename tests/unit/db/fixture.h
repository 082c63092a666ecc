// A database with the tables of the ride-share application, and short ways to use it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"

namespace tandem::db {

inline constexpr std::string_view kRidesSchema = R"({
  "users":{"key":"username","columns":[
     {"name":"username","type":"text"},{"name":"password","type":"text"}]},
  "rides":{"key":"rideId","auto_increment":true,"columns":[
     {"name":"rideId","type":"integer"},
     {"name":"created_by","type":"text","references":"users","on_delete":"cascade"},
     {"name":"timestamp","type":"timestamp"},
     {"name":"source","type":"integer"},
     {"name":"destination","type":"integer"}],
   "indexes":[["source","destination","timestamp"]]},
  "riders":{"key":"seq","auto_increment":true,"columns":[
     {"name":"seq","type":"integer"},
     {"name":"rideId","type":"integer","references":"rides","on_delete":"cascade"},
     {"name":"username","type":"text","references":"users","on_delete":"cascade"}],
   "indexes":[{"columns":["rideId","username"],"unique":true}]}})";

inline wire::Json json_of(std::string_view text) {
  const auto json = wire::parse_json(text);
  EXPECT_TRUE(json.has_value()) << text;
  return json ? *json : wire::Json();
}

inline Schema schema_of(std::string_view text) {
  auto schema = parse_schema(json_of(text));
  EXPECT_TRUE(schema.has_value()) << schema.error().message;
  return schema ? *schema : Schema();
}

// The message of an error body, or the body where it is none.
inline std::string message_of(const repl::Applied& applied) {
  const wire::Json json = json_of(applied.body);
  const wire::Json* error = json.find("error");
  if (error == nullptr) return applied.body;
  EXPECT_EQ(*error->find("code")->as_int(), applied.status);
  return *error->find("message")->as_string();
}

inline std::vector<std::string> snapshot_of(const Database& database) {
  std::vector<std::string> rows;
  EXPECT_TRUE(database.freeze()->write_rows([&](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

inline void restore(Database& database, const std::vector<std::string>& rows) {
  database.reset();
  for (const std::string& row : rows) {
    const Status status = database.restore_row(row);
    ASSERT_TRUE(status.has_value()) << row << ": " << status.error().message;
  }
  const Status status = database.finish_restore();
  ASSERT_TRUE(status.has_value()) << status.error().message;
}

class DatabaseTest : public testing::Test {
 protected:
  explicit DatabaseTest(std::string_view schema = kRidesSchema, const Limits& limits = {})
      : database_(limits) {
    const auto applied = apply("{\"schema\":" + std::string(schema) + "}");
    EXPECT_EQ(applied.status, 200) << applied.body;
  }

  repl::Applied apply(std::string_view command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    return database_.apply(entry);
  }
  // The results of a command that must succeed.
  std::string results(std::string_view command) {
    const auto applied = apply(command);
    EXPECT_EQ(applied.status, 200) << applied.body;
    const std::string head = "{\"index\":" + std::to_string(index_) + ",\"results\":";
    EXPECT_EQ(applied.body.substr(0, head.size()), head);
    return applied.body.substr(head.size(), applied.body.size() - head.size() - 1);
  }
  // The message with which a command is refused.
  std::string refusal(std::string_view command, int status) {
    const auto before = snapshot_of(database_);
    const auto applied = apply(command);
    EXPECT_EQ(applied.status, status) << applied.body;
    EXPECT_EQ(snapshot_of(database_), before) << "a refused command changed something";
    return message_of(applied);
  }
  std::string read(std::string_view query) {
    const auto answer = database_.query(query);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? *answer : "";
  }
  Error read_error(std::string_view query) {
    const auto answer = database_.query(query);
    EXPECT_FALSE(answer.has_value()) << query;
    return answer ? Error{} : answer.error();
  }
  void add_user(const std::string& name) {
    results(R"({"table":"users","op":"insert","row":{"username":")" + name +
            R"(","password":"x"}})");
  }
  void add_ride(const std::string& name, int64_t time, int from, int to) {
    results(R"({"table":"rides","op":"insert","row":{"created_by":")" + name + R"(","timestamp":)" +
            std::to_string(time) + R"(,"source":)" + std::to_string(from) + R"(,"destination":)" +
            std::to_string(to) + "}}");
  }

  Database database_;
  uint64_t index_ = 0;
};

}  // namespace tandem::db
