// Applies to a state machine in this process, exactly once (exactly_once.h). What takes long is
// carried out by a job beside it, and a batch ends where a turn has lasted long enough.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "repl/applier.h"
#include "repl/exactly_once.h"

namespace tandem::repl {

// Work that would hold the driver's thread too long, one job after the other.
class Jobs {
 public:
  virtual ~Jobs() = default;
  // `work` may run on another thread, and is told by its argument whether anybody still waits for
  // it; `done` then on the driver's, unless this is gone before.
  using Stopping = std::function<bool()>;
  virtual void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) = 0;
};

class MemoryApplier final : public Applier {
 public:
  // All of them outlive this.
  MemoryApplier(StateMachine& machine, const KeyLimits& keys, const Clock& clock, Jobs& jobs)
      : machine_(machine, keys), clock_(clock), jobs_(jobs) {}

  // Beside the loop, as with every snapshot; from nothing at once.
  void begin(Owner& owner, UniqueFunction<void(Result<Index>)> done) override;
  void apply(std::vector<wire::Entry> batch) override;
  void drop_batch() override { long_command_.reset(); }
  void picture(UniqueFunction<void(Result<Picture>)> done) override;
  void prepare(Index index, std::shared_ptr<SnapshotRows> rows,
               UniqueFunction<void(Status)> done) override;
  void drop_prepared() override;
  void install(int64_t time_ms, UniqueFunction<void(Status)> done) override;
  // What is begun is not wanted any more: its `done` is not called.
  void drop_beginning() { drop(beginning_); }
  Status admit(std::string_view command, std::string_view key) const override {
    return machine_.admit(command, key);
  }
  void first_answer(std::string_view command, std::string_view key, FirstAnswer done) override {
    done(machine_.first_answer(command, key));
  }

 private:
  struct Long {  // a command that a job carries out
    wire::Entry entry;
    std::unique_ptr<LongCommand> command;
  };

  struct Prepared {  // a state that a job makes
    Index index = 0;
    std::shared_ptr<SnapshotRows> rows;
    std::unique_ptr<StateMachine> state;
    Status status;
    bool dropped = false;  // the driver's thread alone looks at this
  };
  // Shared with the job that makes it.
  using Preparing = std::shared_ptr<Prepared>;

  bool apply(const wire::Entry& entry);
  void applied(const wire::Entry& entry, const std::optional<Applied>& answer);
  void begin(const wire::Entry& entry, std::unique_ptr<LongCommand> command);
  void end_long_command();
  Preparing make(Index index, std::shared_ptr<SnapshotRows> rows,
                 UniqueFunction<void(Status)> done);
  void drop(Preparing& prepared);
  void take(Preparing& prepared, int64_t time_ms);

  ExactlyOnce machine_;
  const Clock& clock_;
  Jobs& jobs_;
  Owner* owner_ = nullptr;
  Index index_ = 0;  // of the state
  int64_t time_ms_ = 0;
  // Shared with the job that runs it, which looks whether it is still wanted.
  std::shared_ptr<Long> long_command_;
  Preparing prepared_;
  Preparing beginning_;
};

}  // namespace tandem::repl
