// Messages of the replication protocol: what decodes is encoded to a text that decodes to the same.
// The bytes themselves may differ, as a record in a message is text that can be written in many
// ways.
#include "repl/message.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tandem::repl;  // NOLINT: a program of one file
  Message message;
  if (!decode(tandem::fuzz::text_of(data, size), message)) return 0;
  std::string once;
  encode(message, once);
  Message again;
  CHECK(decode(once, again));
  std::string twice;
  encode(again, twice);
  CHECK(once == twice);
  CHECK(again.entries == message.entries);
  CHECK(again.record == message.record);
  return 0;
}
