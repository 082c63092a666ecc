// JSON of a state: the rows of snapshots, which have to be read back whatever the state holds.
//
// A text that is not UTF-8 is written in hex, with "_hex" behind the member's name:
//
//   {"key":"basket-1"}        {"key_hex":"6bfffe"}
//
// so that a row without one is the same as ever. Versions before that wrote such bytes as they
// were: a row that is not UTF-8 is read all the same, each byte standing for itself. Nor is a row
// bounded as what comes from outside is: a table's row is written piece by piece and read at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::wire {

// Fails with kBadInput. Texts of the value may hold bytes that are no UTF-8.
Result<Json> parse_stored_json(std::string_view row);

// `text` as the member `name` or `name`_hex.
void set_stored_text(Json& object, std::string_view name, std::string_view text);
// nullopt: there is neither, or it is no such text.
std::optional<std::string> stored_text(const Json& object, std::string_view name);

}  // namespace tandem::wire
