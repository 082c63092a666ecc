// JSON: what parses is written as a text that parses to the same value, and to the same text again.
// What a request may hold besides, numbers that fit nowhere or have more digits than a double, keeps
// its text and changes nothing else.
#include "wire/json.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = tandem::fuzz::text_of(data, size);
  const auto json = tandem::wire::parse_json(input);
  const auto request = tandem::wire::parse_request_json(input);
  if (request) {
    const auto same = tandem::wire::parse_request_json(request->dump());
    CHECK(same && *same == *request);
  }
  if (!json) {
    CHECK(json.error().kind == tandem::ErrorKind::kBadInput);
    CHECK(request || request.error().kind == tandem::ErrorKind::kBadInput);
    return 0;
  }
  CHECK(request);
  const std::string text = json->dump();
  const auto asked = tandem::wire::parse_request_json(text);
  CHECK(asked && asked->dump() == text);
  const auto again = tandem::wire::parse_json(text);
  CHECK(again.has_value());
  CHECK(*again == *json);
  CHECK(again->dump() == text);
  CHECK(text.find('\n') == std::string::npos);  // rows of snapshots are lines
  return 0;
}
