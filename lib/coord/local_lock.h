// A lock by flock(2) on a file that holds the holder's text. Loop thread; the file work is done on
// the thread pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coord/coord.h"
#include "coord/job_queue.h"
#include "file/descriptor.h"
#include "loop/loop.h"

namespace tandem::coord {

// Tells when somebody closes a file that they could have written, or when the file's name goes
// away: inotify(7), on the loop.
class CloseWatch {
 public:
  CloseWatch(loop::Loop& loop, UniqueFunction<void()> on_event)
      : loop_(loop), on_event_(std::move(on_event)) {}
  Status start(const std::string& path);

 private:
  void on_readable();
  loop::Loop& loop_;
  UniqueFunction<void()> on_event_;
  file::Descriptor inotify_;
  std::unique_ptr<loop::Poll> poll_;  // destroyed before what it polls
};

class LocalLock final : public Lock {
 public:
  // `directory` is made where it is missing, unless `root`, which is above it, is: then all is lost
  // with kNotFound, and the lock not waited for any more.
  // `on_trouble` is told why the lock cannot be taken or waited for now, and "" when that is over.
  LocalLock(loop::Loop& loop, std::string root, std::string directory, const std::string& name,
            const std::string& holder, uint64_t poll_ms, LockCallbacks callbacks,
            UniqueFunction<void(const std::string&)> on_trouble);
  ~LocalLock() override { set_trouble({}); }
  bool held() const override { return held_; }
  void release(UniqueFunction<void()> done) override;

 private:
  // What an attempt gives back: the open file, locked or not.
  struct Attempt {
    file::Descriptor file;
    bool locked = false;
  };
  void attempt();
  void on_attempted(Result<Attempt> result);
  void on_event();
  void watch();
  void lose(const Error& error);
  void set_trouble(const std::string& trouble);

  std::string root_;
  std::string directory_;
  std::string path_;
  std::string holder_;
  uint64_t poll_ms_;
  LockCallbacks callbacks_;
  file::Descriptor file_;  // kept open while waiting: closing it would wake everybody who waits
  bool held_ = false;
  bool stopped_ = false;  // released, or nothing is left to hold
  bool attempting_ = false;
  bool again_ = false;  // something happened during an attempt
  UniqueFunction<void(const std::string&)> on_trouble_;
  std::string trouble_;
  uint64_t retry_ms_ = 1;
  JobQueue jobs_;
  loop::Timer retry_;
  CloseWatch watch_;
};

// nullopt: nobody holds it. Blocks.
Result<std::optional<std::string>> read_lock_holder(const std::string& path);

}  // namespace tandem::coord
