// What somebody tells of a drill that they have done, so that it stands among the events:
//
//   {"event":"drill","drill":"kill-master","verdict":"passed","reason":"SAFE: …","gap_ms":58,
//    "answered":1234,"lost":0,"doubled":0,"stale":0}
//
// The figures may be left out. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::orch {

struct DrillNote {
  std::string reason;
  wire::Json fields;
};

// Of the body of a request. kBadInput says what is wrong.
Result<DrillNote> drill_in(std::string_view body);

}  // namespace tandem::orch
