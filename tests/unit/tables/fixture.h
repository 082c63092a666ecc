// Tables of a schema in a database of the test's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/fixture.h"
#include "pg/fixture.h"
#include "tables/ddl.h"

namespace tandem::tables {

class TablesTest : public pg::ServerTest {
 protected:
  // A database that has been made anew, and a connection to it.
  void make_database(const std::string& name, const std::string& as = "ENCODING 'UTF8'") {
    const auto maintenance = connected();
    must(*maintenance, {"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)",
                        "CREATE DATABASE " + name + " TEMPLATE template0 " + as});
    database_ = name;
    connection_ = connected(options(server_.conninfo(name)));
  }
  // In one transaction.
  pg::Outcome carry_out(const std::vector<std::string>& statements) {
    pg::Batch batch(pg::Place::kWhole);
    for (const std::string& sql : statements) batch.add_once(sql);
    return run(*connection_, std::move(batch));
  }
  void must_carry_out(const std::vector<std::string>& statements) {
    const pg::Outcome outcome = carry_out(statements);
    ASSERT_TRUE(outcome) << outcome.error().error.message << ": "
                         << statements[outcome.error().statement];
  }
  std::string value(const std::string& sql) { return text(*connection_, sql); }

  std::string database_;
  std::unique_ptr<pg::Connection> connection_;
};

}  // namespace tandem::tables
