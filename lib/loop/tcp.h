// TCP over libuv: a listener and the streams that it accepts, for servers that hold many
// connections and care about each system call.
//
// A stream reads into memory that its owner lends for the length of one call (one buffer serves all
// streams of a loop) and writes in two steps: try_write() hands to the kernel what it takes at
// once, write() queues the rest. Nothing here limits how much is queued: pending_bytes() lets the
// owner do that. Destroying a stream or a listener closes it; its events are never called after
// that, so it may be destroyed from inside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/self.h"
#include "base/shared_bytes.h"
#include "loop/accept_retry.h"
#include "loop/loop.h"

namespace tandem::loop {

// What happens on a stream, told to its owner. Codes are negative uv codes (UV_ECONNRESET, …).
class StreamEvents {
 public:
  // Where the next bytes are read to, valid until on_read() returns. Empty: not in this turn of the
  // loop, the next one asks again.
  virtual std::span<char> read_buffer() = 0;
  virtual void on_read(std::string_view bytes) = 0;
  // The peer will send nothing more; it may still read.
  virtual void on_end() = 0;
  // Everything given to write() is with the kernel.
  virtual void on_drained() = 0;
  // Reading or writing failed: the stream is of no more use.
  virtual void on_broken(int uv_code) = 0;

 protected:
  ~StreamEvents() = default;
};

class TcpStream {
 public:
  TcpStream() = default;  // not connected

  explicit operator bool() const { return handle_ != nullptr; }
  // "127.0.0.1:4711", "[::1]:4711": who is at the other end. "" where it has gone already.
  std::string peer() const;

  // Starts reading; `events` gets everything from here on and outlives this.
  void start(StreamEvents& events);
  // Stops reading until resume_reading(); the peer is slowed down by TCP.
  void pause_reading();
  void resume_reading();

  // How many of `bytes` the kernel took, without waiting: fewer than all where its buffer is full,
  // 0 while queued bytes wait. A negative uv code where the connection is broken.
  int64_t try_write(std::string_view bytes);
  // Queues all of `bytes`; on_drained() or on_broken() tells the end.
  void write(SharedBytes bytes);
  size_t pending_bytes() const;
  // Sends a FIN once everything queued is written; the peer may go on sending.
  void shutdown();
  void close();

 private:
  friend class TcpListener;
  explicit TcpStream(internal::Owned<uv_tcp_t> handle) : handle_(std::move(handle)) {}

  internal::Owned<uv_tcp_t> handle_;
};

// Whether bind() knows the address, without binding anything. Blocks where it is a name.
Status check_listen_address(const std::string& host, uint16_t port);

class TcpListener {
 public:
  // `on_accept` gets each new connection, TCP_NODELAY set, not yet reading.
  TcpListener(Loop& loop, UniqueFunction<void(TcpStream)> on_accept);
  ~TcpListener();

  // `host` is an address, a name (looked up now, blocking: for use at start) or "" and "*" for
  // every address. Port 0 takes a free one. kBusy: "cannot listen on 127.0.0.1:80: address already
  // in use".
  Status listen(const std::string& host, uint16_t port, int backlog);
  // The same in two steps: after bind() connections wait in the kernel until accept().
  Status bind(const std::string& host, uint16_t port, int backlog);
  void accept();
  uint16_t port() const { return port_; }
  bool listening() const { return socket_.fd >= 0; }
  // Where no descriptor is left, connections wait in the kernel (accept_retry.h). A stream that was
  // destroyed has given one back: told of it, this accepts again without delay.
  void on_stream_closed() { retry_.on_descriptor_closed(); }
  // Stops accepting; what waits unaccepted in the kernel is reset.
  void close();

 private:
  struct Descriptor {
    Descriptor() = default;
    ~Descriptor() { reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void reset();
    int fd = -1;
  };

  Status open(const addrinfo& address, int backlog, const std::string& what);
  void accept_some();
  // False where no more is to be accepted now.
  bool accept_one();

  Loop& loop_;
  UniqueFunction<void(TcpStream)> on_accept_;
  // Not uv_listen(): that calls back again and again where accept(2) fails, and can't be told to
  // wait.
  Descriptor socket_;
  std::optional<Poll> poll_;
  AcceptRetry retry_;
  uint16_t port_ = 0;
  Self<TcpListener> self_;  // on_accept may destroy this. Last: goes first
};

}  // namespace tandem::loop
