// The settings of ts-catalog; etc/catalog.toml shows them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/config.h"
#include "replica/replica_config.h"
#include "toys/request.h"

namespace tandem::catalog {

struct CatalogConfig {
  replica::ReplicaConfig replica;
  replica::TablesConfig tables;
  std::string file = "etc/catalog.csv";
  uint64_t restock_every_ms = 10'000;  // 0: never
  int64_t restock_to = 100;
  size_t max_fronts = 64;
};

void declare_catalog(CatalogConfig& config, daemon::SettingTable& table);
// The toys of a new store. kConfig: the file cannot be read, or a line is wrong (file:line).
Result<std::vector<toys::NewToy>> read_first_toys(const CatalogConfig& config);
// The same, for --check.
Status check_catalog(const CatalogConfig& config);
// For the start: a replica that has data needs no file, and what is wrong with it is a warning.
Status check_start(const CatalogConfig& config);
// For a restore, which brings the toys.
Status check_restore(const CatalogConfig& config);

}  // namespace tandem::catalog
