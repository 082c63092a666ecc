// What is wrong, out of the body of an answer: {"error":{"code":400,"message":"…"}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tandem::wire {

// nullopt: the body is no such object.
std::optional<std::string> error_message(std::string_view body);

}  // namespace tandem::wire
