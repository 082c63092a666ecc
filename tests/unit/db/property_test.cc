// Random commands and queries against the model, and against a copy restored from a snapshot.
#include <random>

#include "db/fixture.h"
#include "db/model.h"

namespace tandem::db {
namespace {

using wire::Json;

// Every type, every kind of reference, a unique index with nulls in it.
constexpr std::string_view kSchema = R"({
  "teams":{"key":"name","columns":[{"name":"name","type":"text"},
     {"name":"size","type":"integer","null":true}],"indexes":[["size"]]},
  "users":{"key":"username","columns":[{"name":"username","type":"text"},
     {"name":"team","type":"text","null":true,"references":"teams","on_delete":"restrict"},
     {"name":"active","type":"boolean","default":true},
     {"name":"tags","type":"list of text","default":[]}],
     "indexes":[["active","team"]]},
  "rides":{"key":"rideId","auto_increment":true,"columns":[{"name":"rideId","type":"integer"},
     {"name":"created_by","type":"text","references":"users","on_delete":"cascade"},
     {"name":"timestamp","type":"timestamp"},
     {"name":"source","type":"integer"},{"name":"destination","type":"integer","default":3}],
     "indexes":[["source","destination","timestamp"]]},
  "riders":{"key":"seq","auto_increment":true,"columns":[{"name":"seq","type":"integer"},
     {"name":"rideId","type":"integer","references":"rides","on_delete":"cascade"},
     {"name":"username","type":"text","null":true,"references":"users","on_delete":"cascade"}],
     "indexes":[{"columns":["rideId","username"],"unique":true}]},
  "nodes":{"key":"id","columns":[{"name":"id","type":"integer"},
     {"name":"parent","type":"integer","null":true,"references":"nodes","on_delete":"cascade"},
     {"name":"keeper","type":"integer","null":true,"references":"rides","on_delete":"restrict"}]}})";

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed), schema_(json_of(kSchema)) {}

  Json command() {
    if (below(400) == 0) return Json(Json::Object{{"clear", true}});
    if (below(3) == 0) return operation();
    Json json;
    if (below(2) == 0) json.set("if", some([this] { return condition(); }));
    return json.set("ops", some([this] { return operation(); }));
  }

  Json query() {
    const auto& [name, table] = any_table();
    Json json;
    json.set("table", name);
    if (below(4) != 0) json.set("where", where(table));
    if (below(5) == 0) return json.set("count", true);
    if (below(2) == 0) json.set("columns", columns(table, false));
    if (below(2) == 0) json.set("order", columns(table, true));
    if (below(3) == 0) json.set("limit", below(6));
    if (below(4) == 0) json.set("offset", below(6));
    return json;
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  template <typename Make>
  Json some(const Make& make) {
    Json::Array items;
    for (int64_t n = 1 + below(3); n > 0; --n) items.push_back(make());
    return Json(std::move(items));
  }

  const Json::Member& any_table() {
    const Json::Object& tables = *schema_.as_object();
    return tables[static_cast<size_t>(below(static_cast<int64_t>(tables.size())))];
  }

  Json value(const Json& column) {
    if (column.find("null") != nullptr && below(4) == 0) return Json();
    const std::string& type = *column.find("type")->as_string();
    const std::string& name = *column.find("name")->as_string();
    if (type == "boolean") return Json(below(2) == 0);
    if (type == "text") return Json(std::string(1, static_cast<char>('a' + below(6))) + "é");
    if (type == "list of text") {
      Json::Array list;
      for (int64_t n = below(3); n > 0; --n) list.emplace_back(below(2) == 0 ? "x" : "y");
      return Json(std::move(list));
    }
    const bool wide = name == "rideId" || name == "seq" || name == "id" || name == "parent";
    return Json(below(wide ? 30 : 4));
  }

  Json where(const Json& table) {
    Json json = Json::Object{};
    for (const Json& column : *table.find("columns")->as_array()) {
      if (below(3) != 0) continue;
      const std::string& name = *column.find("name")->as_string();
      const std::string& type = *column.find("type")->as_string();
      if (below(2) == 0) {
        json.set(name, value(column));
        continue;
      }
      Json comparison;
      if (below(3) == 0) comparison.set("ne", value(column));
      if (below(3) == 0) comparison.set("in", some([&] { return value(column); }));
      for (const char* op : {"lt", "le", "gt", "ge"}) {
        if (type == "boolean" || type == "list of text" || below(3) != 0) continue;
        Json bound = value(column);
        if (!bound.is_null()) comparison.set(op, std::move(bound));
      }
      if (!comparison.is_null()) json.set(name, std::move(comparison));
    }
    return json;
  }

  Json columns(const Json& table, bool order) {
    Json::Array names;
    for (const Json& column : *table.find("columns")->as_array()) {
      // Lists have no order that the model knows.
      const std::string& type = *column.find("type")->as_string();
      if (below(2) == 0 || (order && (type == "list of text" || type == "boolean"))) continue;
      const std::string sign = order && below(2) == 0 ? "-" : "";
      names.emplace_back(sign + *column.find("name")->as_string());
    }
    if (names.empty()) names.push_back(*table.find("key"));
    std::shuffle(names.begin(), names.end(), random_);
    return Json(std::move(names));
  }

  Json row(const Json& table) {
    Json json = Json::Object{};
    for (const Json& column : *table.find("columns")->as_array()) {
      const std::string& name = *column.find("name")->as_string();
      const bool counted =
          table.find("auto_increment") != nullptr && name == *table.find("key")->as_string();
      const bool optional =
          counted || column.find("default") != nullptr || column.find("null") != nullptr;
      if (optional && below(counted ? 8 : 2) != 0) continue;
      json.set(name, value(column));
    }
    return json;
  }

  Json operation() {
    const auto& [name, table] = any_table();
    Json json;
    json.set("table", name);
    const int64_t kind = below(10);
    if (kind < 5) return json.set("op", "insert").set("row", row(table));
    if (kind < 7) return json.set("op", "upsert").set("row", row(table));
    if (kind < 8) {
      // One row at most: whether a unique index breaks on the way depends on the order else.
      const Json& key = *table.find("key");
      const Json::Array& all = *table.find("columns")->as_array();
      Json where_key = where(table);
      where_key.set(*key.as_string(), value(all.front()));
      const Json& column =
          all[static_cast<size_t>(1 + below(static_cast<int64_t>(all.size()) - 1))];
      Json set;
      set.set(*column.find("name")->as_string(), value(column));
      return json.set("op", "update").set("where", where_key).set("set", set);
    }
    Json condition = where(table);
    // Deleting everything all the time would leave nothing to look at.
    if (condition.as_object()->empty()) {
      const Json& first = table.find("columns")->as_array()->front();
      condition.set(*first.find("name")->as_string(), value(first));
    }
    return json.set("op", "delete").set("where", condition);
  }

  Json condition() {
    const auto& [name, table] = any_table();
    Json json;
    json.set("table", name);
    if (below(5) != 0) json.set("where", where(table));
    if (below(3) == 0) return json.set("count", below(3));
    return json.set("exists", below(2) == 0);
  }

  std::mt19937_64 random_;
  Json schema_;
};

