// The clients: threads that call the services over HTTP, one operation after the other, and tell
// the recorder what they did and were told.
//
// Objects (registers, sets, lists) belong to a generation of kGenerationMs, so that no history of
// one key grows with the length of the run. Every written value is used once in a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "database/cluster.h"
#include "database/recorder.h"
#include "moment.h"

namespace tandem::torture::database {

inline constexpr int64_t kGenerationMs = 20'000;

// What all clients share; outlives them.
struct Shared {
  Urls urls;
  Recorder& recorder;
  uint64_t seed = 0;
  int64_t started_us = 0;
  std::atomic<bool> stop{false};
  std::atomic<bool> give_up{false};  // nothing is answered any more: leave what was begun
  std::atomic<bool> heavy{false};    // much is to be written
  std::atomic<int64_t> next_value{1};

  int64_t generation() const { return (now_us() - started_us) / 1000 / kGenerationMs; }
};

// Names of objects, as they stand in the tables and in the history.
std::string register_name(int64_t generation, uint64_t number);
std::string set_name(int64_t generation);
std::string list_name(int64_t generation);
// Users and the rides that they created are a set and a list, too: names begin with this, and the
// value follows.
std::string user_prefix(int64_t generation);

class Clients {
 public:
  explicit Clients(Shared& shared);
  // Ends them; each finishes what it has begun, or leaves it `at_once`.
  void stop(bool at_once);

 private:
  Shared& shared_;
  std::vector<std::thread> threads_;
};

}  // namespace tandem::torture::database
