// What processes ask of each other, as the payload of an item (wire/frame.h):
//
//   request  = method:u16 consistency:u8 budget_ms:u32 min_index:u64
//              request_id:text key:text body:text
//   response = status:u16 index:u64 body:text
//
// `status` is an HTTP status, so that a service passes a verdict on without a table in between.
// The budget is what is left of the caller's deadline: clocks of two hosts are never compared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_bytes.h"

namespace tandem::wire {

// Method numbers, once for all processes; a number is never used again for something else.
enum class Method : uint16_t {
  kDbRead = 1,      // body: JSON of db/read
  kDbWrite = 2,     // body: JSON of db/write
  kDbClear = 3,     // body: who asked, for the log; may be empty
  kWorkerInfo = 4,  // body: empty; answers the replica's state as JSON
  kPing = 5,        // body: empty; answers 200 where the process can do its job
  kDbSchema = 6,    // body: JSON of the tables' declaration; orchestrator to leader only
  // Answers what kDbWrite of this key and body was answered, 404 where it was not carried out.
  kDbRepeated = 7,  // body: JSON of db/write, with its key; changes nothing
  // Begins an export of the tables (tandem-wire(5)); body: empty.
  kDbExport = 8,
  kExportPart = 9,  // body: {"export":ID,"offset":BYTES}, or {"export":ID,"close":true}
  kBackup = 10,     // begins a backup of any group, which goes on as an export does; body: empty
  kPeer = 16,       // one way: a replication message (repl/message.h) follows the method number
  kControl = 17,    // controller to replica and back: repl/message.h as well, with a reply
  // The toy store; bodies are JSON, described in tandem-wire(5).
  kOrderPlace = 32,      // front to order leader: buy, with the client's key
  kOrderGet = 33,        // an order by its number
  kOrderHold = 34,       // front to order leader: no purchase is begun until the backup has begun
  kOrderRelease = 35,    // ... go on, and say whether it was so all the time
  kCatalogGet = 40,      // a product by its name
  kCatalogList = 41,     // all products; body: empty
  kCatalogTake = 42,     // order leader to catalog: take toys out of the stock for an intent
  kCatalogRestock = 43,  // add to the stock of a toy
  kCatalogPrice = 44,    // change the price of a toy
  kCatalogAdd = 45,      // a new toy
  kCatalogPoll = 46,     // front to catalog leader: what is to be dropped from the cache?
};

// Whether asking again can do no harm.
constexpr bool is_read(Method method) {
  return method == Method::kDbRead || method == Method::kDbRepeated ||
         method == Method::kDbExport || method == Method::kExportPart ||
         method == Method::kBackup || method == Method::kOrderGet ||
         method == Method::kCatalogGet || method == Method::kCatalogList;
}

// Of reads: whether any replica may answer. Who was asked to do something may have it in its log
// and not know yet that it counts: only the leader can tell that nothing was.
constexpr bool may_be_read_anywhere(Method method) {
  return is_read(method) && method != Method::kDbRepeated;
}

enum class Consistency : uint8_t { kDefault = 0, kLinearizable = 1, kSession = 2, kEventual = 3 };

// "linearizable", "session", "eventual"; false for anything else.
bool parse_consistency(std::string_view text, Consistency& out);
std::string_view to_string(Consistency consistency);

// Views: of the caller's strings when encoding, of the received message when decoded.
struct Request {
  Method method = Method::kPing;
  Consistency consistency = Consistency::kDefault;
  uint32_t budget_ms = 0;
  uint64_t min_index = 0;       // session reads: answer from a state that has applied this index
  std::string_view request_id;  // X-Request-Id
  std::string_view key;         // Idempotency-Key, at most 128 bytes
  std::string_view body;
};

struct Response {
  uint16_t status = 200;
  uint64_t index = 0;     // the log index that the answer reflects, 0 where that means nothing
  std::string_view body;  // JSON, or empty
  // The same where whoever needs it for longer can keep it without a copy; else empty.
  SharedBytes shared_body = {};
};

void encode(const Request& request, std::string& out);
void encode(const Response& response, std::string& out);
// The same without the bytes of the body, which are to follow.
void encode_head(const Response& response, std::string& out);
bool decode(std::string_view in, Request& request);
bool decode(std::string_view in, Response& response);

}  // namespace tandem::wire
