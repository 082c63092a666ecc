#include "db/schema.h"

#include "db/fixture.h"

namespace tandem::db {
namespace {

std::string schema_error(std::string_view text) {
  const auto schema = parse_schema(json_of(text), Limits{.tables = 2, .columns = 3});
  EXPECT_FALSE(schema.has_value()) << text;
  if (schema) return "";
  EXPECT_EQ(schema.error().kind, ErrorKind::kBadInput);
  return schema.error().message;
}

// A table 't' with these columns and what else there is.
std::string table_error(const std::string& columns, const std::string& rest = "\"key\":\"k\"") {
  return schema_error("{\"t\":{\"columns\":[" + columns + "]," + rest + "}}");
}

// A table 't' with a good key and this column.
std::string column_error(const std::string& column) {
  return table_error("{\"name\":\"k\",\"type\":\"text\"}," + column);
}

TEST(Schema, ResolvesReferences) {
  const Schema schema = schema_of(kRidesSchema);
  const TableSchema& users = *schema.find("users");
  ASSERT_EQ(users.referrers.size(), 2u);
  const TableSchema& rides = *schema.find("rides");
  EXPECT_TRUE(rides.auto_increment);
  EXPECT_EQ(rides.key_column().name, "rideId");
  EXPECT_EQ(rides.columns[1].references_table, schema.number_of(users));
  ASSERT_EQ(rides.indexes.size(), 2u);
  EXPECT_FALSE(rides.indexes[1].declared);
  EXPECT_EQ(schema.find("rider"), nullptr);
}

TEST(Schema, ComesBackFromItsJson) {
  const Schema schema = schema_of(kRidesSchema);
  const wire::Json json = to_json(schema);
  EXPECT_EQ(to_json(schema_of(json.dump())), json);
  const wire::Json full = json_of(
      R"({"t":{"key":"k","columns":[{"name":"k","type":"integer"},
          {"name":"b","type":"boolean","default":true},
          {"name":"n","type":"text","null":true,"default":"x"},
          {"name":"l","type":"list of text","default":["a"]},
          {"name":"p","type":"integer","null":true,"references":"t","on_delete":"restrict"}],
          "indexes":[["b","n"],{"columns":["n"],"unique":true}]}})");
  EXPECT_EQ(to_json(schema_of(full.dump())), full);
}

TEST(Schema, TakesNamesInEveryScript) {
  const Schema schema =
      schema_of(R"({"Fahrgäste 🚲":{"key":"名","columns":[{"name":"名","type":"text"}]}})");
  EXPECT_EQ(schema.find("Fahrgäste 🚲")->columns[0].json_name, "\"名\":");
}

TEST(SchemaErrors, OfTables) {
  EXPECT_EQ(schema_error("[]"), "a schema must be an object, not an array");
  EXPECT_EQ(schema_error(R"({"a":1,"b":1,"c":1})"), "a schema has more than 2 tables");
  EXPECT_EQ(schema_error(R"({"":{}})"), "a table without a name");
  EXPECT_EQ(schema_error(R"({"t":7})"), "table 't': must be an object, not an integer");
  EXPECT_EQ(schema_error(R"({"t":{"colums":[]}})"), "table 't': unknown key 'colums'");
  const std::string columns = "table 't': 'columns' must be an array of at least one column";
  EXPECT_EQ(schema_error(R"({"t":{}})"), columns);
  EXPECT_EQ(schema_error(R"({"t":{"columns":[]}})"), columns);
  EXPECT_EQ(schema_error(R"({"t":{"columns":{}}})"), columns);
  EXPECT_EQ(schema_error(R"({"t":{"columns":[1,2,3,4]}})"), "table 't': has more than 3 columns");
}

