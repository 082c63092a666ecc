// Was everything right? Reads every replica once more, compares them, and has the checkers look at
// the history.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster.h"
#include "recorder.h"

namespace tandem::torture {

struct Judgement {
  std::vector<std::string> violations;  // for people, the first lines tell most
  size_t keys = 0;                      // registers
  std::vector<std::string> unknown_keys;
  uint64_t steps = 0;
  size_t operations = 0;
  size_t unknown_operations = 0;
  size_t rows = 0;  // of each replica
};

// The last state of every replica: recorded as reads, and compared row by row. REQUIRES: the
// clients have ended and the system is whole.
void read_replicas(Cluster& cluster, Recorder& recorder, Judgement& judgement);

// Takes a minute at most; what is not decided then is an unknown key.
void check_history(const Recorder& recorder, Judgement& judgement);

// What the programs wrote to their logs about bugs and ends that nobody asked for.
void check_logs(const std::string& directory, Judgement& judgement);

}  // namespace tandem::torture
