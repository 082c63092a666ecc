// An entry of the replicated log, and its encoding. The same bytes (without the record header of
// the log file, see storage/log_format.h) travel in append messages.
//
//   entry = type index epoch time request_id payload
//   type = u8; index, epoch = u64; time = i64 (ms since 1970); request_id, payload = text
//   text = u32 length, bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/bytes.h"

namespace tandem::wire {

enum class EntryType : uint8_t {
  // Opens an epoch, or tells that the in-sync set has changed; the payload is the record that holds
  // from here on (empty where commit 8364570 or an earlier one wrote it). No effect on the state
  // machine.
  kOpen = 1,
  kCommand = 2,  // a command of the state machine: JSON text
};

struct Entry {
  EntryType type = EntryType::kCommand;
  uint64_t index = 0;
  uint64_t epoch = 0;
  int64_t time_ms = 0;  // log time: ms since 1970 by the first entry, then counted; never goes back
  std::string request_id;  // idempotency key; of kOpen, by which rules keys age from here on
  std::string payload;

  bool operator==(const Entry&) const = default;
};

size_t encoded_size(const Entry& entry);
void encode_entry(const Entry& entry, std::string& out);
// Reads one entry; false where the bytes are short or the type is unknown.
bool decode_entry(ByteReader& in, Entry& entry);

}  // namespace tandem::wire
