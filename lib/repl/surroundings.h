// What the driver of a replica (driver.h) needs of the process around it: disk, network, record,
// time. lib/replica has them of libuv, NNG and files; the simulator has its own.
//
// Thread: the driver's. Completions are called exactly once, at once or later, and not after the
// driver is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/result.h"
#include "repl/applier.h"
#include "repl/events.h"
#include "repl/recovery.h"
#include "repl/types.h"

namespace tandem::repl {

// The log on the disk and what is written with it, in order. Its tickets rise with each call;
// Driver::durable() tells up to which one everything is on disk. A write that fails ends the
// process.
class DurableLog : public LogView {
 public:
  virtual Ticket append(const std::vector<wire::Entry>& entries) = 0;
  virtual Ticket cut(Index from) = 0;
  virtual Ticket save_promise(Epoch epoch) = 0;
  virtual Ticket save_committed(const Position& position) = 0;
  virtual Ticket save_lineage(uint64_t lineage) = 0;
  // Empty, and goes on after the newest snapshot.
  virtual Ticket restart_after_snapshot() = 0;
  // What lies before may be forgotten.
  virtual void drop_before(Index index) = 0;
  // What was written since the last time goes to the disk together.
  virtual void flush() = 0;
  // False while the disk is full. What is left then is a reserve for what was accepted already.
  virtual bool has_space() const = 0;
  // Whether these fit into it, with a part of it left where `for_commands`.
  virtual bool fit_in_reserve(const std::vector<wire::Entry>& entries, bool for_commands) const = 0;
};

// The snapshots on the disk: the newest one is what SnapshotView reads.
class SnapshotStore : public SnapshotView {
 public:
  // What has become of a snapshot that comes in.
  enum class Incoming {
    kPart,      // more is to come
    kWhole,     // all of it is there
    kLater,     // there is no room for it now: it begins anew in a while
    kUnusable,  // it begins anew
  };

  virtual int64_t time_ms() const = 0;  // log time at index()
  // Writes a picture, reads it back and makes it the newest; where that fails nothing has changed,
  // and the log says why.
  virtual void write(Picture picture, const std::optional<Record>& newest_record,
                     UniqueFunction<void(Status)> done) = 0;
  virtual bool writing() const = 0;

  // A piece of an incoming snapshot. Another index than before begins another snapshot.
  virtual Incoming receive(const SnapshotChunk& chunk) = 0;
  virtual uint64_t received_bytes() const = 0;
  // The rows of what has come in whole; when all were given it is durable. kCorrupt: it is damaged.
  virtual std::shared_ptr<SnapshotRows> received() = 0;
  // Makes it the newest: kWhole, or what else. REQUIRES: its rows were read.
  virtual Incoming put_in_place() = 0;
  // What has come in, whole or not, is not wanted any more.
  virtual void stop_receiving() = 0;
  // What to do about one that could not be read.
  virtual Incoming judge(const Error& error) = 0;
};

// The way to other replicas, and to controllers (to == kController), who get the answers to their
// questions. What cannot be sent is lost.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void send(const Message& message) = 0;
};

// The group's record.
class RecordKeeper {
 public:
  virtual ~RecordKeeper() = default;
  // False: refused, or the outcome is unknown.
  virtual void swap(const Swap& swap, UniqueFunction<void(bool applied)> done) = 0;
  // A consistent read. nullopt: there is none. An error: nothing is known, and the log says why.
  virtual void read(UniqueFunction<void(const Result<std::optional<Record>>&)> done) = 0;
};

// When the driver is to be called.
class Alarm {
 public:
  virtual ~Alarm() = default;
  // Driver::end_of_turn(), when everything that has come in this turn of the loop was given.
  virtual void end_turn() = 0;
  // Driver::tick() at that time (Clock::boot_ns), or earlier: the driver then asks again. Takes the
  // place of what was asked for before.
  virtual void wake_at(int64_t boot_ns) = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual void tell(const std::string& notice) = 0;
  // This disk is an older image of itself: the process ends, now or as soon as it may, and begins
  // anew as another member.
  virtual void went_back(const std::string& reason) = 0;
  // Nothing can go on: the process ends.
  virtual void give_up(const Error& error) = 0;
};

// All of them outlive the driver.
struct Surroundings {
  const Clock& clock;
  DurableLog& log;
  SnapshotStore& snapshots;
  Recovery& recovery;
  Applier& applier;
  Outbox& outbox;
  RecordKeeper& record;
  Alarm& alarm;
  Operator& people;
};

}  // namespace tandem::repl
