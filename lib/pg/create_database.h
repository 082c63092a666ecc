// Makes the database that a conninfo names, where it does not exist: encoding UTF8, from template0,
// with the server's default collation.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "pg/connection.h"

namespace tandem::pg {

// What a person with the right to do so is to run. The name and the role are quoted.
std::string create_database_sql(const std::string& database, const std::string& owner);

class CreateDatabase {
 public:
  // With the login of `options`, by way of the database postgres or, where that is not there,
  // template1. `done` is called once, from the loop, and may destroy this; that somebody else has
  // made it meanwhile is no error. kPermission: the role may not; the message holds the SQL to run.
  // kConfig: the name is too long, or the server cannot have such a database. Others as
  // Connection::connect().
  CreateDatabase(loop::Loop& loop, ConnectOptions options, std::string database,
                 UniqueFunction<void(Status)> done);
  ~CreateDatabase();  // closes at once
  CreateDatabase(const CreateDatabase&) = delete;
  CreateDatabase& operator=(const CreateDatabase&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::pg