TEST(SchemaErrors, OfColumns) {
  EXPECT_EQ(column_error("1"), "table 't': a column must be an object, not an integer");
  EXPECT_EQ(column_error("{}"), "table 't': a column without a name");
  EXPECT_EQ(column_error(R"({"name":""})"), "table 't': a column without a name");
  EXPECT_EQ(column_error(R"({"name":1})"), "table 't': 'name' must be a string, not an integer");
  EXPECT_EQ(column_error(R"({"name":"-a"})"),
            "table 't', column '-a': the name must not begin with '-'");
  EXPECT_EQ(column_error(R"({"name":"a=b"})"),
            "table 't', column 'a=b': the name must not contain '='");
  EXPECT_EQ(column_error(R"({"name":"a","typ":"text"})"),
            "table 't', column 'a': unknown key 'typ'");
  EXPECT_EQ(column_error(R"({"name":"a"})"), "table 't', column 'a': has no type");
  EXPECT_EQ(column_error(R"({"name":"a","type":"int"})"),
            "table 't', column 'a': the type must be integer, text, boolean, timestamp or list of "
            "text, not 'int'");
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","null":1})"),
            "table 't', column 'a': 'null' must be a boolean, not an integer");
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","default":1})"),
            "table 't', column 'a': the default must be a string, not an integer");
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","default":null})"),
            "table 't', column 'a': the default must be a string, not null");
  EXPECT_EQ(column_error(R"({"name":"k","type":"text"})"),
            "table 't', column 'k': is declared twice");
}

TEST(SchemaErrors, OfKeys) {
  const std::string text = R"({"name":"k","type":"text"})";
  EXPECT_EQ(table_error(text, "\"auto_increment\":false"), "table 't': has no key");
  EXPECT_EQ(table_error(text, "\"key\":1"), "table 't': 'key' must be a string, not an integer");
  EXPECT_EQ(table_error(text, "\"key\":\"x\""), "table 't': the key 'x' is no column");
  EXPECT_EQ(table_error(R"({"name":"k","type":"text","null":true})"),
            "table 't', column 'k': the key must not be null");
  EXPECT_EQ(table_error(R"({"name":"k","type":"text","default":"a"})"),
            "table 't', column 'k': the key must not have a default");
  EXPECT_EQ(table_error(R"({"name":"k","type":"list of text"})"),
            "table 't', column 'k': the key must not be a list of text");
  EXPECT_EQ(table_error(text, R"("key":"k","auto_increment":true)"),
            "table 't', column 'k': auto_increment needs a key of type integer");
  EXPECT_EQ(table_error(text, R"("key":"k","auto_increment":1)"),
            "table 't': 'auto_increment' must be a boolean, not an integer");
}

TEST(SchemaErrors, OfReferences) {
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","references":"u"})"),
            "table 't', column 'a': references table 'u', which does not exist");
  EXPECT_EQ(column_error(R"({"name":"a","type":"integer","references":"t"})"),
            "table 't', column 'a': is integer but references table 't', whose key is text");
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","on_delete":"cascade"})"),
            "table 't', column 'a': 'on_delete' needs 'references'");
  EXPECT_EQ(column_error(R"({"name":"a","type":"text","references":"t","on_delete":"null"})"),
            "table 't', column 'a': 'on_delete' must be cascade or restrict, not 'null'");
}

TEST(SchemaErrors, OfIndexes) {
  const auto index_error = [](const std::string& indexes) {
    return table_error(R"({"name":"k","type":"text"},{"name":"l","type":"list of text"})",
                       "\"key\":\"k\",\"indexes\":" + indexes);
  };
  const std::string form =
      "table 't': an index must be an array of columns, or an object with 'columns'";
  EXPECT_EQ(index_error("1"), "table 't': 'indexes' must be an array, not an integer");
  EXPECT_EQ(index_error("[[]]"), form);
  EXPECT_EQ(index_error("[{}]"), form);
  EXPECT_EQ(index_error("[\"k\"]"), form);
  EXPECT_EQ(index_error("[[1]]"), "table 't': the columns of an index are strings, not an integer");
  EXPECT_EQ(index_error("[[\"x\"]]"), "table 't': an index names 'x', which is no column");
  EXPECT_EQ(index_error("[[\"l\"]]"), "table 't', column 'l': a list of text cannot be indexed");
  EXPECT_EQ(index_error("[[\"k\",\"k\"]]"), "table 't', column 'k': is twice in one index");
  EXPECT_EQ(index_error("[[\"k\"],[\"k\"]]"), "table 't': an index is declared twice");
  EXPECT_EQ(index_error(R"([{"columns":["k"],"uniqe":true}])"),
            "table 't', an index: unknown key 'uniqe'");
  EXPECT_EQ(index_error(R"([{"columns":["k"],"unique":"yes"}])"),
            "table 't', an index: 'unique' must be a boolean, not a string");
}

