// The snapshots of one replica on its disk: the newest one as the protocol core reads it, writing a
// new one on another thread, and receiving one from the leader.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "base/self.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "repl/surroundings.h"
#include "storage/snapshot.h"

namespace tandem::replica {

class Snapshots final : public repl::SnapshotStore {
 public:
  // What `describe` gives of an index that is in the log becomes the header of a snapshot, with
  // what a picture knows. `failed` ends the process: the disk has failed.
  using Describe = std::function<storage::SnapshotHeader(repl::Index)>;
  using Failed = std::function<void(const Error&)>;
  Snapshots(loop::Loop& loop, std::string directory, Describe describe, Failed failed);
  ~Snapshots() override;
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // Finds the newest snapshot whose header can be read. Those whose cannot are set aside, with an
  // error in the log. Blocks on the disk, for as long whatever is in them.
  Status open();
  // The rows of the newest cannot be restored: likewise. REQUIRES: there is one.
  Status set_newest_aside(const Error& why);
  // Reads all of the newest on another thread, where nobody has done so. If it is damaged it is set
  // aside, the one before it takes its place, and `lost` is called, each time that it happens.
  void verify_newest(UniqueFunction<void()> lost);
  // Whether any was set aside: what the log goes on from may be among them.
  bool any_unreadable() const { return any_unreadable_; }
  // Lets go of all of them: none is there until open().
  void close();
  // The header of the newest; index 0 where there is none.
  storage::SnapshotHeader header() const;

  repl::Index index() const override { return header().index; }
  repl::Epoch epoch() const override { return header().epoch; }
  int64_t time_ms() const override { return header().time_ms; }
  uint64_t size_bytes() const override;
  std::string read(uint64_t offset, size_t max_bytes) const override;
  // Of the newest, for one reader at a time. It stays readable when it is the newest no more.
  std::shared_ptr<repl::SnapshotRows> rows() const;

  // The header with what the picture knows, and the newest record that is known.
  static storage::SnapshotHeader complete(storage::SnapshotHeader header,
                                          const repl::Picture& picture,
                                          const std::optional<repl::Record>& newest_record);
  // On another thread. Keeps the one before it as well.
  void write(repl::Picture picture, const std::optional<repl::Record>& newest_record,
             UniqueFunction<void(Status)> done) override;
  bool writing() const override { return writing_; }

  Incoming receive(const repl::SnapshotChunk& chunk) override;
  uint64_t received_bytes() const override;
  std::shared_ptr<repl::SnapshotRows> received() override;
  Incoming put_in_place() override;
  void stop_receiving() override;
  Incoming judge(const Error& error) override;
  // There was no room for the leader's, and none has been installed since.
  bool lacks_space() const { return told_.has_value(); }

 private:
  class Received;

  Status find_newest();
  Status set_aside(uint64_t index, const Error& why);
  Status set_aside(const storage::SnapshotFile& file, const Error& why);

  void write(const storage::SnapshotHeader& header, repl::Picture picture,
             UniqueFunction<void(Status)> done);

  loop::Loop& loop_;
  const std::string directory_;
  const Describe describe_;
  const Failed failed_;
  std::shared_ptr<storage::SnapshotReader> newest_;  // shared with who restores it
  std::unique_ptr<storage::SnapshotReceiver> receiver_;
  std::shared_ptr<Received> received_;  // shared with the job that reads it
  bool writing_ = false;
  bool any_unreadable_ = false;
  std::optional<ErrorKind> told_;  // why none can be received now
  loop::Background background_;    // of verify_newest()
  Self<Snapshots> self_;           // last: goes first
};

}  // namespace tandem::replica
