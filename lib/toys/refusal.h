// The answer to a command that is not carried out, with the error object of all services. Private
// to this library.
#pragma once

#include <cstdint>
#include <string_view>

#include "repl/state_machine.h"
#include "wire/error_body.h"

namespace tandem::toys {

// A leader logs no such command: this is for entries of another version or of a bug, which must not
// look like the outcome of anything.
constexpr uint16_t kMalformed = 500;

inline repl::Applied refusal(uint16_t status, std::string_view message) {
  return {status, wire::error_body(status, message)};
}

}  // namespace tandem::toys
