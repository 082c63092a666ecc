// Commands and queries, one a line, on tables of some rows. What the leader accepts is never called
// malformed when it is applied; the text that goes to the log means the same as the client's; what
// is refused changes nothing; and a replica that starts from a snapshot has the same state.
#include <vector>

#include "db/database.h"
#include "fuzz/fuzz.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

constexpr std::string_view kStart[] = {
    R"({"schema":{"users":{"key":"name","columns":[{"name":"name","type":"text"},
        {"name":"age","type":"integer","null":true,"default":null}]},
      "rides":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},
        {"name":"by","type":"text","references":"users","on_delete":"cascade"},
        {"name":"at","type":"timestamp"},{"name":"tags","type":"list of text","null":true}],
       "indexes":[["by","at"],{"columns":["at"],"unique":true}]}}})",
    R"({"table":"users","op":"insert","row":{"name":"ann","age":3}})",
    R"({"table":"users","op":"insert","row":{"name":"bob"}})",
};

struct Replica {
  db::Database database;
  uint64_t index = 0;

  repl::Applied apply(std::string_view command) {
    wire::Entry entry;
    entry.index = ++index;
    entry.payload = command;
    return database.apply(entry);
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    database.freeze()->write_rows([&all](std::string_view row) {
      all.emplace_back(row);
      return true;
    });
    return all;
  }
};

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Replica logged;  // what went through a log
  Replica direct;  // the same in the client's own words
  for (const std::string_view command : kStart) {
    CHECK(logged.apply(command).status == direct.apply(command).status);
  }
  fuzz::each_line(fuzz::text_of(data, size), [&](std::string_view line) {
    const auto answer = logged.database.query(line);
    if (answer) CHECK(wire::parse_json(*answer).has_value());
    const auto command = logged.database.check_command(line);
    const repl::Applied was = direct.apply(line);
    CHECK(wire::parse_json(was.body).has_value());
    const auto before = logged.rows();
    if (command) {
      CHECK(logged.database.check_command(*command) == *command);
      const repl::Applied is = logged.apply(*command);
      CHECK_MSG(is.status == was.status && is.body == was.body, is.body + was.body);
      CHECK(is.status == 200 || is.status == 409);
      CHECK(is.status == 200 || logged.rows() == before);
    } else {
      ++logged.index;
      CHECK(was.status == 400 || was.status == 413);
    }
  });
  const auto rows = logged.rows();
  CHECK(direct.rows() == rows);
  Replica restored;
  restored.database.reset();
  for (const std::string& row : rows) CHECK(restored.database.restore_row(row).has_value());
  CHECK(restored.database.finish_restore().has_value());
  CHECK(restored.rows() == rows);
  return 0;
}
