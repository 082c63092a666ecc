// What of a replica's disk its driver (driver.h) begins with, when a process starts: which snapshot,
// and what of the log goes on from there. lib/replica decides it of files, the simulator of its own
// disk.
//
// Thread: the driver's.
#pragma once

#include "base/result.h"
#include "repl/applier.h"
#include "repl/context.h"
#include "repl/replica.h"

namespace tandem::repl {

// What the process found when it started.
struct Start {
  ReplicaOptions options;
  Recovered recovered;
  bool joins_anew = false;  // under a storage_id that is new in this life
};

class Recovery {
 public:
  virtual ~Recovery() = default;
  // The newest snapshot that is not set aside.
  virtual Origin origin() = 0;
  // See Applier::Owner. Of the log as settle() leaves it.
  virtual bool goes_on_from(const Position& position) const = 0;
  // The rows of that snapshot cannot be restored: the one before it takes its place, or none. An
  // error ends the process.
  virtual Status set_origin_aside(const Error& why) = 0;
  // The state has begun. A log that does not go on from that snapshot is given up, under another
  // storage_id where any of it may have been acknowledged. An error ends the process.
  virtual Result<Start> settle() = 0;
};

}  // namespace tandem::repl
