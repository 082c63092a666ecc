// The asking end of rpc: a Client talks to one Server, for as long as it lives, and connects again
// whenever the connection breaks.
//
// Everything runs on the loop's thread; completions and callbacks are called from the loop, never
// from inside call() or send(), and must not destroy the Client. All items of one loop turn go as
// one message, sent right before the loop blocks.
//
// Nothing is ever sent twice: what was sent when a connection broke is kUnknown, and what still
// waited to be sent is kUnavailable. How a message of an earlier connection is told from one of the
// present is in rpc/protocol.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "loop/loop.h"

namespace tandem::rpc {

struct ClientOptions {
  std::string url;  // as in ServerOptions
  // The longest message; the lower one of both ends counts. It must hold one item.
  size_t max_message_bytes = size_t{4} << 20;
  // What may wait to be sent or to be acknowledged by the server.
  size_t max_queued_bytes = size_t{64} << 20;
  // Calls without an outcome, those that wait for a connection included.
  size_t max_outstanding = 65536;
  // The next try to connect comes this long after a failure; after half a second without success
  // the pauses grow to the longest, so that a peer that is gone costs next to nothing.
  uint64_t reconnect_ms = 5;
  uint64_t longest_reconnect_ms = 100;
  // On tcp, a connection on which the server owes an acknowledgement and from which nothing has
  // come for about this long is given up, and so is a try to connect that takes longer; then it
  // dials anew. Long messages get more time (rpc/silence.h). An idle connection is left alone. A
  // server that is merely stopped is dialled once in this time. 0: never.
  uint64_t silence_ms = 1000;
};

class Client {
 public:
  // The outcome of a call. The view is gone when the function returns. Errors of rpc itself:
  //   kUnavailable  nothing was done: not connected in time, the connection broke before it was
  //                 sent, or a limit (outstanding, queued) was reached
  //   kUnknown      it was sent and the connection broke, or the server dropped it: ask again only
  //                 with the same key
  //   kTimeout      the deadline passed after it was sent: as kUnknown
  //   kTooLarge     the request (nothing was done) or its answer does not fit into a message
  //   others        what the server's handler failed it with
  using Completion = UniqueFunction<void(Result<std::string_view>)>;

  Client(loop::Loop& loop, ClientOptions options);
  // Closes at once: what is not yet sent may be lost, completions of pending calls are not called.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Called after each connection (the server has said who it is) and after each loss of one, once
  // the calls of that connection have failed. Set them before start().
  void on_connected(UniqueFunction<void()> callback);
  void on_disconnected(UniqueFunction<void()> callback);

  // Begins to dial and returns at once; that nobody is there is no error. kConfig: malformed URL.
  Status start();

  // Asks. `done` is called exactly once, within timeout_ms and about 10 ms. Without a connection
  // the call waits for one until then. The payload is copied.
  void call(std::string_view payload, uint64_t timeout_ms, Completion done);
  // For a completion: its outcome or a part of that, to be kept. Not copied where it is large.
  SharedBytes share(std::string_view outcome) const;
  // Says something one way. False: dropped, for there is no connection, the item is too large or
  // the queue is full. True is no promise that it arrives.
  bool send(std::string_view payload);

  bool connected() const;
  size_t outstanding() const;
  const std::string& url() const;

  // Further calls fail with kUnavailable. `done` runs, once and from the loop, when every call has
  // its outcome and the server has received everything, or after deadline_ms; by then what was
  // pending has failed and the client is closed. REQUIRES: started, and not called before.
  void close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::rpc
