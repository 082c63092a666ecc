// One direction each way of one connection, without any I/O: collects items into messages, counts
// them, keeps the window, acknowledges. Both ends use it; rpc/protocol.h has the rules.
//
// Bounded: a message by the lower limit of both ends, everything unsent or unacknowledged together
// by max_queued_bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/shared_bytes.h"
#include "rpc/protocol.h"

namespace tandem::rpc {

// What goes to the transport as one message: the bytes, then the rest.
struct Outgoing {
  std::string bytes;
  SharedBytes rest;  // of the payload of its last item

  size_t size() const { return bytes.size() + rest.size(); }
};

class Channel {
 public:
  Channel(size_t max_message_bytes, size_t max_queued_bytes);

  // Begins a new link and forgets everything of the one before.
  void open(uint64_t link, size_t peer_max_message_bytes);
  uint64_t link() const { return link_; }

  enum class Added { kYes, kTooLarge, kFull };
  // kReserve: beside max_queued_bytes, for what tells that there was no room.
  enum class Room { kUsual, kReserve };
  Added add(uint64_t id, std::string_view payload, Room room = Room::kUsual) {
    return add(id, payload, {}, room);
  }
  // The payload is `payload` and `rest`, which is not copied.
  Added add(uint64_t id, std::string_view payload, SharedBytes rest, Room room = Room::kUsual);
  size_t max_payload_bytes() const;
  // Of what was added and is not acknowledged.
  size_t queued_bytes() const { return queued_bytes_; }
  // The sequence number of the message that the last added item is in.
  uint64_t last_batch() const { return sent_ + batches_.size(); }

  // To be sent now? Then next() gives the message, valid until the next call, and sent() says that
  // it has been handed to the transport.
  bool ready() const;
  const Outgoing& next();
  void sent();
  uint64_t sent_sequence() const { return sent_; }
  uint64_t acknowledged_sequence() const { return acknowledged_; }
  // A message was sent that the peer has not acknowledged; how long the first of them is, else 0.
  bool awaits_acknowledgement() const { return acknowledged_ < sent_; }
  size_t awaited_bytes() const {
    return awaits_acknowledgement() ? in_flight_bytes_[(acknowledged_ + 1) % kWindow] : 0;
  }

  enum class Received {
    kItems,    // read the items
    kNothing,  // only acknowledges
    kForeign,  // of another link: drop it
    kBroken,   // a message was lost or the peer counts wrongly: give the connection up
  };
  Received receive(const Preamble& preamble);
  // Messages received since the peer was last told.
  bool owes_acknowledgement() const { return received_ != told_; }
  // Makes an acknowledgement that is owed ready(), even if no item goes that way.
  void acknowledge_now() { acknowledge_now_ = owes_acknowledgement(); }

 private:
  bool window_open() const { return sent_ - acknowledged_ < kWindow; }
  bool acknowledgement_due() const;
  Outgoing new_batch();

  const size_t own_max_message_bytes_;
  const size_t max_queued_bytes_;
  size_t max_message_bytes_;
  uint64_t link_ = 0;
  std::deque<Outgoing> batches_;  // not yet sent; each begins with room for the preamble
  std::string spare_;             // the buffer of a sent batch, to be used again
  Outgoing bare_;                 // an acknowledgement without items
  size_t queued_bytes_ = 0;
  std::array<size_t, kWindow> in_flight_bytes_{};
  uint64_t sent_ = 0;
  uint64_t acknowledged_ = 0;  // by the peer
  uint64_t received_ = 0;
  uint64_t told_ = 0;  // the last `received_` that the peer was told
  bool acknowledge_now_ = false;
};

}  // namespace tandem::rpc
