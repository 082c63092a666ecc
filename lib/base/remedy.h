// What mends it. A reason that is told to people quotes the command: "… is dead: 'rs-client workers
// restart 3' starts another one". Programs and pages want it apart.
#pragma once

#include <string>
#include <string_view>

namespace tandem {

// The first command of tandem's that the reason quotes, without the quotes, else its first "kill -CONT
// PID"; "" where there is neither.
std::string remedy_in(std::string_view reason);

}  // namespace tandem
