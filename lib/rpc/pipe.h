// One connection, cut into messages: frame = length:u32 message.
//
// It sends what it is given in order, as much at once as waits, and reads into one buffer that
// grows to the message that it holds and no further than the longest one allowed. Neither way is a
// large message copied.
#pragma once

#include <nng/nng.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/shared_bytes.h"
#include "rpc/inbox.h"

namespace tandem::rpc {

class Pipe {
 public:
  // Owns the stream and begins to read. Completions carry `id`.
  Pipe(Inbox& inbox, uint32_t id, nng_stream* stream, size_t max_message_bytes);
  ~Pipe();  // what is not yet sent may be lost
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // The message is `message`, which is copied, and `rest`.
  void send(std::string_view message, SharedBytes rest);
  void on_sent(size_t bytes);

  // Gives each whole message that is there, then reads on. False: a message is longer than allowed,
  // and the pipe is of no more use.
  bool on_received(size_t bytes, UniqueFunction<void(std::string_view message)> give);
  // While a message is given: that part of it, to be kept. Not copied where it is most of what the
  // buffer holds; the next message then comes into another one.
  SharedBytes share(std::string_view part) const;
  // How often something was received, be it part of a message.
  uint64_t reads() const { return reads_; }
  // Of a message that has come in part.
  size_t unfinished_bytes() const { return received_bytes_; }

 private:
  struct Frames {
    std::string bytes;
    SharedBytes rest;  // of the last one

    bool empty() const { return bytes.empty(); }
    size_t size() const { return bytes.size() + rest.size(); }
    // From `begin` on, as far as it is in one piece. NNG wants a pointer to what it does not
    // change.
    std::pair<char*, size_t> piece(size_t begin);
  };

  void send_more();
  void count_sent(size_t bytes);
  void move_to_buffer(size_t bytes, size_t begin);
  void receive_more();

  const size_t max_message_bytes_;
  nng_stream* stream_;
  std::optional<Operation> receive_;
  std::optional<Operation> send_;  // under way while `sending_` is not empty
  ImmediateSend immediate_;
  std::shared_ptr<char[]>
      received_;  // the buffer; its pages are first touched by who reads into it
  size_t buffer_bytes_ = 0;
  size_t received_bytes_ = 0;  // of it in use
  uint64_t reads_ = 0;
  std::deque<Frames> waiting_;  // not yet given to NNG
  Frames sending_;              // that NNG has
  std::string spare_;           // a buffer to be used again
  size_t sent_bytes_ = 0;       // of sending_
};

}  // namespace tandem::rpc
