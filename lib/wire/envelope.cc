#include "wire/envelope.h"

#include "wire/bytes.h"

namespace tandem::wire {

bool parse_consistency(std::string_view text, Consistency& out) {
  if (text == "linearizable") {
    out = Consistency::kLinearizable;
  } else if (text == "session") {
    out = Consistency::kSession;
  } else if (text == "eventual") {
    out = Consistency::kEventual;
  } else {
    return false;
  }
  return true;
}

std::string_view to_string(Consistency consistency) {
  switch (consistency) {
    case Consistency::kDefault:
      return "default";
    case Consistency::kLinearizable:
      return "linearizable";
    case Consistency::kSession:
      return "session";
    case Consistency::kEventual:
      return "eventual";
  }
  return "default";
}

void encode(const Request& request, std::string& out) {
  ByteWriter writer(out);
  writer.u16(static_cast<uint16_t>(request.method));
  writer.u8(static_cast<uint8_t>(request.consistency));
  writer.u32(request.budget_ms);
  writer.u64(request.min_index);
  writer.text(request.request_id);
  writer.text(request.key);
  writer.text(request.body);
}

void encode(const Response& response, std::string& out) {
  encode_head(response, out);
  out += response.body;
}

void encode_head(const Response& response, std::string& out) {
  ByteWriter writer(out);
  writer.u16(response.status);
  writer.u64(response.index);
  writer.u32(static_cast<uint32_t>(response.body.size()));
}

bool decode(std::string_view in, Request& request) {
  ByteReader reader(in);
  request.method = static_cast<Method>(reader.u16());
  const uint8_t consistency = reader.u8();
  request.consistency = static_cast<Consistency>(consistency);
  request.budget_ms = reader.u32();
  request.min_index = reader.u64();
  request.request_id = reader.text();
  request.key = reader.text();
  request.body = reader.text();
  return reader.done() && consistency <= static_cast<uint8_t>(Consistency::kEventual);
}

bool decode(std::string_view in, Response& response) {
  ByteReader reader(in);
  response.status = reader.u16();
  response.index = reader.u64();
  response.body = reader.text();
  return reader.done();
}

}  // namespace tandem::wire
