// The command line of tandem-torture.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tandem::torture {

struct Settings {
  std::string bin;        // directory of rs-orch, rs-worker, rs-users and rs-rides
  std::string shim;       // libtandem_fsync_shim.so
  std::string etc;        // directory with orch.toml
  std::string directory;  // everything is kept below it; made here
  int64_t seconds = 120;
  uint64_t seed = 1;
  bool links = false;  // a network namespace each, and tmpfs
  std::string why_no_links = "not asked for";
  uint32_t min_in_sync = 0;  // 0: drawn from the seed
  std::string faults;        // names with commas; empty: all
  std::string plant;         // what the recorder is to get wrong: lost, doubled, stale

  // Long runs have a few stops and cuts of up to 25 s.
  int64_t longest_hold_ms() const { return seconds >= 300 ? 25'000 : 3'000; }
};

// kUsage: the text says what is wrong.
Result<Settings> parse_settings(int argc, char** argv);

extern const char kUsage[];

}  // namespace tandem::torture