class PropertyTest : public testing::TestWithParam<int> {
 protected:
  PropertyTest() : model_(json_of(kSchema)), generator_(static_cast<uint64_t>(GetParam())) {
    apply(database_, "{\"schema\":" + std::string(kSchema) + "}");
  }

  repl::Applied apply(Database& database, const std::string& command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    return database.apply(entry);
  }

  // One command on both; the same answer.
  void step() {
    const Json command = generator_.command();
    const Model::Outcome expected = model_.apply(command);
    const repl::Applied applied = apply(database_, command.dump());
    ASSERT_EQ(applied.status, expected.status) << command.dump() << "\n" << applied.body;
    answered_[expected.status] += 1;
    if (expected.status == 200) {
      ASSERT_EQ(applied.body,
                "{\"index\":" + std::to_string(index_) + ",\"results\":" + expected.results + "}")
          << command.dump();
      return;
    }
    const Json body = json_of(applied.body);
    const Json* condition = body.find("error")->find("condition");
    const Json* operation = body.find("error")->find("operation");
    ASSERT_EQ(condition != nullptr ? *condition->as_int() : -1, expected.condition)
        << command.dump();
    ASSERT_EQ(operation != nullptr ? *operation->as_int() : -1, expected.operation)
        << command.dump();
  }

