// Moves and states in words, for traces.
#pragma once

#include <string>

#include "moves.h"

namespace tandem::model {

std::string describe(const Step& step, const State& before);
void print_state(const State& s);

}  // namespace tandem::model
