// The value of a condition that is written as column=value, in a query and on a command line. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace tandem::wire {

// The value without one pair of quotes, ' or ", around it: whoever writes conditions for SQL
// elsewhere quotes a text here, too. Fails with kBadInput, saying why, for what can be meant in
// another way than it would be read: further quotes at an end, the same quotes inside, '=' at the
// beginning of a value without quotes. It would match nothing, and nobody would be told.
Result<std::string_view> plain_value(std::string_view text);

}  // namespace tandem::wire
