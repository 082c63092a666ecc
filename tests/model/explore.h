// Looks at every state that can be reached, nearest first, or at random walks.
#pragma once

#include <string>

namespace tandem::model {

// Exit status: 0 no violation (all states, or as many as opt.max allows), 1 a violation, whose
// trace is printed.
int explore(const std::string& title);
int walk(const std::string& title);

}  // namespace tandem::model
