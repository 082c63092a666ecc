#include "repl/message.h"

#include <algorithm>

#include "wire/bytes.h"

namespace tandem::repl {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr uint32_t kMaxEntriesInMessage = 1 << 20;

void encode_entries(const Message& m, std::string& out) {
  ByteWriter(out).u32(static_cast<uint32_t>(m.entries.size()));
  for (const wire::Entry& entry : m.entries) wire::encode_entry(entry, out);
}

bool decode_entries(ByteReader& in, Message& m) {
  const uint32_t count = in.u32();
  if (!in.ok() || count > kMaxEntriesInMessage) return false;
  m.entries.clear();
  for (uint32_t i = 0; i < count; ++i) {
    if (!wire::decode_entry(in, m.entries.emplace_back())) return false;
    if (m.entries.back().index != m.prev_index + i + 1) return false;
  }
  return true;
}

void encode_state(const ReplicaState& state, ByteWriter& writer) {
  writer.u64(state.promise);
  writer.u8(static_cast<uint8_t>((state.leading ? 1 : 0) | (state.opened ? 2 : 0) |
                                 (state.cut_tail ? 4 : 0) | (state.has_space ? 8 : 0) |
                                 (state.cut_off ? 16 : 0) | (state.able ? 0 : 32)));
  writer.u64(state.last_index);
  writer.u64(state.last_epoch);
  writer.u64(state.commit);
  writer.u64(state.pid);
}

void decode_state(ByteReader& reader, ReplicaState& state) {
  state.promise = reader.u64();
  const uint8_t flags = reader.u8();
  state.leading = (flags & 1) != 0;
  state.opened = (flags & 2) != 0;
  state.cut_tail = (flags & 4) != 0;
  state.has_space = (flags & 8) != 0;
  state.cut_off = (flags & 16) != 0;
  state.able = (flags & 32) == 0;
  state.last_index = reader.u64();
  state.last_epoch = reader.u64();
  state.commit = reader.u64();
  state.pid = reader.u64();
}

void encode_position(const Position& position, ByteWriter& writer) {
  writer.u64(position.epoch);
  writer.u64(position.index);
}

Position decode_position(ByteReader& reader) {
  Position position;
  position.epoch = reader.u64();
  position.index = reader.u64();
  return position;
}

void encode_memory(const Memory& memory, ByteWriter& writer) {
  encode_position(memory.committed, writer);
  writer.u8(memory.caught_up ? 1 : 0);
  writer.u32(static_cast<uint32_t>(memory.ends.size()));
  for (const Position& end : memory.ends) encode_position(end, writer);
  writer.text(memory.record ? to_text(*memory.record) : std::string());
}

bool decode_memory(ByteReader& reader, Memory& memory) {
  memory.committed = decode_position(reader);
  memory.caught_up = reader.u8() != 0;
  const uint32_t ends = reader.u32();
  if (!reader.ok() || ends > kMaxEnds) return false;
  memory.ends.clear();
  for (uint32_t i = 0; i < ends; ++i) memory.ends.push_back(decode_position(reader));
  const std::string_view text = reader.text();
  memory.record.reset();
  if (!reader.ok() || text.empty()) return reader.ok();
  auto record = parse_record(text);
  if (!record) return false;
  memory.record = std::move(*record);
  return true;
}

bool decode_record(ByteReader& reader, Message& m) {
  const std::string_view text = reader.text();
  if (!reader.ok()) return false;
  auto record = parse_record(text);
  if (!record) return false;
  m.record = std::move(*record);
  return true;
}

bool decode_body(ByteReader& reader, Message& m) {
  switch (m.type) {
    case MessageType::kHello:
      m.hint_index = reader.u64();
      m.hint_epoch = reader.u64();
      return true;
    case MessageType::kAnnounce:
      return decode_record(reader, m);
    case MessageType::kAppend:
      m.prev_index = reader.u64();
      m.prev_epoch = reader.u64();
      m.commit = reader.u64();
      m.record_version = reader.u64();
      m.sent_ns = reader.i64();
      m.stamp_ns = reader.i64();
      m.lease_ns = reader.i64();
      return decode_entries(reader, m);
    case MessageType::kAppendAck:
      m.match = reader.u64();
      m.sent_ns = reader.i64();
      m.stamp_ns = reader.i64();
      return true;
    case MessageType::kAppendReject:
      m.prev_index = reader.u64();
      m.hint_index = reader.u64();
      m.hint_epoch = reader.u64();
      return true;
    case MessageType::kSnapshotChunk:
      m.snapshot_index = reader.u64();
      m.snapshot_epoch = reader.u64();
      m.offset = reader.u64();
      m.total_bytes = reader.u64();
      m.data = reader.text();
      return true;
    case MessageType::kSnapshotAck:
      m.snapshot_index = reader.u64();
      m.offset = reader.u64();
      return true;
    case MessageType::kQueryState:
    case MessageType::kQueryMemory:
      m.question = reader.u64();
      return true;
    case MessageType::kMemory:
      m.question = reader.u64();
      decode_state(reader, m.state);
      return decode_memory(reader, m.memory);
    case MessageType::kRefuse:
      m.prev_index = reader.u64();
      m.proven = reader.u8() != 0;
      m.committed = decode_position(reader);
      return true;
    case MessageType::kWentBack:
      m.committed = decode_position(reader);
      return true;
    case MessageType::kState:
      m.question = reader.u64();
      decode_state(reader, m.state);
      return true;
    case MessageType::kSessionDown:
      m.subject = reader.u32();
      m.subject_session = reader.u64();
      m.proven = reader.u8() != 0;
      return true;
    case MessageType::kRemoveMember:
      m.subject = reader.u32();
      return true;
    case MessageType::kReadIndex:
      m.question = reader.u64();
      return true;
    case MessageType::kReadIndexIs:
      m.question = reader.u64();
      m.match = reader.u64();
      return true;
  }
  return false;
}

}  // namespace

