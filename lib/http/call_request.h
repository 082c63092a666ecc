// The words of a request that every service passes on with a call: Idempotency-Key, ?consistency=,
// X-Db-Index, X-Request-Id. They are read here and nowhere else, so that all doors take and refuse
// the same. A word that is there twice is refused: which of the two is meant a proxy on the way may
// see otherwise. Pure; errors are kBadInput and name the word.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "wire/envelope.h"

namespace tandem::http {

struct ReadWords {
  std::string_view request_id;  // views of the request
  wire::Consistency consistency = wire::Consistency::kDefault;
  uint64_t min_index = 0;
};
Result<ReadWords> read_words(const Request& request);

struct WriteWords {
  std::string_view request_id;
  std::string key;  // empty where the client sent none
};
Result<WriteWords> write_words(const Request& request);

}  // namespace tandem::http
