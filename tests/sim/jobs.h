// Runs many seeds, in several processes at once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/outcome.h"

namespace tandem::sim {

// What is simulated.
enum class Simulated { kProtocol, kStore, kCoordination };

struct Jobs {
  std::string program;
  Simulated what = Simulated::kProtocol;
  std::string planted;          // a bug's name, for the rerun line
  std::vector<uint64_t> known;  // seeds that come before all others
  uint64_t first = 1;
  uint64_t seeds = 1;
  uint64_t at_once = 1;
  bool verbose = false;

  // Adds the first word of each line, but for comments, to the known seeds.
  bool read_seeds(const char* file);
  // False: an invariant broke; which, and how to see it again, was told on stderr.
  bool run(Outcome& sum) const;
  // Looks for each bug of a table of "NAME SEEDS" lines (0: not at all); false: one was not found
  // in so many seeds, or one of `bugs` is missing in the table.
  bool find_planted(const char* table, std::span<const std::string_view> bugs,
                    bool (*plant)(const char* name)) const;

 private:
  uint64_t seed_at(uint64_t i) const {
    return i < known.size() ? known[i] : first + (i - known.size());
  }
  Outcome run_seed(uint64_t seed) const;
};

}  // namespace tandem::sim
