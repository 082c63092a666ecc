// Where NNG's threads and the loop meet: an operation that NNG finishes becomes an entry in a list
// and wakes the loop. NNG's threads do nothing else and touch nothing else.
#pragma once

#include <nng/nng.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/function.h"
#include "loop/loop.h"

namespace tandem::rpc {

// What has finished: an operation on a pipe, or (pipe 0) a dial or an accept.
struct Completion {
  enum class What { kConnected, kReceived, kSent };
  What what = What::kConnected;
  uint32_t pipe = 0;
  int code = 0;                  // 0 or one of NNG's
  size_t bytes = 0;              // of kReceived and kSent
  nng_stream* stream = nullptr;  // of kConnected: the receiver's to free
};

class Inbox {
 public:
  // `wake` is called on the loop when there is something to take.
  Inbox(loop::Loop& loop, UniqueFunction<void()> wake) : waker_(loop, std::move(wake)) {}

  // From any thread.
  void push(const Completion& completion);
  std::vector<Completion> take();

 private:
  std::mutex mutex_;
  std::vector<Completion> completions_;
  loop::Waker waker_;
};

// One kind of operation of one pipe, under way at most once at a time.
class Operation {
 public:
  // The inbox outlives the operation.
  Operation(Inbox& inbox, Completion::What what, uint32_t pipe);
  // Cancels what is under way and waits until NNG has let go of it.
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  nng_aio* aio() { return aio_; }
  // The same over these bytes, which stay where they are until the completion.
  nng_aio* over(char* data, size_t size);

 private:
  static void on_finished(void* self);

  Inbox& inbox_;
  const Completion::What what_;
  const uint32_t pipe_;
  nng_aio* aio_ = nullptr;
};

// Sends what the kernel takes without waiting. NNG runs no thread for it and nobody is woken, which
// is what a message costs most.
class ImmediateSend {
 public:
  ImmediateSend();
  ~ImmediateSend();
  ImmediateSend(const ImmediateSend&) = delete;
  ImmediateSend& operator=(const ImmediateSend&) = delete;

  // How many of the bytes were sent; 0 where the kernel has no room, or on an error, which an
  // Operation over the same bytes will meet again.
  size_t send(nng_stream* stream, char* data, size_t size);

 private:
  nng_aio* aio_ = nullptr;
};

}  // namespace tandem::rpc
