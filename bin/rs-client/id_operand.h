// Numbers on the command line that name a ride, a worker or a replica. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::client {

// Digits, however many, and above 0. What is none can name nothing, and is wrong use; what is one
// may name nothing, which is an answer.
bool can_be_id(std::string_view text);

// ID[,ID]… of what is called `thing`, such as "worker". Fails with kUsage for what can be no id,
// ending in `hint`, and with kNotFound for one that is larger than any.
Result<wire::Json::Array> parse_ids(const std::string& list, const std::string& thing,
                                    const std::string& hint);

}  // namespace tandem::client
