#include "wire/entry.h"

namespace tandem::wire {

size_t encoded_size(const Entry& entry) {
  return 1 + 8 + 8 + 8 + 4 + entry.request_id.size() + 4 + entry.payload.size();
}

void encode_entry(const Entry& entry, std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(entry.type));
  writer.u64(entry.index);
  writer.u64(entry.epoch);
  writer.i64(entry.time_ms);
  writer.text(entry.request_id);
  writer.text(entry.payload);
}

bool decode_entry(ByteReader& in, Entry& entry) {
  const uint8_t type = in.u8();
  entry.type = static_cast<EntryType>(type);
  entry.index = in.u64();
  entry.epoch = in.u64();
  entry.time_ms = in.i64();
  entry.request_id = in.text();
  entry.payload = in.text();
  return in.ok() && (entry.type == EntryType::kOpen || entry.type == EntryType::kCommand);
}

}  // namespace tandem::wire
