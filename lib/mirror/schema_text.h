// The schema of a mirrored table, of its text. Private to this library.
#pragma once

#include <string_view>

#include "base/check.h"
#include "db/schema.h"
#include "wire/json.h"

namespace tandem::mirror {

// REQUIRES: it is one.
inline db::Schema schema_of_text(std::string_view text) {
  const auto json = wire::parse_json(text);
  CHECK(json);
  auto schema = db::parse_schema(*json);
  CHECK(schema);
  return std::move(*schema);
}

}  // namespace tandem::mirror