bool holds(const std::vector<Position>& ends, const Position& position) {
  if (position.index == 0) return true;
  const auto run = std::find_if(ends.begin(), ends.end(),
                                [&](const Position& end) { return position.index <= end.index; });
  if (run == ends.end()) return false;
  return run->epoch == position.epoch || (run == ends.begin() && position.epoch < run->epoch);
}

void encode(const Message& m, std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(m.type));
  writer.u64(m.lineage);
  writer.u64(m.epoch);
  writer.u32(m.from);
  writer.u64(m.storage_id);
  writer.u64(m.session);
  writer.u32(m.to);
  writer.u64(m.to_session);
  switch (m.type) {
    case MessageType::kHello:
      writer.u64(m.hint_index);
      writer.u64(m.hint_epoch);
      break;
    case MessageType::kAnnounce:
      writer.text(to_text(*m.record));
      break;
    case MessageType::kAppend:
      writer.u64(m.prev_index);
      writer.u64(m.prev_epoch);
      writer.u64(m.commit);
      writer.u64(m.record_version);
      writer.i64(m.sent_ns);
      writer.i64(m.stamp_ns);
      writer.i64(m.lease_ns);
      encode_entries(m, out);
      break;
    case MessageType::kAppendAck:
      writer.u64(m.match);
      writer.i64(m.sent_ns);
      writer.i64(m.stamp_ns);
      break;
    case MessageType::kAppendReject:
      writer.u64(m.prev_index);
      writer.u64(m.hint_index);
      writer.u64(m.hint_epoch);
      break;
    case MessageType::kSnapshotChunk:
      writer.u64(m.snapshot_index);
      writer.u64(m.snapshot_epoch);
      writer.u64(m.offset);
      writer.u64(m.total_bytes);
      writer.text(m.data);
      break;
    case MessageType::kSnapshotAck:
      writer.u64(m.snapshot_index);
      writer.u64(m.offset);
      break;
    case MessageType::kQueryState:
    case MessageType::kQueryMemory:
      writer.u64(m.question);
      break;
    case MessageType::kMemory:
      writer.u64(m.question);
      encode_state(m.state, writer);
      encode_memory(m.memory, writer);
      break;
    case MessageType::kRefuse:
      writer.u64(m.prev_index);
      writer.u8(m.proven ? 1 : 0);
      encode_position(m.committed, writer);
      break;
    case MessageType::kWentBack:
      encode_position(m.committed, writer);
      break;
    case MessageType::kState:
      writer.u64(m.question);
      encode_state(m.state, writer);
      break;
    case MessageType::kSessionDown:
      writer.u32(m.subject);
      writer.u64(m.subject_session);
      writer.u8(m.proven ? 1 : 0);
      break;
    case MessageType::kRemoveMember:
      writer.u32(m.subject);
      break;
    case MessageType::kReadIndex:
      writer.u64(m.question);
      break;
    case MessageType::kReadIndexIs:
      writer.u64(m.question);
      writer.u64(m.match);
      break;
  }
}

bool decode(std::string_view in, Message& m) {
  ByteReader reader(in);
  m.type = static_cast<MessageType>(reader.u8());
  m.lineage = reader.u64();
  m.epoch = reader.u64();
  m.from = reader.u32();
  m.storage_id = reader.u64();
  m.session = reader.u64();
  m.to = reader.u32();
  m.to_session = reader.u64();
  return reader.ok() && decode_body(reader, m) && reader.done();
}

}  // namespace tandem::repl
