// Was everything right? Reads every replica once more, compares them, and has the checkers look at
// the history.
#pragma once

#include <string>

#include "database/cluster.h"
#include "database/recorder.h"
#include "subject.h"

namespace tandem::torture::database {

// The last state of every replica: recorded as reads, and compared row by row; what PostgreSQL holds
// also past the workers. `plant` "row": after one of these was removed. REQUIRES: the clients have
// ended and the system is whole.
void read_replicas(Cluster& cluster, Recorder& recorder, const std::string& plant,
                   Judgement& judgement);

// Takes a minute at most; what is not decided then is undecided.
void check_history(const Recorder& recorder, Judgement& judgement);

// What the programs wrote to their logs about bugs and ends that nobody asked for.
void check_logs(const std::string& directory, Judgement& judgement);

}  // namespace tandem::torture::database
