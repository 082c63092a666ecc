// The event loop of a process and the handles that live on it: RAII over libuv.
//
// One thread runs the loop and owns all state; everything here is to be used on that thread, except
// Waker::wake() and the function given to Work. A handle stops when it is destroyed; its callback
// is never called after that. Handles must not outlive their Loop.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"

namespace tandem::loop {

// The Error of a libuv code: what + ": " + uv_strerror. Keeps errno kinds (kNoSpace, kBusy, …).
tl::unexpected<Error> fail_uv(const std::string& what, int uv_code);

class Loop {
 public:
  // That of a program, which cannot do without: CHECKs that it can be made.
  Loop();
  // One more. It needs some descriptors: an error says that there are none left.
  static Result<std::unique_ptr<Loop>> make();
  ~Loop();  // CHECKs that no handle is left
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop() is called or nothing is left to wait for.
  void run();
  // One turn that does not block: for tests and for draining.
  void run_once_nowait();
  void run_once();
  void stop();
  // Milliseconds, the loop's cached time: for timers; never for leases.
  uint64_t now_ms() const;
  uv_loop_t* raw() { return &loop_; }

 private:
  struct Unopened {};
  explicit Loop(Unopened);
  // Gives a libuv code.
  int open();

  uv_loop_t loop_;
  bool is_open_ = false;
};

namespace internal {
// Closes a heap-allocated uv handle and frees it once libuv lets go of it.
template <typename Handle>
struct Closer {
  void operator()(Handle* handle) const {
    handle->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* h) { std::unique_ptr<Handle>(reinterpret_cast<Handle*>(h)).reset(); });
  }
};
template <typename Handle>
using Owned = std::unique_ptr<Handle, Closer<Handle>>;
}  // namespace internal

// Calls back after a delay, once or every `repeat_ms`.
class Timer {
 public:
  Timer(Loop& loop, UniqueFunction<void()> callback);
  void start(uint64_t delay_ms, uint64_t repeat_ms = 0);  // a started timer is set anew
  void stop();
  bool active() const;
  void unref();  // does not keep the loop running

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_timer_t> handle_;
};

// Called right before the loop blocks, in every turn: where what was collected is flushed.
class Prepare {
 public:
  Prepare(Loop& loop, UniqueFunction<void()> callback);

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_prepare_t> handle_;
};

// Makes the loop turn without blocking until stopped: for work that goes on in slices.
class Idle {
 public:
  Idle(Loop& loop, UniqueFunction<void()> callback);
  void start();
  void stop();
  bool active() const;

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_idle_t> handle_;
};

// wake() from any thread makes the callback run on the loop soon; several wakes may become one.
class Waker {
 public:
  Waker(Loop& loop, UniqueFunction<void()> callback);
  void wake();

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_async_t> handle_;
};

// Readability or writability of a file descriptor that somebody else owns and closes after this is
// gone. The callback gets the poll(2)-like events (UV_READABLE, UV_WRITABLE) or a negative uv code.
class Poll {
 public:
  Poll(Loop& loop, int fd, UniqueFunction<void(int events)> callback);
  void start(int events);
  void stop();

 private:
  UniqueFunction<void(int)> callback_;
  internal::Owned<uv_poll_t> handle_;
};

class Signal {
 public:
  Signal(Loop& loop, int signal_number, UniqueFunction<void()> callback);

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_signal_t> handle_;
};

// Tells that something in a directory or a file changed (inotify); may tell too often.
class FileWatch {
 public:
  FileWatch(Loop& loop, UniqueFunction<void()> callback);
  Status start(const std::string& path);
  void stop();

 private:
  UniqueFunction<void()> callback_;
  internal::Owned<uv_fs_event_t> handle_;
};

// Runs `work` on libuv's thread pool and then `done` on the loop. `done` runs even after the caller
// is gone: capture what lives long enough.
void run_work(Loop& loop, UniqueFunction<void()> work, UniqueFunction<void()> done);

}  // namespace tandem::loop
