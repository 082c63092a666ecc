#include "rpc/protocol.h"

#include "wire/bytes.h"

namespace tandem::rpc {
namespace {

// Numbers of error kinds on the wire: fixed, whatever the order in base/result.h.
struct KindNumber {
  ErrorKind kind;
  uint8_t number;
};
constexpr KindNumber kKindNumbers[] = {
    {ErrorKind::kBadInput, 1}, {ErrorKind::kConflict, 2},     {ErrorKind::kNotFound, 3},
    {ErrorKind::kTooLarge, 4}, {ErrorKind::kUnavailable, 5},  {ErrorKind::kUnknown, 6},
    {ErrorKind::kTimeout, 7},  {ErrorKind::kCannotCreate, 8}, {ErrorKind::kIo, 9},
    {ErrorKind::kNoSpace, 10}, {ErrorKind::kCorrupt, 11},     {ErrorKind::kPermission, 12},
    {ErrorKind::kConfig, 13},  {ErrorKind::kBusy, 14},        {ErrorKind::kBug, 15},
    {ErrorKind::kUsage, 16},   {ErrorKind::kDiskFailed, 17},  {ErrorKind::kExhausted, 18},
};

uint8_t kind_number(ErrorKind kind) {
  for (const KindNumber& entry : kKindNumbers) {
    if (entry.kind == kind) return entry.number;
  }
  return 6;
}

ErrorKind kind_of_number(uint8_t number) {
  for (const KindNumber& entry : kKindNumbers) {
    if (entry.number == number) return entry.kind;
  }
  return ErrorKind::kUnknown;
}

}  // namespace

void append_preamble(std::string& out, const Preamble& preamble) {
  wire::ByteWriter writer(out);
  writer.u8(kProtocolVersion);
  writer.u8(static_cast<uint8_t>(preamble.kind));
  writer.u64(preamble.link);
  writer.u64(preamble.sequence);
  writer.u64(preamble.acknowledged);
}

bool take_preamble(std::string_view& message, Preamble& preamble) {
  wire::ByteReader reader(message);
  const uint8_t version = reader.u8();
  const uint8_t kind = reader.u8();
  preamble.link = reader.u64();
  preamble.sequence = reader.u64();
  preamble.acknowledged = reader.u64();
  if (!reader.ok() || version != kProtocolVersion) return false;
  if (kind < static_cast<uint8_t>(Kind::kHello) || kind > static_cast<uint8_t>(Kind::kGoodbye)) {
    return false;
  }
  preamble.kind = static_cast<Kind>(kind);
  message = reader.rest();
  return true;
}

std::string greeting_message(const Preamble& preamble, const Greeting& greeting) {
  std::string out;
  append_preamble(out, preamble);
  wire::ByteWriter writer(out);
  writer.u64(greeting.nonce);
  writer.u64(greeting.max_message_bytes);
  return out;
}

bool decode_greeting(std::string_view body, Greeting& greeting) {
  wire::ByteReader reader(body);
  greeting.nonce = reader.u64();
  greeting.max_message_bytes = reader.u64();
  return reader.done();
}

std::string encode_error(const Error& error) {
  std::string out;
  wire::ByteWriter writer(out);
  writer.u8(kind_number(error.kind));
  writer.bytes(error.message);
  return out;
}

Error decode_error(std::string_view payload) {
  wire::ByteReader reader(payload);
  const ErrorKind kind = kind_of_number(reader.u8());
  return Error{kind, std::string(reader.rest())};
}

}  // namespace tandem::rpc
