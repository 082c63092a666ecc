// The log's writer thread. The loop queues writes without a lock and hands them over together; the
// thread carries a batch out in order, syncs what it wrote, and publishes the batch's last ticket.
//
// Owner thread: the members marked so. The writer thread alone touches the segment being written
// and the promise file.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/durations.h"
#include "base/function.h"
#include "base/result.h"
#include "storage/disk.h"
#include "storage/log_format.h"
#include "storage/promise_file.h"
#include "storage/segment_maker.h"

namespace tandem::storage {

// What can be queued. `synced_index` is what the owner knew to be durable when it queued the write:
// the slots say so.

// Records, into the segment in use.
struct WriteRecords {
  uint64_t offset = 0;
  std::string bytes;
};
// The next segment comes into use.
struct NewSegment {
  SegmentHeader header;
};
// Erases [erase_from, erase_to) of `segment`, which is in use from now on, and removes others.
struct CutSegments {
  uint64_t from_index = 0;
  uint64_t segment = 0;  // its first index
  uint64_t erase_from = 0;
  uint64_t erase_to = 0;
  std::vector<uint64_t> remove;  // first indexes, ascending
  uint64_t synced_index = 0;
};
struct ResetSegments {
  SegmentHeader header;
  std::vector<uint64_t> remove;
};
struct DropSegments {
  std::vector<uint64_t> remove;  // ascending
};
struct WritePromise {
  uint64_t epoch = 0;
  uint64_t synced_index = 0;
};
// The mark; nothing waits for it.
struct WriteCommitted {
  uint64_t epoch = 0;
  uint64_t index = 0;
  uint64_t synced_index = 0;
};
struct OtherWrite {
  UniqueFunction<Status()> write;
};
// The last one: everything before it is durable.
struct CloseLog {
  uint64_t synced_index = 0;
};
using WriteOp = std::variant<WriteRecords, NewSegment, CutSegments, ResetSegments, DropSegments,
                             WritePromise, WriteCommitted, OtherWrite, CloseLog>;

class Writer {
 public:
  struct Published {
    uint64_t ticket = 0;
    std::optional<Error> error;  // the failure that ended it
  };

  Writer(Disk& disk, std::string directory, SegmentMaker& maker);
  ~Writer();  // carries out what was handed over, and ends
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Owner thread, before start(): what recovery left.
  void use(std::unique_ptr<File> segment, std::unique_ptr<PromiseFile> promise_file,
           const PromiseState& state);
  // `wake` is called on the writer thread after something was published.
  void start(UniqueFunction<void()> wake);

  // Owner thread.
  void add(WriteOp op) { queue_.push_back(std::move(op)); }
  // Where to append records that belong at `offset` of the segment in use.
  std::string& records_at(uint64_t offset);
  // What was queued (perhaps nothing); `ticket` is published when it and all before it is durable.
  void hand_over(uint64_t ticket);
  Published published();
  // How long the syncs of records took.
  Durations syncs();

  // Makes a segment usable: header, sync, its name. Also for recovery.
  static Status install(Disk& disk, const std::string& directory, PreparedSegment& segment,
                        const SegmentHeader& header);

 private:
  void run();
  Status carry_out(std::vector<WriteOp>& batch);
  Status execute(WriteRecords& op);
  Status execute(NewSegment& op);
  Status execute(CutSegments& op);
  Status execute(ResetSegments& op);
  Status execute(DropSegments& op);
  Status execute(WritePromise& op);
  Status execute(WriteCommitted& op);
  Status execute(OtherWrite& op);
  Status execute(CloseLog& op);
  Status save_in_both_slots(uint64_t synced_index);
  Status sync_segment();
  Status begin_segment(const SegmentHeader& header);
  Status remove_segments(const std::vector<uint64_t>& first_indexes);
  void publish(uint64_t ticket, std::optional<Error> error);
  std::string path_of(uint64_t first_index) const;

  Disk& disk_;
  const std::string directory_;
  SegmentMaker& maker_;
  std::vector<WriteOp> queue_;  // the owner's side

  std::unique_ptr<File> segment_;  // the thread's side, as what follows
  bool dirty_ = false;
  std::unique_ptr<PromiseFile> promise_file_;
  PromiseState state_;
  bool mirror_state_ = false;  // a slot is to be written that nobody waits for
  UniqueFunction<void()> wake_;

  std::mutex mutex_;
  std::condition_variable handed_over_;
  std::vector<WriteOp> batch_;  // guarded by mutex_, as what follows
  uint64_t batch_ticket_ = 0;
  bool has_batch_ = false;
  bool stopping_ = false;
  Published published_;
  Durations syncs_;
  std::thread thread_;
};

}  // namespace tandem::storage
