// The database as plainly as it can be written: rows are JSON objects in a list, everything is a
// scan, a transaction works on a copy. Written from the comments of command.h and query.h, not from
// the code behind them; slow and only for comparison. It knows valid commands and queries alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/json.h"

namespace tandem::db {

class Model {
 public:
  explicit Model(wire::Json schema) : schema_(std::move(schema)) {}

  struct Outcome {
    int status = 200;
    std::string results;     // of 200
    int64_t condition = -1;  // of 409
    int64_t operation = -1;
  };
  Outcome apply(const wire::Json& command);
  std::string query(const wire::Json& query) const;

 private:
  using Json = wire::Json;
  struct State {
    std::map<std::string, std::vector<Json>> rows;  // unordered
    std::map<std::string, int64_t> counters;
  };

  const Json& table(const std::string& name) const { return *schema_.find(name); }
  const std::string& key(const std::string& name) const {
    return *table(name).find("key")->as_string();
  }
  std::optional<Json> run(State& state, const Json& operation) const;
  std::optional<Json> put(State& state, const Json& operation, bool replace) const;
  std::optional<Json> update(State& state, const Json& operation) const;
  std::optional<Json> remove(State& state, const Json& operation) const;
  bool fits(const State& state, const std::string& table, const Json& row) const;

  Json schema_;
  State state_;
};

}  // namespace tandem::db