class SchemaChangeTest : public DatabaseTest {
 protected:
  SchemaChangeTest() : DatabaseTest(kBase) {
    results(R"({"table":"a","op":"insert","row":{"k":"one","n":1}})");
    results(R"({"table":"a","op":"insert","row":{"k":"two","n":1}})");
    results(R"({"table":"b","op":"insert","row":{"a":"one"}})");
  }
  std::string change(const std::string& schema) { return results("{\"schema\":" + schema + "}"); }
  std::string change_error(const std::string& schema) {
    return refusal("{\"schema\":" + schema + "}", 409);
  }
  // The base with table a's text replaced.
  static std::string with_a(const std::string& a) { return "{\"a\":" + a + "," + kB + "}"; }

  static constexpr const char* kA =
      R"({"key":"k","columns":[{"name":"k","type":"text"},{"name":"n","type":"integer"}],
          "indexes":[["n"]]})";
  static constexpr const char* kB =
      R"("b":{"key":"i","auto_increment":true,"columns":[{"name":"i","type":"integer"},
          {"name":"a","type":"text","references":"a","on_delete":"restrict"}]})";
  static inline const std::string kBase = with_a(kA);
};

TEST_F(SchemaChangeTest, TheSameAgainChangesNothing) {
  const auto before = snapshot_of(database_);
  EXPECT_EQ(change(kBase), R"([{"affected":0}])");
  EXPECT_EQ(change("{" + std::string(kB) + ",\"a\":" + kA + "}"), R"([{"affected":0}])");
  EXPECT_EQ(snapshot_of(database_), before);
}

TEST_F(SchemaChangeTest, AddsTablesColumnsAndIndexes) {
  const std::string a =
      R"({"key":"k","columns":[{"name":"new","type":"boolean","default":true},
          {"name":"k","type":"text"},{"name":"n","type":"integer"},
          {"name":"b","type":"integer","null":true,"references":"b","on_delete":"cascade"}],
          "indexes":[["n"],["new","n"]]})";
  EXPECT_EQ(change("{\"c\":" + std::string(kA) + ",\"a\":" + a + "," + kB + "}"),
            R"([{"affected":4}])");
  EXPECT_EQ(read(R"({"table":"a"})"),
            R"([{"k":"one","n":1,"new":true,"b":null},{"k":"two","n":1,"new":true,"b":null}])");
  EXPECT_EQ(read(R"({"table":"c"})"), "[]");
  EXPECT_EQ(results(R"({"table":"a","op":"update","where":"k=two","set":{"b":1,"new":false}})"),
            R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"a","where":{"new":false,"n":1},"columns":["k"]})"),
            R"([{"k":"two"}])");
  EXPECT_EQ(results(R"({"table":"b","op":"delete","where":"i=1"})"), R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"a","columns":["k"]})"), R"([{"k":"one"}])");

  Database copy;
  restore(copy, snapshot_of(database_));
  EXPECT_EQ(snapshot_of(copy), snapshot_of(database_));
}

TEST_F(SchemaChangeTest, KeepsCounters) {
  results(R"({"table":"b","op":"delete","where":{}})");
  const std::string b =
      R"("b":{"key":"i","auto_increment":true,"columns":[{"name":"i","type":"integer"},
          {"name":"a","type":"text","references":"a"},
          {"name":"x","type":"text","default":""}]})";
  EXPECT_EQ(change("{\"a\":" + std::string(kA) + "," + b + "}"), R"([{"affected":1}])");
  EXPECT_EQ(results(R"({"table":"b","op":"insert","row":{"a":"one"}})"),
            R"([{"affected":1,"key":2}])");
}

