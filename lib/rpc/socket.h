// Pipes (connections) of NNG's byte streams on the loop: a Socket either listens and has many, or
// dials one peer and has one at a time.
//
// Byte streams, and not NNG's protocols on top (REQ, REP, PAIR), for three reasons that its release
// 1.5.2 gives, each of which showed within minutes of killing servers under load: closing a
// connection between the length and the body of a message makes its only clean-up thread wait for
// ever, and with it every later connect and disconnect of the process; a connection that ends
// before it was greeted stops the listener for good; and what was sent while nobody was there goes
// to whoever comes next.
#pragma once

#include <nng/nng.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/shared_bytes.h"
#include "loop/accept_retry.h"
#include "loop/loop.h"
#include "rpc/inbox.h"
#include "rpc/pipe.h"

namespace tandem::rpc {

// The Error of an NNG code: what + ": " + nng_strerror.
tl::unexpected<Error> fail_nng(const std::string& what, int nng_code);

// What a socket tells its owner. None of these may destroy the socket.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  virtual void on_pipe_added(uint32_t pipe) = 0;
  // Nothing more comes from that pipe, and its number is not used again.
  virtual void on_pipe_removed(uint32_t pipe) = 0;
  virtual void on_message(uint32_t pipe, std::string_view message) = 0;
};

class Socket {
 public:
  struct Options {
    size_t max_message_bytes = 0;  // a longer one ends its pipe unread
    size_t max_pipes = 1;          // further ones are closed
    // Of messages that have come in part, all pipes together. Beyond it the pipe ends whose message
    // began first.
    size_t max_unfinished_bytes = SIZE_MAX;
    uint64_t reconnect_ms = 5;
    uint64_t longest_reconnect_ms = 100;
    // A try to connect is given up after this and another one is made: the kernel repeats its own
    // less and less often, and would go on waiting where the network is whole again. 0: never.
    uint64_t connect_timeout_ms = 0;
  };

  Socket(loop::Loop& loop, SocketEvents& events, const Options& options);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Gives the URL that others dial. REQUIRES: neither listen nor dial was called before.
  Result<std::string> listen(const std::string& url);
  // Where the socket's file was removed nobody finds this listener any more: it is made again,
  // unless somebody else has made one there. True: it was. Connections that are open stay.
  Result<bool> listen_again_where_missing();
  // Returns at once and tries until the socket is destroyed.
  Status dial(const std::string& url);

  // Does nothing where the pipe is gone. The message is `message`, which is copied, and `rest`. How
  // many bytes wait is the owner's to bound.
  void send(uint32_t pipe, std::string_view message, SharedBytes rest = {});
  // Pipe::share().
  SharedBytes share(uint32_t pipe, std::string_view part) const;
  // Pipe::reads(), 0 where the pipe is gone.
  uint64_t reads(uint32_t pipe) const;
  // Gives the pipe up, as if the peer had closed it; a socket that dials does so again. Does
  // nothing where it is gone. Not to be called from on_message of the same pipe.
  void close(uint32_t pipe);

 private:
  struct FreeListener {
    void operator()(nng_stream_listener* listener) const { nng_stream_listener_free(listener); }
  };
  struct FreeDialer {
    void operator()(nng_stream_dialer* dialer) const { nng_stream_dialer_free(dialer); }
  };

  struct Open {
    std::unique_ptr<Pipe> pipe;
    size_t unfinished_bytes = 0;
    uint64_t unfinished_since = 0;  // by receipts_
  };

  void on_wake();
  void on_connected(const Completion& completion);
  void on_pipe(const Completion& completion);
  void connect();
  void connect_later();
  void add_pipe(nng_stream* stream);
  void remove_pipe(uint32_t pipe);
  void keep_within_budget();

  SocketEvents& events_;
  const Options options_;
  Inbox inbox_;
  loop::Timer retry_;
  loop::AcceptRetry accept_retry_;
  uint64_t failed_for_ms_ = 0;  // the sum of the pauses since the last connection
  uint64_t pause_ms_ = 0;
  std::string url_;  // listened on
  std::unique_ptr<nng_stream_listener, FreeListener> listener_;
  std::unique_ptr<nng_stream_dialer, FreeDialer> dialer_;
  std::optional<Operation> connect_;  // an accept or a dial
  std::unordered_map<uint32_t, Open> pipes_;
  size_t unfinished_bytes_ = 0;  // of all of them
  uint64_t receipts_ = 0;        // how often something was received
  uint32_t last_pipe_ = 0;
  bool full_ = false;         // and it was said
  bool over_budget_ = false;  // it was, and it was said
};

}  // namespace tandem::rpc
