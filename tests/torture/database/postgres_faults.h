// The faults of those PostgreSQL clusters that hold the tables of workers, and of workers beside them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "postgres.h"
#include "schedule.h"

namespace tandem::torture::database {

class PostgresFaults {
 public:
  explicit PostgresFaults(Postgres& postgres) : postgres_(postgres) {}

  static bool knows(const Fault& fault);
  // Of the clusters alone, by the ids of their workers; gives whom it struck, for people. The chosen
  // follower comes first.
  Result<std::string> inject(const Fault& fault, int leader, const std::vector<int>& followers);
  // It kills the leader as well.
  static bool kills_leader(const Fault& fault);
  void heal() { postgres_.heal(); }

 private:
  Result<std::string> strike(const Fault& fault, int victim);

  Postgres& postgres_;
};

}  // namespace tandem::torture::database
