// "did you mean 'http.port'?" for keys and options that nobody knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem::daemon {

// ", did you mean 'http.port'?" for the candidate with the fewest typing errors, or "" where even
// that one is too far away to be what was meant.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tandem::daemon
