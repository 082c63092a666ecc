// The command line of tandem-torture.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tandem::torture {

struct Settings {
  bool store = false;      // the toy store; else the database
  std::string bin;         // directory of the programs
  std::string shim;        // libtandem_fsync_shim.so
  std::string clock_shim;  // libtandem_clock_step.so
  std::string postgres;    // tests/support/postgres.sh
  std::string etc;         // directory of the configuration files
  std::string directory;   // everything is kept below it; made here
  int64_t seconds = 120;
  uint64_t seed = 1;
  bool links = false;  // a network namespace each, and tmpfs
  std::string why_no_links = "not asked for";
  // Drawn from the seed where they are 0.
  uint32_t min_in_sync = 0;     // of the database
  int catalogs = 0;             // replicas of the store's catalog, 1 or 3
  int cache = 0;                // products in the cache of a front
  std::string tables = "file";  // where the database keeps them: file or postgres
  std::string coord = "local";  // what it coordinates by: local or consul
  std::string consul;           // the executable; empty where coord is local
  std::string faults;           // names with commas; empty: all
  std::string plant;  // what the recorder is to get wrong: lost, doubled, stale; torn: a torn tail
                      // strikes all replicas of the store's group at once; row: one is missing in
                      // the PostgreSQL of a worker

  bool on_postgres() const { return tables == "postgres"; }
  bool on_consul() const { return coord == "consul"; }
  // Long runs have a few stops and cuts of up to 25 s.
  int64_t longest_hold_ms() const { return seconds >= 300 ? 25'000 : 3'000; }
};

// kUsage: the text says what is wrong.
Result<Settings> parse_settings(int argc, char** argv);

extern const char kUsage[];

}  // namespace tandem::torture
