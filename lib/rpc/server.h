// The answering end of rpc: many clients dial one Server.
//
// Transport is byte streams of NNG (rpc/socket.h says why); how messages look is in rpc/protocol.h
// and tandem-wire(5).
//
// Everything runs on the loop's thread; callbacks must not destroy the Server. All answers of one
// loop turn to one client go as one message, sent right before the loop blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "base/self.h"
#include "base/shared_bytes.h"
#include "loop/loop.h"

namespace tandem::rpc {

struct ServerOptions {
  // ipc:///path/of/socket (at most 107 bytes of path), abstract://name, tcp://address:port (port 0
  // takes a free one).
  std::string url;
  // The longest message either way; a longer answer becomes a kTooLarge error at the caller, and
  // clients learn the limit when they connect.
  size_t max_message_bytes = size_t{4} << 20;
  // What may wait for one client that does not read; further answers become kUnknown errors. Where
  // there are too many even of those the link is ended, so that the client learns at once that it
  // has lost its answers.
  size_t max_queued_bytes = size_t{64} << 20;
  // Of messages that have come in part, all clients together; beyond it the connection is ended
  // whose message began first.
  size_t max_unfinished_bytes = size_t{64} << 20;
  // Calls that wait for their answer, all clients together; a further one is answered kUnavailable.
  size_t max_outstanding = 65536;
  // Connections at a time; fewer where fewer fit under the limit of descriptors.
  size_t max_peers = 4096;
};

// One connection of a client, for telling one from another. A client that connects again is a new
// Peer; ids are not used again.
struct Peer {
  uint64_t id = 0;
  friend bool operator==(Peer, Peer) = default;
};

class Server;

// The right, and the duty, to answer one call. Keep it as long as the work takes. Answering after
// the client has gone, or after the Server has, does nothing. Dropping it without an answer answers
// kUnknown, so that a forgotten call never hangs.
class Reply {
 public:
  Reply() = default;  // answers nobody
  Reply(Reply&& other) noexcept;
  Reply& operator=(Reply&& other) noexcept;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply();

  // Either one, once. The payload is `payload`, which is copied, and `rest`. REQUIRES: pending().
  void answer(std::string_view payload, SharedBytes rest = {});
  void fail(const Error& error);

  bool pending() const { return server_.is_set(); }
  Peer peer() const { return peer_; }

  // What the handler wants to know of the call once it is answered; nothing here looks at it.
  struct Note {
    int64_t received_ns = 0;
    uint16_t method = 0;
    std::string request_id;
  };
  Note note;

 private:
  friend class Server;
  Reply(SelfRef<Server> server, Peer peer, uint64_t call_id);
  void finish();

  SelfRef<Server> server_;
  Peer peer_;
  uint64_t call_id_ = 0;
};

// What a process does with what it is asked. The payload is a view into the received message: it
// is gone when the function returns.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_call(Reply reply, std::string_view payload) = 0;
  // One way: nobody waits for an answer.
  virtual void on_message(Peer, std::string_view) {}
  // Nothing more comes from this peer. A hint of death, never a proof.
  virtual void on_peer_gone(Peer) {}
};

class Server {
 public:
  // The handler outlives the server.
  Server(loop::Loop& loop, ServerOptions options, Handler& handler);
  ~Server();  // closes at once: what is not yet sent may be lost
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens. kBusy: somebody else does so there (a socket file that a killed process left behind is
  // replaced); kConfig: the URL is malformed or its path too long; kPermission and so on.
  Status start();
  // What clients dial: the URL of the options, with the real port where that said 0.
  const std::string& url() const { return url_; }

  // New calls are answered kUnavailable from now on. `done` runs, once and from the loop, when
  // every call is answered and every client has received its answers, or after deadline_ms; by then
  // the server is closed. REQUIRES: started, and not called before.
  void close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done);

  size_t outstanding() const { return outstanding_; }
  size_t peers() const;
  // Of answers that this client has not acknowledged; 0 where it has gone.
  size_t queued_bytes(Peer peer) const;

 private:
  friend class Reply;
  class Impl;
  void reply(Peer peer, uint64_t call_id, std::string_view payload, SharedBytes rest);
  void reply_error(Peer peer, uint64_t call_id, const Error& error);

  std::unique_ptr<Impl> impl_;
  std::string url_;
  size_t outstanding_ = 0;
};

}  // namespace tandem::rpc
