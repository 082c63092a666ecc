// The items of a message between two processes. All that a process has to say to a peer in one
// loop turn goes as one NNG message, a row of items:
//
//   message = *item
//   item    = length id payload        ; length: u32, bytes of id and payload together
//   id      = u64                      ; 0: one way, no reply; else the reply carries the same id
//
// Source of truth for readers: tandem-wire(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/bytes.h"

namespace tandem::wire {

constexpr size_t kItemHeaderBytes = 4 + 8;
// The longest message between a replica or orchestrator and whoever speaks with it. What has to fit
// into one is limited below that: an entry of the log (8 MiB), an answer of the database (15 MiB).
constexpr size_t kMaxMessageBytes = size_t{16} << 20;

void append_item(std::string& message, uint64_t id, std::string_view payload);
// The same where `rest_bytes` more of the payload are to follow.
void begin_item(std::string& message, uint64_t id, std::string_view payload, size_t rest_bytes);

struct Item {
  uint64_t id = 0;
  std::string_view payload;  // a view into the message
};

// Walks the items of one message. After the last next() gives false, ok() says whether the message
// was well formed to its end.
class ItemReader {
 public:
  explicit ItemReader(std::string_view message) : reader_(message) {}
  bool next(Item& item);
  bool ok() const { return ok_; }

 private:
  ByteReader reader_;
  bool ok_ = true;
};

}  // namespace tandem::wire