TEST_F(SchemaChangeTest, RefusesWhatIsNoAddition) {
  EXPECT_EQ(change_error("{\"a\":" + std::string(kA) + "}"),
            "the schema does not fit: table 'b': cannot be removed");
  EXPECT_EQ(change_error(with_a(R"({"key":"n","columns":[{"name":"n","type":"text"}]})")),
            "the schema does not fit: table 'a': the key cannot change from 'k' to 'n'; "
            "table 'a', column 'k': cannot be removed; "
            "table 'a', column 'n': the type cannot change from integer to text; "
            "table 'a', column 'n': an index on it cannot be removed");
  EXPECT_EQ(change_error(with_a(
                R"({"key":"k","columns":[{"name":"k","type":"text"},
                    {"name":"n","type":"integer","null":true},{"name":"x","type":"text"}],
                    "indexes":[["n"]]})")),
            "the schema does not fit: table 'a', column 'n': 'null' cannot change; "
            "table 'a', column 'n': the default cannot change; "
            "table 'a', column 'x': a new column needs a default");
  EXPECT_EQ(change_error("{\"a\":" + std::string(kA) + R"(,
          "b":{"key":"i","columns":[{"name":"i","type":"integer"},
              {"name":"a","type":"text","references":"a","on_delete":"cascade"}]}})"),
            "the schema does not fit: table 'b': auto_increment cannot change; "
            "table 'b', column 'a': 'on_delete' cannot change from restrict to cascade");
  EXPECT_EQ(change_error("{\"a\":" + std::string(kA) + R"(,
          "b":{"key":"i","auto_increment":true,"columns":[{"name":"i","type":"integer"},
              {"name":"a","type":"text"},
              {"name":"a2","type":"text","references":"a","default":"one"}]}})"),
            "the schema does not fit: table 'b', column 'a': 'references' cannot change; "
            "table 'b', column 'a2': a new column with a reference must be null by default");
}

TEST_F(SchemaChangeTest, RefusesAUniqueIndexThatRowsBreak) {
  const std::string a =
      R"({"key":"k","columns":[{"name":"k","type":"text"},{"name":"n","type":"integer"}],
          "indexes":[["n"],{"columns":["n"],"unique":true}]})";
  EXPECT_EQ(change_error(with_a(a)),
            "the schema does not fit: table 'a' has rows with the same 'n', which would have to be "
            "unique");
  results(R"({"table":"a","op":"delete","where":"k=two"})");
  EXPECT_EQ(change(with_a(a)), R"([{"affected":1}])");
  EXPECT_EQ(refusal(R"({"table":"a","op":"insert","row":{"k":"two","n":1}})", 409),
            "operation 0: table 'a': another row has 1 in 'n', which must be unique");
}

TEST_F(SchemaChangeTest, RefusesABrokenSchema) {
  EXPECT_EQ(refusal(R"({"schema":{"t":1}})", 400), "table 't': must be an object, not an integer");
}

TEST(NoSchema, EveryTableIsUnknown) {
  Database database;
  EXPECT_EQ(database.query(R"({"table":"users"})").error().message, "unknown table 'users'");
  wire::Entry entry;
  entry.payload = R"({"table":"users","op":"delete","where":{}})";
  EXPECT_EQ(message_of(database.apply(entry)), "unknown table 'users'");
  entry.payload = R"({"clear":true})";
  EXPECT_EQ(database.apply(entry).status, 200);
  EXPECT_EQ(snapshot_of(database),
            (std::vector<std::string>{R"({"schema":{}})", R"({"counters":{}})"}));
  Database copy;
  restore(copy, snapshot_of(database));
  EXPECT_EQ(snapshot_of(copy), snapshot_of(database));
}

}  // namespace
}  // namespace tandem::db
