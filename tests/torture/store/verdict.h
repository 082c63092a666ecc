// Was everything right? Compares the replicas, in their memory and on their disks, and has the
// checkers look at what the clients were told.
#pragma once

#include <string>

#include "store/cluster.h"
#include "store/recorder.h"
#include "subject.h"

namespace tandem::torture::store {

// Waits until every replica has applied the same; then every replica of the orders must hold the
// same ones in its memory. REQUIRES: the clients have ended and the store is whole.
void compare_running(Cluster& cluster, Judgement& judgement);

// What the disks hold is what was told: the same on all replicas of a group, every order and toy.
// Takes minutes at most; what is not decided then is undecided. REQUIRES: all processes have ended,
// and the store was whole before.
void check_disks(const Cluster& cluster, const Recorder& recorder, Judgement& judgement);

// Without a look at the disks: what the answers say of each other.
void check_answers(const Cluster& cluster, const Recorder& recorder, Judgement& judgement);

// What the programs wrote to their logs about bugs.
void check_logs(const std::string& directory, Judgement& judgement);

}  // namespace tandem::torture::store
