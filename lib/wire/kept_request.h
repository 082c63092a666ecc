// A request that is kept until it has an answer, for another try. What is used again for the next
// request keeps the memory of its strings.
#pragma once

#include <cstdint>
#include <string>

#include "wire/envelope.h"

namespace tandem::wire {

struct KeptRequest {
  Method method = Method::kPing;
  Consistency consistency = Consistency::kDefault;
  uint64_t min_index = 0;
  std::string request_id;
  std::string key;
  std::string body;

  void keep(const Request& request) {
    method = request.method;
    consistency = request.consistency;
    min_index = request.min_index;
    request_id = request.request_id;
    key = request.key;
    body = request.body;
  }

  // A view of this, for one try.
  Request with_budget(uint32_t budget_ms) const {
    return {method, consistency, budget_ms, min_index, request_id, key, body};
  }
};

}  // namespace tandem::wire