  void look() {
    const Json query = generator_.query();
    const auto answer = database_.query(query.dump());
    ASSERT_TRUE(answer.has_value()) << query.dump() << ": " << answer.error().message;
    ASSERT_EQ(*answer, model_.query(query)) << query.dump();
  }

  Database database_;
  Model model_;
  Generator generator_;
  uint64_t index_ = 0;
  std::map<int, int> answered_;
};

TEST_P(PropertyTest, AnswersAsTheModel) {
  for (int i = 0; i < 1500; ++i) {
    step();
    look();
    look();
    if (HasFatalFailure()) return;
  }
  // A run that only refuses or only agrees shows little.
  EXPECT_GT(answered_[200], 100);
  EXPECT_GT(answered_[409], 100);
}

TEST_P(PropertyTest, ARestoredCopyGoesOnTheSame) {
  for (int i = 0; i < 300; ++i) apply(database_, generator_.command().dump());
  Database copy;
  restore(copy, snapshot_of(database_));
  ASSERT_EQ(snapshot_of(copy), snapshot_of(database_));
  for (int i = 0; i < 300; ++i) {
    const Json command = generator_.command();
    const auto canonical = database_.check_command(command.dump());
    ASSERT_TRUE(canonical.has_value()) << command.dump() << ": " << canonical.error().message;
    const repl::Applied applied = apply(database_, command.dump());
    --index_;
    // The canonical text must mean the same.
    const repl::Applied again = apply(copy, *canonical);
    ASSERT_EQ(applied.status, again.status) << command.dump();
    ASSERT_EQ(applied.body, again.body) << command.dump();
  }
  EXPECT_EQ(snapshot_of(copy), snapshot_of(database_));
}

// As a replica applies it: what takes long is carried out beside the state, which can be read
// meanwhile as it was; now and then it is given up and begun anew.
TEST_P(PropertyTest, ALongCommandGivesTheSame) {
  Limits limits;
  limits.quick_cost = static_cast<uint64_t>(GetParam() % 4);
  Database other(limits);
  apply(other, "{\"schema\":" + std::string(kSchema) + "}");
  index_ = 1;
  int quick = 0;
  int longer = 0;
  for (int i = 0; i < 600; ++i) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = generator_.command().dump();
    const auto before = snapshot_of(other);
    repl::Applying begun = other.begin(entry);
    if (i % 7 == 0 && !std::holds_alternative<repl::Applied>(begun)) begun = other.begin(entry);
    repl::Applied answer;
    if (auto* command = std::get_if<std::unique_ptr<repl::LongCommand>>(&begun)) {
      ++longer;
      ASSERT_EQ(snapshot_of(other), before) << entry.payload;
      (*command)->run([] { return false; });
      ASSERT_EQ(snapshot_of(other), before) << entry.payload;
      answer = (*command)->finish();
    } else {
      ++quick;
      answer = std::get<repl::Applied>(begun);
    }
    const repl::Applied expected = database_.apply(entry);
    ASSERT_EQ(answer.status, expected.status) << entry.payload;
    ASSERT_EQ(answer.body, expected.body) << entry.payload;
    ASSERT_EQ(snapshot_of(other), snapshot_of(database_)) << entry.payload;
  }
  EXPECT_GT(longer, 15);
  EXPECT_GT(quick, 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PropertyTest, testing::Range(1, 21));

}  // namespace
}  // namespace tandem::db
