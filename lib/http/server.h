// The HTTP/1.1 server of every tandem service, on one loop.
//
// Requests of a connection are answered in order, one handled at a time; while an answer is
// outstanding at most one buffer of further input is kept and the rest waits in the kernel.
// Answers made in one turn of the loop leave in one write a connection, right before the loop
// blocks. Errors of the protocol are answered with the JSON error object too, then the connection
// closes: 400 malformed, 408 too slow, 413, 414, 417, 431, 501, 505.
//
// At the limit of connections an idle one makes way for a new one, or one that has sent half a head
// for too long; where there is none the new one is a guest: it may ask for health or metrics, which
// have to tell of such a state, and is answered 503 otherwise; then it is closed. There are 16 of
// them at most, and one that is silent makes way. What all of them hold is bounded as well, see
// buffer_budget.h: a request that finds no room is answered 503, a long answer is replaced by 503
// (504 where the request may have changed something), and pipelined requests wait. Whoever takes
// longest for a long answer makes way for one that finds no room.
//
// Requests for another host are answered 421, and those of a foreign page that could change
// something 403, see origin_policy.h; health and metrics always answer. Pages of the origins that
// the policy allows get the headers of CORS.
//
// A connection that closes after an answer first sends FIN and then reads on for a moment, because
// closing with unread input would reset it and could destroy the answer on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "http/buffer_budget.h"
#include "http/observer.h"
#include "http/origin_policy.h"
#include "http/router.h"
#include "loop/loop.h"

namespace tandem::http {

struct Limits {
  size_t body_bytes = 1 << 20;            // 413
  size_t target_bytes = 8 << 10;          // 414
  size_t header_bytes = 16 << 10;         // 431; names and values with their separators
  size_t connections = 10'000;            // 503 and close, where none is idle
  size_t buffered_bytes = 64 << 20;       // of all connections: 503
  size_t output_bytes = 256 << 10;        // unsent answers before pipelined requests have to wait
  size_t stream_backlog_bytes = 1 << 20;  // unsent events before a slow reader is dropped
  uint64_t request_timeout_ms = 10'000;   // from a request's first byte to its last: 408
  uint64_t head_time_ms = 1'000;          // of a head, before it makes way for a new connection
  uint64_t idle_timeout_ms = 60'000;      // between requests: closed without a word
  uint64_t write_timeout_ms = 30'000;     // the peer takes nothing of an answer: closed
  uint64_t slow_timeout_ms = 5'000;    // it takes longer for one, and others need the room: closed
  uint64_t linger_timeout_ms = 2'000;  // after our FIN: closed
};

struct ServerOptions {
  Limits limits;
  OriginPolicy policy = {};
  int backlog = 1024;
  Observer* observer = nullptr;  // outlives the server
};

class Server {
 public:
  // `router` is complete by now and outlives the server.
  Server(loop::Loop& loop, const ServerOptions& options, const Router& router);
  // As close_now(). Allowed from a drain's `done`, not from handlers, observers and streams.
  ~Server();

  // May be called for several addresses. Port 0 takes a free one.
  Status listen(const std::string& host, uint16_t port);
  // The same in two steps: after bind() connections wait in the kernel until accept().
  Status bind(const std::string& host, uint16_t port);
  void accept();
  uint16_t port() const;  // of the last listen() or bind()

  // Stops accepting, closes idle connections, ends event streams and lets requests in flight
  // finish (their answers say `Connection: close`); `done` is called from the loop when no
  // connection is left. There is no deadline: close_now() is one.
  void drain(UniqueFunction<void()> done);
  // Closes everything in the next turn of the loop; a `done` that waits is called then.
  void close_now();

  size_t connection_count() const;
  // Connections that were answered 503 or closed because there were too many.
  uint64_t turned_away() const;
  // What else in the process holds requests for clients takes its room here, too.
  BufferBudget& buffers();
  const BufferBudget& buffers() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::http
