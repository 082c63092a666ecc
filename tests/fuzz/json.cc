// JSON: what parses is written as a text that parses to the same value, and to the same text again.
#include "wire/json.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = tandem::wire::parse_json(tandem::fuzz::text_of(data, size));
  if (!json) {
    CHECK(json.error().kind == tandem::ErrorKind::kBadInput);
    return 0;
  }
  const std::string text = json->dump();
  const auto again = tandem::wire::parse_json(text);
  CHECK(again.has_value());
  CHECK(*again == *json);
  CHECK(again->dump() == text);
  CHECK(text.find('\n') == std::string::npos);  // rows of snapshots are lines
  return 0;
}
