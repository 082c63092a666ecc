#include "wire/frame.h"

namespace tandem::wire {

void append_item(std::string& message, uint64_t id, std::string_view payload) {
  begin_item(message, id, payload, 0);
}

void begin_item(std::string& message, uint64_t id, std::string_view payload, size_t rest_bytes) {
  ByteWriter writer(message);
  writer.u32(static_cast<uint32_t>(8 + payload.size() + rest_bytes));
  writer.u64(id);
  writer.bytes(payload);
}

bool ItemReader::next(Item& item) {
  if (!ok_ || reader_.rest().empty()) return false;
  const uint32_t length = reader_.u32();
  if (length < 8) {
    ok_ = false;
    return false;
  }
  item.id = reader_.u64();
  item.payload = reader_.bytes(length - 8);
  ok_ = reader_.ok();
  return ok_;
}

}  // namespace tandem::wire
