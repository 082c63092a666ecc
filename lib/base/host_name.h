#pragma once

#include <string>

namespace tandem {

// The name of this machine (gethostname(2)), or `otherwise` where the system does not tell it.
std::string host_name(std::string otherwise = {});

}  // namespace tandem
