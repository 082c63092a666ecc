// An NNG socket on the loop: raw REP that listens or raw REQ that dials one peer. The only file,
// with socket.cc, that knows NNG.
//
// NNG's own threads do nothing but append to a list of connections that came and went and wake the
// loop; everything else happens on the loop's thread.
#pragma once

#include <nng/nng.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/loop.h"

namespace tandem::rpc {

// The Error of an NNG code: what + ": " + nng_strerror.
tl::unexpected<Error> fail_nng(const std::string& what, int nng_code);

// What a socket tells its owner. None of these may destroy the socket.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  // What was received over a connection is told before that it went.
  virtual void on_pipe_added(uint32_t pipe) = 0;
  virtual void on_pipe_removed(uint32_t pipe) = 0;
  virtual void on_message(uint32_t pipe, std::string_view message) = 0;
};

class Socket {
 public:
  struct Options {
    bool listens = false;
    size_t max_message_bytes = 0;  // longer ones end their connection unread
    int reconnect_ms = 5;
  };

  Socket(loop::Loop& loop, SocketEvents& events);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // First and once.
  Status open(const Options& options);
  // Gives the URL that clients dial.
  Result<std::string> listen(const std::string& url);
  // Returns at once and tries until it is closed.
  Status dial(const std::string& url);

  enum class Sent {
    kYes,    // NNG has it; that is no promise of delivery
    kLater,  // NNG's queue is full at present
  };
  // `pipe` matters only for a socket that listens. What NNG refuses for good counts as sent: the
  // connection is gone, and on_pipe_removed follows.
  Sent send(uint32_t pipe, std::string_view message);

 private:
  Status configure(const Options& options);
  static void on_pipe_event(nng_pipe pipe, nng_pipe_ev event, void* inbox);
  void tell_pipe_events();
  // False when nothing more waits.
  bool receive_one();

  struct PipeEvent {
    uint32_t pipe;
    bool added;
  };

  // What NNG's threads touch. Shared with the thread that closes the socket, which may outlive us.
  struct Inbox {
    std::mutex mutex;
    std::vector<PipeEvent> events;
    loop::Waker* waker = nullptr;  // null once we are gone
  };

  loop::Loop& loop_;
  SocketEvents& events_;
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
  bool open_ = false;
  bool listens_ = false;
  loop::Waker waker_;
  std::shared_ptr<Inbox> inbox_;
  std::optional<loop::Poll> readable_;
};

}  // namespace tandem::rpc
