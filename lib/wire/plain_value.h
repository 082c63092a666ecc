// The value of a condition that is written as column=value, in a query and on a command line. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tandem::wire {

// The value without one pair of quotes, ' or ", around it: whoever writes conditions for SQL
// elsewhere quotes a text here, too. Fails with kBadInput, saying why, for what can be meant in
// another way than it would be read: further quotes at an end, typographic ones and backticks too,
// the same quotes inside, of a value without quotes '=' at its beginning or ';' at its end. It would match nothing, and nobody would be told.
Result<std::string_view> plain_value(std::string_view text);

}  // namespace tandem::wire
