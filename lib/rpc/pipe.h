// One connection, cut into messages: frame = length:u32 message.
//
// It sends what it is given in order, as much at once as waits, and reads into one buffer that
// grows to the message that it holds and no further than the longest one allowed.
#pragma once

#include <nng/nng.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "rpc/inbox.h"

namespace tandem::rpc {

class Pipe {
 public:
  // Owns the stream and begins to read. Completions carry `id`.
  Pipe(Inbox& inbox, uint32_t id, nng_stream* stream, size_t max_message_bytes);
  ~Pipe();  // what is not yet sent may be lost
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void send(std::string_view message);
  void on_sent(size_t bytes);

  // Gives each whole message that is there, then reads on. False: a message is longer than allowed,
  // and the pipe is of no more use.
  bool on_received(size_t bytes, UniqueFunction<void(std::string_view message)> give);
  // How often something was received, be it part of a message.
  uint64_t reads() const { return reads_; }

 private:
  void send_more();
  void count_sent(size_t bytes);
  void receive_more();

  const size_t max_message_bytes_;
  nng_stream* stream_;
  std::optional<Operation> receive_;
  std::optional<Operation> send_;  // under way while `sending_` is not empty
  ImmediateSend immediate_;
  std::string received_;       // the buffer
  size_t received_bytes_ = 0;  // of it in use
  uint64_t reads_ = 0;
  std::string waiting_;    // frames not yet given to NNG
  std::string sending_;    // frames that NNG has
  size_t sent_bytes_ = 0;  // of sending_
};

}  // namespace tandem::rpc
