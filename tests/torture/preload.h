// The words before a command, so that its program can be made to see other clocks and failing
// disks.
#pragma once

#include <string>
#include <vector>

#include "settings.h"

namespace tandem::torture {

// Where the clocks of processes are set (clocks.h).
std::string clocks_directory(const Settings& settings);

// `variables`: further ones, as NAME=value.
std::vector<std::string> preload(const Settings& settings,
                                 const std::vector<std::string>& variables = {});

}  // namespace tandem::torture
