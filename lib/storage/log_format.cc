#include "storage/log_format.h"

#include <cstring>

#include "base/check.h"
#include "wire/bytes.h"
#include "wire/crc32c.h"

namespace tandem::storage {
namespace {

constexpr std::string_view kSegmentMagic = "tandemlg";
constexpr std::string_view kSlotMagic = "tandempr";
constexpr std::string_view kSegmentPrefix = "log-";
constexpr std::string_view kNextSegmentPrefix = "next-segment-";
constexpr size_t kIndexDigits = 20;

// block = magic version crc body zeros; the checksum is of the body.
std::string encode_block(std::string_view magic, std::string_view body, size_t block_bytes) {
  std::string block;
  block.reserve(block_bytes);
  wire::ByteWriter writer(block);
  writer.bytes(magic);
  writer.u32(kFormatVersion);
  writer.u32(wire::crc32c(body));
  writer.bytes(body);
  CHECK(block.size() <= block_bytes);
  block.resize(block_bytes, '\0');
  return block;
}

// The body's first `body_bytes`, or an empty view.
std::string_view decode_block(std::string_view magic, std::string_view block, size_t body_bytes) {
  wire::ByteReader reader(block);
  const bool known = reader.bytes(magic.size()) == magic && reader.u32() == kFormatVersion;
  const uint32_t crc = reader.u32();
  const std::string_view body = reader.bytes(body_bytes);
  return known && reader.ok() && wire::crc32c(body) == crc ? body : std::string_view();
}

constexpr size_t kSegmentBody = 8 + 8 + 8 + 4;
constexpr size_t kSlotBody = 8 + 8 + 8 + 1 + 8 + 8 + 4;

}  // namespace

std::optional<uint32_t> block_version(std::string_view start) {
  wire::ByteReader reader(start);
  const std::string_view magic = reader.bytes(kSegmentMagic.size());
  const uint32_t version = reader.u32();
  if (!reader.ok() || (magic != kSegmentMagic && magic != kSlotMagic)) return std::nullopt;
  return version;
}

std::string encode_segment_header(const SegmentHeader& header) {
  std::string body;
  wire::ByteWriter writer(body);
  writer.u64(header.size);
  writer.u64(header.first_index);
  writer.u64(header.epoch_before);
  writer.u32(header.chain_before);
  return encode_block(kSegmentMagic, body, kSegmentHeaderBytes);
}

bool decode_segment_header(std::string_view block, SegmentHeader& header) {
  const std::string_view body = decode_block(kSegmentMagic, block, kSegmentBody);
  wire::ByteReader reader(body);
  header.size = reader.u64();
  header.first_index = reader.u64();
  header.epoch_before = reader.u64();
  header.chain_before = reader.u32();
  return reader.done();
}

uint32_t append_record(const wire::Entry& entry, uint32_t chain_before, uint64_t synced_index,
                       std::string& out) {
  const size_t start = out.size();
  wire::ByteWriter writer(out);
  writer.u32(static_cast<uint32_t>(wire::encoded_size(entry)));
  writer.u32(0);  // the checksum, below
  writer.u32(chain_before);
  writer.u64(synced_index);
  wire::encode_entry(entry, out);
  const std::string_view record = std::string_view(out).substr(start);
  const uint32_t crc = wire::crc32c(record.substr(8), wire::crc32c(record.substr(0, 4)));
  std::memcpy(out.data() + start + 4, &crc, sizeof crc);
  const uint32_t chain = wire::crc32c(record.substr(kRecordHeaderBytes), chain_before);
  out.resize(start + record_bytes(record.size() - kRecordHeaderBytes), '\0');
  return chain;
}

uint32_t RecordView::chain() const { return wire::crc32c(entry, chain_before); }

bool parse_record(std::string_view bytes, size_t max_entry_bytes, RecordView& record) {
  wire::ByteReader reader(bytes);
  const uint32_t length = reader.u32();
  const uint32_t crc = reader.u32();
  if (length < kMinEntryBytes || length > max_entry_bytes) return false;
  record.chain_before = reader.u32();
  record.synced_index = reader.u64();
  record.entry = reader.bytes(length);
  if (!reader.ok()) return false;
  const std::string_view covered = bytes.substr(8, kRecordHeaderBytes - 8 + length);
  return wire::crc32c(covered, wire::crc32c(bytes.substr(0, 4))) == crc;
}

namespace {

constexpr std::string_view kMarkMagic = "mark";
constexpr size_t kMarkAt = 8 + 4 + 4 + kSlotBody;

// Behind the body, which programs that do not know of it read alone.
void put_mark(const PromiseState& state, std::string& slot) {
  std::string body;
  wire::ByteWriter(body).u64(state.committed_epoch);
  wire::ByteWriter(body).u64(state.committed_index);
  std::string mark;
  wire::ByteWriter writer(mark);
  writer.bytes(kMarkMagic);
  writer.u32(wire::crc32c(body));
  writer.bytes(body);
  slot.replace(kMarkAt, mark.size(), mark);
}

void read_mark(std::string_view slot, PromiseState& state) {
  wire::ByteReader reader(slot.substr(kMarkAt));
  const bool there = reader.bytes(kMarkMagic.size()) == kMarkMagic;
  const uint32_t crc = reader.u32();
  const std::string_view body = reader.bytes(16);
  if (!there || !reader.ok() || wire::crc32c(body) != crc) return;
  wire::ByteReader numbers(body);
  state.committed_epoch = numbers.u64();
  state.committed_index = numbers.u64();
}

}  // namespace

std::string encode_slot(uint64_t sequence, const PromiseState& state) {
  std::string body;
  wire::ByteWriter writer(body);
  writer.u64(sequence);
  writer.u64(state.promise);
  writer.u64(state.synced_index);
  writer.u8(static_cast<uint8_t>(state.pending));
  writer.u64(state.pending_index);
  writer.u64(state.pending_epoch);
  writer.u32(state.pending_chain);
  std::string slot = encode_block(kSlotMagic, body, kSlotBytes);
  if (state.committed_index != 0) put_mark(state, slot);
  return slot;
}

bool decode_slot(std::string_view block, uint64_t& sequence, PromiseState& state) {
  const std::string_view body = decode_block(kSlotMagic, block, kSlotBody);
  wire::ByteReader reader(body);
  sequence = reader.u64();
  state.promise = reader.u64();
  state.synced_index = reader.u64();
  const uint8_t pending = reader.u8();
  state.pending = static_cast<PendingChange>(pending);
  state.pending_index = reader.u64();
  state.pending_epoch = reader.u64();
  state.pending_chain = reader.u32();
  if (reader.done()) read_mark(block, state);
  return reader.done() && sequence != 0 && pending <= static_cast<uint8_t>(PendingChange::kReset);
}

std::string segment_name(uint64_t first_index) {
  std::string digits = std::to_string(first_index);
  return std::string(kSegmentPrefix) + std::string(kIndexDigits - digits.size(), '0') + digits;
}

bool parse_segment_name(std::string_view name, uint64_t& first_index) {
  if (name.size() != kSegmentPrefix.size() + kIndexDigits || !name.starts_with(kSegmentPrefix)) {
    return false;
  }
  first_index = 0;
  for (const char c : name.substr(kSegmentPrefix.size())) {
    if (c < '0' || c > '9') return false;
    first_index = first_index * 10 + static_cast<uint64_t>(c - '0');
  }
  return segment_name(first_index) == name;
}

std::string next_segment_name(uint64_t number) {
  return std::string(kNextSegmentPrefix) + std::to_string(number) + ".tmp";
}

bool is_next_segment_name(std::string_view name) {
  return name.starts_with(kNextSegmentPrefix) && name.ends_with(".tmp");
}

}  // namespace tandem::storage
